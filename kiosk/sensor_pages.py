"""The pages of an open sensor beside what the store knows of them: believed, mended, and what can't be is told."""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from drivers.errors import SensorError, SensorRefused, SensorUnplugged
from drivers.fingerprint import FingerprintSensor, FingerprintSettings
from kiosk import clock
from kiosk.errors import StoreError
from kiosk.events import Ailment, PartAils, PartWell
from kiosk.fingers import Differences, ailments_of, compare, erase_finger, sensor_of
from kiosk.parts import Tell
from kiosk.store import Known, Store
from kiosk.store.fingers import mark_of

_log = logging.getLogger(__name__)
_READINGS = 2  # of a template at a touch, before the finger counts as unknown


class Ailments:
    """What ails the sensor: each told once, and once more when it is over, however often it is opened meanwhile."""

    def __init__(self, tell: Tell) -> None:
        """Nothing ails it yet."""
        self._tell = tell
        self._ailing: set[Ailment] = set()

    def report(self, ailment: Ailment, why: str | None) -> None:
        """Why it ails, in a sentence without personal data; None where it is well."""
        if why is not None and ailment not in self._ailing:
            self._ailing.add(ailment)
            _log.warning("sensor: %s", why)
            self._tell(PartAils(clock.now(), "sensor", ailment, why))
        elif why is None and ailment in self._ailing:
            self._ailing.remove(ailment)
            _log.info("sensor: %s is over", ailment.value)
            self._tell(PartWell(clock.now(), "sensor", ailment))


class SensorPages:
    """One opening of a sensor, from its first good answer on.

    Of the sensor's errors only SensorUnplugged is raised once it is made: whether it answers is for the poll to find
    out. What failed is tried again when other fingers are known, or the sensor is opened again.
    """

    def __init__(
        self,
        sensor: FingerprintSensor,
        settings: FingerprintSettings,
        ailments: Ailments,
        open_store: Callable[[], Store],
    ) -> None:
        """Knows no finger until take()."""
        self._sensor = sensor
        self._settings = settings
        self._ailments = ailments
        self._open_store = open_store
        self._known = Known()
        self._pages: set[int] = set()
        self._marks: dict[int, str] = {}
        self._put_off: set[int] = set()
        self._settled = False

    def take(self, known: Known) -> None:
        """Compare these fingers with the pages that the sensor holds, and tell how they differ. Raises SensorError."""
        self._pages = set(self._sensor.pages())
        self._known = known
        self._put_off = set()
        self._settled = known.sensor == sensor_of(self._sensor.parameters)
        self._report()

    def doubt(self) -> None:
        """An answer was broken: what answers now may be another sensor, so nothing is believed that was read before."""
        self._marks.clear()

    def person(self, page: int) -> str | None:
        """Whose finger a hit on this page is; None where nobody's here, or the sensor holds another one there.

        It is believed once its template was read back and is the one that was enrolled; where none is kept, unless
        the sensor is not the one in which it was enrolled.
        """
        finger = self._known.fingers.get(page)
        if finger is None:
            return None
        if finger.template is None:
            return None if self._replaced else finger.person
        for _ in range(_READINGS):
            if page not in self._marks:
                self._read(page)
                self._report()
        return finger.person if self._marks.get(page) == finger.mark else None

    def do_a_chore(self) -> None:
        """One thing that is still to be done: erase a finger, bring one back, or read one to be sure."""
        chores: list[tuple[Callable[[int], None], Iterable[int]]] = [
            (self._erase, self._known.erasures),
            (self._restore, filter(self._can_restore, self._differences().missing)),
            (self._read, self._differences().unread),
        ]
        for work, pages in chores:
            for page in pages:
                if page not in self._put_off:
                    self._put_off.add(page)
                    work(page)
                    self._report()
                    return
        self._settle()

    @property
    def _replaced(self) -> bool:
        return self._known.sensor is not None and not self._settled

    def _differences(self) -> Differences:
        awaited = self._known.erasures.keys() - self._put_off
        return compare(self._known.fingers, self._pages - awaited, self._marks)

    def _can_restore(self, page: int) -> bool:
        """Into a page that is there and empty, and never a template of another model."""
        before, sensor = self._known.sensor, self._sensor.parameters
        fits = (before is None or before.system == sensor.system) and page < sensor.capacity
        return fits and self._known.fingers[page].template is not None

    def _erase(self, page: int) -> None:
        with self._forgiven(f"page {page} can't be erased"):
            if not self._replaced and erase_finger(self._sensor, page, self._known.erasures[page].mark):
                self._pages.discard(page)
                self._marks.pop(page, None)
                self._write(lambda store: store.fingers.erased([page], clock.now()))
                _log.info("page %d is erased, as its person was", page)

    def _restore(self, page: int) -> None:
        template = self._known.fingers[page].template
        assert template is not None
        with self._forgiven(f"the finger of page {page} can't be brought back"):
            self._sensor.write_template(page, template)
            self._pages.add(page)
            self._marks[page] = mark_of(template)
            _log.info("the finger of page %d is back in the sensor", page)

    def _read(self, page: int) -> None:
        with self._forgiven(f"page {page} can't be read"):
            self._marks[page] = mark_of(self._sensor.read_template(page))

    def _settle(self) -> None:
        """A sensor in which every finger was found, or the first of all, is this store's from now on."""
        fingers = self._known.fingers.items()
        every = all(item.mark and self._marks.get(page) == item.mark for page, item in fingers)
        if not self._settled and (every or self._known.sensor is None):
            self._settled = True
            self._write(lambda store: store.fingers.met(sensor_of(self._sensor.parameters)))
            self._report()

    @contextmanager
    def _forgiven(self, otherwise: str) -> Iterator[None]:
        try:
            yield
        except SensorUnplugged:
            raise
        except SensorError as error:
            _log.warning("%s: %s", otherwise, error)
            if not isinstance(error, SensorRefused):
                self.doubt()

    def _write(self, write: Callable[[Store], None]) -> None:
        try:
            with self._open_store() as store:
                write(store)
        except StoreError as error:
            _log.warning("what was done in the sensor is not in the store yet: %s", error)

    def _report(self) -> None:
        differences = self._differences()
        ailing = ailments_of(self._known, self._sensor.parameters, self._settings.baud, self._pages, differences)
        if self._settled:
            ailing.pop(Ailment.REPLACED, None)
        for ailment in Ailment:
            if ailment in ailing or ailment is not Ailment.FINGERS_FOREIGN or not differences.unread:
                self._ailments.report(ailment, ailing.get(ailment))
