"""A morning at a gate: gate, courier and district run as on site, and people come. Called by scripts/demo."""

import json
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

import click
import cv2
import requests
from processes import Process, ProcessFailed
from rich.console import Console
from rich.table import Table
from stage import Stage

from drivers.fingerprint.emulator import FingerprintEmulator
from kiosk.commands.watch import follow, line
from kiosk.config import Config, load_config
from kiosk.errors import KioskError
from kiosk.store import Entry, Store, open_store

ROOT = Path(__file__).parent.parent
PHOTOGRAPHS = ROOT / ".cache" / "faces" / "test_images"
BIN = Path(sys.executable).parent
REPEAT_AFTER_S = 20
PATIENCE_S = 120  # for one moment of the morning; a slow machine, or a killed process, takes its time
GAP_S = 3.5  # long enough that who left is gone, for the gate

CONFIG = """\
[site]
npsn = "40200123"
name = "TK Negeri Pembina Contoh"
timezone = "Asia/Makassar"
[camera]
driver = "{camera}"
source = "{source}"
[fingerprint]
driver = "adafruit"
port = "{port}"
[gate]
repeat_after_s = {repeat_after_s}
answer_s = 2.5
[screen]
listen = "{screen}"
[district]
url = "http://{district}"
"""


class MorningFailed(Exception):
    """The morning did not go as people would expect."""


@dataclass(frozen=True)
class Actor:
    """Somebody who comes: photographs to enrol with, another to come with, and a finger where one is enrolled."""

    id: str
    name: str
    enrol: tuple[str, ...] = ()
    comes: str = ""
    finger: str = ""


BARACK = Actor("barack", "Pak Barack", ("obama.jpg", "obama3.jpg"), "obama2.jpg")
JOE = Actor("joe", "Pak Joe", ("biden.jpg",), "biden.jpg")
EILEEN = Actor("eileen", "Bu Eileen", comes="astronaut.png", finger="the stranger's thumb")


