"""Keys and switches -> sightings."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from drivers.bcm import GpioSettings
from drivers.errors import InputError
from drivers.inputs import Change, InputSettings, open_inputs
from kiosk import clock
from kiosk.events import CaseChanged, KeyPressed, Moment, ServiceCalled, Sighting
from kiosk.parts import Report, Tell


@contextmanager
def keys(settings: InputSettings, gpio: GpioSettings, tell: Tell) -> Iterator[None]:
    """Tell each press, and each change of the case, within; keys that can't be read are told, and done without."""
    try:
        inputs = open_inputs(settings, _teller(tell), gpio)
    except InputError as error:
        Report("inputs", tell).fails(error.trouble, str(error))
        inputs = None
    if inputs is None:
        yield
        return
    with closing(inputs):
        yield


def _teller(tell: Tell) -> Callable[[Change], None]:
    def told(change: Change) -> None:
        if sighting := to_sighting(change):
            tell(sighting)

    return told


def to_sighting(change: Change) -> Sighting | None:
    """What a change means; None for a key that is let go."""
    now = clock.now()
    at = Moment(now.wall_s - (now.monotonic_s - change.monotonic_s), change.monotonic_s)
    match change.name:
        case "tamper":
            return CaseChanged(at, change.active)
        case "key_in" if change.active:
            return KeyPressed(at, "in")
        case "key_out" if change.active:
            return KeyPressed(at, "out")
        case "service" if change.active:
            return ServiceCalled(at)
    return None
