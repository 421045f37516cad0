"""The store as a whole: opened, migrated, and closed."""

import errno
import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from uuid import uuid4

from sqlite_utils import Database

from kiosk.errors import StoreError, StoreNewer
from kiosk.store.connection import BUSY_S, connect, connect_to_read, transaction, translated
from kiosk.store.cursors import Cursors
from kiosk.store.fingers import Fingers
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
    fingers: Fingers
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


def open_store(path: Path, *, create: bool = True, busy_s: float = BUSY_S) -> Store:
    """Open the store, made (with `create`) or brought up to date where needed. Raises StoreError.

    busy_s: how long to wait for another program's write. Without `create`, a store on a card that has become
    read-only is opened to be read.
    """
    if not create and not path.exists():
        raise StoreError(f"there is no store at {path} yet: start the gate once, or enrol somebody")
    if create:
        _make_folder(path.parent)
    try:
        with _alone(path):
            _refuse_empty(path)
            return _opened(connect(path, busy_s), path, writable=True)
    except OSError as error:
        if create or error.errno != errno.EROFS:
            raise
        return _opened(connect_to_read(path), path, writable=False)


def _opened(db: Database, path: Path, *, writable: bool) -> Store:
    """The parts of a store over a connection, which is closed where they can't be had."""
    key = key_path(path)
    try:
        _migrate(db, path)
        device = _device(db, path) if writable else _known_device(db, path)
        sealer = Sealer(load_key(key, create=writable and not _has_templates(db, path)))
    except (KeyError, TypeError, ValueError) as error:
        db.close()
        raise StoreError(f"{path} is damaged: what it says of itself can't be read") from error
    except BaseException:
        db.close()
        raise
    journal = Journal(db, path, device)
    fingers = Fingers(db, path, journal, sealer)
    people = People(db, path, journal, sealer, fingers)
    return Store(db, path, device, journal, people, fingers, Cursors(db, path))


def key_path(path: Path) -> Path:
    """Where the key of a store lies."""
    return path.with_name(f"{path.name}.key")


def _refuse_empty(path: Path) -> None:
    """A key without its store is no new beginning: what was recorded would be forgotten without a word."""
    if key_path(path).exists() and (not path.exists() or path.stat().st_size == 0):
        raise StoreError(
            f"the store {path} is gone or empty, but its key is there: bring the store back,"
            f" or remove {key_path(path)} to begin anew"
        )


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
        raise StoreError(error.errno, f"the store {path} can't be opened: {error.strerror}") from error
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
        some = "EXISTS (SELECT 1 FROM template) OR EXISTS (SELECT 1 FROM finger WHERE sealed IS NOT NULL)"
        return bool(db.execute(f"SELECT {some}").fetchone()[0])


def _known_device(db: Database, path: Path) -> str:
    with translated(path):
        return str(db.execute("SELECT value FROM fact WHERE name = 'device'").fetchone()[0])


def _device(db: Database, path: Path) -> str:
    """This kiosk's random id, made with its store."""
    with transaction(db, path):
        db.execute("INSERT OR IGNORE INTO fact (name, value) VALUES ('device', ?)", [str(uuid4())])
        return str(db.execute("SELECT value FROM fact WHERE name = 'device'").fetchone()[0])
