"""The append-only journal: everything that the kiosk witnesses, numbered and chained by hash."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlite_utils import Database

from kiosk import clock
from kiosk.events import Moment
from kiosk.store.connection import transaction, translated

FIRST_PREVIOUS = "0" * 64


@dataclass(frozen=True)
class Entry:
    """One thing that was witnessed. wall: ISO 8601 in UTC; hash: SHA-256 over all the rest as canonical JSON."""

    id: str
    device: str
    number: int
    boot: str
    wall: str
    monotonic_ns: int
    trust: clock.Trust
    kind: str
    payload: dict[str, Any]
    previous: str
    hash: str = ""

    @property
    def moment(self) -> Moment:
        """When it was, on both clocks; the monotonic one counts within the same boot only."""
        return Moment(datetime.fromisoformat(self.wall).timestamp(), self.monotonic_ns / 1e9)

    def digest(self) -> str:
        """The hash that this entry must carry: SHA-256 over canonical JSON (sorted keys, no spaces, UTF-8)."""
        content = {key: value for key, value in asdict(self).items() if key != "hash"}
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()


_COLUMNS = [item.name for item in fields(Entry)]
_PAYLOAD = _COLUMNS.index("payload")
_PAGE = 500


class Journal:
    """The entries of one store. Entries are only ever added."""

    def __init__(self, db: Database, path: Path, device: str) -> None:
        """Device: this kiosk's id, written into every entry."""
        self._db = db
        self._path = path
        self._device = device
        self._boot = clock.boot_id()

    def append(self, kind: str, payload: Mapping[str, Any], at: Moment) -> Entry:
        """Put one entry on the card; when this returns, it is there. Raises StoreError."""
        with transaction(self._db, self._path):
            return self.append_within(kind, payload, at)

    def append_within(self, kind: str, payload: Mapping[str, Any], at: Moment) -> Entry:
        """The same inside a transaction that the caller holds, to stand or fall with it."""
        number, previous = self._db.execute(
            "SELECT number, hash FROM entry ORDER BY number DESC LIMIT 1"
        ).fetchone() or (0, FIRST_PREVIOUS)
        draft = Entry(
            id=str(uuid4()),
            device=self._device,
            number=number + 1,
            boot=self._boot,
            wall=datetime.fromtimestamp(at.wall_s, UTC).isoformat(timespec="microseconds"),
            monotonic_ns=round(at.monotonic_s * 1e9),
            trust=clock.trust(),
            kind=kind,
            payload=dict(payload),
            previous=previous,
        )
        entry = Entry(**{**asdict(draft), "hash": draft.digest()})
        row = {**asdict(entry), "payload": json.dumps(entry.payload, ensure_ascii=False, allow_nan=False)}
        names = ", ".join(f":{name}" for name in row)
        self._db.execute(f"INSERT INTO entry ({', '.join(row)}) VALUES ({names})", row)
        return entry

    def after(self, number: int, limit: int) -> list[Entry]:
        """At most `limit` entries that follow this number, in order."""
        return self._select("WHERE number > ? ORDER BY number LIMIT ?", number, limit)

    def since(self, wall: datetime | None = None, kind: str | None = None) -> Iterator[Entry]:
        """The entries not older than a wall time (with its zone), of one kind or of all, in order."""
        since = wall.astimezone(UTC).isoformat(timespec="microseconds") if wall else ""
        where = "WHERE number > ? AND wall >= ? AND (? IS NULL OR kind = ?) ORDER BY number LIMIT ?"
        number = 0
        while page := self._select(where, number, since, kind, kind, _PAGE):
            yield from page
            number = page[-1].number

    def last_number(self) -> int:
        """The number of the newest entry; 0 where there is none."""
        with translated(self._path):
            row = self._db.execute("SELECT max(number) FROM entry").fetchone()
        return int(row[0] or 0)

    def _select(self, where: str, *values: object) -> list[Entry]:
        """All at once: a SELECT that stays open while its reader takes a break would keep others from committing."""
        with translated(self._path):
            rows = self._db.execute(f"SELECT {', '.join(_COLUMNS)} FROM entry {where}", values).fetchall()
        return [Entry(**dict(zip(_COLUMNS, row, strict=True)) | {"payload": _payload(row[_PAYLOAD])}) for row in rows]


def _payload(text: object) -> dict[str, Any]:
    """What an entry says. A damaged one says so, and its hash does not fit; the entries after it are none the worse."""
    try:
        payload = json.loads(str(text))
    except ValueError:
        payload = None
    return payload if isinstance(payload, dict) else {"unreadable": str(text)}
