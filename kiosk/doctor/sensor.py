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
from kiosk.doctor.running import faults_of, judge_part, severity
from kiosk.errors import StoreError
from kiosk.events import Ailment
from kiosk.fingers import ailments_of, compare
from kiosk.store import Known, open_store

_WIRES = "TX of the sensor goes to the Pi's RXD (pin 10), RX to TXD (pin 8), and see its label for 3.3 V or 5 V."
_ADVICE = {
    Trouble.BROKEN.value: "Turn the gate off and on again; if it comes back, look at its four wires.",
    Trouble.UNPLUGGED.value: "On a Pi enable the port (sudo raspi-config, Interface options, Serial port: no login"
    " shell, but port enabled), and start anew.",
    Trouble.BUSY.value: "End the other program, or correct [fingerprint] port in gerbang.toml.",
    Trouble.SILENT.value: f"Look at its four wires, perhaps TX and RX have changed places: {_WIRES}",
    Trouble.GARBLED.value: "Shorten its wires, lead them away from the power supply, and solder what is loose.",
    Trouble.FOREIGN.value: "Something else is on this port: correct [fingerprint] port in gerbang.toml.",
    Trouble.PASSWORD.value: "Write the sensor's password into [fingerprint] password, or use another sensor.",
    Ailment.WRONG_BAUD.value: "Correct [fingerprint] baud in gerbang.toml.",
    Ailment.REPLACED.value: "Put the old one back, or bring the fingers into this one (gerbang fingers restore).",
    Ailment.FULL.value: "Erase who has left the school (gerbang forget).",
    Ailment.FINGERS_MISSING.value: "Put them back (gerbang fingers restore); who can't be put back enrols anew.",
    Ailment.FINGERS_FOREIGN.value: "See which they are (gerbang fingers list), then gerbang fingers erase.",
    Ailment.FINGERS_UNSURE.value: "Keep their templates (gerbang fingers check --keep), or enrol them with --replace.",
    Ailment.ERASURES_WAITING.value: "Plug the old sensor in once, while the gate runs; if it is no more, erase the"
    " pages with gerbang fingers erase --page.",
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
    elif patient.gate is not None:
        yield judge_part("sensor", faults_of(patient.config), _ADVICE, lacks=patient.lacks("sensor"))
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
        return judge_error(error, settings, root / "proc/cmdline")
    return judge_sensor(parameters, settings, pages, _known(config))


def judge_error(error: SensorError, settings: FingerprintSettings, command_line: Path) -> Finding:
    """Why it does not serve. command_line: the kernel's, which names the system's console."""
    advice = _ADVICE.get(error.trouble.value, _ADVICE[Trouble.BROKEN.value])
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


def judge_sensor(parameters: SensorParameters, settings: FingerprintSettings, pages: Set[int], known: Known) -> Finding:
    """What it says of itself, and the fingers in it beside those that the store knows."""
    figures = {
        **{name: getattr(parameters, name) for name in ("capacity", "baud", "security_level", "packet_bytes", "ring")},
        "fingers": len(pages),
    }
    differences = compare(known.fingers, pages)
    ailing = ailments_of(known, parameters, settings.baud, pages, differences)
    found = (
        f"{len(pages)} of {parameters.capacity} fingers, {parameters.baud} baud, security {parameters.security_level}"
    )
    return joined(
        "sensor",
        Finding("sensor", Result.OK, found, figures=figures),
        *(Finding("sensor", severity(ailment.value), why, _ADVICE[ailment.value]) for ailment, why in ailing.items()),
    )


def _known(config: Config) -> Known:
    """What the store knows of the sensor; nothing where there is no store, which is the store's check to tell."""
    try:
        with open_store(config.store_path, create=False) as store:
            return store.fingers.known()
    except StoreError:
        return Known()
