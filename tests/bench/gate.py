"""A replayed morning at 30 frames a second, at the real gate: how quick, how costly, how large it is."""

import argparse
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import requests

from drivers.camera.scene import Scene, Visit, write_scene
from drivers.camera.stage import pose_of
from kiosk import clock
from kiosk.config import load_config
from kiosk.store import Person, Template, open_store
from kiosk.vision import OnnxEngine, read_photograph
from kiosk.vision.photograph import find_faces
from tests.bench.report import Goal, Report

PHOTOGRAPHS = Path(__file__).parents[2] / ".cache" / "faces" / "test_images"
# Who comes with another photograph than those enrolled, and who comes with the only one that there is.
PEOPLE = {"barack": (["obama.jpg", "obama3.jpg"], "obama2.jpg"), "joe": (["biden.jpg"], "biden.jpg")}
SIZE = (640, 480)
FPS = 30
EVERY_S = 5.0
STAY_S = 2.2
MIN_FACE_PX = 110
CONFIG = """\
[camera]
driver = "replay"
source = "scene.toml"
[eye]
engine = "{engine}"
min_face_px = 110
[gate]
agreeing_looks = 3
repeat_after_s = 0
answer_s = 1.0
[screen]
listen = "{listen}"
"""


class Gate:
    """`gerbang run` in a folder of its own, and what /proc says of it."""

    def __init__(self, folder: Path, listen: str) -> None:
        self.listen = listen
        self.log = (folder / "gate.log").open("w+")
        command = [str(Path(sys.executable).parent / "gerbang"), "run", "--config", str(folder / "gerbang.toml")]
        self.began_s = time.monotonic()
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)

    def processor_s(self) -> float:
        """Processor time so far, of all its threads."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self, key: str) -> float:
        """VmRSS now, or VmHWM, the most so far."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(rf"^{key}:\s+(\d+) kB", text, re.MULTILINE)
        assert found
        return int(found[1]) / 1024

    def end(self) -> dict[str, int]:
        """Stop it; what it counted."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)
        self.log.seek(0)
        found = re.search(r"filmed (\d+), searched (\d+), faces recognised (\d+)", self.log.read())
        assert found
        return dict(zip(("filmed", "searched", "recognised"), map(int, found.groups()), strict=True))


def prepare(folder: Path, listen: str, engine: str) -> dict[str, tuple[Path, tuple[int, int, int, int]]]:
    """Enrol the people; the photograph and face with which each comes."""
    (folder / "gerbang.toml").write_text(CONFIG.format(listen=listen, engine=engine))
    config = load_config(folder / "gerbang.toml")
    eye = OnnxEngine(config.models_path)
    eye.detect_hard(np.zeros((480, 640, 3), dtype=np.uint8))  # so that both models are compiled
    comes = {}
    with open_store(config.store_path) as store:
        for person, (enrolled, other) in PEOPLE.items():
            templates = []
            for name in enrolled:
                image = read_photograph(PHOTOGRAPHS / name)
                templates.append(Template(person, eye.name, eye.embed_mirrored(image, find_faces(eye, image)[0])))
            store.people.enrol(Person(person, person), templates, None, clock.now())
            face = find_faces(eye, read_photograph(PHOTOGRAPHS / other))[0]
            comes[person] = (PHOTOGRAPHS / other, face)
    write_scene(folder / "scene.toml", Scene())
    return comes


def whole_face_s(visit: Visit) -> float:
    """When, in the scene's time, the first frame shows the face large enough to be known."""
    for number in range(10 * FPS):
        at_s = visit.at_s + number / FPS
        pose = pose_of(visit, at_s, *SIZE)
        if pose and pose.face_px >= MIN_FACE_PX and pose.opacity >= 1:
            return at_s
    raise AssertionError("the face never comes near")


def listen_for_green(listen: str, greens: list[float], over: threading.Event) -> None:
    """When each 'recorded' reaches a reader of the page's events: after the commit, the lights and the page."""
    with requests.get(f"http://{listen}/events", stream=True, timeout=(5, 60)) as answer:
        said = None
        for row in answer.iter_lines(chunk_size=1):
            if over.is_set():
                return
            if row.startswith(b"data:"):
                told = json.loads(row[5:])["answer"]
                if told and told["sign"] == "recorded" and told != said:
                    greens.append(time.monotonic())
                said = told


