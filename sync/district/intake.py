"""What becomes of a batch: each entry is kept, known already, or put aside whole; all before the answer."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from pydantic import ValidationError

from sync import wire
from sync.district.models import Aside, Entry


class Unfit(ValueError):
    """This can't be kept as an entry; the message says why, without its values."""


@dataclass(frozen=True)
class Fit:
    """A readable entry at a position of its batch, with its canonical text."""

    position: int
    entry: wire.Entry
    text: str


def keep(batch: wire.Batch) -> wire.Receipt:
    """Put the batch on the disk, and say what is there now. Raises django.db.Error: then nothing of it is."""
    fit, why = sort_out(batch)
    now = timezone.now()
    with transaction.atomic(durable=True):
        Entry.objects.bulk_create([_row(item, now) for item in fit], ignore_conflicts=True)
        there = dict(Entry.objects.filter(id__in=[item.entry.id for item in fit]).values_list("id", "text"))
        for item in fit:
            if there[UUID(item.entry.id)] != item.text:
                why[item.position] = "another entry with this id is here already, and stays as it is"
        asides = [_aside(batch, position, reason, now) for position, reason in sorted(why.items())]
        Aside.objects.bulk_create(asides, ignore_conflicts=True)
    received = dict.fromkeys(item.entry.id for item in fit if item.position not in why)
    return wire.Receipt(
        received=list(received),
        aside=[wire.Aside(position=position, why=reason) for position, reason in sorted(why.items())],
    )


def sort_out(batch: wire.Batch) -> tuple[list[Fit], dict[int, str]]:
    """The readable entries, and for each of the other positions why it is not one."""
    fit: list[Fit] = []
    why: dict[int, str] = {}
    for position, raw in enumerate(batch.entries):
        try:
            entry, text = read(raw, batch.device)
        except Unfit as error:
            why[position] = str(error)
        else:
            fit.append(Fit(position, entry, text))
    return fit, why


def read(raw: Any, device: str) -> tuple[wire.Entry, str]:
    """An entry of this device, with its canonical text. Raises Unfit."""
    try:
        entry = wire.Entry.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the entry"
        raise Unfit(f"{place[:80]}: {first['msg']}") from error
    if entry.device != device:
        raise Unfit("device: the entry names another device than its batch")
    try:
        text = wire.canonical(raw)
        fits = wire.digest(raw) == entry.hash
    except ValueError as error:
        raise Unfit("payload: it has no canonical text") from error
    if not fits:
        raise Unfit("hash: it does not fit the rest of the entry")
    return entry, text


def _row(item: Fit, now: datetime) -> Entry:
    return Entry(
        id=UUID(item.entry.id),
        device=UUID(item.entry.device),
        number=item.entry.number,
        wall=datetime.fromisoformat(item.entry.wall),
        kind=item.entry.kind,
        received_at=now,
        text=item.text,
    )


def _aside(batch: wire.Batch, position: int, why: str, now: datetime) -> Aside:
    text = json.dumps(batch.entries[position], sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Aside(device=UUID(batch.device), text=text, digest=digest, why=why, received_at=now)
