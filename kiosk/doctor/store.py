"""The store: opens, is whole, and its key is nobody else's."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from kiosk.doctor.finding import Finding, Result, joined
from kiosk.doctor.round import Patient
from kiosk.store import Entry, open_store
from kiosk.store.database import key_path
from kiosk.store.journal import FIRST_PREVIOUS

_LOOKED_AT = 500
_KEEP = "Copy the store, its key and its lock to another medium before anything else, and tell the Disdik."


def check(patient: Patient) -> Iterator[Finding]:
    """The file with journal and people."""
    path = patient.config.store_path
    if not path.exists() and not key_path(path).exists():
        found = f"there is no store at {path} yet"
        yield Finding("store", Result.DOUBTFUL, found, "Start the gate once (gerbang run), or enrol somebody.")
        return
    with open_store(path, create=False) as store:
        last = store.journal.last_number()
        entries = store.journal.after(max(0, last - _LOOKED_AT - 1), _LOOKED_AT + 1)
        people = store.people.all()
        faces = len(store.people.templates())
    people_found = Finding(
        "store", Result.OK, f"{last} entries, {len(people)} people", figures={"entries": last, "people": len(people)}
    )
    parts = [judge_chain(entries), judge_faces(sum(person.faces for person in people), faces), judge_key(path)]
    if patient.gate is None:  # it reads all of the file, and a gate that runs could not commit meanwhile
        parts.append(judge_pages(path))
    yield joined("store", *parts, people_found)


def judge_chain(entries: Sequence[Entry]) -> Finding:
    """Whether the end of the journal is whole: each entry as its hash says, and after the one that it names."""
    previous = entries[0].previous if entries and entries[0].number > 1 else FIRST_PREVIOUS
    number = entries[0].number if entries else 1
    for entry in entries:
        if entry.number != number or entry.previous != previous or entry.digest() != entry.hash:
            found = f"the journal is damaged at entry {number}"
            advice = f"What was sent before is safe at the district. {_KEEP}"
            return Finding("store", Result.WRONG, found, advice, {"damaged_entry": number})
        previous, number = entry.hash, number + 1
    return Finding("store", Result.OK, f"the last {len(entries)} are whole" if entries else "")


def judge_faces(kept: int, opened: int) -> Finding:
    """Whether what was enrolled can be read."""
    figures = {"faces": kept, "faces_readable": opened}
    if opened == kept:
        return Finding("store", Result.OK, "", figures=figures)
    advice = "Enrol again whom the gate does not know any more."
    return Finding("store", Result.WRONG, f"{kept - opened} of {kept} faces are damaged", advice, figures)


def judge_key(path: Path) -> Finding:
    """The key opens everybody's templates: its owner alone may read it."""
    key = key_path(path)
    mode = key.stat().st_mode & 0o777
    figures = {"key_mode": f"{mode:o}"}
    if mode & 0o077:
        found = f"others may read the key {key}"
        return Finding("store", Result.WRONG, found, f"Close it to others (sudo chmod 600 {key}).", figures)
    return Finding("store", Result.OK, "", figures=figures)


def judge_pages(path: Path) -> Finding:
    """What SQLite says of the file's pages."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
        said = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    if said == "ok":
        return Finding("store", Result.OK, "")
    return Finding("store", Result.WRONG, f"the file is damaged ({said})", _KEEP)
