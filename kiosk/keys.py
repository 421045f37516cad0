"""Keys and switches -> sightings."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Final

from drivers.bcm import GpioSettings
from drivers.inputs import Change, Inputs, InputSettings, open_inputs
from kiosk import clock
from kiosk.events import CaseChanged, KeyPressed, Moment, ServiceCalled, Sighting
from kiosk.parts import PAUSES_S, Report, Tell, keep

_CHECK_S: Final = 1.0


@contextmanager
def keys(
    settings: InputSettings, gpio: GpioSettings, tell: Tell, pauses_s: tuple[float, ...] = PAUSES_S
) -> Iterator[None]:
    """Tell each press, and each change of the case, within; keys that can't be read are told, and opened again."""
    stop = Event()

    def use(inputs: Inputs, report: Report) -> None:
        while not stop.is_set():
            inputs.check()
            report.works()
            stop.wait(_CHECK_S)

    def run() -> None:
        keep(Report("inputs", tell), lambda: open_inputs(settings, _teller(tell), gpio), use, stop, pauses_s)

    thread = Thread(target=run, name="keys", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


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
