"""Who is enrolled: names, sealed templates, and pages of the fingerprint sensor."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlite_utils import Database

from kiosk.events import Moment
from kiosk.store.connection import transaction, translated
from kiosk.store.journal import Journal
from kiosk.store.sealing import Sealer

_MANY = 1_000_000


@dataclass(frozen=True)
class Person:
    """Somebody who may come in. faces: how many templates; pages: where in the sensor the fingers lie."""

    id: str
    name: str
    faces: int = 0
    pages: tuple[int, ...] = ()


@dataclass(frozen=True)
class Template:
    """One embedding of a person's face: float32, 128 numbers, made by the named model."""

    person: str
    model: str
    embedding: NDArray[np.float32]


class People:
    """The enrolled of one store. Each change raises `version`, so that a running gate takes it up."""

    def __init__(self, db: Database, path: Path, journal: Journal, sealer: Sealer) -> None:
        """Enrolments and erasures are witnessed in the journal, within the same transaction."""
        self._db = db
        self._path = path
        self._journal = journal
        self._sealer = sealer

    def version(self) -> int:
        """A number that grows with each change."""
        with translated(self._path):
            row = self._db.execute("SELECT value FROM fact WHERE name = 'people_version'").fetchone()
        return int(row[0]) if row else 0

    def all(self) -> list[Person]:
        """Everybody, by name."""
        with translated(self._path):
            rows = self._db.execute(
                "SELECT id, name, (SELECT count(*) FROM template WHERE person = person.id),"
                " (SELECT group_concat(page) FROM finger WHERE person = person.id) FROM person ORDER BY name, id"
            ).fetchall()
        return [
            Person(person, name, faces, tuple(sorted(map(int, pages.split(",")))) if pages else ())
            for person, name, faces, pages in rows
        ]

    def get(self, person: str) -> Person | None:
        """One person, or None."""
        return next((found for found in self.all() if found.id == person), None)

    def templates(self) -> list[Template]:
        """Every template, opened. Raises StoreError where the key does not fit."""
        with translated(self._path):
            rows = self._db.execute("SELECT person, model, sealed FROM template ORDER BY id").fetchall()
        return [
            Template(person, model, np.frombuffer(self._sealer.open(sealed, person), dtype="<f4"))
            for person, model, sealed in rows
        ]

    def by_page(self) -> dict[int, str]:
        """Whose finger lies on which page of the sensor."""
        with translated(self._path):
            return dict(self._db.execute("SELECT page, person FROM finger").fetchall())

    def free_page(self, capacity: int, taken: Iterable[int] = ()) -> int | None:
        """The lowest page that neither the store nor the sensor (`taken`) uses, or None when it is full."""
        used = set(self.by_page()) | set(taken)
        return next((page for page in range(min(capacity, _MANY)) if page not in used), None)

    def enrol(
        self,
        person: Person,
        templates: Iterable[Template],
        page: int | None,
        at: Moment,
        *,
        replace: bool = False,
    ) -> None:
        """Add a person, or faces and a finger to one; with `replace`, in place of the faces before.

        Raises StoreError; then nothing was changed.
        """
        templates = list(templates)
        with transaction(self._db, self._path):
            self._db.execute(
                "INSERT INTO person (id, name, added) VALUES (?, ?, datetime('now'))"
                " ON CONFLICT (id) DO UPDATE SET name = excluded.name",
                [person.id, person.name],
            )
            if replace and templates:
                self._db.execute("DELETE FROM template WHERE person = ?", [person.id])
            for template in templates:
                sealed = self._sealer.seal(template.embedding.astype("<f4").tobytes(), person.id)
                self._db.execute(
                    "INSERT INTO template (person, model, sealed) VALUES (?, ?, ?)",
                    [person.id, template.model, sealed],
                )
            if page is not None:
                self._db.execute("INSERT INTO finger (page, person) VALUES (?, ?)", [page, person.id])
            payload = {
                "person": person.id,
                "faces": len(templates),
                "finger": page is not None,
                "replace": replace,
            }
            self._journal.append_within("enrolment", payload, at)
            self._raise_version()

    def erase(self, person: str, at: Moment) -> None:
        """Remove a person with every template; the journal keeps that it was done. Raises StoreError."""
        with transaction(self._db, self._path):
            faces = self._db.execute("SELECT count(*) FROM template WHERE person = ?", [person]).fetchone()[0]
            fingers = self._db.execute("SELECT count(*) FROM finger WHERE person = ?", [person]).fetchone()[0]
            self._db.execute("DELETE FROM person WHERE id = ?", [person])
            self._journal.append_within("erasure", {"person": person, "faces": faces, "fingers": fingers}, at)
            self._raise_version()

    def _raise_version(self) -> None:
        self._db.execute(
            "INSERT INTO fact (name, value) VALUES ('people_version', '1')"
            " ON CONFLICT (name) DO UPDATE SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT)"
        )
