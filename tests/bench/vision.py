"""The eye against the packages that a user would take instead, side by side in one run."""

import argparse
import os
import statistics
import sys
import tempfile
import threading
import time
import types
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from drivers.camera import Frame
from drivers.camera.figure import Figure
from drivers.camera.scene import Visit
from drivers.camera.stage import Stage
from kiosk import clock
from kiosk.gallery import Gallery
from kiosk.sightings import Slot
from kiosk.store import Template
from kiosk.vision import DlibEngine, Embedding, Image, OnnxEngine, read_photograph
from kiosk.vision.engine import Engine
from kiosk.vision.eye import Eye, Portrait
from kiosk.vision.photograph import find_faces
from tests.bench.report import Goal, Report

PHOTOGRAPHS = Path(__file__).parents[2] / ".cache" / "faces" / "test_images"
FACE_PX = 180
FPS = 30


def frames_of(engine: Engine, photograph: Path, size: tuple[int, int], count: int) -> list[Image]:
    """A person who stands at the gate: a face of FACE_PX (in 640 px of width) that sways a little, noise and light."""
    face = find_faces(engine, read_photograph(photograph))[0]
    near_px = FACE_PX * size[0] // 640
    visit = Visit(str(photograph), face, at_s=0.0, near_px=near_px)
    stage = Stage(*size, seed=1)
    people = [(visit, Figure(photograph, face, near_px * 1.1))]
    return [stage.draw(people, 5.0 + number / FPS) for number in range(count)]


def median_ms(work: Callable[[], object], times: int) -> float:
    """The median of so many runs, after one that does not count."""
    work()
    took = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return statistics.median(took) * 1000


def face_recognition() -> Any:
    """The package as its documentation uses it. It asks for pkg_resources, which newer set-up tools no longer have."""
    if "pkg_resources" not in sys.modules:
        stand_in = types.ModuleType("pkg_resources")
        stand_in.resource_filename = lambda package, name: str(  # type: ignore[attr-defined]
            Path(str(import_module(package).__path__[0])) / name
        )
        sys.modules["pkg_resources"] = stand_in
    return import_module("face_recognition")


def look_up(package: Any, known: list[Embedding], frame: Image) -> bool:
    """What both examples do with a frame; whether a face was found in it."""
    colours = np.ascontiguousarray(frame[:, :, ::-1])
    boxes = package.face_locations(colours)
    for embedding in package.face_encodings(colours, boxes):
        package.compare_faces(known, embedding)
        int(np.argmin(package.face_distance(known, embedding)))
    return bool(boxes)


def plain_loop(package: Any, known: list[Embedding], frames: list[Image]) -> tuple[float, list[bool]]:
    """examples/facerec_from_webcam.py: every frame whole. Frames a second, and in which of them a face was found."""
    began = time.perf_counter()
    found = [look_up(package, known, frame) for frame in frames]
    return len(frames) / (time.perf_counter() - began), found


def faster_loop(package: Any, known: list[Embedding], frames: list[Image]) -> tuple[float, list[bool]]:
    """examples/facerec_from_webcam_faster.py: a quarter of the size, every other frame."""
    began = time.perf_counter()
    found = [
        number % 2 == 0
        and look_up(package, known, np.asarray(cv2.resize(frame, (0, 0), fx=0.25, fy=0.25), dtype=np.uint8))
        for number, frame in enumerate(frames)
    ]
    return len(frames) / (time.perf_counter() - began), found


def our_loop(eye: Eye, frames: list[Image], *, every_face: bool) -> tuple[float, list[bool], int]:
    """The gate's own two threads, fed as fast as they take. every_face: wait for each face to be recognised too.

    Frames a second, in which of them a face was found, and how many faces were recognised.
    """
    portraits, done, recognised, stop = Slot[Portrait](), threading.Semaphore(0), [0], threading.Event()

    def recognise() -> None:
        while not stop.is_set():
            portrait = portraits.take(0.05)
            if portrait:
                eye.recognise(portrait)
                recognised[0] += 1
                done.release()

    thread = threading.Thread(target=recognise, daemon=True)
    thread.start()
    found, waiting = [], 0
    began = time.perf_counter()
    for number, pixels in enumerate(frames):
        now = clock.now()
        sighting, portrait = eye.watch(Frame(pixels, now.monotonic_s, number), now)
        found.append(hasattr(sighting, "box"))
        if portrait:
            if every_face and waiting:
                done.acquire(timeout=10)
            portraits.put(portrait)
            waiting = 1
    if every_face and waiting:
        done.acquire(timeout=10)
    took_s = time.perf_counter() - began
    stop.set()
    thread.join()
    return len(frames) / took_s, found, recognised[0]


