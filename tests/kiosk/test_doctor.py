"""`gerbang doctor` as a technician runs it: a real process before a real scene, sensor, store and district."""

import fcntl
import json
import os
import pty
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from drivers.camera.scene import Scene, Visit, write_scene
from drivers.fingerprint.emulator import FingerprintEmulator
from kiosk import clock
from kiosk.doctor import CHECKS
from kiosk.store import Person, open_store
from kiosk.vision.finder import Finder
from kiosk.vision.photograph import read_photograph
from tests.kiosk.test_commands import Site, site
from tests.kiosk.test_daemon import GERBANG, gate
from tests.sync.processes import DistrictProcess, command
from tests.test_morning import free_address
from tests.waiting import until

__all__ = ["site"]  # a fixture, found by its name

EYE = '[eye]\nengine = "dlib"\n'  # needs no preparation
SCENE = '[camera]\ndriver = "replay"\nsource = "scene.toml"\n'
ROWS = [
    *("power", "clock", "card", "store", "camera", "focus", "light", "sensor", "green light", "red light"),
    *("blue light", "buzzer", "network", "district", "queue", "gate", "inputs"),
]


@pytest.fixture(scope="session")
def visitor(photographs: Path) -> Visit:
    """Somebody who comes at once, and stays."""
    photo = photographs / "obama.jpg"
    [face] = Finder().detect(read_photograph(photo), 80)
    return Visit(str(photo), face, 0.1)


def rows_of(said: str) -> dict[str, Any]:
    return {row["name"]: row for row in json.loads(said)["checks"]}


def test_everything_is_gone_through_and_told_to_programs(site: Site, visitor: Visit) -> None:
    write_scene(site.folder / "scene.toml", Scene((visitor,)))
    with ExitStack() as parts:
        emulator = parts.enter_context(FingerprintEmulator())
        district = parts.enter_context(DistrictProcess(site.folder / "district.db"))
        site.write(
            f'{SCENE}[fingerprint]\ndriver = "adafruit"\nport = "{emulator.port}"\n[district]\nurl = "{district.url}"\n'
        )
        with open_store(site.folder / "gerbang.db") as store:
            store.journal.append("start", {}, clock.now())
        first = site.run("doctor", "--json")
        assert command("sync", "once", "--config", site.folder / "gerbang.toml").returncode == 0
        second = site.run("doctor", "--json", "--only", "queue", "--only", "clock")
    rows = rows_of(first[1])
    assert list(rows) == ROWS
    assert {name: row for name, row in rows.items() if row["result"] == "wrong"} == {}
    assert (first[0], json.loads(first[1])["ok"]) == (0, True)
    assert rows["camera"]["figures"]["face_px"] > 100
    assert rows["focus"]["figures"]["of"] == rows["light"]["figures"]["of"] == "face"
    assert rows["sensor"]["result"] == rows["district"]["result"] == rows["store"]["result"] == "ok"
    assert rows["red light"]["found"] == "shown, not asked"
    assert "1 not sent" in rows["queue"]["found"]
    assert list(rows_of(second[1])) == ["clock", "queue"]
    assert rows_of(second[1])["queue"]["figures"]["unsent"] == 0
    assert abs(rows_of(second[1])["clock"]["figures"]["ahead_of_district_s"]) < 10


def test_the_picture_is_kept_with_the_face_drawn_in(site: Site, visitor: Visit) -> None:
    write_scene(site.folder / "scene.toml", Scene((visitor,)))
    site.write(SCENE)
    code, said, _ = site.run("doctor", "--only", "camera", "--picture", "me.jpg")
    assert code == 0
    assert "see me.jpg" in said
    picture = read_photograph(site.folder / "me.jpg").astype(int)
    green = (picture[..., 1] > 150) & (picture[..., 0] < 130) & (picture[..., 2] < 130)
    columns = np.flatnonzero(green.any(axis=0))
    assert columns[-1] - columns[0] > 100, "a frame around the face"
    assert not site.folder.joinpath("gerbang-doctor.jpg").exists()


def test_a_camera_that_hangs_upside_down_is_told_what_to_set(site: Site, photographs: Path) -> None:
    folder = site.folder / "frames"
    folder.mkdir()
    picture = cv2.rotate(read_photograph(photographs / "obama.jpg"), cv2.ROTATE_180)
    for number in range(4):
        noise = np.random.default_rng(number).integers(0, 5, picture.shape, np.uint8)
        cv2.imwrite(str(folder / f"{number:02}.jpg"), cv2.add(picture, noise))
    site.write('[camera]\ndriver = "replay"\nsource = "frames"\n')
    code, said, _ = site.run("doctor", "--only", "camera")
    assert code == 1
    assert "Set rotation = 180 in [camera]" in said


