"""What every set of keys and switches promises."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal, Protocol, get_args

from annotated_types import Interval

from drivers.bcm import AUTO, GpioSettings, Pin

Name = Literal["tamper", "key_in", "key_out", "service"]


@dataclass(frozen=True)
class InputSettings:
    """The [inputs] table of gerbang.toml. Pins in BCM numbers, each joined to ground by its switch; None: not there.

    tamper_opens: whether the case's switch opens when the case is opened, as one does that a cut wire betrays too;
    debounce_s: a contact that is still for so long has ceased to bounce.
    """

    driver: Literal["none", "gpio"] = "none"
    tamper: Pin | None = None
    key_in: Pin | None = None
    key_out: Pin | None = None
    service: Pin | None = None
    tamper_opens: bool = True
    debounce_s: Annotated[float, Interval(ge=0.001, le=1)] = 0.05


@dataclass(frozen=True)
class Change:
    """A key went down or up, or the case was opened or shut.

    active: down, or open, which is also what a case's contact is taken for that never rests; monotonic_s: the edge
    after which it stayed so, or the first one of those that don't end, on time.monotonic()'s clock.
    """

    name: Name
    active: bool
    monotonic_s: float


class Inputs(Protocol):
    """Tells each change of each key and switch, once."""

    def check(self) -> None:
        """Raises InputError where one can't be read, or could not be since the last check."""
        ...

    def close(self) -> None:
        """Tell nothing more, and let go of the pins. May be called twice."""
        ...


def open_inputs(settings: InputSettings, tell: Callable[[Change], None], gpio: GpioSettings = AUTO) -> Inputs | None:
    """The keys and switches that the settings name; None where they name none. Raises InputError.

    tell is called by a thread of theirs: how the case is when they are opened, and from then on each change that
    stays. A key that is held down is told once.
    """
    if settings.driver == "none" or all(getattr(settings, name) is None for name in get_args(Name)):
        return None
    from drivers.inputs.gpio import GpioInputs  # its vendor is needed only here

    return GpioInputs(settings, tell, gpio)
