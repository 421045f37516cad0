"""The daemon as a real process: it begins with what is there, answers, and ends cleanly."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from playwright.sync_api import Page, expect

from drivers.camera.scene import Scene, Visit, write_scene
from drivers.fingerprint.emulator import FingerprintEmulator
from kiosk import clock
from kiosk.commands.watch import follow
from kiosk.config import Config, load_config
from kiosk.enrolment import templates_from_photographs
from kiosk.store import Person, Store, Template, open_store
from kiosk.vision import DlibEngine, read_photograph
from kiosk.vision.photograph import find_faces
from tests.kiosk.browser import browser, page
from tests.kiosk.sensor_desk import Booth
from tests.test_morning import free_address
from tests.waiting import until

__all__ = ["browser", "page"]  # fixtures, found by their names

GERBANG = Path(sys.executable).parent / "gerbang"


class Gate:
    """`gerbang run` in a folder of its own."""

    def __init__(self, folder: Path, extra: str = "", source: str = "scene.toml") -> None:
        self.folder = folder
        self.listen = free_address()
        self.path = folder / "gerbang.toml"
        self.path.write_text(
            f'[camera]\ndriver = "replay"\nsource = "{source}"\n[screen]\nlisten = "{self.listen}"\n{extra}'
        )
        write_scene(folder / "scene.toml", Scene())
        self.process: subprocess.Popen[str] | None = None
        self.words = ""

    @property
    def config(self) -> Config:
        return load_config(self.path)

    def start(self) -> None:
        self.process = subprocess.Popen(
            [str(GERBANG), "run", "--config", str(self.path)], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        until(lambda: self.state() is not None or self.process.poll() is not None, "the gate's page")  # type: ignore[union-attr]

    def state(self) -> Any:
        try:
            return requests.get(f"http://{self.listen}/state", timeout=2).json()
        except requests.RequestException:
            return None

    def sign(self) -> str | None:
        state = self.state()
        return state and state["answer"] and str(state["answer"]["sign"])

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self.process
        self.process.send_signal(number)
        self.words += self.process.communicate(timeout=60)[0]
        assert "Traceback" not in self.words
        return self.process.returncode

    def store(self) -> Store:
        return open_store(self.config.store_path)

    def kinds(self) -> list[str]:
        with self.store() as store:
            return [entry.kind for entry in store.journal.since()]


def enrol_thumb(running: Gate, emulator: FingerprintEmulator) -> None:
    """Enrol Eileen's thumb with the command, before the gate has the sensor."""
    command = [str(GERBANG), "enrol", "--config", str(running.path), "--person", "e", "--name", "Eileen", "--finger"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as enrolling:
        assert enrolling.stderr
        for prompt in enrolling.stderr:
            emulator.lift() if prompt.startswith("Take") else emulator.place("thumb")
    assert enrolling.returncode == 0
    emulator.lift()


@contextmanager
def gate(folder: Path, extra: str = "", source: str = "scene.toml") -> Iterator[Gate]:
    running = Gate(folder, extra, source)
    running.start()
    try:
        yield running
    finally:
        if running.process and running.process.poll() is None:
            running.end()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_it_ends_cleanly_with_everything_dark_and_the_journal_complete(tmp_path: Path, number: signal.Signals) -> None:
    with gate(tmp_path, source="missing.toml") as running:
        until(lambda: running.sign() == "needs_service", "a light")
        assert running.end(number) == 0
        assert running.kinds() == ["start", "fault", "stop"]
        assert "red" in running.words
        assert running.words.strip().splitlines()[-1] == "○ dark"
        assert running.state() is None, "the page is closed"


@pytest.mark.parametrize("engine", ["onnx", "dlib"])
def test_a_person_enrolled_while_it_runs_is_greeted(tmp_path: Path, photographs: Path, engine: str) -> None:
    with gate(tmp_path, f'[eye]\nengine = "{engine}"\n') as running:
        enrolled = subprocess.run(
            [str(GERBANG), "enrol", "--config", str(running.path), "--person", "b", "--name", "Pak Barack",
             "--photo", str(photographs / "obama.jpg"), "--photo", str(photographs / "obama3.jpg")],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        assert enrolled.returncode == 0, enrolled.stderr
        photo = photographs / "obama2.jpg"
        face = find_faces(DlibEngine(), read_photograph(photo))[0]
        answers = follow(running.listen)
        write_scene(tmp_path / "scene.toml", Scene((Visit(str(photo), face, at_s=0.0),)))
        answer = next(state["answer"] for state in answers if state["answer"]["sign"] == "recorded")
        assert (answer["name"], answer["colour"]) == ("Pak Barack", "green")
        with running.store() as store:
            [entry] = store.journal.since(kind="attendance")
        assert entry.payload["person"] == "b"
        assert entry.payload["means"] == "face"


def test_a_person_at_the_gate_sees_the_answer_on_the_page(tmp_path: Path, photographs: Path, page: Page) -> None:
    with gate(tmp_path, '[site]\nname = "SD Negeri Coba"\ntimezone = "Asia/Makassar"\n') as running:
        with running.store() as store:
            templates = templates_from_photographs(DlibEngine(), "b", [photographs / "obama.jpg"])
            store.people.enrol(Person("b", "Pak Barack"), templates, None, clock.now())
        page.goto(f"http://{running.listen}/", wait_until="domcontentloaded")
        expect(page.get_by_text("SD Negeri Coba")).to_be_visible()
        photo = photographs / "obama.jpg"
        face = find_faces(DlibEngine(), read_photograph(photo))[0]
        write_scene(tmp_path / "scene.toml", Scene((Visit(str(photo), face, at_s=0.0),)))
        expect(page.get_by_text("Pak Barack")).to_be_visible(timeout=60_000)
        assert page.evaluate("document.querySelector('img').naturalWidth") > 0, "the camera's picture is there"
        assert "attendance" in running.kinds(), "on the page means on the card"


def test_it_begins_without_camera_and_sensor_and_says_so(tmp_path: Path) -> None:
    nothing = '[fingerprint]\ndriver = "adafruit"\nport = "/dev/ttyNOTHING"\n'
    with gate(tmp_path, nothing, source="missing.toml") as running:
        until(lambda: running.sign() == "needs_service", "the sign of a gate without eyes and hands")
        assert running.state()["faults"] == ["camera", "sensor"]
        assert running.end() == 0
    assert sorted(running.kinds()) == ["fault", "fault", "start", "stop"]


def test_the_finger_serves_while_the_camera_is_lost(tmp_path: Path) -> None:
    with FingerprintEmulator() as emulator:
        sensor = f'[fingerprint]\ndriver = "adafruit"\nport = "{emulator.port}"\n'
        running = Gate(tmp_path, sensor, source="missing.toml")
        enrol_thumb(running, emulator)
        running.start()
        until(lambda: running.sign() == "camera_lost", "the sign of a gate without eyes")
        emulator.place("thumb")
        until(lambda: "attendance" in running.kinds(), "the record by finger")
        assert running.end() == 0


def test_a_taken_port_stops_it_with_a_sentence(tmp_path: Path) -> None:
    with gate(tmp_path) as first:
        (tmp_path / "other").mkdir()
        second = Gate(tmp_path / "other")
        second.path.write_text(f'[screen]\nlisten = "{first.listen}"\n')
        said = subprocess.run(
            [str(GERBANG), "run", "--config", str(second.path)], capture_output=True, text=True, check=False
        )
    assert said.returncode == 1
    assert first.listen in said.stderr
    assert "Traceback" not in said.stderr


def test_two_gates_on_one_store_are_refused(tmp_path: Path) -> None:
    with gate(tmp_path) as first:
        until(lambda: first.kinds() == ["start"], "the first gate")
        second = tmp_path / "second.toml"
        second.write_text(first.path.read_text().replace(first.listen, free_address()))
        said = subprocess.run(
            [str(GERBANG), "run", "--config", str(second)], capture_output=True, text=True, check=False
        )
        assert said.returncode == 1
        assert "another gate" in said.stderr
        assert first.kinds() == ["start"]


def test_a_gate_with_a_damaged_entry_begins_and_records(tmp_path: Path) -> None:
    with open_store(tmp_path / "gerbang.db") as store:
        for _ in range(3):
            store.journal.append("attendance", {"person": "ani", "direction": "in", "means": "face"}, clock.now())
        store.db.execute("UPDATE entry SET payload = CAST(x'7bff' AS TEXT) WHERE number = 2")
    with gate(tmp_path) as running:
        until(lambda: running.sign() == "ready", "the gate")
        assert running.end() == 0
        assert "passed over" in running.words


def test_a_gate_whose_templates_can_not_be_opened_needs_service(tmp_path: Path) -> None:
    with open_store(tmp_path / "gerbang.db") as store:
        template = Template("ani", "dlib-resnet-v1", np.ones(128, dtype=np.float32))
        store.people.enrol(Person("ani", "Ani"), [template], None, clock.now())
    key = tmp_path / "gerbang.db.key"
    right = key.read_bytes()
    key.write_bytes(bytes(32))
    with gate(tmp_path) as running:
        until(lambda: running.sign() == "needs_service", "the sign of a store that is sealed")
        assert "fault" in running.kinds()
        assert running.end() == 0
    key.write_bytes(right)
    with gate(tmp_path) as running:
        until(lambda: running.sign() == "ready", "a gate that knows its people")


def test_told_to_end_while_it_begins_it_ends(tmp_path: Path) -> None:
    running = Gate(tmp_path)
    process = subprocess.Popen([str(GERBANG), "run", "--config", str(running.path)], stderr=subprocess.PIPE, text=True)
    assert process.stderr
    for line in process.stderr:
        if "preparing" in line:
            break
    process.send_signal(signal.SIGTERM)
    assert "Traceback" not in process.communicate(timeout=60)[1]
    assert process.returncode == 0


def test_a_disk_that_is_full_shows_no_green_and_mends_itself(tmp_path: Path, small_disk: Path) -> None:
    with Booth() as emulator:
        running = Gate(tmp_path, f'[fingerprint]\ndriver = "adafruit"\nport = "{emulator.port}"\n')
        running.path.write_text(running.path.read_text() + f'[store]\npath = "{small_disk}/gerbang.db"\n')
        enrol_thumb(running, emulator)
        running.start()
        until(lambda: running.sign() == "ready", "the gate")
        ballast = small_disk / "ballast"
        _fill(ballast)
        emulator.place("thumb")
        until(lambda: running.sign() == "needs_service", "the sign of a store that failed")
        emulator.bare()
        ballast.unlink()
        until(lambda: _touched(emulator, running), "a record once there is room")
        kinds = running.kinds()
        assert kinds.count("attendance") == 1
        assert running.end() == 0


def _touched(emulator: Booth, running: Gate) -> bool:
    """Touch and lift, as somebody does who tries again."""
    emulator.place("thumb")
    try:
        until(lambda: "attendance" in running.kinds(), "the record", deadline_s=1.0)
    except AssertionError:
        return False
    finally:
        emulator.bare()
    return True


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            return