def test_a_gate_that_lacks_much_is_told_what_to_do_at_each_cross(site: Site) -> None:
    (site.folder / "gerbang.db.key").write_bytes(bytes(32))
    address = free_address()
    site.write(
        '[camera]\ndriver = "replay"\nsource = "missing.toml"\n[fingerprint]\ndriver = "adafruit"\n'
        f'port = "/dev/ttyNOTHING"\n[district]\nurl = "http://{address}"\n'
    )
    code, said, wrong = site.run("doctor")
    assert code == 1
    assert "nothing is asked" in wrong
    signs = {words[1]: words[0] for line in said.splitlines() if len(words := line.split()) > 2}
    assert [signs[name] for name in ("store", "camera", "sensor", "district")] == ["✗"] * 4
    assert [signs[name] for name in ("focus", "light")] == ["–"] * 2
    assert "Connection refused" in said
    assert said.count("→") >= 4, "a sentence of what to do at each cross"
    assert said.rstrip().splitlines()[-1].startswith("4 wrong")


def test_a_sensor_that_says_nothing_is_told(site: Site) -> None:
    ours, theirs = pty.openpty()
    site.write(f'[fingerprint]\ndriver = "adafruit"\nport = "{os.ttyname(theirs)}"\n')
    code, said, _ = site.run("doctor", "--only", "sensor", "--json")
    os.close(ours)
    os.close(theirs)
    assert code == 1
    assert rows_of(said)["sensor"]["figures"]["trouble"] == "silent"
    assert "wires" in rows_of(said)["sensor"]["advice"]


def test_a_sensor_at_another_speed_and_without_an_enrolled_finger_is_told(site: Site) -> None:
    with open_store(site.folder / "gerbang.db") as store:
        store.people.enrol(Person("ani", "Ani"), [], 7, clock.now())
    with FingerprintEmulator(baud=9600) as emulator:
        site.write(f'[fingerprint]\ndriver = "adafruit"\nport = "{emulator.port}"\n')
        code, said, wrong = site.run("doctor", "--only", "sensor", "--json")
    row = rows_of(said)["sensor"]
    assert (code, row["result"], row["figures"]["baud"]) == (1, "wrong", 9600)
    assert "page 7" in row["found"]
    assert "baud = 9600" in row["found"]
    assert "fingers restore" in row["advice"]
    assert "Ani" not in said + wrong, "pages, and no names"


def test_a_full_and_a_read_only_card_are_told(site: Site, small_disk: Path) -> None:
    site.write(f'[store]\npath = "{small_disk}/gerbang.db"\n')
    with open_store(small_disk / "gerbang.db") as store:
        store.journal.append("start", {}, clock.now())
    (small_disk / "ballast").write_bytes(b"")
    with (small_disk / "ballast").open("ab", buffering=0) as ballast:
        while fits(lambda: ballast.write(os.urandom(4096))):
            pass
    code, said, _ = site.run("doctor", "--only", "card", "--json")
    assert code == 1
    assert "No space left" in rows_of(said)["card"]["found"]
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    code, said, _ = site.run("doctor", "--only", "card", "--only", "store", "--json")
    assert code == 1
    rows = rows_of(said)
    assert f"{small_disk} is read-only" in rows["card"]["found"]
    assert rows["store"]["result"] == "ok", "what is there can still be read"


def fits(write: Any) -> bool:
    try:
        write()
    except OSError:
        return False
    return True