def play(folder: Path, gate: Gate, comes: dict[str, Any], visits: int) -> tuple[list[float], int]:
    """People come one after the other: how long each waited from the first whole face on, and how many never were."""
    greens: list[float] = []
    over = threading.Event()
    threading.Thread(target=listen_for_green, args=(gate.listen, greens, over), daemon=True).start()
    epoch_s = time.monotonic() + 1.0
    people = list(comes.values())
    script = [
        Visit(
            str(people[n % len(people)][0]), people[n % len(people)][1], 1.0 + n * EVERY_S, 1.0 + n * EVERY_S + STAY_S
        )
        for n in range(visits)
    ]
    write_scene(folder / "scene.toml", Scene(tuple(script), epoch_s=epoch_s))
    time.sleep(max(0.0, epoch_s + script[-1].over_s + 2.0 - time.monotonic()))
    over.set()
    waits = []
    for visit in script:
        whole_s = epoch_s + whole_face_s(visit)
        waits += [green - whole_s for green in greens if whole_s <= green < epoch_s + visit.at_s + EVERY_S][:1]
    return waits, visits - len(waits)


def drawing_s(folder: Path, seconds: float) -> float:
    """Processor time that the replay camera alone takes to draw an empty gate: no real camera has it."""
    program = (
        "import sys, time; from pathlib import Path; from drivers.camera import CameraSettings, open_camera\n"
        "camera = open_camera(CameraSettings('replay', 'scene.toml'), Path(sys.argv[1])); camera.read()\n"
        "began, used = time.monotonic(), time.process_time()\n"
        "while time.monotonic() - began < float(sys.argv[2]): camera.read()\n"
        "print((time.process_time() - used) / (time.monotonic() - began))"
    )
    command = [sys.executable, "-c", program, str(folder), str(seconds)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def measure(report: Report, visits: int, idle_s: float, engine: str) -> None:
    """The whole morning."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        listen = f"127.0.0.1:{server.getsockname()[1]}"
    with tempfile.TemporaryDirectory(prefix="gerbang-") as temporary:
        folder = Path(temporary)
        comes = prepare(folder, listen, engine)
        gate = Gate(folder, listen)
        with open_store(folder / "gerbang.db") as store:
            while not (starts := list(store.journal.since(kind="start"))):
                time.sleep(0.01)
            report.add("start to ready, s", starts[0].moment.monotonic_s - gate.began_s, Goal(2.0, "most"))
        time.sleep(3.0)
        before, began = gate.processor_s(), time.monotonic()
        time.sleep(idle_s)
        idle = (gate.processor_s() - before) / (time.monotonic() - began)
        waits, missed = play(folder, gate, comes, visits)
        resident, most = gate.memory_mb("VmRSS"), gate.memory_mb("VmHWM")
        counts = gate.end()
        report.add("nobody there, part of one core, the camera's drawing with it", idle)
        report.add(
            "nobody there, part of one core, without it",
            idle - drawing_s(folder, min(idle_s, 10.0)),
            Goal(0.05, "most"),
        )
        centiles = statistics.quantiles(waits, n=100, method="inclusive") if len(waits) > 1 else [float("inf")] * 99
        report.add("visits", visits)
        report.add("visits without a record", missed, Goal(0, "most"))
        for centile in (50, 95, 99):
            goal = Goal(0.25, "most") if centile == 95 else None
            report.add(f"first whole face to green, p{centile}, s", centiles[centile - 1], goal)
        report.add("frames filmed", counts["filmed"])
        report.add("frames dropped", counts["filmed"] - counts["searched"])
        report.add("faces recognised", counts["recognised"])
        report.add("resident memory, MB", resident, Goal(300, "most"))
        report.add("resident memory at the most, MB", most)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one object of JSON last")
    parser.add_argument("--visits", type=int, default=24, help="how many people come (default 24)")
    parser.add_argument("--idle", type=float, default=20.0, metavar="SECONDS", help="with nobody there (default 20)")
    parser.add_argument("--engine", choices=["onnx", "dlib"], default="onnx", help="onnx by default")
    arguments = parser.parse_args()
    report = Report("gate")
    measure(report, arguments.visits, arguments.idle, arguments.engine)
    report.show(as_json=arguments.json)


if __name__ == "__main__":
    main()
