"""The gate itself: runs, serves, and is ready to."""

import platform
from collections.abc import Collection, Iterator
from importlib.metadata import version

from kiosk.config import Config
from kiosk.doctor.finding import Finding, Result, joined
from kiosk.doctor.round import Patient
from kiosk.doctor.running import OpenFault, faults_of, severity
from kiosk.vision.models import MODELS, is_compiled

_START = "When you have finished, start it (sudo systemctl start gerbang-kiosk, or gerbang run)."
_SEE = "See at each part; and what the gate says of it (sudo journalctl -u gerbang-kiosk -n 20)."


def check(patient: Patient) -> Iterator[Finding]:
    """Whether it runs and has all its parts, and whether its eye is prepared."""
    running = None if patient.gate is None else judge_running(patient.gate["faults"], faults_of(patient.config))
    yield joined(
        "gate",
        running or Finding("gate", Result.DOUBTFUL, "it does not run", _START, {"runs": False}),
        judge_models(patient.config),
        Finding("gate", Result.OK, f"version {version('gerbang')}", figures=_versions()),
    )


def judge_running(parts: Collection[str], faults: Collection[OpenFault]) -> Finding:
    """parts: what it misses by its own word; faults: what it has told in its journal."""
    said = {part: part for part in parts} | {
        item.part: f"{item.part} ({item.what} since {item.since})" for item in faults
    }
    figures: dict[str, object] = {"runs": True, "faults": list(said)}
    if not said:
        return Finding("gate", Result.OK, "runs", figures=figures)
    mild = all(severity(item.what) is Result.DOUBTFUL for item in faults) and set(parts) <= {
        item.part for item in faults
    }
    result = Result.DOUBTFUL if mild else Result.WRONG
    return Finding("gate", result, f"runs, but not well: {', '.join(said.values())}", _SEE, figures)


def judge_models(config: Config) -> Finding:
    """Whether a start is quick: the networks are compiled once."""
    ready = config.eye.engine == "dlib" or all(is_compiled(model, config.models_path) for model in MODELS)
    if ready:
        return Finding("gate", Result.OK, "", figures={"models_ready": True})
    found, advice = "its eye is not prepared, the first start is slow", "Prepare it now (gerbang prepare)."
    return Finding("gate", Result.DOUBTFUL, found, advice, {"models_ready": False})


def _versions() -> dict[str, str]:
    return {"gerbang": version("gerbang"), "python": platform.python_version(), "kernel": platform.release()}
