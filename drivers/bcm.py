"""The Pi's pins by their BCM numbers."""

from typing import Annotated

from annotated_types import Interval

Pin = Annotated[int, Interval(ge=0, le=27)]
