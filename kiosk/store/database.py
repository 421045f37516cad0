"""The store as a whole: opened, migrated, and closed."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from uuid import uuid4

from sqlite_utils import Database

from kiosk.errors import StoreError, StoreNewer
from kiosk.store.connection import connect, transaction, translated
from kiosk.store.cursors import Cursors
from kiosk.store.journal import Journal
from kiosk.store.migrations import migrations
from kiosk.store.people import People
from kiosk.store.sealing import Sealer, load_key


@dataclass(frozen=True)
class Store:
    """All that the kiosk keeps. One thread uses it; each process opens its own."""

    db: Database
    path: Path
    device: str
    journal: Journal
    people: People
    cursors: Cursors

    def close(self) -> None:
        """Let go of the file."""
        self.db.close()

    def __enter__(self) -> "Store":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_store(path: Path, *, create: bool = True) -> Store:
    """Open the store, made (with `create`) or brought up to date where needed. Raises StoreError."""
    if not create and not path.exists():
        raise StoreError(f"there is no store at {path} yet: start the gate once, or enrol somebody")
    if create:
        _make_folder(path.parent)
    with _alone(path):
        db = connect(path)
        try:
            _migrate(db, path)
            device = _device(db, path)
            key = load_key(path.with_name(f"{path.name}.key"), create=not _has_templates(db, path))
        except BaseException:
            db.close()
            raise
    journal = Journal(db, path, device)
    return Store(db, path, device, journal, People(db, path, journal, Sealer(key)), Cursors(db, path))


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"the folder {folder} for the store can't be made: {error.strerror}") from error


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One program at a time makes a store or brings it up to date; the others wait."""
    try:
        lock = path.with_name(f"{path.name}.lock").open("w")
    except OSError as error:
        raise StoreError(f"the store {path} can't be opened: {error.strerror}") from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _migrate(db: Database, path: Path) -> None:
    """Refuses a newer store before anything in it is touched."""
    with translated(path):
        newer = sorted({step.name for step in migrations.applied(db)} - _released())
        if newer:
            raise StoreNewer(
                f"the store {path} was made by a newer Gerbang (it has {newer[-1]}): update this program;"
                " nothing was changed"
            )
        if migrations.pending(db):
            migrations.apply(db)


def _released() -> set[str]:
    """The names of the steps that this program knows."""
    return {step.name for step in migrations.pending(Database(memory=True))}


def _has_templates(db: Database, path: Path) -> bool:
    with translated(path):
        return bool(db.execute("SELECT EXISTS (SELECT 1 FROM template)").fetchone()[0])


def _device(db: Database, path: Path) -> str:
    """This kiosk's random id, made with its store."""
    with transaction(db, path):
        db.execute("INSERT OR IGNORE INTO fact (name, value) VALUES ('device', ?)", [str(uuid4())])
        return str(db.execute("SELECT value FROM fact WHERE name = 'device'").fetchone()[0])
