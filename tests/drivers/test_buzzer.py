"""What every buzzer must do, and what one on a pin and one on a console do besides."""

import gc
import io
from collections.abc import Iterator
from dataclasses import replace

import gpiozero
import pytest
from gpiozero.pins.mock import MockPin, MockPWMPin

from drivers.buzzer import Beep, Buzzer, BuzzerSettings, Tune, open_buzzer
from drivers.buzzer.console import ConsoleBuzzer
from drivers.buzzer.contract import SILENCE
from drivers.buzzer.gpio import GpioBuzzer
from drivers.errors import BuzzerError
from tests.drivers.pins import driven, levels, pins_in_memory
from tests.waiting import until

TWO_BEEPS = Tune((Beep(0.005, 0.005), Beep(0.005)))
LONG_BEEP = Tune((Beep(60.0, 60.0, "a5"),))
SETTINGS = BuzzerSettings("gpio")
EVERY = [replace(SETTINGS, kind=kind, active_low=low) for kind in ("plain", "tonal") for low in (False, True)]


@pytest.fixture
def pin() -> Iterator[MockPWMPin]:
    """The buzzer's pin, among pins in memory."""
    with pins_in_memory() as factory:
        yield factory.pin(SETTINGS.pin)


@pytest.fixture(params=["gpio", "console"])
def buzzer(request: pytest.FixtureRequest, pin: MockPin) -> Iterator[Buzzer]:
    """Each kind of buzzer in turn."""
    opened: Buzzer = GpioBuzzer(SETTINGS) if request.param == "gpio" else ConsoleBuzzer(io.StringIO())
    yield opened
    opened.close()


def heard(pin: MockPin) -> list[bool]:
    """Whether the pin was high, since it was taken."""
    return [bool(level) for level in levels(pin)]


def test_every_tune_can_follow_every_other(buzzer: Buzzer) -> None:
    for before in (TWO_BEEPS, LONG_BEEP, SILENCE):
        for after in (TWO_BEEPS, LONG_BEEP, SILENCE):
            buzzer.play(before)
            buzzer.play(after)


def test_closing_twice_is_allowed(buzzer: Buzzer) -> None:
    buzzer.play(LONG_BEEP)
    buzzer.close()
    buzzer.close()


def test_closing_twice_leaves_a_pin_alone_that_another_part_has_by_then(pin: MockPin) -> None:
    closed = GpioBuzzer(SETTINGS)
    closed.close()
    key = gpiozero.DigitalInputDevice(SETTINGS.pin, pull_up=True)
    closed.close()
    assert pin.pull == "up"
    key.close()


def test_a_closed_buzzer_refuses_a_tune(buzzer: Buzzer) -> None:
    buzzer.close()
    with pytest.raises(BuzzerError, match="closed"):
        buzzer.play(TWO_BEEPS)


def test_a_tune_is_its_beeps_and_then_silence(pin: MockPin) -> None:
    buzzer = GpioBuzzer(SETTINGS)
    buzzer.play(TWO_BEEPS)
    until(lambda: len(heard(pin)) == 5)
    assert heard(pin) == [False, True, False, True, False]
    buzzer.close()
    assert heard(pin) == [False, True, False, True, False]


def test_the_same_tune_again_is_played_again(pin: MockPin) -> None:
    buzzer = GpioBuzzer(SETTINGS)
    for beeps in (2, 4):
        buzzer.play(TWO_BEEPS)
        until(lambda wanted=beeps: heard(pin).count(True) == wanted and not pin.state)  # type: ignore[misc]
    buzzer.close()


def test_a_new_tune_interrupts_the_old_one_and_a_break_keeps_their_beeps_apart(pin: MockPin) -> None:
    buzzer = GpioBuzzer(SETTINGS)
    buzzer.play(LONG_BEEP)
    buzzer.play(TWO_BEEPS)
    assert heard(pin) == [False, True, False]
    until(lambda: heard(pin) == [False, True, False, True, False, True, False])
    assert pin.states[3].timestamp > 0.05
    buzzer.close()


def test_silence_interrupts_a_tune(pin: MockPin) -> None:
    buzzer = GpioBuzzer(SETTINGS)
    buzzer.play(LONG_BEEP)
    until(lambda: pin.state)
    buzzer.play(SILENCE)
    until(lambda: not pin.state)
    buzzer.close()


