"""The Pi's pins by their BCM numbers, and which library drives them."""

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from annotated_types import Interval

Pin = Annotated[int, Interval(ge=0, le=27)]


@dataclass(frozen=True)
class GpioSettings:
    """The [gpio] table of gerbang.toml. factory: the library under gpiozero; auto is lgpio, or else RPi.GPIO."""

    factory: Literal["auto", "lgpio", "rpigpio"] = "auto"


AUTO: Final = GpioSettings()
