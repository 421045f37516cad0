"""What every fingerprint sensor promises. A page is the sensor's own number for a stored finger."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Literal, Protocol

from annotated_types import Interval

from drivers.lights.contract import Pattern

Baud = Literal[9600, 19200, 28800, 38400, 57600, 115200]


@dataclass(frozen=True)
class FingerprintSettings:
    """The [fingerprint] table of gerbang.toml.

    baud: tried first; a sensor that speaks at another one is found too. ring: whether a sensor's own light ring
    follows the gate's lights.
    """

    driver: Literal["adafruit", "none"] = "none"
    port: str = "/dev/serial0"
    baud: Baud = 57600
    password: Annotated[int, Interval(ge=0, le=0xFFFF_FFFF)] = 0
    ring: bool = True


@dataclass(frozen=True)
class SensorParameters:
    """What the sensor says of itself when it is opened.

    capacity: pages; packet_bytes: of data, 32 to 256; security_level: 1, lax, to 5, strict; system: its own code of
    its model; baud: at which it was found; ring: whether it has a light ring.
    """

    capacity: int
    packet_bytes: int
    security_level: int
    system: int
    baud: int
    ring: bool


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
    """A sensor that searches its own memory. One thread owns it.

    After SensorUnplugged it is to be closed and opened again; after any other error the next command may work.
    """

    @property
    def parameters(self) -> SensorParameters:
        """What the sensor said of itself when it was opened."""
        ...

    @property
    def capacity(self) -> int:
        """How many fingers it can hold, as the sensor itself says."""
        ...

    def poll(self) -> Touch | None:
        """Look at the glass once: None where no readable finger lies on it. Raises SensorError."""
        ...

    def enrol(
        self,
        page: int,
        prompt: Callable[[EnrolStep], None],
        timeout_s: float = 20.0,
        *,
        own: frozenset[int] = frozenset(),
    ) -> None:
        """Store the finger of two touches at `page`; `prompt` is called before each step, which may take timeout_s.

        own: pages of the same person, on which the finger may lie already. Raises EnrolmentFailed where no finger
        comes or two touches differ, FingerTaken where it lies on another page already, other SensorErrors.
        """
        ...

    def delete(self, page: int) -> None:
        """Erase one page; an empty one is no error. Raises SensorError."""
        ...

    def count(self) -> int:
        """How many pages hold a finger. Raises SensorError."""
        ...

    def pages(self) -> frozenset[int]:
        """The pages that hold a finger. Raises SensorError."""
        ...

    def read_template(self, page: int) -> bytes:
        """The template of one page, as the sensor's own format has it. Raises SensorRefused where there is none."""
        ...

    def write_template(self, page: int, template: bytes, *, unless_known: bool = False) -> None:
        """Put a template of another sensor of the same family on a page, and read it back to be sure.

        unless_known: refuse one whose finger lies on another page already. Raises EnrolmentFailed for such a one, and
        the page is as it was; SensorRefused where the sensor did not take it as it was, and the page is left empty;
        SensorLost at once, and the page may hold it.
        """
        ...

    def glow(self, pattern: Pattern) -> None:
        """Show a pattern of the lights on the sensor's own ring; nothing where it has none. Raises SensorError."""
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