class Morning:
    """The director: sends people to the gate, and waits for what the journal says of it."""

    def __init__(
        self, folder: Path, config: Config, stage: Stage, sensor: FingerprintEmulator, console: Console
    ) -> None:
        """Folder: where all three processes keep their files."""
        self.folder = folder
        self.config = config
        self.stage = stage
        self.sensor = sensor
        self.console = console
        path = str(folder / "gerbang.toml")
        commands = {
            "district": [str(BIN / "gerbang-district"), "serve", "--listen", config.district.url.removeprefix("http://"),
                         "--database", str(folder / "district.db")],
            "courier": [str(BIN / "gerbang-sync"), "run", "--config", path, "--max-delay", "3"],
            "gate": [str(BIN / "gerbang"), "run", "--config", path],
        }  # fmt: skip
        self.processes = {
            name: Process(name, command, folder / f"{name}.log", self.tell) for name, command in commands.items()
        }

    def tell(self, text: str) -> None:
        """One line of the story, beside what the gate itself says."""
        self.console.print(f"[dim]{datetime.now(self.config.zone):%H:%M:%S}  {text}[/dim]", soft_wrap=True)

    def enrol(self, actor: Actor) -> None:
        """Enrol with the command that an operator would use; whoever is asked for a finger gives it."""
        command = [str(BIN / "gerbang"), "enrol", "--config", str(self.folder / "gerbang.toml")]
        command += ["--person", actor.id, "--name", actor.name]
        command += [word for photo in actor.enrol for word in ("--photo", str(PHOTOGRAPHS / photo))]
        command += ["--finger"] if actor.finger else []
        with Popen(command, stdout=PIPE, stderr=PIPE, text=True) as process:
            assert process.stderr
            assert process.stdout
            said = []
            for prompt in process.stderr:
                said.append(prompt.strip())
                if prompt.startswith("Take"):
                    self.sensor.lift()
                elif prompt.startswith(("Put", "And")):
                    self.sensor.place(actor.finger)
            told = process.stdout.read().strip()
        self.sensor.lift()
        if process.returncode:
            raise MorningFailed(f"{actor.name} could not be enrolled: {' '.join(said)}")
        self.tell(told)

    def begin(self) -> None:
        """Start all three, and wait until they answer."""
        for process in self.processes.values():
            process.start()
        for url in (f"{self.config.district.url}/healthz", f"http://{self.config.screen.listen}/state"):
            self.wait(lambda url=url: _answers(url), f"{url} to answer")  # type: ignore[misc]
        self.tell(f"gate at http://{self.config.screen.listen}, district at {self.config.district.url}")

    def play(self, store: Store) -> None:
        """The morning."""
        self.visit(store, BARACK, "attendance", "comes, with another photograph than those enrolled")
        self.visit(store, BARACK, "repeat", "comes once more, a moment later")
        self.visit(store, JOE, "attendance", "comes")
        self.visit(
            store, EILEEN, "refusal", "comes, whose face nobody enrolled", then=lambda: self.touch(store, EILEEN)
        )
        self.tell("the district is switched off")
        self.processes["district"].stop()
        self.wait(lambda: self.again_s(store, BARACK) <= 0, "the time in which a second record is a repeat to pass")
        self.visit(store, BARACK, "attendance", "goes home")
        self.tell("the district is switched on again")
        self.processes["district"].start()

    def visit(self, store: Store, actor: Actor, kind: str, story: str, then: Callable[[], None] | None = None) -> None:
        """Somebody stands at the gate until the journal has what is to come of it."""
        before = store.journal.last_number()
        photograph = PHOTOGRAPHS / actor.comes
        self.tell(f"{actor.name} {story} ({photograph.name})")
        if not photograph.exists():
            photograph = self.folder / actor.comes
        self.stage.enters(photograph)
        self.wait(
            lambda: any(entry.kind == kind for entry in store.journal.after(before, 1000)), f"{kind} of {actor.name}"
        )
        if then:
            then()
        self.stage.leaves()
        time.sleep(GAP_S)

    def touch(self, store: Store, actor: Actor) -> None:
        """A finger stays on the glass until it is recorded."""
        before = store.journal.last_number()
        self.tell(f"{actor.name} touches the sensor")
        self.sensor.place(actor.finger)
        self.wait(
            lambda: any(e.kind == "attendance" for e in store.journal.after(before, 1000)), f"finger of {actor.name}"
        )
        self.sensor.lift()

    def again_s(self, store: Store, actor: Actor) -> float:
        """How long until this person can be recorded once more."""
        newest = max(
            e.moment.monotonic_s for e in _attendances(store.journal.since()) if e.payload["person"] == actor.id
        )
        return newest + REPEAT_AFTER_S - time.monotonic()

    def wait(self, true: Callable[[], bool], what: str) -> None:
        """Wait for something to become true. Raises MorningFailed, ProcessFailed."""
        deadline = time.monotonic() + PATIENCE_S
        while not true():
            for process in self.processes.values():
                process.check()
            if time.monotonic() > deadline:
                raise MorningFailed(f"waited {PATIENCE_S} s in vain for {what}; the logs are in {self.folder}")
            time.sleep(0.1)

    def end(self, store: Store) -> list[dict[str, Any]]:
        """Close the gate, wait for the last entry to arrive, and give back the district's rows."""
        self.processes["gate"].stop()
        mine = _canonical(asdict(entry) for entry in store.journal.since())
        arrived: list[dict[str, Any]] = []

        def all_there() -> bool:
            arrived[:] = _district_rows(self.config.district.url, store.device)
            return _canonical(arrived) == mine

        try:
            self.wait(all_there, "the last entries to reach the district")
        except MorningFailed as error:
            self.tell(str(error))
        return arrived


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False


def _attendances(entries: Iterator[Entry]) -> list[Entry]:
    return [entry for entry in entries if entry.kind == "attendance"]


def _canonical(rows: Any) -> list[str]:
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


def _district_rows(url: str, device: str) -> list[dict[str, Any]]:
    """All that the district has of a device; nothing while it does not answer."""
    rows: list[dict[str, Any]] = []
    after: int | None = 0
    try:
        while after is not None:
            page = requests.get(f"{url}/api/v1/entries?device={device}&after={after}", timeout=5).json()
            rows += page["entries"]
            after = page["next"]
    except (requests.RequestException, ValueError, KeyError):
        return []
    return rows


def _summary(morning: Morning, store: Store, arrived: list[dict[str, Any]]) -> dict[str, Any]:
    mine = list(store.journal.since())
    kinds = Counter(entry.kind for entry in mine)
    names = {person.id: person.name for person in store.people.all()}
    there = {row["id"] for row in arrived}
    return {
        "equal": _canonical(asdict(entry) for entry in mine) == _canonical(arrived),
        "records": [
            {
                "time": datetime.fromtimestamp(entry.moment.wall_s, morning.config.zone).isoformat(timespec="seconds"),
                "name": names.get(entry.payload["person"], ""),
                **entry.payload,
                "at_district": entry.id in there,
            }
            for entry in _attendances(iter(mine))
        ],
        "refused": kinds["refusal"],
        "repeats": kinds["repeat"],
        "entries": {"gate": len(mine), "district": len(arrived)},
        "restarts": {name: process.starts - 1 for name, process in morning.processes.items()},
    }


