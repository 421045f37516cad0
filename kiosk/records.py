"""What the gate wants kept, as kind and payload of a journal entry, and back again."""

import logging
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from kiosk.events import Attendance, Fault, Moment, Press, Record, Refusal, Repeat, Tampering
from kiosk.store.journal import Entry

_log = logging.getLogger(__name__)


def _rounded(distance: float | None) -> float | None:
    return None if distance is None else round(distance, 4)


def to_payload(record: Record) -> tuple[str, dict[str, Any]]:
    """The kind of the entry, and its payload."""
    match record:
        case Attendance():
            return "attendance", {
                "person": record.person,
                "direction": record.direction,
                "means": record.means,
                "distance": _rounded(record.distance),
                "runner_up": _rounded(record.runner_up),
                "score": record.score,
            }
        case Refusal():
            return "refusal", {"means": record.means, "nearest": _rounded(record.nearest)}
        case Repeat():
            return "repeat", {"person": record.person, "means": record.means, "first": record.first.wall_s}
        case Fault(over=True):
            return "mended", {"part": record.part, "what": record.what}
        case Fault():
            return "fault", {"part": record.part, "what": record.what, "why": record.why}
        case Press():
            return "key", {"key": record.key}
        case Tampering():
            return "case", {"open": record.open}


def last_attendances(entries: Iterable[Entry], now: Moment, boot: str) -> dict[str, Attendance]:
    """The newest attendance of each person, placed on this boot's monotonic clock.

    An entry of another boot lies as far back as the wall clock says, and never in the future. A damaged one is passed
    over.
    """
    last: dict[str, Attendance] = {}
    for entry in entries:
        try:
            at = entry.moment
            if entry.boot != boot:
                at = replace(at, monotonic_s=now.monotonic_s - max(0.0, now.wall_s - at.wall_s))
            attendance = Attendance(at=at, **entry.payload)
        except (TypeError, ValueError):
            _log.warning("entry %d of the journal is damaged, and passed over", entry.number)
        else:
            last[attendance.person] = attendance
    return last