class Terminal:
    """The command at a real terminal, and what it has shown so far."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [str(GERBANG), "doctor", *words], cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs,
            env={**os.environ, "COLUMNS": "100", "TERM": "xterm"},
        )  # fmt: skip
        os.close(theirs)
        self.shown = ""

    def until(self, text: str) -> None:
        """Read until this is shown."""
        while text not in self.shown:
            self.shown += os.read(self.ours, 4096).decode(errors="replace")

    def answer(self, question: str, key: str) -> None:
        """Type an answer when the question is there."""
        self.until(question)
        self.shown = ""
        os.write(self.ours, f"{key}\n".encode())

    def end(self) -> int:
        """The exit code, when it has said all."""
        try:
            while piece := os.read(self.ours, 4096):
                self.shown += piece.decode(errors="replace")
        except OSError:  # the other end of a terminal is closed so
            os.close(self.ours)
        return self.process.wait()


def test_a_person_is_asked_what_was_seen_and_heard(site: Site) -> None:
    terminal = Terminal(site.folder, "--only", "lights", "--only", "buzzer")
    terminal.answer("Did you see green? [Y/n]", "")
    terminal.answer("Did you see red? [Y/n]", "n")
    terminal.answer("Did you see blue? [Y/n]", "y")
    terminal.answer("Did you hear the buzzer? [Y/n]", "y")
    assert terminal.end() == 1
    shown = [line for line in terminal.shown.splitlines() if "light" in line or "buzzer" in line]
    assert ["✓" in line for line in shown[:2]] == [True, False]
    assert "not seen" in terminal.shown
    assert "1 wrong" in terminal.shown


def test_a_person_may_wish_not_to_be_asked(site: Site) -> None:
    terminal = Terminal(site.folder, "--only", "lights", "--no-questions")
    assert terminal.end() == 0
    assert "Did you" not in terminal.shown
    assert "shown, not asked" in terminal.shown


@pytest.fixture
def running(tmp_path: Path, visitor: Visit) -> Iterator[Any]:
    """A gate with a visitor before its camera."""
    (tmp_path / "gate").mkdir()
    with gate(tmp_path / "gate", EYE) as started:
        write_scene(started.folder / "scene.toml", Scene((visitor,)))
        yield started


def test_a_running_gate_is_asked_and_not_disturbed(site: Site, running: Any) -> None:
    until(lambda: running.sign() not in (None, "ready"), "an answer to the visitor")
    code, said, wrong = site.run("doctor", "--json", "--config", running.path, "--picture", "seen.jpg")
    assert code == 0, said
    rows = rows_of(said)
    assert list(rows) == [*ROWS[:8], "lights", *ROWS[11:]]
    assert rows["gate"]["figures"]["runs"] is True
    assert "as the running gate shows it" in rows["camera"]["found"]
    assert rows["camera"]["figures"]["face_px"] > 80
    assert rows["lights"]["result"] == rows["buzzer"]["result"] == "not applicable"
    assert "green" not in wrong, "no light of the gate was touched"
    assert read_photograph(site.folder / "seen.jpg").shape[1] == 480
    assert running.state()["faults"] == []
    assert running.end() == 0


def test_a_running_gate_without_its_camera_says_since_when_and_why(site: Site, tmp_path: Path) -> None:
    (tmp_path / "gate").mkdir()
    with gate(tmp_path / "gate", EYE, source="missing.toml") as started:
        until(lambda: bool(started.state()["faults"]), "the fault")
        until(lambda: "fault" in started.kinds(), "the fault in the journal")
        code, said, _ = site.run("doctor", "--json", "--only", "camera", "--only", "gate", "--config", started.path)
    rows = rows_of(said)
    assert code == 1
    assert "missing.toml" in rows["camera"]["found"]
    assert "(since 20" in rows["camera"]["found"]
    assert rows["camera"]["advice"]
    assert "camera (" in rows["gate"]["found"]


def test_a_gate_whose_page_does_not_answer_holds_its_parts_all_the_same(site: Site) -> None:
    with open_store(site.folder / "gerbang.db"), (site.folder / "gerbang.db.gate").open("w") as lock:
        assert rows_of(site.run("doctor", "--json", "--only", "gate")[1])["gate"]["figures"]["runs"] is False
        fcntl.flock(lock, fcntl.LOCK_EX)
        code, said, wrong = site.run("doctor", "--json", "--only", "camera", "--only", "lights", "--only", "gate")
    rows = rows_of(said)
    assert code == 1
    assert "shows no picture" in rows["camera"]["found"]
    assert rows["lights"]["result"] == "not applicable"
    assert "page" in rows["gate"]["found"]
    assert "green" not in wrong


def test_wrong_usage_and_a_wrong_configuration_are_told_by_their_code(site: Site) -> None:
    assert "is not one of" in site.fails(2, "doctor", "--only", "lungs")
    site.write('[camera]\ndriver = "fish"\n')
    assert "camera.driver" in site.fails(2, "doctor")


@pytest.mark.parametrize("columns", [80, 120])
def test_the_table_fits_the_terminal(site: Site, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    said = subprocess.run(
        [str(GERBANG), "doctor", "--only", "clock", "--only", "store", "--only", "gate"], cwd=site.folder,
        env={**os.environ, "COLUMNS": str(columns)}, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert max(map(len, said.splitlines())) <= columns


def test_every_check_can_be_asked_for_alone(site: Site) -> None:
    _, said, _ = site.run("doctor", "--help")
    assert all(name in said for name in CHECKS)
