"""A part in use: opened again when it fails, with growing pauses, and its troubles told once."""

import logging
import threading
from collections.abc import Callable
from contextlib import closing
from typing import Protocol, TypeVar

from drivers.errors import CameraEnded, DriverError, Trouble
from kiosk import clock
from kiosk.events import Part, PartBack, PartLost, Sighting

_log = logging.getLogger(__name__)
PAUSES_S = (0.5, 1.0, 2.0, 5.0)

Tell = Callable[[Sighting], None]


class _Device(Protocol):
    def close(self) -> None: ...


Device = TypeVar("Device", bound=_Device)


class Report:
    """How a part is: told when a trouble begins, when it turns into another one, and when it is over.

    failures: how often the part was opened again since it last served.
    """

    def __init__(self, part: Part, tell: Tell) -> None:
        """Nothing is wrong yet."""
        self.failures = 0
        self._part = part
        self._tell = tell
        self._trouble: Trouble | None = None
        self._lock = threading.Lock()

    def fails(self, trouble: Trouble, why: str) -> None:
        """The part does not serve. why: a sentence for technicians."""
        with self._lock:
            if trouble is self._trouble:
                return
            self._trouble = trouble
        _log.warning("%s lost: %s", self._part, why)
        self._tell(PartLost(clock.now(), self._part, why, trouble))

    def works(self) -> None:
        """The part serves."""
        with self._lock:
            self.failures = 0
            if self._trouble is None:
                return
            self._trouble = None
        _log.info("%s is back", self._part)
        self._tell(PartBack(clock.now(), self._part))


def keep(
    report: Report,
    opener: Callable[[], Device | None],
    use: Callable[[Device, Report], None],
    stop: threading.Event,
    pauses_s: tuple[float, ...] = PAUSES_S,
) -> None:
    """Use a device until `stop`; when it fails open it again, each time later, the last pause for ever.

    Where `use` returns, it is opened again at once. An opener that gives None has no such part; a replay that ended is
    not opened again.
    """
    while not stop.is_set():
        try:
            device = opener()
            if device is None:
                return
            with closing(device):
                use(device, report)
        except CameraEnded as error:
            report.fails(error.trouble, str(error))
            return
        except DriverError as error:
            report.fails(error.trouble, str(error))
            stop.wait(pauses_s[min(report.failures, len(pauses_s) - 1)])
            report.failures += 1
