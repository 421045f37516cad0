"""What every fingerprint sensor promises. A page is the sensor's own number for a stored finger."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Literal, Protocol


@dataclass(frozen=True)
class FingerprintSettings:
    """The [fingerprint] table of gerbang.toml."""

    driver: Literal["adafruit", "none"] = "none"
    port: str = "/dev/serial0"
    baud: Literal[9600, 19200, 28800, 38400, 57600, 115200] = 57600


@dataclass(frozen=True)
class Touch:
    """A finger was on the glass. page: whose, or None where it is not enrolled; score: the sensor's own."""

    page: int | None
    score: int = 0


class EnrolStep(Enum):
    """What the person has to do next while a finger is enrolled."""

    TOUCH = "touch"
    LIFT = "lift"
    TOUCH_AGAIN = "touch again"


class FingerprintSensor(Protocol):
    """A sensor that searches its own memory. One thread owns it."""

    @property
    def capacity(self) -> int:
        """How many fingers it can hold, as the sensor itself says."""
        ...

    def poll(self) -> Touch | None:
        """Look at the glass once: None where no readable finger lies on it. Raises SensorError."""
        ...

    def enrol(self, page: int, prompt: Callable[[EnrolStep], None], timeout_s: float = 20.0) -> None:
        """Store the finger of two touches at `page`; `prompt` is called before each step, which may take timeout_s.

        Raises EnrolmentFailed where no finger comes, two touches differ, or the finger lies on another page already;
        other SensorErrors.
        """
        ...

    def delete(self, page: int) -> None:
        """Erase one page; an empty one is no error. Raises SensorError."""
        ...

    def pages(self) -> frozenset[int]:
        """The pages that hold a finger. Raises SensorError."""
        ...

    def close(self) -> None:
        """Let go of the port. May be called twice."""
        ...


def open_sensor(settings: FingerprintSettings) -> FingerprintSensor | None:
    """The sensor that the settings name, tried once; None for driver = "none". Raises SensorError."""
    if settings.driver == "none":
        return None
    from drivers.fingerprint.adafruit import AdafruitSensor  # its vendor is needed only here

    return AdafruitSensor(settings)
