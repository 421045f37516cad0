"""An active buzzer on a GPIO pin: it sounds while the pin is high."""

from contextlib import suppress
from threading import Condition, Thread

import gpiozero

from drivers.buzzer.contract import SILENCE, BuzzerSettings, Tune
from drivers.errors import BuzzerError
from drivers.pins import ours


class GpioBuzzer:
    """Plays tunes on a thread of its own, so that nobody waits for a beep."""

    def __init__(self, settings: BuzzerSettings) -> None:
        """Take the pin, low. Raises BuzzerError."""
        with ours(BuzzerError, f"The buzzer on pin {settings.pin}"):
            self._buzzer = gpiozero.Buzzer(settings.pin)
        self._news = Condition()  # guards what follows
        self._tune = SILENCE
        self._turn = 0  # counts the tunes, so that the same tune twice is two tunes
        self._fault: BuzzerError | None = None
        self._closed = False
        self._thread = Thread(target=self._run, name="buzzer", daemon=True)
        self._thread.start()

    def play(self, tune: Tune) -> None:
        """Play a tune in place of the one before; returns at once.

        Raises BuzzerError, also when the tune before could not be played to its end: this one is tried all
        the same.
        """
        with self._news:
            if self._closed:
                raise BuzzerError("The buzzer is closed.")
            self._tune = tune
            self._turn += 1
            self._news.notify_all()
            fault, self._fault = self._fault, None
        if fault is not None:
            raise fault

    def close(self) -> None:
        """Silent, pin low and let go. May be called twice."""
        with self._news:
            self._closed = True
            self._news.notify_all()
        self._thread.join()
        with suppress(BuzzerError), ours(BuzzerError, "The buzzer"):
            self._buzzer.close()

    def _run(self) -> None:
        turn = 0
        while self._interrupted(turn, within_s=None):
            with self._news:
                if self._closed:
                    return
                tune, turn = self._tune, self._turn
            try:
                self._sound(tune, turn)
            except BuzzerError as fault:
                with self._news:
                    self._fault = fault

    def _sound(self, tune: Tune, turn: int) -> None:
        with ours(BuzzerError, "The buzzer"):
            try:
                for sounding_s, silent_s in tune.beeps:
                    self._buzzer.on()
                    if self._interrupted(turn, sounding_s):
                        return
                    self._buzzer.off()
                    if self._interrupted(turn, silent_s):
                        return
            finally:
                self._buzzer.off()

    def _interrupted(self, turn: int, within_s: float | None) -> bool:
        """Wait so long (None: for ever), or until there is another tune or the end; whether there is."""
        with self._news:
            return self._news.wait_for(lambda: self._closed or self._turn != turn, within_s)
