"""What every set of lights must do, and what those on pins and those on a console do besides."""

import io
import threading
from collections.abc import Iterator

import gpiozero
import pytest
from gpiozero.pins.mock import MockFactory

from drivers.errors import LightError
from drivers.lights import Colour, Lights, LightSettings, Pattern, open_lights
from drivers.lights.console import ConsoleLights
from drivers.lights.contract import DARK
from drivers.lights.gpio import GpioLights
from tests.waiting import until

GREEN = Pattern(Colour.GREEN)
RED = Pattern(Colour.RED)
FAST_BLUE = Pattern(Colour.BLUE, 0.005, 0.005)
SLOW_BLUE = Pattern(Colour.BLUE, 60.0, 60.0)
SETTINGS = LightSettings("gpio")


@pytest.fixture
def pins() -> Iterator[MockFactory]:
    """gpiozero's own pins in memory, in place of the computer's."""
    before = gpiozero.Device.pin_factory
    gpiozero.Device.pin_factory = factory = MockFactory()
    yield factory
    factory.close()
    gpiozero.Device.pin_factory = before


@pytest.fixture(params=["gpio", "console"])
def lights(request: pytest.FixtureRequest, pins: MockFactory) -> Iterator[Lights]:
    """Each kind of lights in turn."""
    opened: Lights = GpioLights(SETTINGS) if request.param == "gpio" else ConsoleLights(io.StringIO())
    yield opened
    opened.close()


def lit(pins: MockFactory) -> set[str]:
    """The names of the lights whose pin is high."""
    return {c.value for c in Colour if pins.pin(getattr(SETTINGS, c.value)).state}


class Terminal(io.StringIO):
    """A stream that a person watches."""

    def isatty(self) -> bool:
        """It is one."""
        return True


@pytest.mark.parametrize("pattern", [GREEN, RED, FAST_BLUE, SLOW_BLUE, DARK])
def test_every_pattern_can_follow_every_other(lights: Lights, pattern: Pattern) -> None:
    for before in (GREEN, RED, FAST_BLUE, SLOW_BLUE, DARK):
        lights.show(before)
        lights.show(pattern)


def test_closing_twice_is_allowed(lights: Lights) -> None:
    lights.show(GREEN)
    lights.close()
    lights.close()


def test_closed_lights_refuse_a_pattern(lights: Lights) -> None:
    lights.close()
    with pytest.raises(LightError, match="closed"):
        lights.show(GREEN)


def test_one_light_at_a_time_is_lit(pins: MockFactory) -> None:
    lights = GpioLights(SETTINGS)
    assert lit(pins) == set()
    lights.show(GREEN)
    assert lit(pins) == {"green"}
    lights.show(RED)
    assert lit(pins) == {"red"}
    lights.show(DARK)
    assert lit(pins) == set()
    lights.close()


def test_a_blinking_light_goes_on_and_off_and_on(pins: MockFactory) -> None:
    lights = GpioLights(SETTINGS)
    lights.show(FAST_BLUE)
    blue = pins.pin(SETTINGS.blue)
    until(lambda: len(blue.states) > 4)
    assert [s.state for s in blue.states[:5]] == [False, True, False, True, False]
    lights.close()


def test_a_new_pattern_interrupts_the_old_one(pins: MockFactory) -> None:
    lights = GpioLights(SETTINGS)
    lights.show(SLOW_BLUE)
    until(lambda: lit(pins) == {"blue"})
    lights.show(RED)
    assert lit(pins) == {"red"}
    lights.close()


def test_the_same_light_changes_from_blinking_to_steady(pins: MockFactory) -> None:
    threads = threading.active_count()
    lights = GpioLights(SETTINGS)
    lights.show(FAST_BLUE)
    lights.show(Pattern(Colour.BLUE))
    assert lit(pins) == {"blue"}
    assert threading.active_count() == threads  # nobody is left to turn it off
    lights.close()


@pytest.mark.parametrize("pattern", [GREEN, FAST_BLUE, SLOW_BLUE])
def test_closing_leaves_every_pin_low_and_free(pins: MockFactory, pattern: Pattern) -> None:
    lights = GpioLights(SETTINGS)
    lights.show(pattern)
    lights.close()
    assert lit(pins) == set()
    GpioLights(SETTINGS).close()


def test_a_pin_that_another_part_holds_is_named_and_the_others_are_let_go(pins: MockFactory) -> None:
    other = gpiozero.LED(SETTINGS.blue)
    with pytest.raises(LightError, match=r"blue light on pin 22.*in use"):
        GpioLights(SETTINGS)
    other.close()
    GpioLights(SETTINGS).close()


def test_a_pin_that_does_not_exist_is_named(pins: MockFactory) -> None:
    with pytest.raises(LightError, match=r"red light on pin 99.*BCM"):
        GpioLights(LightSettings("gpio", red=99))


def test_a_computer_without_pins_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpiozero.Device, "pin_factory", None)
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "none-here")
    with pytest.raises(LightError, match="no GPIO pins"):
        open_lights(SETTINGS)


def test_the_console_prints_a_line_for_each_change() -> None:
    stream = io.StringIO()
    lights = ConsoleLights(stream)
    for pattern in (GREEN, GREEN, Pattern(Colour.BLUE, 0.5, 0.25), DARK, DARK):
        lights.show(pattern)
    assert stream.getvalue().splitlines() == ["● green", "◐ blue, 0.5 s on, 0.25 s off", "○ dark"]


def test_the_console_goes_dark_when_closed() -> None:
    stream = io.StringIO()
    lights = ConsoleLights(stream)
    lights.show(RED)
    lights.close()
    assert stream.getvalue().splitlines() == ["● red", "○ dark"]


def test_a_terminal_sees_the_colour() -> None:
    stream = Terminal()
    ConsoleLights(stream).show(RED)
    assert stream.getvalue() == "\x1b[31m● red\x1b[0m\n"


def test_a_console_that_is_gone_is_a_light_error_and_can_still_be_closed() -> None:
    stream = io.StringIO()
    lights = ConsoleLights(stream)
    stream.close()
    with pytest.raises(LightError, match="can't be printed"):
        lights.show(GREEN)
    lights.close()


def test_the_settings_default_to_the_console(capsys: pytest.CaptureFixture[str]) -> None:
    open_lights(LightSettings()).show(GREEN)
    assert capsys.readouterr().out == "● green\n"
