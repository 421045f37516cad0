"""Journals to bring: real stores with real entries, and entries without a store."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from uuid import uuid4

from kiosk.events import Moment
from kiosk.store import Store
from kiosk.store.connection import transaction
from sync import wire

DEVICE = "0b7c1d52-6c5f-4b7e-9a35-3f1f6f2f8a01"
OTHER_DEVICE = "9d1c6c0e-27a3-4d34-8a53-1b2f0c9d7e02"
START_S = 1_790_000_000.0


def fill(store: Store, count: int) -> None:
    """Put this many attendances into a store's journal, in one commit."""
    with transaction(store.db, store.path):
        first = store.journal.last_number()
        for number in range(first, first + count):
            payload = {"person": f"guru-{number % 7}", "direction": "in", "means": "face", "distance": 0.3125}
            store.journal.append_within("attendance", payload, Moment(START_S + number, float(number)))


def sent(store: Store) -> list[dict[str, Any]]:
    """All of a store's journal, as it goes over the wire."""
    return [asdict(entry) for entry in store.journal.after(0, 1_000_000)]


def entry(number: int = 1, /, **changes: Any) -> dict[str, Any]:
    """A well-formed entry; with changes its hash is made to fit, unless the hash is what is changed."""
    draft = {
        "id": str(uuid4()),
        "device": DEVICE,
        "number": number,
        "boot": str(uuid4()),
        "wall": "2026-09-21T22:46:40.000000+00:00",
        "monotonic_ns": number,
        "trust": "network",
        "kind": "attendance",
        "payload": {"person": "guru-1", "direction": "in", "means": "face", "distance": 0.3125},
        "previous": "0" * 64,
        **changes,
    }
    return {"hash": wire.digest(draft), **draft}


def batch(*entries: Any, device: str = DEVICE) -> wire.Batch:
    """These as a batch."""
    return wire.Batch(device=device, entries=list(entries))


def by_id(entries: list[dict[str, Any]]) -> Mapping[str, dict[str, Any]]:
    """The same, to be compared without regard to order."""
    return {item["id"]: item for item in entries}
