"""How the store's file is opened, and how SQLite's errors become ours."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlite_utils import Database

from kiosk.errors import StoreError, StoreFull

BUSY_S = 10.0  # how long a command waits for another program's write


def connect(path: Path, busy_s: float = BUSY_S) -> Database:
    """A connection whose commits are on the card when they return. Raises StoreError.

    A rollback journal, truncated, with full syncs: in simulated power cuts this mode lost nothing, and
    SQLite before 3.51.3 can lose commits of two writers in WAL mode (sqlite.org/wal.html#walresetbug).
    """
    with translated(path):
        connection = sqlite3.connect(path, timeout=busy_s, isolation_level=None)
        connection.text_factory = _text
        try:
            for pragma in (
                "journal_mode=TRUNCATE",
                "synchronous=FULL",
                "foreign_keys=ON",
                "secure_delete=ON",
            ):
                connection.execute(f"PRAGMA {pragma}").fetchall()
        except BaseException:
            connection.close()
            raise
    return Database(connection)


def connect_to_read(path: Path) -> Database:
    """A connection to a store on a card that can't be written any more. Raises StoreError."""
    with translated(path):
        uri = f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1"
        connection = sqlite3.connect(uri, uri=True, isolation_level=None)
        connection.text_factory = _text
    return Database(connection)


def _text(data: bytes) -> str:
    """Text as it is; a damaged byte is shown as such, and does not hide the rest."""
    return data.decode("utf-8", "replace")


@contextmanager
def transaction(db: Database, path: Path) -> Iterator[None]:
    """A short write: all of it, or nothing. Raises StoreError."""
    with translated(path):
        db.conn.execute("BEGIN IMMEDIATE")
        try:
            yield
            db.conn.execute("COMMIT")
        except BaseException:
            if db.conn.in_transaction:
                db.conn.execute("ROLLBACK")
            raise


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """SQLite's errors become sentences about this file."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            raise StoreFull(f"there is no room left for the store {path}: free some space on the card") from error
        if code == sqlite3.SQLITE_BUSY:
            raise StoreError(f"the store {path} is held by another program; try again in a moment") from error
        if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            raise StoreError(f"{path} is not a Gerbang store, or it is damaged: {error}") from error
        if code == sqlite3.SQLITE_CANTOPEN:
            raise StoreError(
                f"the store {path} can't be opened: is its folder there, and may we write in it?"
            ) from error
        if code == sqlite3.SQLITE_READONLY:
            raise StoreError(f"the store {path} may not be written by this user") from error
        raise StoreError(f"the store {path} failed: {error}") from error
