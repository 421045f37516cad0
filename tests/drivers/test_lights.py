"""What every set of lights must do, and what those on pins and those on a console do besides."""

import io
from collections.abc import Iterator
from dataclasses import replace

import gpiozero
import pytest
from gpiozero.pins.mock import MockFactory, MockPin

from drivers.errors import LightError
from drivers.lights import Colour, Lights, LightSettings, Pattern, open_lights
from drivers.lights.console import ConsoleLights
from drivers.lights.contract import DARK
from drivers.lights.gpio import GpioLights
from tests.drivers.pins import driven, levels, pins_in_memory
from tests.waiting import until

GREEN = Pattern(Colour.GREEN)
RED = Pattern(Colour.RED)
FAST_BLUE = Pattern(Colour.BLUE, (0.005, 0.005))
SLOW_BLUE = Pattern(Colour.BLUE, (60.0, 60.0))
SETTINGS = LightSettings("gpio")
ACTIVE_LOW = LightSettings("gpio", active_low=True)
DIM = LightSettings("gpio", kind="rgb", green_brightness=0.25, red_brightness=0.5, blue_brightness=0.75)
DIM_ACTIVE_LOW = replace(DIM, active_low=True)
EVERY = [SETTINGS, ACTIVE_LOW, DIM, DIM_ACTIVE_LOW]


@pytest.fixture
def pins() -> Iterator[MockFactory]:
    """Pins in memory, in place of the computer's."""
    with pins_in_memory() as factory:
        yield factory


@pytest.fixture(params=["gpio", "console"])
def lights(request: pytest.FixtureRequest, pins: MockFactory) -> Iterator[Lights]:
    """Each kind of lights in turn."""
    opened: Lights = GpioLights(SETTINGS) if request.param == "gpio" else ConsoleLights(io.StringIO())
    yield opened
    opened.close()


def lit(pins: MockFactory) -> set[str]:
    """The names of the lights that are on."""
    return set(brightness(pins, SETTINGS))


def brightness(pins: MockFactory, settings: LightSettings) -> dict[str, float]:
    """How bright each light is that is on."""
    shining = {c.value: driven(pins.pin(getattr(settings, c.value)), active_low=settings.active_low) for c in Colour}
    return {colour: bright for colour, bright in shining.items() if bright}


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


def test_a_rhythm_is_shown_beat_by_beat(pins: MockFactory) -> None:
    lights = GpioLights(SETTINGS)
    lights.show(Pattern(Colour.BLUE, (0.02, 0.03, 0.06, 0.08)))
    blue = pins.pin(SETTINGS.blue)
    until(lambda: len(blue.states) > 6)
    lights.close()
    assert levels(blue)[:6] == [0, 1, 0, 1, 0, 1]
    for item, beat in zip(blue.states[2:6], (0.02, 0.03, 0.06, 0.08), strict=True):
        assert item.timestamp >= beat


def test_a_new_pattern_interrupts_the_old_one(pins: MockFactory) -> None:
    lights = GpioLights(SETTINGS)
    lights.show(SLOW_BLUE)
    until(lambda: lit(pins) == {"blue"})
    lights.show(RED)
    assert lit(pins) == {"red"}
    lights.close()


def test_the_same_light_changes_from_blinking_to_steady(pins: MockFactory) -> None:
    lights = GpioLights(SETTINGS)
    lights.show(FAST_BLUE)
    lights.show(Pattern(Colour.BLUE))
    changes = len(pins.pin(SETTINGS.blue).states)
    assert lit(pins) == {"blue"}
    lights.close()
    assert levels(pins.pin(SETTINGS.blue))[changes:] == [0.0]  # nobody but the end turned it off


