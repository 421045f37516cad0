"""What every set of lights promises."""

from dataclasses import dataclass
from enum import Enum
from typing import Literal, Protocol

from drivers.bcm import Pin


class Colour(Enum):
    """The three lights of a gate."""

    GREEN = "green"
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Pattern:
    """One light, steady or blinking; all the others are off. Seconds; off_s 0 is steady; None is dark."""

    colour: Colour | None
    on_s: float = 1.0
    off_s: float = 0.0

    @property
    def steady(self) -> bool:
        """Whether it does not blink."""
        return self.off_s == 0


DARK = Pattern(None)


@dataclass(frozen=True)
class LightSettings:
    """The [lights] table of gerbang.toml. Pins in BCM numbers."""

    driver: Literal["gpio", "console"] = "console"
    green: Pin = 17
    red: Pin = 27
    blue: Pin = 22


class Lights(Protocol):
    """Shows one pattern at a time, until the next one."""

    def show(self, pattern: Pattern) -> None:
        """Show a pattern in place of the one before; returns at once. Raises LightError."""
        ...

    def close(self) -> None:
        """All dark, pins low and let go. May be called twice."""
        ...


def open_lights(settings: LightSettings) -> Lights:
    """The lights that the settings name. Raises LightError."""
    if settings.driver == "console":
        from drivers.lights.console import ConsoleLights

        return ConsoleLights()
    from drivers.lights.gpio import GpioLights  # its vendor is needed only here

    return GpioLights(settings)