def _print(summary: dict[str, Any], console: Console) -> None:
    table = Table("who", "when", "", "by", "how sure", "at the district", title="Recorded this morning")
    for row in summary["records"]:
        sure = f"score {row['score']}" if row["means"] == "finger" else f"distance {row['distance']:.2f}"
        way = {"in": "masuk", "out": "pulang"}[row["direction"]]
        table.add_row(row["name"], row["time"][11:19], way, row["means"], sure, "yes" if row["at_district"] else "NO")
    console.print(table)
    entries = summary["entries"]
    equal = "exactly the same rows" if summary["equal"] else "[bold red]OTHER ROWS[/bold red]"
    console.print(
        f"{summary['refused']} refused, {summary['repeats']} repeated; the gate has {entries['gate']} entries,"
        f" the district has {entries['district']}: {equal}.",
        soft_wrap=True,
    )


def _show_moments(config: Config, console: Console, over: threading.Event) -> None:
    """Print each answer of the gate as it comes, whatever happens to the gate meanwhile."""
    while not over.wait(0.2):
        try:
            for state in follow(config.screen.listen):
                console.print(line(state["answer"], datetime.now(config.zone)), soft_wrap=True)
        except KioskError:
            continue


def _make_config(folder: Path, port: str, camera: str, screen: str, district: str) -> Config:
    text = CONFIG.format(
        camera="webcam" if camera == "webcam" else "replay",
        source="" if camera == "webcam" else "scene.toml",
        port=port,
        repeat_after_s=REPEAT_AFTER_S,
        screen=screen,
        district=district,
    )
    path = folder / "gerbang.toml"
    path.write_text(text)
    return load_config(path)


def _stranger(folder: Path) -> None:
    """The astronaut Eileen Collins, a photograph by NASA in the public domain, from scikit-image."""
    from skimage import data

    cv2.imwrite(str(folder / EILEEN.comes), cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR))  # type: ignore[no-untyped-call]


def _run(folder: Path, camera: str, screen: str, district: str, console: Console) -> dict[str, Any]:
    _stranger(folder)
    with ExitStack() as parts:
        sensor = parts.enter_context(FingerprintEmulator())
        config = _make_config(folder, sensor.port, camera, screen, district)
        morning = Morning(folder, config, Stage(folder / "scene.toml"), sensor, console)
        for actor in (BARACK, JOE, EILEEN):
            morning.enrol(actor)
        store = parts.enter_context(closing(open_store(config.store_path)))
        over = threading.Event()
        for process in morning.processes.values():
            parts.callback(process.close)
        parts.callback(over.set)
        threading.Thread(target=_show_moments, args=(config, console, over), daemon=True).start()
        morning.begin()
        if camera == "webcam":
            _until_interrupted(morning)
        else:
            morning.play(store)
        return _summary(morning, store, morning.end(store))


def _until_interrupted(morning: Morning) -> None:
    morning.tell(
        f"to be known, in another terminal:  .venv/bin/gerbang enrol --config {morning.folder / 'gerbang.toml'}"
    )
    morning.tell("  --person me --name 'Your Name' --photo a-photograph-of-you.jpg     Ctrl-C ends the morning")
    try:
        morning.wait(lambda: False, "Ctrl-C")
    except KeyboardInterrupt:
        morning.tell("the gate closes")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--json", "as_json", is_flag=True, help="Print the summary as one JSON object last.")
@click.option(
    "--camera", type=click.Choice(["scene", "webcam"]), default="scene", help="webcam: your own, until Ctrl-C."
)
@click.option("--keep", metavar="DIR", type=click.Path(path_type=Path), help="Keep stores and logs in this new folder.")
@click.option("--screen", default="127.0.0.1:8500", show_default=True, help="Where the gate's page is served.")
@click.option("--district", default="127.0.0.1:8600", show_default=True, help="Where the district is.")
def main(as_json: bool, camera: str, keep: Path | None, screen: str, district: str) -> None:
    """Play a morning at a gate; exit code 0 if the district's rows equal the gate's.

    Example: scripts/demo --json
    """
    console = Console(highlight=False)
    with tempfile.TemporaryDirectory(prefix="gerbang-") as temporary:
        folder = keep or Path(temporary)
        try:
            folder.mkdir(parents=True, exist_ok=keep is None)
            summary = _run(folder, camera, screen, district, console)
        except FileExistsError:
            sys.exit(f"{folder} is there already: name a new folder")
        except (MorningFailed, ProcessFailed, KioskError) as error:
            sys.exit(f"the morning went wrong: {error}")
    _print(summary, console)
    if as_json:
        print(json.dumps(summary, ensure_ascii=False))
    sys.exit(0 if summary["equal"] else 1)


if __name__ == "__main__":
    main()
