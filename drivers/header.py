"""The 40-pin header, the same on every Pi since the B+, as gpiozero's own description of the boards has it."""

from dataclasses import dataclass
from typing import Final

from gpiozero.pins.pi import PiBoardInfo

_PI_4: Final = 0xC03111  # a revision code, for the description is asked for by one


@dataclass(frozen=True)
class HeaderPin:
    """number: 1 to 40, odd ones on the inner side; name: 3V3, 5V, GND or GPIO17; bcm: None for power and ground."""

    number: int
    name: str
    bcm: int | None

    @property
    def row(self) -> int:
        """0 to 19, from the end where pin 1 is."""
        return (self.number - 1) // 2

    @property
    def outer(self) -> bool:
        """Whether it is on the board's edge, as even pins are."""
        return self.number % 2 == 0


def read_header() -> tuple[HeaderPin, ...]:
    """The 40 pins in their order."""
    pins = PiBoardInfo.from_revision(_PI_4).headers["J8"].pins
    return tuple(
        HeaderPin(number, name, int(name.removeprefix("GPIO")) if name.startswith("GPIO") else None)
        for number in range(1, 41)
        for name in [str(pins[number].name)]
    )
