"""Our driver over picamera2's real code: `python3 -m ...scenes NAME` plays a scene and prints what was seen, as JSON.

It runs in the root that scripts/camera-root makes; tests/drivers/test_picamera_root.py says what must have been seen.
"""

import ctypes
import faulthandler
import gc
import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from drivers.camera import Camera, CameraSettings, Frame, open_camera
from drivers.camera.files import read_picture
from drivers.errors import CameraError
from kiosk.vision import OnnxEngine
from kiosk.vision.view import View
from tests.drivers.picamera_root import virtual

Pixels = NDArray[np.uint8]
Seen = dict[str, Any]

PHOTOGRAPH: Final = Path(".cache/faces/test_images/obama.jpg")
WIDTH_PX, HEIGHT_PX = virtual.SIZES[-1]
_HANGS_S: Final = 300  # a scene takes some seconds; after this, it is told where each thread hangs


def sizes() -> Seen:
    """Pictures that change all the time, asked for in sizes that the camera has and in others."""
    virtual.plug(CARDS)
    asked = [*virtual.SIZES, (1000, 700), (160, 120), (4096, 3072)]
    return {f"{width}x{height}": _size_seen(width, height) for width, height in asked}


def _size_seen(width_px: int, height_px: int) -> Seen:
    with camera(CameraSettings("picamera", "", width_px, height_px)) as opened:
        frames = [opened.read()]
        while len(frames) < 10 or len({_level(frame) for frame in frames}) < len(CARDS):
            frames.append(opened.read())
        streams = virtual.opened().camera_configuration()
    return {
        "pixels": frames[0].pixels.shape,
        "large": None if frames[0].large is None else frames[0].large.shape,
        "formats": [streams[name]["format"] for name in ("main", "lores") if streams[name]],
        "apart": max(_levels_apart(frame) for frame in frames),
    }


def _level(frame: Frame) -> int:
    """Which card it shows."""
    return round(float(grey(frame.pixels).mean()) / 20)


def _levels_apart(frame: Frame) -> float:
    """By how many grey levels the two pictures of a frame differ, in the mean."""
    if frame.large is None:
        return 0.0
    size = (frame.pixels.shape[1], frame.pixels.shape[0])
    return float(cv2.absdiff(grey(resized(frame.large, size)), grey(frame.pixels)).mean())


def face() -> Seen:
    """A photograph before the camera: found in the picture that is searched, known from the large one."""
    photograph = read_picture(PHOTOGRAPH)
    assert photograph is not None
    height = photograph.shape[1] * HEIGHT_PX // WIDTH_PX
    virtual.plug([resized(photograph[:height], (WIDTH_PX, HEIGHT_PX))])
    engine = OnnxEngine(virtual.DATA / "models")
    with camera() as opened:
        frame = opened.read()
    assert frame.large is not None
    (box,) = engine.detect(frame.pixels)
    scale = frame.large.shape[1] / frame.pixels.shape[1]
    x, y, width, height = (round(side * scale) for side in box)
    through = engine.embed(frame.large, (x, y, width, height))
    (itself,) = engine.detect(photograph)
    return {"width_px": box[2], "distance": math.dist(through, engine.embed(photograph, itself))}


