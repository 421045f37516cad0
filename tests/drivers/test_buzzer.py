"""What every buzzer must do, and what one on a pin and one on a console do besides."""

import io
from collections.abc import Iterator

import gpiozero
import pytest
from gpiozero.pins.mock import MockFactory, MockPin

from drivers.buzzer import Buzzer, BuzzerSettings, Tune, open_buzzer
from drivers.buzzer.console import ConsoleBuzzer
from drivers.buzzer.contract import SILENCE
from drivers.buzzer.gpio import GpioBuzzer
from drivers.errors import BuzzerError
from tests.waiting import until

TWO_BEEPS = Tune(((0.005, 0.005), (0.005, 0.0)), "recorded")
LONG_BEEP = Tune(((60.0, 60.0),), "trouble")
SETTINGS = BuzzerSettings("gpio")


@pytest.fixture
def pin() -> Iterator[MockPin]:
    """The buzzer's pin, among gpiozero's own pins in memory."""
    before = gpiozero.Device.pin_factory
    gpiozero.Device.pin_factory = factory = MockFactory()
    yield factory.pin(SETTINGS.pin)
    factory.close()
    gpiozero.Device.pin_factory = before


@pytest.fixture(params=["gpio", "console"])
def buzzer(request: pytest.FixtureRequest, pin: MockPin) -> Iterator[Buzzer]:
    """Each kind of buzzer in turn."""
    opened: Buzzer = GpioBuzzer(SETTINGS) if request.param == "gpio" else ConsoleBuzzer(io.StringIO())
    yield opened
    opened.close()


def heard(pin: MockPin) -> list[bool]:
    """What the pin went through since it was taken."""
    return [s.state for s in pin.states]


def test_every_tune_can_follow_every_other(buzzer: Buzzer) -> None:
    for before in (TWO_BEEPS, LONG_BEEP, SILENCE):
        for after in (TWO_BEEPS, LONG_BEEP, SILENCE):
            buzzer.play(before)
            buzzer.play(after)


def test_closing_twice_is_allowed(buzzer: Buzzer) -> None:
    buzzer.play(LONG_BEEP)
    buzzer.close()
    buzzer.close()


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


def test_a_new_tune_interrupts_the_old_one(pin: MockPin) -> None:
    buzzer = GpioBuzzer(SETTINGS)
    buzzer.play(LONG_BEEP)
    until(lambda: pin.state)
    buzzer.play(TWO_BEEPS)
    until(lambda: heard(pin) == [False, True, False, True, False, True, False])
    buzzer.close()


def test_silence_interrupts_a_tune(pin: MockPin) -> None:
    buzzer = GpioBuzzer(SETTINGS)
    buzzer.play(LONG_BEEP)
    until(lambda: pin.state)
    buzzer.play(SILENCE)
    until(lambda: not pin.state)
    buzzer.close()


def test_closing_leaves_the_pin_low_and_free(pin: MockPin) -> None:
    buzzer = GpioBuzzer(SETTINGS)
    buzzer.play(LONG_BEEP)
    until(lambda: pin.state)
    buzzer.close()
    assert not pin.state
    GpioBuzzer(SETTINGS).close()


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


def test_a_computer_without_pins_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpiozero.Device, "pin_factory", None)
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "none-here")
    with pytest.raises(BuzzerError, match="no GPIO pins"):
        open_buzzer(SETTINGS)


def test_the_console_prints_the_word_of_each_tune_and_nothing_for_silence() -> None:
    stream = io.StringIO()
    buzzer = ConsoleBuzzer(stream)
    for tune in (TWO_BEEPS, SILENCE, LONG_BEEP):
        buzzer.play(tune)
    assert stream.getvalue().splitlines() == ["♪ recorded", "♪ trouble"]


def test_a_console_that_is_gone_is_a_buzzer_error() -> None:
    stream = io.StringIO()
    buzzer = ConsoleBuzzer(stream)
    stream.close()
    with pytest.raises(BuzzerError, match="can't be printed"):
        buzzer.play(TWO_BEEPS)


def test_the_settings_default_to_the_console(capsys: pytest.CaptureFixture[str]) -> None:
    open_buzzer(BuzzerSettings()).play(TWO_BEEPS)
    assert capsys.readouterr().out == "♪ recorded\n"
