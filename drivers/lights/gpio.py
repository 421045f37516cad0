"""Three lights on GPIO pins, or one of three colours."""

from contextlib import suppress
from itertools import cycle

import gpiozero

from drivers.bcm import AUTO, GpioSettings
from drivers.errors import LightError
from drivers.lights.contract import Colour, LightSettings, Pattern
from drivers.pins import let_go, ours, take_pins
from drivers.player import Player


class GpioLights:
    """An LED, a leg of an RGB LED, or a relay for each colour."""

    def __init__(self, settings: LightSettings, gpio: GpioSettings = AUTO) -> None:
        """Take the three pins, all off. Raises LightError, holding none."""
        self._active_low = settings.active_low
        self._leds: dict[Colour, tuple[gpiozero.LED | gpiozero.PWMLED, float]] = {}
        try:
            for colour in Colour:
                self._take(colour, settings, gpio)
        except LightError:
            self._let_go()
            raise
        self._player: Player[Colour | None] = Player("The lights", self._light, None, LightError)

    def show(self, pattern: Pattern) -> None:
        """Show a pattern in place of the one before, from its beginning; returns at once. Raises LightError."""
        if pattern.steady:
            self._player.play([(pattern.colour, float("inf"))])
        else:
            self._player.play(zip(cycle((pattern.colour, None)), cycle(pattern.beats), strict=False))

    def close(self) -> None:
        """All dark, pins off and let go. May be called twice."""
        self._player.close()
        self._let_go()

    def _take(self, colour: Colour, settings: LightSettings, gpio: GpioSettings) -> None:
        pin, brightness = getattr(settings, colour.value), getattr(settings, f"{colour.value}_brightness")
        kind = gpiozero.PWMLED if brightness < 1 else gpiozero.LED
        with ours(LightError, f"The {colour.value} light on pin {pin}"):
            take_pins(gpio)
            self._leds[colour] = kind(pin, active_high=not settings.active_low), brightness

    def _light(self, lit: Colour | None) -> None:
        with ours(LightError, "The lights"):
            for colour, (led, _) in self._leds.items():
                if colour is not lit:
                    led.off()  # first, so that two are never lit together
            if lit is not None:
                led, brightness = self._leds[lit]
                led.value = brightness

    def _let_go(self) -> None:
        while self._leds:
            _, (led, _) = self._leds.popitem()
            with suppress(LightError), ours(LightError, "The lights"):
                let_go(led, led.pin, active_low=self._active_low)
