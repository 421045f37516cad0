"""What a running gate has told of its parts: it holds them, and so it is asked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from drivers.errors import Trouble
from kiosk.config import Config
from kiosk.doctor.finding import Finding, Result, joined
from kiosk.doctor.round import Patient
from kiosk.errors import StoreError
from kiosk.events import Ailment
from kiosk.store import Entry, open_store

_RECENT = 5000  # entries that are searched for the beginning of a fault
# Nobody is sent away for these; and the night is no fault of a camera's.
_MILD = frozenset(
    what.value
    for what in (
        *(Ailment.WRONG_BAUD, Ailment.FULL, Ailment.FINGERS_FOREIGN, Ailment.FINGERS_UNSURE, Ailment.ERASURES_WAITING),
        Trouble.DARK,
    )
)


@dataclass(frozen=True)
class OpenFault:
    """What is wrong with a part, and not mended. what: a Trouble's or an Ailment's word; since: as people write it."""

    part: str
    what: str
    why: str
    since: str


def severity(what: str) -> Result:
    """How bad a trouble or an ailment is, by its word."""
    return Result.DOUBTFUL if what in _MILD else Result.WRONG


def faults_of(config: Config) -> tuple[OpenFault, ...]:
    """What the gate has put into its journal; nothing where that can't be read, which is the store's check to tell."""
    try:
        with open_store(config.store_path, create=False) as store:
            return open_faults(store.journal.after(store.journal.last_number() - _RECENT, _RECENT), config.zone)
    except (StoreError, ValueError):  # ValueError: an entry whose time is damaged
        return ()


def open_faults(entries: Iterable[Entry], zone: ZoneInfo) -> tuple[OpenFault, ...]:
    """What began since the gate's last start, and is not mended."""
    faults: dict[tuple[str, str], OpenFault] = {}
    for entry in entries:
        part, what = str(entry.payload.get("part")), str(entry.payload.get("what"))
        if entry.kind == "start":
            faults.clear()
        elif entry.kind == "fault":
            since = f"{datetime.fromtimestamp(entry.moment.wall_s, zone):%Y-%m-%d %H:%M}"
            faults[part, what] = OpenFault(part, what, str(entry.payload.get("why")), since)
        elif entry.kind == "mended":
            faults.pop((part, what), None)
    return tuple(faults.values())


def judge_part(part: str, faults: Iterable[OpenFault], advice: Mapping[str, str], *, lacks: bool) -> Finding:
    """A part that the running gate has.

    advice: by the word of each trouble and ailment, and under that of Trouble.BROKEN for all others.
    lacks: whether the gate misses it now.
    """
    told = [_told(fault, advice) for fault in faults if fault.part == part]
    if lacks and not told:
        told = [Finding(part, Result.WRONG, "the running gate misses it", advice[Trouble.BROKEN.value])]
    return joined(part, *told) if told else Finding(part, Result.OK, "serves the running gate")


def judge_held(part: str, patient: Patient) -> Finding:
    """Lights, buzzer or keys that the running gate has: they can't be tried, but may be known to fail."""
    advice = {Trouble.BROKEN.value: "Look at its pins in gerbang.toml, and at its wires (gerbang pinout draws them)."}
    finding = judge_part(part, faults_of(patient.config), advice, lacks=patient.lacks(part))
    if finding.result is Result.OK:
        return Finding(part, Result.NOT_APPLICABLE, "held by the running gate: stop it to try this")
    return finding


def _told(fault: OpenFault, advice: Mapping[str, str]) -> Finding:
    figures = {"trouble": fault.what, "since": fault.since}
    sentence = advice.get(fault.what, advice[Trouble.BROKEN.value])
    return Finding(fault.part, severity(fault.what), f"{fault.why} (since {fault.since})", sentence, figures)
