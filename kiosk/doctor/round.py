"""The doctor's round: every check in its turn, each within its time, and none ends the round."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from drivers.errors import DriverError
from kiosk.config import Config
from kiosk.doctor.finding import Finding, Result
from kiosk.errors import KioskError


@dataclass(frozen=True)
class Person:
    """Somebody at the terminal. ask: puts a question that is answered by yes or no; say: tells what to do."""

    ask: Callable[[str], bool]
    say: Callable[[str], None]


@dataclass(frozen=True)
class Patient:
    """The gate that is looked at.

    gate: what the running gate says of itself at /state, None where none runs; it then holds camera, sensor and pins.
    picture: the file for the camera's picture. person: None where nobody is to be asked. root: where the machine's
    files begin.
    """

    config: Config
    gate: dict[str, Any] | None
    picture: Path
    person: Person | None = None
    root: Path = Path("/")

    def lacks(self, part: str) -> bool:
        """Whether the running gate misses this part."""
        return self.gate is not None and part in self.gate["faults"]


# The most that each check may take, in seconds; None: a person is asked, who takes as long as it takes. A check is the
# module of its name, read only in its turn: a library that is broken is a cross, and not the end of the round.
CHECKS: dict[str, float | None] = {
    "power": 10.0,
    "clock": 15.0,
    "card": 30.0,
    "store": 60.0,
    "camera": 60.0,
    "sensor": 20.0,
    "lights": None,
    "buzzer": None,
    "network": 20.0,
    "district": 30.0,
    "queue": 20.0,
    "gate": 30.0,
    "inputs": None,
}


def examine(name: str, patient: Patient, within_s: float | None) -> list[Finding]:
    """What a check finds; a check that fails or does not end is a finding too."""
    finished: list[Finding] = []
    if within_s is None:
        return _guarded(name, patient)
    # Not to be waited for at the end: a part that hangs must not hang the doctor.
    thread = threading.Thread(target=lambda: finished.extend(_guarded(name, patient)), name=name, daemon=True)
    thread.start()
    thread.join(within_s)
    if not thread.is_alive():
        return finished
    advice = "Turn the gate off and on again; if it stays so, look at this part and its cable."
    return [Finding(name, Result.WRONG, f"does not answer within {within_s:g} s", advice)]


def _guarded(name: str, patient: Patient) -> list[Finding]:
    try:
        return list(_check(name)(patient))
    except (KioskError, DriverError) as error:
        return [Finding(name, Result.WRONG, str(error))]
    except Exception as error:  # noqa: BLE001 - whatever it was, the other checks are still to be made
        advice = "This check failed by itself: send this line to whoever looks after Gerbang."
        return [Finding(name, Result.WRONG, f"{type(error).__name__}: {error}", advice)]


def _check(name: str) -> Callable[[Patient], Iterator[Finding]]:
    check: Callable[[Patient], Iterator[Finding]] = import_module(f"kiosk.doctor.{name}").check
    return check
