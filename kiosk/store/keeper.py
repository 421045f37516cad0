"""A store that is opened again after a failure."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kiosk.errors import StoreError
from kiosk.events import Moment
from kiosk.store.database import Store, open_store

_BUSY_S = 1.0  # for another program's write; a person waits for the answer


class Keeper:
    """Keeps the store open; after a failed write it begins afresh, for what SQLite says then proves nothing."""

    def __init__(self, path: Path) -> None:
        """Opens it. Raises StoreError."""
        self._path = path
        self._store: Store | None = open_store(path, busy_s=_BUSY_S)

    def get(self) -> Store:
        """The store. Raises StoreError where it can't be opened."""
        self._store = self._store or open_store(self._path, busy_s=_BUSY_S)
        return self._store

    def append(self, kind: str, payload: Mapping[str, Any], at: Moment) -> None:
        """Put an entry into the journal. Raises StoreError."""
        try:
            self.get().journal.append(kind, payload, at)
        except StoreError:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the file; the next use opens it again."""
        if self._store:
            self._store.close()
            self._store = None
