"""The gate itself: runs, serves, and is ready to."""

import platform
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from importlib.metadata import version
from zoneinfo import ZoneInfo

from kiosk.config import Config
from kiosk.doctor.finding import Finding, Result, joined
from kiosk.doctor.round import Patient
from kiosk.errors import StoreError
from kiosk.store import Entry, open_store
from kiosk.vision.models import MODELS, is_compiled

_RECENT = 5000  # entries that are searched for the beginning of a fault


def check(patient: Patient) -> Iterator[Finding]:
    """Whether it runs, since when it misses what, and whether its eye is prepared."""
    config = patient.config
    parts = dict.fromkeys(patient.gate["faults"], "") if patient.gate else None
    known = open_faults(_recent(config), config.zone) if patient.gate else {}
    yield joined(
        "gate",
        judge_gate(None if parts is None else parts | known),
        judge_models(config),
        Finding("gate", Result.OK, f"version {version('gerbang')}", figures=_versions()),
    )


def judge_gate(faults: Mapping[str, str] | None) -> Finding:
    """faults: of each part what the gate says of it, "" where it says nothing; None where no gate runs."""
    if faults is None:
        advice = "When you have finished: sudo systemctl start gerbang-kiosk (or gerbang run)."
        return Finding("gate", Result.DOUBTFUL, "it does not run", advice, {"runs": False})
    figures = {"runs": True, "faults": dict(faults)}
    if not faults:
        return Finding("gate", Result.OK, "runs", figures=figures)
    found = ", ".join(f"{part} {said}".rstrip() for part, said in faults.items())
    advice = "See above at each part; and what the gate says of it: sudo journalctl -u gerbang-kiosk -n 20."
    return Finding("gate", Result.WRONG, f"runs, but not well: {found}", advice, figures)


def open_faults(entries: Iterable[Entry], zone: ZoneInfo) -> dict[str, str]:
    """What began since the gate's last start, and is not mended: by part, what and since when."""
    troubles: dict[tuple[str, str], datetime] = {}
    for entry in entries:
        fault = str(entry.payload.get("part")), str(entry.payload.get("what"))
        if entry.kind == "start":
            troubles.clear()
        elif entry.kind == "fault":
            troubles[fault] = datetime.fromtimestamp(entry.moment.wall_s, zone)
        elif entry.kind == "mended":
            troubles.pop(fault, None)
    return {part: f"({what}, since {since:%Y-%m-%d %H:%M})" for (part, what), since in troubles.items()}


def judge_models(config: Config) -> Finding:
    """Whether a start is quick: the networks are compiled once."""
    ready = config.eye.engine == "dlib" or all(is_compiled(model, config.models_path) for model in MODELS)
    if ready:
        return Finding("gate", Result.OK, "", figures={"models_ready": True})
    found, advice = "its eye is not prepared, the first start is slow", "Prepare it now (gerbang prepare)."
    return Finding("gate", Result.DOUBTFUL, found, advice, {"models_ready": False})


def _recent(config: Config) -> list[Entry]:
    """The journal's end; whatever ails the store is the store's check to tell."""
    try:
        with open_store(config.store_path, create=False) as store:
            return store.journal.after(store.journal.last_number() - _RECENT, _RECENT)
    except StoreError:
        return []


def _versions() -> dict[str, str]:
    return {"gerbang": version("gerbang"), "python": platform.python_version(), "kernel": platform.release()}
