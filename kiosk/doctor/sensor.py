"""The fingerprint sensor: answers, and holds the fingers that the store knows."""

from collections.abc import Iterator, Set
from contextlib import closing
from pathlib import Path

from drivers.errors import SensorError, Trouble
from drivers.fingerprint import FingerprintSettings, open_sensor
from drivers.fingerprint.contract import SensorParameters
from kiosk.config import Config
from kiosk.doctor.finding import Finding, Result, joined
from kiosk.doctor.round import Patient
from kiosk.errors import StoreError
from kiosk.store import open_store

_WIRES = "TX of the sensor goes to the Pi's RXD (pin 10), RX to TXD (pin 8), and see its label for 3.3 V or 5 V."
_ADVICE = {
    Trouble.UNPLUGGED: "Plug it in, or correct [fingerprint] port: on a Pi enable the port (sudo raspi-config,"
    " Interface options, Serial port: no login shell, but port enabled) and start anew.",
    Trouble.SILENT: f"Look at its four wires, perhaps TX and RX have changed places: {_WIRES}",
    Trouble.GARBLED: "Shorten its wires, lead them away from the power supply, and solder what is loose.",
    Trouble.FOREIGN: "Something else is on this port: correct [fingerprint] port in gerbang.toml.",
    Trouble.PASSWORD: "Write the sensor's password into [fingerprint] password, or use another sensor.",
}
_CONSOLE = (
    "The system's own console is on this port: sudo raspi-config, Interface options, Serial port: no login shell,"
    " but port enabled; then start anew."
)


def check(patient: Patient) -> Iterator[Finding]:
    """The sensor, or what the running gate says of it."""
    settings = patient.config.fingerprint
    if settings.driver == "none":
        yield Finding("sensor", Result.NOT_APPLICABLE, 'this gate has none ([fingerprint] driver = "none")')
    elif patient.lacks("sensor"):
        advice = "Stop the gate (sudo systemctl stop gerbang-kiosk) and run this again: it then tells what is wrong."
        yield Finding("sensor", Result.WRONG, "the running gate misses it", advice)
    elif patient.gate is not None:
        yield Finding("sensor", Result.OK, "serves the running gate")
    else:
        yield _look(patient.config, patient.root)


def _look(config: Config, root: Path) -> Finding:
    settings = config.fingerprint
    try:
        sensor = open_sensor(settings)
        assert sensor is not None
        with closing(sensor):
            parameters, pages = sensor.parameters, sensor.pages()
    except SensorError as error:
        return judge_error(error, settings, (root / "proc/cmdline"))
    known = _known(config)
    return joined("sensor", judge_parameters(parameters, settings), judge_pages(parameters.capacity, pages, known))


def judge_error(error: SensorError, settings: FingerprintSettings, command_line: Path) -> Finding:
    """Why it does not serve. command_line: the kernel's, which names the system's console."""
    advice = _ADVICE.get(error.trouble, _ADVICE[Trouble.SILENT])
    if has_console(settings.port, command_line):
        advice = _CONSOLE
    return Finding("sensor", Result.WRONG, str(error), advice, {"trouble": error.trouble.value})


def has_console(port: str, command_line: Path) -> bool:
    """Whether the kernel was told to use this port as its console; on a Pi, serial0 is a name for several."""
    words = command_line.read_text().split() if command_line.exists() else []
    consoles = {word.removeprefix("console=").partition(",")[0] for word in words if word.startswith("console=")}
    names = {Path(port).name, Path(port).resolve().name}
    if names & {"serial0", "ttyAMA0", "ttyS0", "ttyAMA10"}:
        names |= {"serial0"}
    return bool(consoles & names)


def judge_parameters(parameters: SensorParameters, settings: FingerprintSettings) -> Finding:
    """What it says of itself."""
    figures = {
        "capacity": parameters.capacity,
        "baud": parameters.baud,
        "security_level": parameters.security_level,
        "packet_bytes": parameters.packet_bytes,
        "ring": parameters.ring,
    }
    if parameters.baud != settings.baud:
        found = f"answers at {parameters.baud} baud, not at {settings.baud}"
        return Finding("sensor", Result.DOUBTFUL, found, f"Write baud = {parameters.baud} in [fingerprint].", figures)
    found = f"answers at {parameters.baud} baud, security level {parameters.security_level}"
    return Finding("sensor", Result.OK, found, figures=figures)


def judge_pages(capacity: int, pages: Set[int], known: Set[int]) -> Finding:
    """The fingers in it, against those that the store knows. capacity: how many fit."""
    missing, foreign = sorted(known - pages), sorted(pages - known)
    figures = {"fingers": len(pages), "missing": len(missing), "foreign": len(foreign)}
    found = f"{len(pages)} of {capacity} fingers"
    if missing:
        lost = f"{found}, {len(missing)} missing (pages {_listed(missing)})"
        return Finding(
            "sensor",
            Result.WRONG,
            lost,
            "Put them back (gerbang fingers restore); who can't be put back enrols anew.",
            figures,
        )
    if foreign:
        strange = f"{found}, {len(foreign)} of nobody here (pages {_listed(foreign)})"
        return Finding("sensor", Result.DOUBTFUL, strange, "See which they are (gerbang fingers list).", figures)
    if len(pages) >= capacity:
        return Finding("sensor", Result.DOUBTFUL, f"{found}: full", "Erase who has left (gerbang forget).", figures)
    return Finding("sensor", Result.OK, found, figures=figures)


def _listed(pages: list[int]) -> str:
    return ", ".join(map(str, pages[:5])) + (", ..." if len(pages) > 5 else "")


def _known(config: Config) -> frozenset[int]:
    """The pages that the store knows; none where there is no store, which is the store's check to tell."""
    try:
        with open_store(config.store_path, create=False) as store:
            return frozenset(store.people.by_page())
    except StoreError:
        return frozenset()