def measure(report: Report, size: tuple[int, int], onnx: Engine, dlib: Engine, count: int) -> None:
    """All figures for frames of one size."""
    name = f"{size[0]}x{size[1]}"
    photograph = PHOTOGRAPHS / "obama2.jpg"
    frames = frames_of(onnx, photograph, size, count)
    box = onnx.detect(frames[0])[0]
    package = face_recognition()
    enrolled = onnx.embed_mirrored(read_photograph(photograph), find_faces(onnx, read_photograph(photograph))[0])
    gallery = Gallery([Template("barack", onnx.name, enrolled)], 0.45, 0.04)
    first = size == (640, 480)
    theirs = median_ms(lambda: package.face_locations(np.ascontiguousarray(frames[0][:, :, ::-1])), 5)
    ours = median_ms(lambda: onnx.detect(frames[0], 110), 15)
    report.add(f"{name} detection, face_recognition, ms", theirs)
    report.add(f"{name} detection, whole frame, ms", ours)
    report.add(f"{name} detection, times faster", theirs / ours)
    slow = median_ms(lambda: dlib.embed(frames[0], box), 7)
    fast = median_ms(lambda: onnx.embed(frames[0], box), 31)
    chip = onnx.align(frames[0], box).chip[np.newaxis]
    slow_net = median_ms(lambda: dlib.embed_chips(chip), 7)
    fast_net = median_ms(lambda: onnx.embed_chips(chip), 31)
    report.add(f"{name} embedding with alignment, dlib, ms", slow)
    report.add(f"{name} embedding with alignment, ours, ms", fast)
    report.add(f"{name} embedding with alignment, times faster", slow / fast)
    report.add(f"{name} embedding of a chip, times faster", slow_net / fast_net, Goal(15, "least") if first else None)
    few = frames[: max(10, count // 10)]
    plain_fps, _ = plain_loop(package, [enrolled], few)
    faster_fps, faster_found = faster_loop(package, [enrolled], frames)
    gate_fps, gate_found, recognised = our_loop(Eye(onnx, gallery, 110), frames * 3, every_face=False)
    every_eye = Eye(onnx, gallery, 110)
    every_eye._is_worth = lambda *_: True  # type: ignore[method-assign]  # the gate would rest once it is sure
    every_fps, _, _ = our_loop(every_eye, frames, every_face=True)
    report.add(f"{name} frames a second, plain webcam loop", plain_fps)
    report.add(f"{name} frames a second, faster webcam loop", faster_fps)
    report.add(f"{name} frames a second, ours, each face embedded", every_fps)
    report.add(f"{name} frames a second, ours, as at the gate", gate_fps)
    report.add(f"{name} faces recognised meanwhile", recognised)
    report.add(f"{name} ours each face embedded / plain loop", every_fps / plain_fps)
    report.add(f"{name} ours / plain loop", gate_fps / plain_fps, Goal(25, "least") if first else None)
    theirs_per_s = faster_fps * sum(faster_found) / len(faster_found)
    ours_per_s = gate_fps * sum(gate_found) / len(gate_found)
    missed = sum(theirs and not mine for theirs, mine in zip(faster_found, gate_found[: len(frames)], strict=True))
    report.add(f"{name} frames with a face a second, ours / faster loop", ours_per_s / theirs_per_s, Goal(5, "least"))
    report.add(f"{name} faces that the faster loop found and ours did not", missed, Goal(0, "most"))


def largest_difference(onnx: Engine, dlib: Engine) -> float:
    """Over the faces of all photographs, the largest difference of any of the 128 numbers."""
    differences = []
    for path in sorted(PHOTOGRAPHS.glob("*.jpg")):
        image = read_photograph(path)
        differences += [
            np.abs(onnx.embed(image, box) - dlib.embed(image, box)).max() for box in find_faces(onnx, image)
        ]
    return float(max(differences))


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one object of JSON last")
    parser.add_argument("--frames", type=int, default=120, help="of the moving person (default 120)")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="for one face, in both engines")
    arguments = parser.parse_args()
    report = Report("vision")
    with tempfile.TemporaryDirectory() as cache:
        onnx, dlib = OnnxEngine(Path(cache), arguments.threads), DlibEngine()
        report.add("threads", arguments.threads)
        report.add("largest difference of an embedding", largest_difference(onnx, dlib), Goal(1e-5, "most"))
        for size in ((640, 480), (1280, 720)):
            measure(report, size, onnx, dlib, arguments.frames)
    report.show(as_json=arguments.json)


if __name__ == "__main__":
    main()
