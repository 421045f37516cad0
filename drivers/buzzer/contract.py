"""What every buzzer promises."""

from dataclasses import dataclass
from typing import Literal, Protocol

from drivers.bcm import Pin


@dataclass(frozen=True)
class Tune:
    """A row of beeps, each (sounding, silent) in seconds, and a word for those who read it. () is silence."""

    beeps: tuple[tuple[float, float], ...]
    word: str


SILENCE = Tune((), "")


@dataclass(frozen=True)
class BuzzerSettings:
    """The [buzzer] table of gerbang.toml. Pin in BCM numbers."""

    driver: Literal["gpio", "console"] = "console"
    pin: Pin = 18


class Buzzer(Protocol):
    """Plays one tune at a time."""

    def play(self, tune: Tune) -> None:
        """Play a tune in place of the one before; returns at once. Raises BuzzerError."""
        ...

    def close(self) -> None:
        """Silent, pin low and let go. May be called twice."""
        ...


def open_buzzer(settings: BuzzerSettings) -> Buzzer:
    """The buzzer that the settings name. Raises BuzzerError."""
    if settings.driver == "console":
        from drivers.buzzer.console import ConsoleBuzzer

        return ConsoleBuzzer()
    from drivers.buzzer.gpio import GpioBuzzer  # its vendor is needed only here

    return GpioBuzzer(settings)
