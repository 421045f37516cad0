"""A buzzer on a GPIO pin: a plain one, which sounds by itself, or a tonal one, which is given its notes."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import gpiozero
from gpiozero.tones import Tone

from drivers.bcm import AUTO, GpioSettings
from drivers.buzzer.contract import BuzzerSettings, Tune
from drivers.errors import BuzzerError
from drivers.pins import let_go, ours, take_pins
from drivers.player import Player

_MIDDLE: Final = "C6"  # two octaves to each side are c4 to c8, 262 to 4186 Hz, where small piezos are loud
_OCTAVES: Final = 2
BREAK_S: Final = 0.08  # without it a beep that breaks off and the first of the next tune would be one long beep
_OWN_NOTE: Final = "c7"  # 2093 Hz, as most plain buzzers sound


class GpioBuzzer:
    """Plays tunes on a thread of its own, so that nobody waits for a beep."""

    def __init__(self, settings: BuzzerSettings, gpio: GpioSettings = AUTO) -> None:
        """Take the pin, off. Raises BuzzerError."""
        kind = _Tonal if settings.kind == "tonal" else _Plain
        with ours(BuzzerError, f"The buzzer on pin {settings.pin}"):
            take_pins(gpio)
            self._active_low = settings.active_low
            self._voice = kind(settings)
        try:
            self._sound(None)
        except BuzzerError:
            self._let_go()
            raise
        self._player: Player[str | None] = Player("The buzzer", self._sound, None, BuzzerError)

    def play(self, tune: Tune) -> None:
        """Play a tune in place of the one before; returns at once. Raises BuzzerError."""
        self._player.play(self._steps(tune))

    def close(self) -> None:
        """Silent, pin off and let go. May be called twice."""
        self._player.close()
        self._let_go()

    def _let_go(self) -> None:
        with suppress(BuzzerError), ours(BuzzerError, "The buzzer"):
            let_go(self._voice.device, self._voice.pin, active_low=self._active_low)

    def _steps(self, tune: Tune) -> Iterator[tuple[str | None, float]]:
        """The notes of a tune, each with its seconds; None is silence."""
        if self._sounding and tune.beeps:
            yield None, BREAK_S
        for beep in tune.beeps:
            yield beep.note or _OWN_NOTE, beep.on_s
            yield None, beep.off_s

    def _sound(self, note: str | None) -> None:
        self._sounding = note is not None
        with ours(BuzzerError, "The buzzer"):
            self._voice.sound(note)


class _Plain:
    """Sounds or not, whatever the note."""

    def __init__(self, settings: BuzzerSettings) -> None:
        self.device = gpiozero.Buzzer(settings.pin, active_high=not settings.active_low)
        self.pin = self.device.pin

    def sound(self, note: str | None) -> None:
        """Sound, or be silent for None."""
        if note is None:
            self.device.off()
        else:
            self.device.on()


class _Tonal:
    """Sounds each note by as many pulses a second."""

    def __init__(self, settings: BuzzerSettings) -> None:
        self._off = settings.active_low
        self.device = gpiozero.TonalBuzzer(settings.pin, mid_tone=Tone(_MIDDLE), octaves=_OCTAVES)
        self.pin = self.device.pwm_device.pin

    def sound(self, note: str | None) -> None:
        """Sound a note, or be silent for None."""
        if note is None:
            self.device.stop()
            # Where the pulses end is the library's own affair, and current may flow through the coil of a buzzer.
            self.pin.state = self._off
        else:
            self.device.play(Tone.from_note(note.capitalize()))
