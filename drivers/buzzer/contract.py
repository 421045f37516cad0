"""What every buzzer promises."""

from dataclasses import dataclass
from typing import Final, Literal, Protocol

from drivers.bcm import AUTO, GpioSettings, Pin

_LONG_S: Final = 0.3  # from here on a beep is heard as a long one


@dataclass(frozen=True)
class Beep:
    """Seconds of sound, then of silence. note: c4 to b7, such as f#5, for a buzzer that has notes; None: its own."""

    on_s: float
    off_s: float = 0.0
    note: str | None = None


@dataclass(frozen=True)
class Tune:
    """A row of beeps, played once. () is silence."""

    beeps: tuple[Beep, ...] = ()

    @property
    def word(self) -> str:
        """The tune for those who read it: pip for a short beep, buuu for a long one."""
        return "-".join("buuu" if beep.on_s >= _LONG_S else "pip" for beep in self.beeps)

    @property
    def lasts_s(self) -> float:
        """How long it takes."""
        return sum(beep.on_s + beep.off_s for beep in self.beeps)


SILENCE = Tune()


@dataclass(frozen=True)
class BuzzerSettings:
    """The [buzzer] table of gerbang.toml. Pin in BCM numbers.

    kind: plain sounds by itself while it has current; tonal is a bare piezo, which we give its notes. active_low:
    sounds while the pin is low.
    """

    driver: Literal["gpio", "console"] = "console"
    pin: Pin = 18
    kind: Literal["plain", "tonal"] = "plain"
    active_low: bool = False


class Buzzer(Protocol):
    """Plays one tune at a time."""

    def play(self, tune: Tune) -> None:
        """Play a tune in place of the one before; returns at once.

        Raises BuzzerError, also when the tune before could not be played to its end: this one is tried all the same.
        """
        ...

    def close(self) -> None:
        """Silent, pin off and let go. May be called twice."""
        ...


def open_buzzer(settings: BuzzerSettings, gpio: GpioSettings = AUTO) -> Buzzer:
    """The buzzer that the settings name. Raises BuzzerError."""
    if settings.driver == "console":
        from drivers.buzzer.console import ConsoleBuzzer

        return ConsoleBuzzer()
    from drivers.buzzer.gpio import GpioBuzzer  # its vendor is needed only here

    return GpioBuzzer(settings, gpio)
