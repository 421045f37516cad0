"""The `gerbang` command as people use it: its verbs, its sentences, its exit codes."""

import csv
import io
import json
import os
import subprocess
import sys
import zlib
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import cv2
import numpy as np
import pytest

from drivers.camera.scene import Scene, Visit, write_scene
from drivers.fingerprint.emulator import FingerprintEmulator
from kiosk import clock
from kiosk.store import Person, open_store
from kiosk.vision import DlibEngine, read_photograph
from kiosk.vision.photograph import find_faces

VERBS = [
    "config",
    "cues",
    "dark",
    "doctor",
    "embed",
    "emulate",
    "enrol",
    "fingers",
    "forget",
    "identify",
    "journal",
    "people",
    "pinout",
    "prepare",
    "run",
    "status",
    "watch",
]


class Site:
    """A folder with a gerbang.toml, and the command run in it as a real process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write("")

    def write(self, text: str) -> None:
        (self.folder / "gerbang.toml").write_text('[screen]\nlisten = "127.0.0.1:9"\n' + text)

    def popen(self, *words: str | Path) -> subprocess.Popen[str]:
        command = [str(Path(sys.executable).parent / "gerbang"), *map(str, words)]
        return subprocess.Popen(
            command, cwd=self.folder, text=True, env={**os.environ, "COLUMNS": "160"},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(self, *words: str | Path) -> tuple[int, str, str]:
        """Exit code, output, errors; a traceback never reaches a person."""
        process = self.popen(*words)
        said, wrong = process.communicate(timeout=300)
        assert "Traceback" not in wrong
        return process.returncode, said, wrong

    def json(self, *words: str | Path) -> Any:
        code, said, wrong = self.run(*words, "--json")
        assert code == 0, wrong
        return json.loads(said)

    def fails(self, code: int, *words: str | Path) -> str:
        """The sentence on standard error."""
        actual, said, wrong = self.run(*words)
        assert actual == code, (said, wrong)
        return wrong.strip()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_helps_with_an_example(site: Site, verb: str) -> None:
    words = [verb, "check"] if verb == "config" else [verb]
    code, said, _ = site.run(*words, "--help")
    assert code == 0
    assert f"Example: gerbang {verb}" in said


def test_the_command_lists_its_verbs(site: Site) -> None:
    _, said, _ = site.run("--help")
    assert [line.split()[0] for line in said.split("Commands:")[1].strip().split("\n")] == VERBS


def test_an_unknown_verb_and_an_unknown_option_are_bad_usage(site: Site) -> None:
    assert "No such command" in site.fails(2, "dance")
    assert "No such option" in site.fails(2, "people", "--tall")


def test_a_person_is_enrolled_listed_and_forgotten(site: Site, photographs: Path) -> None:
    code, said, _ = site.run("enrol", "--person", "b1", "--name", "Pak Barack", "--photo", photographs / "obama.jpg")
    assert (code, said) == (0, "Pak Barack (b1) is enrolled with 1 photograph.\n")
    site.run("enrol", "--person", "b1", "--photo", photographs / "obama3.jpg")
    assert site.json("people") == [{"id": "b1", "name": "Pak Barack", "faces": 2, "pages": [], "confirm": False}]
    assert "Pak Barack" in site.run("people")[1]
    assert site.fails(130, "forget", "--person", "b1"), "without a yes nothing is erased"
    code, said, _ = site.run("forget", "--person", "b1", "--yes")
    assert (code, said) == (0, "Pak Barack (b1) is erased: 2 faces, 0 fingers.\n")
    assert site.json("people") == []


def test_a_finger_is_enrolled_and_erased_in_the_sensor_too(site: Site) -> None:
    with FingerprintEmulator() as emulator:
        site.write(f'[fingerprint]\ndriver = "adafruit"\nport = "{emulator.port}"\n')
        process = site.popen("enrol", "--person", "e1", "--name", "Bu Eileen", "--finger")
        assert process.stderr
        for prompt in process.stderr:
            emulator.lift() if prompt.startswith("Take") else emulator.place("thumb")
        assert process.communicate()[0] == "Bu Eileen (e1) is enrolled with a finger (page 0 of the sensor).\n"
        assert process.returncode == 0
        assert set(emulator.pages) == {0}
        assert site.run("forget", "--person", "e1", "--yes")[0] == 0
        assert not emulator.pages


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["--person", "a", "--name", "Ani"], 2, "--photo"),
        (["--name", "Ani", "--finger"], 2, "--person"),
        (["--person", "a", "--photo", "x.jpg"], 2, "--name"),
        (["--person", "../a", "--name", "Ani", "--photo", "x.jpg"], 1, "can't be a person's ID"),
        (["--person", "a", "--name", "A" * 500, "--photo", "x.jpg"], 1, "can't be shown"),
        (["--person", "a", "--name", "Ani", "--photo", "missing.jpg"], 1, "can't be read"),
        (["--person", "a", "--name", "Ani", "--photo", "gerbang.toml"], 1, "not a photograph"),
        (["--person", "a", "--name", "Ani", "--finger"], 1, "there is no sensor"),
    ],
)
def test_what_can_not_be_enrolled_is_one_sentence_and_changes_nothing(
    site: Site, words: list[str], code: int, sentence: str
) -> None:
    assert sentence in site.fails(code, "enrol", *words)
    assert not (site.folder / "gerbang.db").exists() or site.json("people") == []


def test_a_port_that_is_not_a_sensor_is_one_sentence(site: Site) -> None:
    for port in ("/dev/null", "/dev/ttyNOTHING"):
        site.write(f'[fingerprint]\ndriver = "adafruit"\nport = "{port}"\n')
        said = site.fails(1, "enrol", "--person", "a", "--name", "Ani", "--finger")
        assert port in said
        assert "\n" not in said


def test_an_unknown_person_can_not_be_forgotten(site: Site) -> None:
    with open_store(site.folder / "gerbang.db"):
        pass
    assert "nobody here has the ID x" in site.fails(1, "forget", "--person", "x", "--yes")


@pytest.mark.parametrize("verb", ["people", "journal", "status"])
def test_without_a_store_it_is_said_and_none_is_made(site: Site, verb: str) -> None:
    assert "there is no store" in site.fails(1, verb)
    assert not (site.folder / "gerbang.db").exists()


def test_the_journal_is_printed_for_people_for_spreadsheets_and_for_programs(site: Site) -> None:
    with open_store(site.folder / "gerbang.db") as store:
        for person in ("ani", "budi"):
            store.journal.append("attendance", {"person": person, "direction": "in", "means": "face"}, clock.now())
        entries = store.journal.after(0, 9)
    code, said, _ = site.run("journal")
    assert code == 0
    assert [line.split()[3] for line in said.splitlines()] == ["attendance"] * 2
    rows = list(csv.DictReader(io.StringIO(site.run("journal", "--csv")[1])))
    assert [(row["number"], row["person"], row["id"]) for row in rows] == [
        (str(entry.number), entry.payload["person"], entry.id) for entry in entries
    ]
    lines = site.run("journal", "--json")[1].splitlines()
    assert [json.loads(line)["hash"] for line in lines] == [entry.hash for entry in entries]
    assert site.run("journal", "--since", "2999-01-01")[1] == ""
    assert "is no date" in site.fails(2, "journal", "--since", "yesterday")


def test_the_journal_is_followed_as_entries_come(site: Site) -> None:
    with open_store(site.folder / "gerbang.db") as store:
        store.journal.append("start", {}, clock.now())
        process = site.popen("journal", "--follow")
        lines: list[str] = []
        assert process.stdout
        read = Thread(target=lambda: lines.extend(iter(process.stdout.readline, "")), daemon=True)  # type: ignore[union-attr]
        read.start()
        store.journal.append("stop", {}, clock.now())
        while len(lines) < 2:
            read.join(0.05)
        process.terminate()
        read.join()
        process.communicate()
    assert [line.split()[3] for line in lines] == ["start", "stop"]


def test_status_tells_of_the_store_when_no_gate_runs(site: Site) -> None:
    with open_store(site.folder / "gerbang.db") as store:
        store.journal.append("attendance", {"person": "ani"}, clock.now())
    facts = site.json("status")
    assert facts["gate_runs"] is False
    assert (facts["entries"], facts["present_today"], facts["not_sent"]) == (1, 1, None)
    assert "gate runs" in site.run("status")[1]


def test_a_broken_configuration_is_named_and_nothing_starts(site: Site) -> None:
    site.write('[camera]\ndriver = "fish"\nfps = 0\n')
    said = site.fails(2, "run")
    assert ":4: camera.driver" in said
    assert ":5: camera.fps" in said
    assert site.fails(2, "config", "check") == said
    site.write("")
    code, good, _ = site.run("config", "check", "gerbang.toml")
    assert code == 0
    assert "good" in good


def test_a_store_from_a_newer_version_stops_the_gate_with_a_sentence(site: Site) -> None:
    with open_store(site.folder / "gerbang.db") as store:
        store.db.table("_sqlite_migrations").insert({"migration_set": "gerbang", "name": "9999", "applied_at": ""})
    assert "newer Gerbang" in site.fails(1, "run")


def test_faces_are_identified_by_a_folder_of_people(site: Site, photographs: Path) -> None:
    for person, photo in (("barack", "obama.jpg"), ("joe", "biden.jpg")):
        (site.folder / "people" / person).mkdir(parents=True)
        (site.folder / "people" / person / photo).write_bytes((photographs / photo).read_bytes())
    (site.folder / "people" / "joe" / "notes.jpg").write_text("not a picture")
    probes = [photographs / "obama2.jpg", photographs / "biden.jpg"]
    code, said, wrong = site.run("identify", "--gallery", "people", *probes, "--json")
    assert code == 0
    assert "left out" in wrong
    found = [json.loads(line) for line in said.splitlines()]
    assert [row["probe"] for row in found] == [str(probe) for probe in probes]
    assert [[face["person"] for face in row["faces"]] for row in found] == [["barack"], ["joe"]]
    assert all(set(face) == {"box", "person", "distance", "runner_up"} for row in found for face in row["faces"])
    assert "barack" in site.run("identify", "--gallery", "people", photographs / "obama2.jpg")[1]
    code, _, wrong = site.run("identify", "--gallery", "people", "missing.jpg", "--json")
    assert (code, "can't be read" in wrong) == (1, True)


def test_a_gallery_with_nobody_is_said(site: Site, photographs: Path) -> None:
    (site.folder / "people").mkdir()
    assert "nobody could be enrolled" in site.fails(1, "identify", "--gallery", "people", photographs / "obama.jpg")


def test_a_face_is_embedded_as_128_numbers(site: Site, photographs: Path) -> None:
    [face] = site.json("embed", photographs / "obama.jpg")["faces"]
    assert len(face["embedding"]) == 128
    assert len(face["box"]) == 4
    assert "not a photograph" in site.fails(1, "embed", "gerbang.toml")


def test_the_eye_is_prepared_beside_the_store(site: Site) -> None:
    code, said, _ = site.run("prepare")
    assert code == 0
    assert "prepared in" in said
    assert len(list((site.folder / "models").glob("*.onnx"))) == 2


def test_two_people_under_one_id_are_refused(site: Site, photographs: Path) -> None:
    barack, joe = photographs / "obama.jpg", photographs / "biden.jpg"
    said = site.fails(1, "enrol", "--person", "a", "--name", "Ani", "--photo", barack, "--photo", joe)
    assert "not the one in the other photographs" in said
    assert site.run("enrol", "--person", "a", "--name", "Ani", "--photo", barack)[0] == 0
    assert "not the one that is enrolled under a" in site.fails(1, "enrol", "--person", "a", "--photo", joe)
    assert site.json("people")[0]["faces"] == 1
    assert site.run("enrol", "--person", "a", "--photo", joe, "--replace")[0] == 0


def test_a_photograph_in_the_dark_is_refused(site: Site, photographs: Path) -> None:
    dark = altered(photographs / "obama.jpg", site.folder / "dark.png", light=0.1)
    assert "too dark" in site.fails(1, "enrol", "--person", "a", "--name", "Ani", "--photo", dark)


def test_the_same_photograph_twice_is_one_face(site: Site, photographs: Path) -> None:
    photo = photographs / "obama.jpg"
    site.run("enrol", "--person", "a", "--name", "Ani", "--photo", photo, "--photo", photo)
    assert site.json("people")[0]["faces"] == 1


@pytest.mark.parametrize("name", ["Budi [/b]", "[bold]Budi", "عبد الله", "<b>Budi</b>"])
def test_any_name_is_shown_as_it_is(site: Site, name: str) -> None:
    with open_store(site.folder / "gerbang.db") as store:
        store.people.enrol(Person("b", name), [], None, clock.now())
    code, said, _ = site.run("people")
    assert code == 0
    assert name in said
    site.write(f'[site]\nname = "{name}"\n')
    assert name in site.run("status")[1]


def test_a_pipe_and_a_folder_are_no_photographs(site: Site) -> None:
    os.mkfifo(site.folder / "pipe.jpg")
    (site.folder / "folder.jpg").mkdir()
    for name in ("pipe.jpg", "folder.jpg"):
        assert "not a photograph" in site.fails(1, "embed", name)


def test_a_picture_of_vast_size_is_refused_before_it_is_unpacked(site: Site) -> None:
    ok, small = cv2.imencode(".png", np.zeros((8, 8, 3), dtype=np.uint8))
    assert ok
    vast = bytearray(small.tobytes())
    vast[16:24] = (20_000).to_bytes(4, "big") * 2
    vast[29:33] = zlib.crc32(bytes(vast[12:29])).to_bytes(4, "big")
    (site.folder / "vast.png").write_bytes(bytes(vast))
    assert "too large" in site.fails(1, "embed", "vast.png")


def test_a_file_name_that_is_not_text_does_no_harm(site: Site, photographs: Path) -> None:
    people, probe = site.folder / "people" / "barack", site.folder / os.fsdecode(b"n\xff.jpg")
    people.mkdir(parents=True)
    for path in (people / "one.jpg", probe):
        path.write_bytes((photographs / "obama.jpg").read_bytes())
    code, said, _ = site.run("identify", "--gallery", "people", probe, "--json")
    assert code == 0
    assert json.loads(said)["faces"][0]["person"] == "barack"


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31T23:59:59-23:59"])
def test_a_day_beyond_all_time_is_said_or_taken(site: Site, day: str) -> None:
    with open_store(site.folder / "gerbang.db"):
        pass
    code, _, wrong = site.run("journal", "--since", day)
    assert code == 2
    assert "not a day of our time" in wrong


def test_no_proxy_lies_between_the_commands_and_the_gate(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"faults": [], "answer": null}' if self.path == "/state" else b"data: nonsense\n\n")

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Page) as server, open_store(site.folder / "gerbang.db"):
        Thread(target=server.serve_forever, daemon=True).start()
        (site.folder / "gerbang.toml").write_text(f'[screen]\nlisten = "127.0.0.1:{server.server_port}"\n')
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        assert site.json("status")["gate_runs"] is True
        assert "no gate answers" in site.fails(1, "watch")
        server.shutdown()


def test_watching_where_no_gate_is_says_so(site: Site) -> None:
    assert "no gate answers" in site.fails(1, "watch")


def altered(path: Path, target: Path, *, light: float = 1.0, gamma: float = 1.0) -> Path:
    """The same face on another day: in the shade, or in the sun."""
    image = 255 * light * (read_photograph(path) / 255) ** gamma
    cv2.imwrite(str(target), image.astype(np.uint8))
    return target


def test_a_person_is_enrolled_live_at_the_camera_with_guidance(site: Site, photographs: Path) -> None:
    first = photographs / "obama.jpg"
    poses = [
        (first, 200),  # ahead
        (photographs / "obama3.jpg", 200),  # the nose to the picture's right: the person's left
        (photographs / "obama2.jpg", 200),
        (altered(first, site.folder / "dark.png", light=0.4), 150),
        (altered(first, site.folder / "bright.png", gamma=0.45), 280),
    ]
    engine = DlibEngine()
    visits = [
        Visit(
            str(path), find_faces(engine, read_photograph(path))[0], 1.0 + 4.0 * number, 3.8 + 4.0 * number, near_px=px
        )
        for number, (path, px) in enumerate(poses)
    ]
    write_scene(site.folder / "scene.toml", Scene((*visits, *_again(visits)), ends=True))
    site.write('[camera]\ndriver = "replay"\nsource = "scene.toml"\n')
    code, said, wrong = site.run("enrol", "--person", "b", "--name", "Pak Barack", "--live")
    assert code == 0, wrong
    assert said == "Pak Barack (b) is enrolled with five pictures of the camera.\n"
    assert "4/5" in wrong
    assert site.json("people")[0]["faces"] == 5


def _again(visits: list[Visit]) -> list[Visit]:
    """The same poses once more, for what was missed on a slow machine."""
    last = visits[-1].over_s
    return [replace(visit, at_s=visit.at_s + last, leave_s=last + (visit.leave_s or 0.0)) for visit in visits]
