"""Who is enrolled: names, sealed templates, and pages of the fingerprint sensor."""

import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlite_utils import Database

from kiosk.errors import StoreError
from kiosk.events import Moment
from kiosk.store.connection import transaction, translated
from kiosk.store.fingers import Fingers, raise_version
from kiosk.store.journal import Journal
from kiosk.store.sealing import Sealer

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Person:
    """Somebody who may come in. faces: how many templates; pages: where in the sensor the fingers lie.

    confirm: this person has a look-alike here, and a face is to be confirmed by finger.
    """

    id: str
    name: str
    faces: int = 0
    pages: tuple[int, ...] = ()
    confirm: bool = False


@dataclass(frozen=True)
class Template:
    """One embedding of a person's face: float32, 128 numbers, made by the named model."""

    person: str
    model: str
    embedding: NDArray[np.float32]


@dataclass(frozen=True)
class Likeness:
    """Two people who look alike. distance: between their nearest templates."""

    person: str
    other: str
    distance: float


class People:
    """The enrolled of one store. Each change raises `version`, so that a running gate takes it up."""

    def __init__(self, db: Database, path: Path, journal: Journal, sealer: Sealer, fingers: Fingers) -> None:
        """Enrolments and erasures are witnessed in the journal, within the same transaction."""
        self._db = db
        self._path = path
        self._journal = journal
        self._sealer = sealer
        self._fingers = fingers

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
                " (SELECT group_concat(page) FROM finger WHERE person = person.id),"
                " EXISTS (SELECT 1 FROM lookalike WHERE NOT cleared AND person.id IN (person, other))"
                " FROM person ORDER BY name, id"
            ).fetchall()
        return [
            Person(person, name, faces, tuple(sorted(map(int, pages.split(",")))) if pages else (), bool(confirm))
            for person, name, faces, pages, confirm in rows
        ]

    def get(self, person: str) -> Person | None:
        """One person, or None."""
        return next((found for found in self.all() if found.id == person), None)

    def templates(self) -> list[Template]:
        """Every template that can be opened; one that is damaged is left out, and told.

        Raises StoreError where there are some and none can be opened: then the key is not the right one.
        """
        with translated(self._path):
            rows = self._db.execute("SELECT person, model, sealed FROM template ORDER BY id").fetchall()
        opened = [template for row in rows if (template := self._opened(*row))]
        if rows and not opened:
            raise StoreError("no template can be opened: the store's key is not the one that they were sealed with")
        if len(opened) < len(rows):
            _log.warning("%d templates are damaged and left out: enrol these people again", len(rows) - len(opened))
        return opened

    def _opened(self, person: str, model: str, sealed: bytes) -> Template | None:
        try:
            embedding = np.frombuffer(self._sealer.open(sealed, person), dtype="<f4")
        except (StoreError, ValueError, TypeError):
            return None
        return Template(person, model, embedding)

    def enrol(
        self,
        person: Person,
        templates: Iterable[Template],
        page: int | None,
        at: Moment,
        *,
        finger: bytes | None = None,
        replace: bool = False,
        likenesses: Iterable[Likeness] = (),
    ) -> None:
        """Add a person, or faces and a finger to one; with `replace`, in place of the faces or fingers before.

        finger: the template of `page`, where it is to be kept. Fingers that are replaced are still to be erased in the
        sensor. likenesses: whom these faces look like; both are to be
        confirmed by finger from now on, until the likeness is cleared or ends with the faces. Raises StoreError; then
        nothing was changed.
        """
        templates = list(templates)
        with transaction(self._db, self._path):
            self._name(person)
            if replace and templates:
                self._db.execute("DELETE FROM template WHERE person = ?", [person.id])
                self._db.execute("DELETE FROM lookalike WHERE ? IN (person, other)", [person.id])
            for template in templates:
                sealed = self._sealer.seal(template.embedding.astype("<f4").tobytes(), person.id)
                self._db.execute(
                    "INSERT INTO template (person, model, sealed) VALUES (?, ?, ?)",
                    [person.id, template.model, sealed],
                )
            if page is not None:
                if replace:
                    self._fingers.remove_within(person.id)
                self._fingers.add_within(person.id, page, finger)
            self._witness(person, len(templates), page is not None, replace, at)
            for likeness in likenesses:
                self._mark(likeness, at)
            raise_version(self._db)

    def take_in(self, guests: Iterable[tuple[Person, Mapping[int, bytes]]], at: Moment) -> None:
        """Add people with the fingers that lie on these pages, all of them or, with a StoreError, none."""
        with transaction(self._db, self._path):
            for person, fingers in guests:
                self._name(person)
                for page, template in fingers.items():
                    self._fingers.add_within(person.id, page, template)
                self._witness(person, 0, bool(fingers), False, at)
            raise_version(self._db)

    def _name(self, person: Person) -> None:
        self._db.execute(
            "INSERT INTO person (id, name, added) VALUES (?, ?, datetime('now'))"
            " ON CONFLICT (id) DO UPDATE SET name = excluded.name",
            [person.id, person.name],
        )

    def _witness(self, person: Person, faces: int, finger: bool, replace: bool, at: Moment) -> None:
        payload = {"person": person.id, "faces": faces, "finger": finger, "replace": replace}
        self._journal.append_within("enrolment", payload, at)

    def lookalikes(self) -> list[Likeness]:
        """Who looks like whom and is to be confirmed by finger, the nearest first."""
        with translated(self._path):
            rows = self._db.execute(
                "SELECT person, other, distance FROM lookalike WHERE NOT cleared ORDER BY distance"
            ).fetchall()
        return [Likeness(*row) for row in rows]

    def clear(self, person: str, at: Moment) -> list[str]:
        """The operator has looked: this person is to be confirmed no more. Gives the others, who were the reason.

        The likeness is marked again only by faces that are nearer still. Raises StoreError.
        """
        with transaction(self._db, self._path):
            rows = self._db.execute(
                "UPDATE lookalike SET cleared = 1 WHERE NOT cleared AND ? IN (person, other) RETURNING person, other",
                [person],
            ).fetchall()
            others = sorted(other for pair in rows for other in pair if other != person)
            if others:
                self._journal.append_within("lookalike_cleared", {"person": person, "others": others}, at)
                raise_version(self._db)
        return others

    def erase(self, person: str, at: Moment, left: Collection[int] = ()) -> None:
        """Remove a person with every template; the journal keeps that it was done. Raises StoreError.

        left: the person's pages that are still to be erased in the sensor.
        """
        with transaction(self._db, self._path):
            faces = self._db.execute("SELECT count(*) FROM template WHERE person = ?", [person]).fetchone()[0]
            fingers = self._db.execute("SELECT count(*) FROM finger WHERE person = ?", [person]).fetchone()[0]
            self._fingers.leave_within(person, left)
            self._db.execute("DELETE FROM person WHERE id = ?", [person])
            payload = {"person": person, "faces": faces, "fingers": fingers, "left_in_sensor": len(left)}
            self._journal.append_within("erasure", payload, at)
            raise_version(self._db)

    def _mark(self, likeness: Likeness, at: Moment) -> None:
        """Keep a likeness that is new, or nearer than the one that is known."""
        pair = sorted((likeness.person, likeness.other))
        known = self._db.execute("SELECT distance FROM lookalike WHERE person = ? AND other = ?", pair).fetchone()
        if known and known[0] <= likeness.distance:
            return
        self._db.execute(
            "INSERT OR REPLACE INTO lookalike (person, other, distance) VALUES (?, ?, ?)", [*pair, likeness.distance]
        )
        payload = {"person": likeness.person, "other": likeness.other, "distance": round(likeness.distance, 3)}
        self._journal.append_within("lookalike", payload, at)