def turns() -> Seen:
    """A picture with a white corner, top left, in every way that a camera may hang; what libcamera was asked for."""
    marked = card(60)
    marked[: HEIGHT_PX // 4, : WIDTH_PX // 4] = 255
    virtual.plug([marked])
    return {
        f"{rotation} {mirror}": _turn_seen(CameraSettings("picamera", rotation=rotation, mirror=mirror))
        for rotation in (0, 90, 180, 270)
        for mirror in (False, True)
    }


def _turn_seen(settings: CameraSettings) -> Seen:
    with camera(settings) as opened:
        frame = opened.read()
    assert frame.large is not None
    upright = frame.large.shape[0] > frame.large.shape[1]
    return {
        "corners": [white_corner(frame.pixels), white_corner(frame.large)],
        "upright": upright,
        "asked": virtual.turns_asked[-1],
    }


def frozen() -> Seen:
    """The very same picture until that is said; and others, for three seconds."""
    virtual.plug(CARDS[:1])
    with camera() as opened:
        same = _judged(opened, 60.0)
    virtual.plug(CARDS)
    with camera() as opened:
        return {"same": same, "others": _judged(opened, 3.0)}


def _judged(opened: Camera, most_s: float) -> dict[str, float]:
    """What the view is said to be, and when first, in seconds since the first frame; until it is not good."""
    said: dict[str, float] = {}
    view = View()
    first = frame = opened.read()
    while said.keys() <= {"good"} and (since_s := frame.monotonic_s - first.monotonic_s) < most_s:
        trouble = view.judge(frame)
        said.setdefault(trouble.value if trouble else "good", since_s)
        frame = opened.read()
    return said


def silent() -> Seen:
    """No frame comes any more, in two ways; closed, the camera can be opened again and gives frames."""
    virtual.plug(CARDS)
    with camera() as opened:
        opened.read()
    before = held()
    slipped = _stopped(virtual.flowing.clear)
    failed = _stopped(lambda: virtual.opened().camera.stop())
    return {"slipped": slipped, "failed": failed, "before": before, "after": held()}


def _stopped(stop: Callable[[], object]) -> Seen:
    opened = open_camera(SETTINGS)
    opened.read()
    stop()
    read_s, error = timed(lambda: [opened.read() for _ in range(10)])  # a few frames may be under way
    close_s, _ = timed(opened.close)
    virtual.flowing.set()
    with camera() as again:
        return {"error": error, "read_s": read_s, "close_s": close_s, "again": again.read().number}


def second() -> Seen:
    """Somebody opens the camera that we have open."""
    virtual.plug(CARDS)
    with camera() as opened:
        opened.read()
        return {**_refused(), "first": opened.read().number}


def absent() -> Seen:
    """No camera; then one."""
    virtual.unplug()
    seen = _refused()
    virtual.plug(CARDS)
    with camera() as opened:
        return {**seen, "then": opened.read().number}


def _refused() -> Seen:
    """What a camera that can't be opened says, and what is held after a try and after 20 more."""
    _, error = timed(lambda: open_camera(SETTINGS))
    before = held()
    for _ in range(20):
        timed(lambda: open_camera(SETTINGS))
    return {"error": error, "before": before, "after": held()}


def cycles() -> Seen:
    """Opened, read, closed: what is held after the first times and after 50 more."""
    virtual.plug(CARDS)
    seen = []
    for times in (10, 50):
        for _ in range(times):
            with camera() as opened:
                opened.read()
        seen.append(held())
    return {"before": seen[0], "after": seen[1]}


SETTINGS: Final = CameraSettings("picamera")


@contextmanager
def camera(settings: CameraSettings = SETTINGS) -> Iterator[Camera]:
    """Our driver's camera, open."""
    opened = open_camera(settings)
    try:
        yield opened
    finally:
        opened.close()


def card(level: int) -> Pixels:
    """A grey picture with a few lighter stripes, at the camera's largest size."""
    stripes = np.full((HEIGHT_PX, WIDTH_PX, 3), level, np.uint8)
    for left in range(0, WIDTH_PX, WIDTH_PX // 8):
        stripes[:, left : left + 20] += 40
    return stripes


CARDS: Final = [card(60), card(120), card(180)]


def resized(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """At another size, (width, height)."""
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def grey(pixels: Pixels) -> Pixels:
    """One channel of whatever the driver gives."""
    return pixels if pixels.ndim == 2 else np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), np.uint8)


def white_corner(pixels: Pixels) -> str:
    """Which corner is the lightest."""
    level = grey(pixels)
    corners = {"top left": (0, 0), "top right": (0, -1), "bottom left": (-1, 0), "bottom right": (-1, -1)}
    return max(corners, key=lambda name: int(level[corners[name]]))


def timed(act: Callable[[], object]) -> tuple[float, Seen | None]:
    """How long it took, and the driver's error that ended it."""
    begun_s = time.monotonic()
    error = None
    try:
        act()
    except CameraError as failure:
        error = {"kind": type(failure).__name__, "says": str(failure)}
    return time.monotonic() - begun_s, error


def held() -> Seen:
    """Threads, descriptors and memory of this process."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {
        "threads": len(list(Path("/proc/self/task").iterdir())),
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "rss_kb": pages * os.sysconf("SC_PAGE_SIZE") // 1024,
    }


SCENES: dict[str, Callable[[], Seen]] = {
    scene.__name__: scene for scene in (sizes, face, turns, frozen, silent, second, absent, cycles)
}

if __name__ == "__main__":
    faulthandler.dump_traceback_later(_HANGS_S, exit=True)
    print(json.dumps(SCENES[sys.argv[1]]()))
