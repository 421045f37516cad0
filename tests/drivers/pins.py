"""Pins in memory in place of the computer's, for the tests of what hangs on them."""

from collections.abc import Iterator
from contextlib import contextmanager

import gpiozero
from gpiozero.pins.mock import MockFactory, MockPin, MockPWMPin


@contextmanager
def pins_in_memory() -> Iterator[MockFactory]:
    """gpiozero's own pins in memory, which can be pulsed, and float when they are let go."""
    before = gpiozero.Device.pin_factory
    gpiozero.Device.pin_factory = factory = MockFactory(pin_class=FloatingPin)
    try:
        yield factory
    finally:
        factory.close()
        gpiozero.Device.pin_factory = before


class FloatingPin(MockPWMPin):  # type: ignore[misc]
    """A pin that nothing pulls once it is an output, and when it is let go, as on a Pi."""

    def _set_function(self, value: str) -> None:
        if value == "output":
            self._pull = self.info.pull or "floating"
        super()._set_function(value)


class SwitchedPin(MockPin):  # type: ignore[misc]
    """A pin with a switch to ground, which is stronger than any inner resistor."""

    closed = False

    def drive_high(self) -> None:
        """High, but for the switch."""
        if not self.closed:
            super().drive_high()

    def turn(self, *, closed: bool) -> None:
        """Close the switch, or open it: the resistor does the rest."""
        self.closed = closed
        (self.drive_low if closed else self.drive_high)()


class LostPin(SwitchedPin):
    """A pin that can't be read any more once it is lost."""

    lost = False
    refused = 0

    def _get_state(self) -> bool:
        if self.lost:
            self.refused += 1
            raise OSError("no such device")
        return bool(super()._get_state())


def driven(pin: MockPin, *, active_low: bool = False) -> float:
    """How far a pin turns on what hangs on it: 0 is off, as is a pin that is pulled there; one that floats is half."""
    level = pin.state if pin.function == "output" else {"down": 0.0, "up": 1.0, "floating": 0.5}[pin.pull]
    return float(1 - level if active_low else level)


def levels(pin: MockPin) -> list[float]:
    """What a pin went through since it was taken."""
    return [float(item.state) for item in pin.states]
