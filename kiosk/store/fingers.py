"""Whose finger lies on which page of the sensor, with its template, sealed; and what is still to be erased there."""

import hashlib
import json
import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path

from sqlite_utils import Database

from kiosk.errors import StoreError
from kiosk.events import Moment
from kiosk.store.connection import transaction, translated
from kiosk.store.journal import Journal
from kiosk.store.sealing import Sealer

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Finger:
    """A person's finger. template: as the sensor gave it, in its own format; None where none is kept.

    damaged: one was kept, and can't be opened any more, so that nothing can be compared with it.
    """

    person: str
    template: bytes | None = field(default=None, repr=False)
    damaged: bool = False

    @cached_property
    def mark(self) -> str | None:
        """What tells the template from others, and from which nothing can be made: its SHA-256."""
        return None if self.template is None else mark_of(self.template)


@dataclass(frozen=True)
class Erasure:
    """A page of the sensor that is to be erased. mark: of the template that lies there; None where it isn't known."""

    person: str
    mark: str | None = None


@dataclass(frozen=True)
class SensorSeen:
    """The sensor in which this store's fingers lie: its own code of its model, and its pages."""

    system: int
    capacity: int


@dataclass(frozen=True)
class Known:
    """What the store knows of the sensor, by page."""

    fingers: Mapping[int, Finger] = field(default_factory=dict)
    erasures: Mapping[int, Erasure] = field(default_factory=dict)
    sensor: SensorSeen | None = None


def mark_of(template: bytes) -> str:
    """The mark of a template that was read from a sensor."""
    return hashlib.sha256(template).hexdigest()


class Fingers:
    """The fingers of one store. What changes who is known raises the people's version, so that a gate takes it up."""

    def __init__(self, db: Database, path: Path, journal: Journal, sealer: Sealer) -> None:
        """Erasures in the sensor are witnessed in the journal, within the same transaction."""
        self._db = db
        self._path = path
        self._journal = journal
        self._sealer = sealer

    def known(self) -> Known:
        """All that is known now. Raises StoreError."""
        with self._at_once():
            fingers = self._db.execute("SELECT page, person, sealed FROM finger ORDER BY page").fetchall()
            erasures = self._db.execute("SELECT page, person, mark FROM erasure ORDER BY page").fetchall()
            sensor = self._db.execute("SELECT value FROM fact WHERE name = 'sensor'").fetchone()
        return Known(
            {page: self._opened(page, person, sealed) for page, person, sealed in fingers},
            {page: Erasure(person, mark) for page, person, mark in erasures},
            SensorSeen(**json.loads(sensor[0])) if sensor else None,
        )

    def free_page(self, capacity: int, taken: Iterable[int] = ()) -> int | None:
        """The lowest page that neither the store nor the sensor (`taken`) uses, or None when it is full."""
        known = self.known()
        used = {*known.fingers, *known.erasures, *taken}
        return next((page for page in range(capacity) if page not in used), None)

    def met(self, sensor: SensorSeen) -> None:
        """The fingers lie in this sensor from now on. Raises StoreError."""
        with transaction(self._db, self._path):
            self._db.execute(
                "INSERT OR REPLACE INTO fact (name, value) VALUES ('sensor', ?)", [json.dumps(asdict(sensor))]
            )
            raise_version(self._db)

    def intend(self, pages: Mapping[int, Erasure]) -> None:
        """Fingers are about to be put on these pages; what no enrolment takes up is to be erased. Raises StoreError."""
        with transaction(self._db, self._path):
            for page, erasure in pages.items():
                self._plan(page, erasure)

    def erased(self, pages: Collection[int], at: Moment) -> None:
        """These pages were erased in the sensor, and are free. Raises StoreError."""
        with transaction(self._db, self._path):
            for page in pages:
                row = self._db.execute("DELETE FROM erasure WHERE page = ? RETURNING person", [page]).fetchone()
                if row:
                    self._journal.append_within("finger_erased", {"person": row[0], "page": page}, at)
            raise_version(self._db)

    def forgo(self, pages: Collection[int]) -> None:
        """What was intended for these pages did not happen. Raises StoreError."""
        with transaction(self._db, self._path):
            for page in pages:
                self._db.execute("DELETE FROM erasure WHERE page = ?", [page])

    def keep(self, page: int, template: bytes) -> None:
        """Keep the template of a finger that had none. Raises StoreError."""
        with transaction(self._db, self._path):
            row = self._db.execute("SELECT person FROM finger WHERE page = ?", [page]).fetchone()
            if row:
                sealed = self._sealer.seal(template, row[0])
                self._db.execute("UPDATE finger SET sealed = ? WHERE page = ?", [sealed, page])
                raise_version(self._db)

    def add_within(self, person: str, page: int, template: bytes | None) -> None:
        """A finger more, inside a transaction that the caller holds."""
        sealed = None if template is None else self._sealer.seal(template, person)
        self._db.execute("INSERT INTO finger (page, person, sealed) VALUES (?, ?, ?)", [page, person, sealed])
        self._db.execute("DELETE FROM erasure WHERE page = ?", [page])

    def remove_within(self, person: str) -> None:
        """Remove a person's fingers, which are still to be erased in the sensor, in a transaction of the caller's."""
        pages = [page for page, finger in self.known().fingers.items() if finger.person == person]
        self.leave_within(person, pages)
        self._db.execute("DELETE FROM finger WHERE person = ?", [person])

    def leave_within(self, person: str, pages: Collection[int]) -> None:
        """A person's pages that could not be erased in the sensor, inside a transaction that the caller holds."""
        known = self.known().fingers
        for page in pages:
            self._plan(page, Erasure(person, known[page].mark))

    def _plan(self, page: int, erasure: Erasure) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO erasure (page, person, mark) VALUES (?, ?, ?)", [page, erasure.person, erasure.mark]
        )

    def _opened(self, page: int, person: str, sealed: bytes | None) -> Finger:
        if sealed is None:
            return Finger(person)
        try:
            return Finger(person, self._sealer.open(sealed, person))
        except (StoreError, ValueError, TypeError):
            _log.warning("the template of page %d is damaged: enrol this finger again", page)
            return Finger(person, damaged=True)

    @contextmanager
    def _at_once(self) -> Iterator[None]:
        """Several SELECTs of one moment, whatever another program writes meanwhile; also in a caller's transaction."""
        with translated(self._path):
            if self._db.conn.in_transaction:
                yield
                return
            self._db.conn.execute("BEGIN")
            try:
                yield
            finally:
                if self._db.conn.in_transaction:
                    self._db.conn.execute("ROLLBACK")


def raise_version(db: Database) -> None:
    """The people have changed; inside a transaction that the caller holds."""
    db.execute(
        "INSERT INTO fact (name, value) VALUES ('people_version', '1')"
        " ON CONFLICT (name) DO UPDATE SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT)"
    )
