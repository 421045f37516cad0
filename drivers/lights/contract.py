"""What every set of lights promises."""

from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Literal, Protocol

from annotated_types import Interval

from drivers.bcm import AUTO, GpioSettings, Pin

Brightness = Annotated[float, Interval(ge=0.01, le=1)]


class Colour(Enum):
    """The three lights of a gate."""

    GREEN = "green"
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Pattern:
    """One light; all the others are off. None is dark.

    beats: seconds lit, dark, lit, dark and so on, over and over; none is steady. Raises ValueError for others.
    """

    colour: Colour | None
    beats: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """A beat too few would turn light and dark around at every second turn."""
        if len(self.beats) % 2 or any(beat <= 0 for beat in self.beats):
            raise ValueError(f"beats are pairs of seconds lit and dark, not {self.beats}")

    @property
    def steady(self) -> bool:
        """Whether it does not blink."""
        return not self.beats


DARK = Pattern(None)


@dataclass(frozen=True)
class LightSettings:
    """The [lights] table of gerbang.toml. Pins in BCM numbers.

    kind: three lights, or one that has the three colours; active_low: wired to 3.3 V, lit while the pin is low;
    the brightnesses, so that no colour outshines the others: below 1 the pin is pulsed, which no relay bears.
    """

    driver: Literal["gpio", "console"] = "console"
    green: Pin = 17
    red: Pin = 27
    blue: Pin = 22
    kind: Literal["single", "rgb"] = "single"
    active_low: bool = False
    green_brightness: Brightness = 1.0
    red_brightness: Brightness = 1.0
    blue_brightness: Brightness = 1.0


class Lights(Protocol):
    """Shows one pattern at a time, until the next one."""

    def show(self, pattern: Pattern) -> None:
        """Show a pattern in place of the one before, from its beginning; returns at once.

        Raises LightError, also when the pattern before broke off: this one is tried all the same.
        """
        ...

    def close(self) -> None:
        """All dark, pins off and let go. May be called twice."""
        ...


def open_lights(settings: LightSettings, gpio: GpioSettings = AUTO) -> Lights:
    """The lights that the settings name. Raises LightError."""
    if settings.driver == "console":
        from drivers.lights.console import ConsoleLights

        return ConsoleLights()
    from drivers.lights.gpio import GpioLights  # its vendor is needed only here

    return GpioLights(settings, gpio)
