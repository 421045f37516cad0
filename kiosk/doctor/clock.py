"""The clock: who set it, and is it right?"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from kiosk import clock
from kiosk.doctor import web
from kiosk.doctor.finding import Finding, Result, joined
from kiosk.doctor.round import Patient
from kiosk.errors import StoreError
from kiosk.store import open_store

_OFF_S, _FAR_OFF_S = 10.0, 120.0  # a minute more or less is late or not late
_CHIP_FORGOT_S = 86400.0
_ASK_S = 5.0
_SET = (
    "Bring the gate to a network once (timedatectl tells whether that has set it), or set it by hand:"
    " sudo timedatectl set-time '2026-11-23 06:55:00'. A Pi without a network keeps time only with a clock chip (RTC)."
)


@dataclass(frozen=True)
class Times:
    """What the clocks say, in seconds since 1970; None where nobody tells. newest: of the journal's entries."""

    now_s: float
    district_s: float | None = None
    chip_s: float | None = None
    newest_s: float | None = None


def check(patient: Patient) -> Iterator[Finding]:
    """How far the clock is trusted, and whether others say the same."""
    zone = patient.config.zone
    chip = read_chip(patient.root)
    newest = _newest(patient)
    url = patient.config.district.url
    district = web.glance(url, _ASK_S).date_s if url else None
    times = Times(clock.now().wall_s, district, chip, newest)
    yield joined("clock", judge_trust(clock.trust(patient.root), times), judge_times(times), _here(times.now_s, zone))


def _here(now_s: float, zone: ZoneInfo) -> Finding:
    local = datetime.fromtimestamp(now_s, zone)
    return Finding("clock", Result.OK, f"{local:%Y-%m-%d %H:%M:%S} {local.tzname()}", figures={"zone": str(zone)})


def judge_trust(trust: clock.Trust, times: Times) -> Finding:
    """Who set it."""
    figures = {"trust": trust, "rtc": times.chip_s is not None}
    if trust == "network":
        return Finding("clock", Result.OK, "set by the network", figures=figures)
    if trust == "rtc" and times.chip_s is not None and abs(times.chip_s - times.now_s) > _CHIP_FORGOT_S:
        advice = "Set the clock, then write it to the chip (sudo hwclock -w), and look at the chip's battery."
        return Finding("clock", Result.DOUBTFUL, "its chip has forgotten the time", advice, figures)
    if trust == "rtc":
        return Finding("clock", Result.OK, "kept by its chip", figures=figures)
    if times.district_s is not None:
        return Finding("clock", Result.OK, "nobody has set it since the start", figures=figures)
    return Finding("clock", Result.DOUBTFUL, "nobody has set it since the start", _SET, figures)


def judge_times(times: Times) -> Finding:
    """Whether it agrees with the district's, and goes forward."""
    if times.newest_s is not None and times.newest_s > times.now_s + _FAR_OFF_S:
        found = f"it is behind the newest record, of {_day(times.newest_s)}"
        return Finding("clock", Result.WRONG, found, _SET)
    if times.district_s is None:
        return Finding("clock", Result.OK, "")
    off_s = times.now_s - times.district_s
    figures = {"ahead_of_district_s": round(off_s, 1)}
    found = f"{_span(abs(off_s))} {'ahead of' if off_s > 0 else 'behind'} the district's"
    if abs(off_s) > _FAR_OFF_S:
        return Finding("clock", Result.WRONG, found, _SET, figures)
    if abs(off_s) > _OFF_S:
        return Finding("clock", Result.DOUBTFUL, found, _SET, figures)
    return Finding("clock", Result.OK, "as the district's", figures=figures)


def _day(wall_s: float) -> str:
    return datetime.fromtimestamp(wall_s, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _span(seconds: float) -> str:
    """A length of time in the largest whole unit."""
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length:.0f} {unit}"
    return f"{seconds:.0f} seconds"


def read_chip(root: Path) -> float | None:
    """What the clock chip says, in seconds since 1970; None without one."""
    path = root / "sys/class/rtc/rtc0/since_epoch"
    try:
        return float(path.read_text())
    except OSError:  # a chip that never was set refuses to be read
        return 0.0 if path.parent.exists() else None


def _newest(patient: Patient) -> float | None:
    """When the newest entry of the journal was; whatever ails the store is the store's check to tell."""
    try:
        with open_store(patient.config.store_path, create=False) as store:
            entries = store.journal.after(store.journal.last_number() - 1, 1)
        return entries[0].moment.wall_s if entries else None
    except (StoreError, ValueError):
        return None