@pytest.mark.parametrize("settings", EVERY)
@pytest.mark.parametrize("pattern", [GREEN, FAST_BLUE, SLOW_BLUE])
def test_closing_leaves_every_pin_off_and_free(pins: MockFactory, pattern: Pattern, settings: LightSettings) -> None:
    lights = GpioLights(settings)
    lights.show(pattern)
    assert brightness(pins, settings) or pattern is FAST_BLUE
    lights.close()
    assert brightness(pins, settings) == {}
    GpioLights(settings).close()


@pytest.mark.parametrize("settings", [SETTINGS, ACTIVE_LOW])
def test_the_last_level_of_every_pin_is_off(pins: MockFactory, settings: LightSettings) -> None:
    pins.pin_class = MockPin  # the other kind falls when it is let go
    lights = GpioLights(settings)
    lights.show(RED)
    lights.close()
    assert {levels(pins.pin(getattr(settings, c.value)))[-1] for c in Colour} == {float(settings.active_low)}


def test_a_pin_with_a_resistor_on_the_board_is_let_go_as_well(pins: MockFactory) -> None:
    settings = LightSettings("gpio", green=2)
    GpioLights(settings).close()
    assert pins.pin(2).function == "input"
    GpioLights(settings).close()


def test_active_low_lights_are_lit_by_low_pins(pins: MockFactory) -> None:
    lights = GpioLights(ACTIVE_LOW)
    assert {c: pins.pin(getattr(ACTIVE_LOW, c.value)).state for c in Colour} == dict.fromkeys(Colour, 1)
    lights.show(RED)
    assert [pins.pin(pin).state for pin in (17, 27, 22)] == [1, 0, 1]
    lights.close()


@pytest.mark.parametrize("settings", [DIM, DIM_ACTIVE_LOW])
def test_each_colour_has_a_brightness_of_its_own(pins: MockFactory, settings: LightSettings) -> None:
    lights = GpioLights(settings)
    assert brightness(pins, settings) == {}
    for colour, bright in ((Colour.GREEN, 0.25), (Colour.RED, 0.5), (Colour.BLUE, 0.75)):
        lights.show(Pattern(colour))
        assert brightness(pins, settings) == {colour.value: bright}
    lights.close()


def test_a_pin_lost_while_blinking_is_told_and_the_others_are_dark(pins: MockFactory) -> None:
    lights = GpioLights(SETTINGS)
    lights.show(FAST_BLUE)
    pins.pin(SETTINGS.blue).function = "input"  # as another program does that takes the pin over

    def told() -> bool:
        try:
            lights.show(FAST_BLUE)
        except LightError as fault:
            return "pins don't answer" in str(fault)
        return False

    until(told)
    assert lit(pins) == {"blue"}  # which floats, and is no longer ours
    lights.close()


@pytest.mark.parametrize("beats", [(1.0,), (1.0, 0.0), (1.0, 1.0, 1.0), (-1.0, 1.0)])
def test_beats_that_are_no_pairs_of_seconds_are_refused(beats: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="pairs of seconds"):
        Pattern(Colour.RED, beats)


def test_a_pin_that_another_part_holds_is_named_and_the_others_are_let_go(pins: MockFactory) -> None:
    other = gpiozero.LED(SETTINGS.blue)
    with pytest.raises(LightError, match=r"blue light on pin 22.*in use"):
        GpioLights(SETTINGS)
    other.close()
    GpioLights(SETTINGS).close()


def test_a_pin_that_does_not_exist_is_named(pins: MockFactory) -> None:
    with pytest.raises(LightError, match=r"red light on pin 99.*BCM"):
        GpioLights(LightSettings("gpio", red=99))


def test_the_console_prints_a_line_for_each_change() -> None:
    stream = io.StringIO()
    lights = ConsoleLights(stream)
    for pattern in (GREEN, GREEN, Pattern(Colour.BLUE, (0.5, 0.25)), DARK, DARK):
        lights.show(pattern)
    assert stream.getvalue().splitlines() == ["● green", "◐ blue, 0.5 0.25 s on and off", "○ dark"]


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
