"""The pages of an open sensor beside what the store knows of them: believed, mended, and what can't be is told."""

import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from drivers.errors import SensorError, SensorLost, SensorRefused
from drivers.fingerprint import FingerprintSensor, FingerprintSettings
from kiosk import clock
from kiosk.errors import StoreError
from kiosk.events import Ailment, PartAils, PartWell
from kiosk.fingers import Differences, ailments_of, all_match, compare, page_list, sensor_of
from kiosk.parts import Tell
from kiosk.store import Known, Store
from kiosk.store.fingers import mark_of

_log = logging.getLogger(__name__)
_READINGS = 2  # of a template at a touch, before the finger counts as unknown
_RETRY_S = 60.0  # after a broken answer; a refusal would be the same again


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

    A refusal or a broken answer in a chore is told in the log, and after it nothing is believed that was read before:
    a wrong bit may have named another page, or another sensor may answer. A refusal is left until other fingers are
    known, or the sensor is opened again; a broken answer is tried again after a while.
    """

    def __init__(
        self,
        sensor: FingerprintSensor,
        settings: FingerprintSettings,
        ailments: Ailments,
        open_store: Callable[[], Store],
        time_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Knows no finger until take()."""
        self._sensor = sensor
        self._settings = settings
        self._ailments = ailments
        self._open_store = open_store
        self._time_s = time_s
        self._known = Known()
        self._pages: set[int] = set()
        self._doubted = False
        self._marks: dict[int, str] = {}
        self._put_off: dict[int, float] = {}  # until when
        self._waiting: set[int] = set()  # erasures that are not this sensor's, as far as can be told
        self._met_erased = False  # an erased person's finger was here: it is the sensor that the erasures wait for

    def take(self, known: Known) -> None:
        """Compare these fingers with the pages that the sensor holds, and tell how they differ. Raises SensorError."""
        self._pages, self._doubted = set(self._sensor.pages()), False
        self._known = known
        self._put_off.clear()
        self._waiting.clear()
        self._report()

    def doubt(self) -> None:
        """An answer was broken: what answers now may be another sensor, so nothing is believed that was read before."""
        self._marks.clear()
        self._doubted = True

    def person(self, page: int) -> str | None:
        """Whose finger a hit on this page is; None where nobody's here, or the sensor holds another one there.

        It is believed once its template was read back and is the one that was enrolled; where none is kept, while this
        is surely the sensor in which it was enrolled. Raises SensorLost.
        """
        finger = self._known.fingers.get(page)
        if finger is None or finger.damaged:
            return None
        if finger.template is None:
            return finger.person if self._is_the_one else None
        for _ in range(_READINGS):
            if page not in self._marks:
                self._read(page)
                self._report()
        return finger.person if self._marks.get(page) == finger.mark else None

    def do_a_chore(self) -> None:
        """One thing that is still to be done: erase a finger, bring one back, or read one to be sure.

        Raises SensorLost, and SensorError where the pages can't be listed after a doubt.
        """
        if self._doubted:
            self._pages, self._doubted = set(self._sensor.pages()), False
            self._report()
        differences = self._differences()
        chores: list[tuple[Callable[[int], None], Iterable[int]]] = [
            (self._erase, filter(self._can_erase, self._known.erasures)),
            (self._restore, filter(self._can_restore, differences.missing)),
            (self._read, differences.unread),
        ]
        now_s = self._time_s()
        for work, pages in chores:
            for page in pages:
                if self._put_off.get(page, now_s) <= now_s:
                    work(page)
                    self._report()
                    return
        self._settle()

    @property
    def _is_the_one(self) -> bool:
        """Whether this is the sensor in which the fingers were enrolled, as surely as can be told."""
        if any(item.mark for item in self._known.fingers.values()):
            return all_match(self._known, self._marks)
        return self._known.sensor == sensor_of(self._sensor.parameters)

    def _differences(self) -> Differences:
        awaited = self._known.erasures.keys() - self._waiting
        return compare(self._known.fingers, self._pages - awaited, self._marks)

    def _can_erase(self, page: int) -> bool:
        """What can't be compared is erased once all else was."""
        can_tell = self._known.erasures[page].mark is not None or not self._differences().unread
        return can_tell and page not in self._waiting

    def _can_restore(self, page: int) -> bool:
        """Into a page that is there and empty, and never a template of another model.

        Nor into a sensor that may be another one, while it holds what can't be compared: that would then be believed.
        """
        before, sensor, known = self._known.sensor, self._sensor.parameters, self._known
        fits = (before is None or before.system == sensor.system) and page < sensor.capacity
        loose = {page for page, item in known.fingers.items() if item.mark is None}
        loose |= {page for page, erasure in known.erasures.items() if erasure.mark is None}
        found = any(item.mark and self._marks.get(page) == item.mark for page, item in known.fingers.items())
        return fits and known.fingers[page].template is not None and (found or not loose & self._pages)

    def _erase(self, page: int) -> None:
        with self._forgiven(page, f"page {page} can't be erased"):
            if not self._is_to_go(page):
                self._waiting.add(page)
                return
            if page in self._pages:
                self._sensor.delete(page)
                self._pages.discard(page)
            self._marks.pop(page, None)
            if not self._write(lambda store: store.fingers.erased([page], clock.now())):
                self._put_off[page] = self._time_s() + _RETRY_S
                return
            left = {other: item for other, item in self._known.erasures.items() if other != page}
            self._known = replace(self._known, erasures=left)
            _log.info("page %d is erased, as its person was", page)

    def _is_to_go(self, page: int) -> bool:
        """Whether the erased finger lies here, or lay here. An empty page may be that of another sensor."""
        mark = self._known.erasures[page].mark
        if mark is None:
            return self._is_the_one
        if page not in self._pages:
            return self._met_erased
        if mark_of(self._sensor.read_template(page)) != mark:
            return False
        if not self._met_erased:
            self._met_erased = True
            self._waiting.clear()
        return True

    def _restore(self, page: int) -> None:
        template = self._known.fingers[page].template
        assert template is not None
        with self._forgiven(page, f"the finger of page {page} can't be brought back"):
            self._sensor.write_template(page, template, unless_known=True)
            self._pages.add(page)
            self._marks[page] = mark_of(template)
            _log.info("the finger of page %d is back in the sensor", page)

    def _read(self, page: int) -> None:
        with self._forgiven(page, f"page {page} can't be read"):
            self._marks[page] = mark_of(self._sensor.read_template(page))

    def _settle(self) -> None:
        """A sensor in which every finger was found, or the first of all, is this store's from now on."""
        here, known = sensor_of(self._sensor.parameters), self._known
        first = known.sensor is None and not any(item.mark for item in known.fingers.values())
        if known.sensor != here and (first or all_match(known, self._marks)):
            self._known = replace(known, sensor=here)
            self._write(lambda store: store.fingers.met(here))
            self._report()

    @contextmanager
    def _forgiven(self, page: int, otherwise: str) -> Iterator[None]:
        try:
            yield
        except SensorLost:
            raise
        except SensorError as error:
            _log.warning("%s: %s", otherwise, error)
            self._put_off[page] = math.inf if isinstance(error, SensorRefused) else self._time_s() + _RETRY_S
            self.doubt()

    def _write(self, write: Callable[[Store], None]) -> bool:
        try:
            with self._open_store() as store:
                write(store)
        except StoreError as error:
            _log.warning("what was done in the sensor is not in the store yet: %s", error)
            return False
        return True

    def _report(self) -> None:
        differences, waiting = self._differences(), self._waiting
        ailing = ailments_of(self._known, self._sensor.parameters, self._settings.baud, self._pages, differences)
        if waiting:
            ailing[Ailment.ERASURES_WAITING] = (
                f"erased fingers were not found in this sensor, and wait for the one that is away: {len(waiting)}"
                f" ({page_list(waiting)}); plug that one in once, or see gerbang fingers erase --help"
            )
        unsure = set()
        if differences.unread:
            unsure.add(Ailment.FINGERS_FOREIGN)
        if self._known.erasures:
            unsure.add(Ailment.ERASURES_WAITING)
        for ailment in Ailment:
            if ailment in ailing or ailment not in unsure:
                self._ailments.report(ailment, ailing.get(ailment))
