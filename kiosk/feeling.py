"""What the sensor's thread does with its sensor: it feels for fingers, and between two looks keeps it in order."""

import logging
from collections.abc import Callable
from threading import Event

from drivers.errors import SensorError, SensorLost
from drivers.fingerprint import FingerprintSensor, FingerprintSettings, Touch
from drivers.lights import Pattern
from kiosk import clock
from kiosk.events import FingerKnown, FingerUnknown, Sighting
from kiosk.parts import Report, Tell
from kiosk.sensor_pages import Ailments, SensorPages
from kiosk.store import Known, Store

_log = logging.getLogger(__name__)
_POLL_S = 0.02
_QUIET_POLLS = 5  # of a bare glass before each chore, so that a person seldom waits for one


class Glass:
    """What lies on the glass. A finger counts once while it lies there.

    A finger that is laid down or taken off is unreadable, or unlike itself, for a moment: that the glass is bare, or
    that a known finger is unknown, must be seen twice in a row.
    """

    def __init__(self) -> None:
        """Bare."""
        self._lies: Touch | None = None
        self._doubted = False

    def shows(self, touch: Touch | None) -> bool:
        """Whether this look shows a finger that was not there before."""
        if (touch and touch.page) == (self._lies and self._lies.page) and (touch is None) == (self._lies is None):
            self._doubted = False
            return False
        doubtful = self._lies is not None and (touch is None or touch.page is None)
        if doubtful and not self._doubted:
            self._doubted = True
            return False
        self._lies, self._doubted = touch, False
        return touch is not None


class Ring:
    """The light ring of an open sensor. Light is no part of knowing a finger: what fails is told once, and left."""

    def __init__(self, sensor: FingerprintSensor) -> None:
        """Shows nothing of ours yet."""
        self._sensor = sensor
        self._broken = False

    def show(self, pattern: Pattern) -> None:
        """Show a pattern; the sensor sends it only where it may not be shown yet. Raises SensorLost."""
        if self._broken:
            return
        try:
            self._sensor.glow(pattern)
        except SensorLost:
            raise
        except SensorError as error:
            self._broken = True
            _log.warning("the sensor's ring stays as it is: %s", error)


class Feeling:
    """Fingers into the stream of sightings. `known` may be swapped, and show() called, from any thread.

    Until something is known, every finger is unknown, and the sensor is left as it is.
    """

    def __init__(
        self,
        settings: FingerprintSettings,
        tell: Tell,
        stop: Event,
        open_store: Callable[[], Store],
    ) -> None:
        """open_store: for what is done in the sensor by itself; it is opened, written and closed in this thread."""
        self.known: Known | None = None
        self._settings = settings
        self._tell = tell
        self._stop = stop
        self._open_store = open_store
        self._ailments = Ailments(tell)
        self._pattern: Pattern | None = None

    def show(self, pattern: Pattern) -> None:
        """Let the sensor's light ring follow the lights, where it has one; returns at once."""
        self._pattern = pattern

    def use(self, sensor: FingerprintSensor, report: Report) -> None:
        """Feel for fingers until `stop`.

        Raises SensorLost at once, for the driver waits 1.5 s for an answer, and 2 s are all that there is to find a
        trouble. One garbled answer or refusal on a noisy line is no fault; the second in a row is raised, whatever it
        answered. A finger that lay there meanwhile is answered when it can be, and is unknown where it can't.
        """
        pages = SensorPages(sensor, self._settings, self._ailments, self._open_store)
        glass, ring = Glass(), Ring(sensor)
        taken: Known | None = None
        due: Touch | None = None
        quiet, noise = 0, False
        while not self._stop.wait(_POLL_S):
            try:
                touch = sensor.poll()
                if glass.shows(touch):
                    due = touch
                if (known := self.known) and known is not taken:
                    pages.take(known)
                    taken = known
                if due:
                    self._tell(_sighting(pages, due))
                    due = None
                report.works()
                quiet = 0 if touch else quiet + 1
                if self._settings.ring and self._pattern:
                    ring.show(self._pattern)
                if taken and quiet > _QUIET_POLLS:
                    quiet = 0
                    pages.do_a_chore()
                noise = False
            except SensorError as error:
                if noise or isinstance(error, SensorLost):
                    if due:
                        self._tell(FingerUnknown(clock.now()))
                    raise
                noise, taken = True, None
                pages.doubt()


def _sighting(pages: SensorPages, touch: Touch) -> Sighting:
    person = None if touch.page is None else pages.person(touch.page)
    return FingerUnknown(clock.now()) if person is None else FingerKnown(clock.now(), person, touch.score)
