"""Takes entries from the journal, hands them to a courier, and remembers how far it got."""

import logging
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from random import Random
from threading import Event
from typing import Literal

from pydantic import ValidationError

from kiosk.errors import StoreError
from kiosk.store import Entry, Store
from sync import wire
from sync.couriers import Courier
from sync.couriers.receipts import confirmed
from sync.delays import BASE_S, CAP_S, delay
from sync.errors import CourierError, Refused

_log = logging.getLogger(__name__)
_POLL_S = 0.25
# The store is our own card: no crowd waits for it, and so no jitter is needed.
_STORE_PAUSE_S = 1.0
# Small enough for a slow line, and for proxies that take no more than 1 MiB unless told otherwise.
_BATCH_BYTES = 512 * 1024


@dataclass(frozen=True)
class Progress:
    """How far a destination has the journal. oldest_unsent: wall time of the first entry that it lacks, if any."""

    destination: str
    cursor: int
    unsent: int
    oldest_unsent: str | None


def progress(store: Store, destination: str) -> Progress:
    """How far this destination has the journal. Raises StoreError."""
    cursor = store.cursors.get(destination)
    oldest = store.journal.after(cursor, 1)
    unsent = max(0, store.journal.last_number() - cursor)
    return Progress(destination, cursor, unsent, oldest[0].wall if oldest else None)


def pack(device: str, entries: Iterable[Entry], max_bytes: int) -> wire.Batch:
    """As many of these entries as a body holds, from the first; the first in any case."""
    packed: list[dict[str, object]] = []
    size = 0
    for entry in entries:
        item = asdict(entry)
        size += len(wire.canonical(item).encode()) + 1
        if packed and size > max_bytes:
            break
        packed.append(item)
    try:
        return wire.Batch(device=device, entries=packed)
    except ValidationError as error:
        raise StoreError("the store is damaged: it no longer knows the id of its own device") from error


class Worker:
    """Brings one journal to one destination. Used by one thread, which is the store's."""

    def __init__(
        self,
        store: Store,
        courier: Courier,
        destination: str = "district",
        *,
        base_s: float = BASE_S,
        cap_s: float = CAP_S,
        limit: int = wire.MAX_BATCH,
        rng: Random | None = None,
    ) -> None:
        """destination: whose cursor; base_s, cap_s: of the delays; limit: entries in a batch."""
        self._store = store
        self._courier = courier
        self._destination = destination
        self._base_s = base_s
        self._cap_s = cap_s
        self._limit = limit
        self._rng = rng or Random()  # jitter, not a secret
        self._fault: Literal["store", "courier"] | None = None

    def push(self) -> int:
        """Bring the next batch; how many entries the destination has confirmed, 0 where there was nothing to bring.

        Raises CourierError, also where a receipt confirms nothing, and StoreError.
        """
        cursor = self._store.cursors.get(self._destination)
        entries = self._store.journal.after(cursor, self._limit)
        if not entries:
            return 0
        batch = pack(self._store.device, entries, _BATCH_BYTES)
        count = confirmed(batch, self._courier.hand_over(batch))
        if count == 0:
            raise Refused("the district's receipt leaves out the first entry of the batch")
        self._store.cursors.advance(self._destination, entries[count - 1].number)
        return count

    def run(self, stop: Event) -> None:
        """Bring all there is and all that comes, until told to stop."""
        failures = 0
        while not stop.is_set():
            try:
                pause_s = 0.0 if self.push() else _POLL_S
            except StoreError as error:
                self._failed("store", error)
                pause_s = _STORE_PAUSE_S
            except CourierError as error:
                failures += 1
                self._failed("courier", error)
                pause_s = delay(failures, self._rng, error.retry_after_s, self._base_s, self._cap_s)
            else:
                failures = 0
                self._worked()
            stop.wait(pause_s)

    def _failed(self, part: Literal["store", "courier"], error: Exception) -> None:
        """Say it once, until it is over."""
        if part != self._fault:
            _log.warning("%s; we go on trying", error)
        self._fault = part

    def _worked(self) -> None:
        if self._fault:
            _log.info("the records go through again")
        self._fault = None
