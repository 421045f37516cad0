"""The Pi's pins by their BCM numbers, and which library drives them."""

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from annotated_types import Interval

Pin = Annotated[int, Interval(ge=0, le=27)]

# The serial port on the header, by the names that Linux has for it: raspberrypi.com, "Configuring UARTs".
SERIAL_PORTS: Final = ("/dev/serial0", "/dev/ttyAMA0", "/dev/ttyS0")
SERIAL_PINS: Final = (14, 15)


@dataclass(frozen=True)
class GpioSettings:
    """The [gpio] table of gerbang.toml. factory: the library under gpiozero; auto is lgpio, or else RPi.GPIO."""

    factory: Literal["auto", "lgpio", "rpigpio"] = "auto"


AUTO: Final = GpioSettings()
