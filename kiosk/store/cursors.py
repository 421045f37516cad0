"""How far each destination (the district, a stick) has the journal."""

from pathlib import Path

from sqlite_utils import Database

from kiosk.store.connection import transaction, translated


class Cursors:
    """A number for each destination: it has every entry up to that one."""

    def __init__(self, db: Database, path: Path) -> None:
        """Over the store's own connection."""
        self._db = db
        self._path = path

    def get(self, destination: str) -> int:
        """The number that this destination has; 0 where it has nothing."""
        with translated(self._path):
            row = self._db.execute("SELECT number FROM cursor WHERE destination = ?", [destination]).fetchone()
        return int(row[0]) if row else 0

    def advance(self, destination: str, number: int) -> None:
        """Move a cursor forward; it never goes back. Raises StoreError."""
        with transaction(self._db, self._path):
            self._db.execute(
                "INSERT INTO cursor (destination, number) VALUES (?, ?)"
                " ON CONFLICT (destination) DO UPDATE SET number = max(number, excluded.number)",
                [destination, number],
            )
