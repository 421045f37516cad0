"""Three lights on GPIO pins."""

from contextlib import suppress
from threading import Lock

import gpiozero

from drivers.errors import LightError
from drivers.lights.contract import DARK, Colour, LightSettings, Pattern
from drivers.pins import ours


class GpioLights:
    """One LED, or a relay that is on when its pin is high, for each colour."""

    def __init__(self, settings: LightSettings) -> None:
        """Take the three pins, all low. Raises LightError, holding none."""
        self._lock = Lock()
        self._leds: dict[Colour, gpiozero.LED] = {}
        try:
            self._take(Colour.GREEN, settings.green)
            self._take(Colour.RED, settings.red)
            self._take(Colour.BLUE, settings.blue)
        except LightError:
            self.close()
            raise

    def show(self, pattern: Pattern) -> None:
        """Show a pattern in place of the one before; returns at once. Raises LightError."""
        with self._lock:
            if not self._leds:
                raise LightError("The lights are closed.")
            self._light(pattern)

    def close(self) -> None:
        """All dark, pins low and let go. May be called twice."""
        with self._lock:
            with suppress(LightError):  # letting go of the pins matters more than the last word
                self._light(DARK)
            while self._leds:
                _, led = self._leds.popitem()
                with suppress(LightError), ours(LightError, "Lights"):
                    led.close()

    def _take(self, colour: Colour, pin: int) -> None:
        with ours(LightError, f"The {colour.value} light on pin {pin}"):
            self._leds[colour] = gpiozero.LED(pin)

    def _light(self, pattern: Pattern) -> None:
        with ours(LightError, "Lights"):
            for colour, led in self._leds.items():
                if colour is not pattern.colour:
                    led.off()  # first, so that two are never lit together
            if pattern.colour is None:
                return
            led = self._leds[pattern.colour]
            if pattern.steady:
                led.on()
            else:
                led.blink(pattern.on_s, pattern.off_s)
