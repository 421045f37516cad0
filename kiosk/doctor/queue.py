"""What waits to be brought to the district."""

from collections.abc import Iterator

from kiosk import clock
from kiosk.doctor.finding import Finding, Result
from kiosk.doctor.round import Patient
from kiosk.store import open_store

_DAY_S = 86400.0
_LONG_S = 2 * _DAY_S  # a weekend without a line is usual


def check(patient: Patient) -> Iterator[Finding]:
    """Unsent entries."""
    if not patient.config.district.url:
        yield Finding("queue", Result.NOT_APPLICABLE, "nobody fetches the records")
        return
    if not patient.config.store_path.exists():
        yield Finding("queue", Result.NOT_APPLICABLE, "there is no store yet")
        return
    with open_store(patient.config.store_path, create=False) as store:
        sent = store.cursors.get("district")
        unsent = max(0, store.journal.last_number() - sent)
        oldest = store.journal.after(sent, 1)
    waits_s = clock.now().wall_s - oldest[0].moment.wall_s if oldest else None
    yield judge_queue(unsent, waits_s, 3600 * patient.config.district.offline_after_h)


def judge_queue(unsent: int, oldest_s: float | None, too_long_s: float) -> Finding:
    """How many entries wait, and for how long the oldest of them; too_long_s: when the gate itself tells so."""
    figures = {"unsent": unsent, "oldest_s": None if oldest_s is None else round(oldest_s)}
    if not unsent or oldest_s is None:
        return Finding("queue", Result.OK, "everything is sent", figures=figures)
    found = f"{unsent} not sent, the oldest for {_age(oldest_s)}"
    advice = (
        "See whether the courier runs (systemctl status gerbang-sync), and what it says"
        " (sudo journalctl -u gerbang-sync -n 20)."
    )
    if oldest_s > too_long_s:
        return Finding("queue", Result.WRONG, found, advice, figures)
    if oldest_s > _LONG_S:
        return Finding("queue", Result.DOUBTFUL, found, advice, figures)
    return Finding("queue", Result.OK, found, figures=figures)


def _age(seconds: float) -> str:
    if seconds >= 2 * _DAY_S:
        return f"{seconds / _DAY_S:.0f} days"
    return f"{seconds / 3600:.0f} hours" if seconds >= 7200 else f"{max(0.0, seconds) / 60:.0f} minutes"
