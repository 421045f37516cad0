"""A part in use: opened again when it fails, with growing pauses, and its troubles told once."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol, TypeVar

from drivers.errors import CameraEnded, DriverError, Trouble
from kiosk import clock
from kiosk.events import Part, PartBack, PartLost, Sighting

_log = logging.getLogger(__name__)
PAUSES_S = (0.5, 1.0, 2.0, 5.0)
_SETTLED_S = 10.0  # what served for so long is as good as new

Tell = Callable[[Sighting], None]


class _Device(Protocol):
    def close(self) -> None: ...


Device = TypeVar("Device", bound=_Device)


class Report:
    """How a part is: told when a trouble begins, when it turns into another one, and when it is over.

    A part that fails again and again is believed to be back only when it has served for as long as it was last left
    alone, so that a loose plug does not fill the journal.
    """

    def __init__(self, part: Part, tell: Tell, time_s: Callable[[], float] = time.monotonic) -> None:
        """Nothing is wrong yet. `tell` must return at once: two threads may report, and are told in their order."""
        self._part = part
        self._tell = tell
        self._time_s = time_s
        self._lock = threading.Lock()  # guards what follows
        self._trouble: Trouble | None = None
        self._failures = 0
        self._probation_s = 0.0
        self._serving_since_s: float | None = None

    def fails(self, trouble: Trouble, why: str) -> None:
        """The part does not serve. why: a sentence for technicians."""
        with self._lock:
            self._serving_since_s = None
            if trouble is self._trouble:
                return
            self._trouble = trouble
            self._tell(PartLost(clock.now(), self._part, why, trouble))
        _log.warning("%s lost: %s", self._part, why)

    def works(self) -> None:
        """The part serves."""
        with self._lock:
            now_s = self._time_s()
            if self._serving_since_s is None:
                self._serving_since_s = now_s
            served_s = now_s - self._serving_since_s
            if served_s >= _SETTLED_S:
                self._failures = 0
            if self._trouble is None or served_s < self._probation_s:
                return
            self._trouble = None
            self._tell(PartBack(clock.now(), self._part))
        _log.info("%s is back", self._part)

    def pause_s(self, pauses_s: tuple[float, ...]) -> float:
        """How long to leave the part alone after a failure: longer each time, until it has served for a while."""
        with self._lock:
            pause_s = pauses_s[min(self._failures, len(pauses_s) - 1)]
            self._probation_s = pause_s if self._failures else 0.0
            self._failures += 1
        return pause_s


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
            _use_once(device, use, report)
        except CameraEnded as error:
            report.fails(error.trouble, str(error))
            return
        except DriverError as error:
            report.fails(error.trouble, str(error))
            stop.wait(report.pause_s(pauses_s))


def _use_once(device: Device, use: Callable[[Device, Report], None], report: Report) -> None:
    """Use it, and close it; what is wrong is told before, for a device that fails may hang when it is closed."""
    try:
        use(device, report)
    except DriverError as error:
        report.fails(error.trouble, str(error))
        raise
    finally:
        device.close()