@pytest.mark.parametrize("settings", EVERY)
def test_a_tune_sounds_and_closing_leaves_the_pin_off_and_free(pin: MockPWMPin, settings: BuzzerSettings) -> None:
    buzzer = GpioBuzzer(settings)
    assert not driven(pin, active_low=settings.active_low)
    buzzer.play(LONG_BEEP)
    assert driven(pin, active_low=settings.active_low)
    buzzer.close()
    assert not driven(pin, active_low=settings.active_low)
    GpioBuzzer(settings).close()


@pytest.mark.parametrize("settings", EVERY)
def test_a_buzzer_is_off_when_its_tune_is_over(pin: MockPWMPin, settings: BuzzerSettings) -> None:
    buzzer = GpioBuzzer(settings)
    buzzer.play(Tune((Beep(0.02, 3600.0),)))
    assert driven(pin, active_low=settings.active_low)
    until(lambda: not driven(pin, active_low=settings.active_low))
    assert pin.function == "output"
    buzzer.close()


def test_a_tonal_buzzer_plays_the_notes(pin: MockPWMPin) -> None:
    buzzer = GpioBuzzer(replace(SETTINGS, kind="tonal"))
    for note, hertz in (("a5", 880), ("c4", 262), ("f#6", 1480), ("b#7", 4186), (None, 2093)):
        buzzer.play(Tune((Beep(60.0, 0.0, note),)))
        assert pin.frequency == pytest.approx(hertz, rel=0.002)
        assert pin.state == 0.5
        buzzer.play(SILENCE)
        assert (pin.frequency, pin.state) == (None, 0)
    buzzer.close()


def test_a_buzzer_that_can_not_be_pulsed_is_told_and_let_go() -> None:
    with pins_in_memory() as factory:
        factory.pin_class = MockPin
        with pytest.raises(BuzzerError, match="buzzer on pin 18"):
            GpioBuzzer(replace(SETTINGS, kind="tonal"))
        gc.collect()  # what the library began lies in no traceback any more
        GpioBuzzer(SETTINGS).close()


@pytest.mark.parametrize(("beeps", "word"), [((), ""), ((0.1,), "pip"), ((0.5, 0.1), "buuu-pip")])
def test_a_tune_can_be_read(beeps: tuple[float, ...], word: str) -> None:
    assert Tune(tuple(Beep(on_s) for on_s in beeps)).word == word


def test_a_pin_that_another_part_holds_is_named(pin: MockPin) -> None:
    other = gpiozero.LED(SETTINGS.pin)
    with pytest.raises(BuzzerError, match=r"buzzer on pin 18.*in use"):
        GpioBuzzer(SETTINGS)
    other.close()


def test_a_pin_lost_while_playing_is_told_at_the_next_tune(pin: MockPin) -> None:
    buzzer = GpioBuzzer(SETTINGS)
    buzzer.play(LONG_BEEP)
    until(lambda: pin.state)
    pin.function = "input"  # as another program does that takes the pin over

    def told() -> bool:
        try:
            buzzer.play(TWO_BEEPS)
        except BuzzerError as fault:
            return "pins don't answer" in str(fault)
        return False

    until(told)
    buzzer.close()


def test_the_console_prints_the_word_of_each_tune_and_nothing_for_silence() -> None:
    stream = io.StringIO()
    buzzer = ConsoleBuzzer(stream)
    for tune in (TWO_BEEPS, SILENCE, LONG_BEEP):
        buzzer.play(tune)
    assert stream.getvalue().splitlines() == ["♪ pip-pip", "♪ buuu"]


def test_a_console_that_is_gone_is_a_buzzer_error() -> None:
    stream = io.StringIO()
    buzzer = ConsoleBuzzer(stream)
    stream.close()
    with pytest.raises(BuzzerError, match="can't be printed"):
        buzzer.play(TWO_BEEPS)


def test_the_settings_default_to_the_console(capsys: pytest.CaptureFixture[str]) -> None:
    open_buzzer(BuzzerSettings()).play(TWO_BEEPS)
    assert capsys.readouterr().out == "♪ pip-pip\n"
