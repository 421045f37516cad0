"""A camera that shows what was prepared: a folder of pictures, a video, or a scene."""

import math
import time
from pathlib import Path
from threading import Event, Lock
from typing import Protocol, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from drivers.camera.contract import CameraSettings, Frame
from drivers.camera.files import looks_like_a_picture, name_for_opencv, read_picture
from drivers.camera.play import Play
from drivers.camera.turning import turned
from drivers.errors import CameraEnded, CameraError

Pixels = NDArray[np.uint8]

_PICTURES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}
_PICTURE_S = 1.0  # how long each picture of a folder is shown


class Reel(Protocol):
    """What a replay shows, at its own pace."""

    fps: float
    began_s: float  # when it began, on time.monotonic()'s clock

    def picture(self, due_s: float) -> Pixels | None:
        """The picture that is due at a time on the same clock, which never goes back.

        Gives (height, width, 3) uint8, BGR, or None while none comes. Raises CameraError, or CameraEnded at the end.
        """
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


def open_replay(settings: CameraSettings, base: Path, began_s: float | None = None) -> "Replay":
    """The replay of `source`: a folder, a video, or a scene (.toml), from `began_s` or now. Raises CameraError."""
    if not settings.source:
        raise CameraError("A replay needs a source: a folder of pictures, a video, or a scene (.toml).")
    path = base / settings.source
    try:
        return Replay(_reel(path, settings, began_s), settings)
    except CameraError:  # one that is unplugged is an OSError too
        raise
    except OSError as cause:
        raise CameraError(f"The replay {path} can't be read ({cause.strerror}).") from cause


class Replay:
    """Gives a reel's pictures in real time; who reads slowly misses some, as with a real camera."""

    def __init__(self, reel: Reel, settings: CameraSettings) -> None:
        """Show what is due from now on."""
        self._reel = reel
        self._settings = settings
        self._tick = -1
        self._number = 0
        self._closed = Event()
        self._reading = Lock()  # a reel must not be closed while it gives a picture

    def read(self) -> Frame:
        """The next frame, when it is due. Raises CameraError, or CameraEnded at the end."""
        pixels = None
        while pixels is None:
            due_s = self._wait()
            with self._reading:
                if self._closed.is_set():
                    raise CameraError("The camera is closed.")
                pixels = self._reel.picture(due_s)
        self._number += 1
        return Frame(turned(pixels, self._settings), due_s, self._number)

    def close(self) -> None:
        """Let go of the reel; a waiting read ends. May be called twice."""
        self._closed.set()
        with self._reading:
            self._reel.close()

    def _wait(self) -> float:
        """Wait for the next frame that is not over yet; when it was due."""
        now_tick = math.floor((time.monotonic() - self._reel.began_s) * self._reel.fps)
        self._tick = max(self._tick + 1, now_tick)
        due_s = self._reel.began_s + self._tick / self._reel.fps
        while (left_s := due_s - time.monotonic()) > 0 and not self._closed.wait(left_s):
            pass
        return due_s


class Folder:
    """Pictures in the order of their names, a second each."""

    def __init__(self, path: Path, settings: CameraSettings, began_s: float | None = None) -> None:
        """List the pictures. Raises CameraError when there is none, or one is broken."""
        self.fps = float(settings.fps)
        self._path = path
        self._size = settings.size
        self._files = sorted(p for p in path.iterdir() if p.suffix.lower() in _PICTURES)
        if not self._files:
            raise CameraError(f"There are no pictures in {path}.")
        for file in self._files:
            if not looks_like_a_picture(file):
                raise _unreadable(file)
        self._shown = -1
        self._pixels = self._load(0)
        self.began_s = began_s or time.monotonic()

    def picture(self, due_s: float) -> Pixels:
        """The picture of that second. Raises CameraEnded after the last."""
        index = int((due_s - self.began_s) / _PICTURE_S)
        if index >= len(self._files):
            raise CameraEnded(f"All pictures of {self._path} were shown.")
        return self._load(index)

    def close(self) -> None:
        """Nothing is held."""

    def _load(self, index: int) -> Pixels:
        if index != self._shown:
            pixels = read_picture(self._files[index])
            if pixels is None:
                raise _unreadable(self._files[index])
            self._shown, self._pixels = index, _fitted(pixels, self._size)
        return self._pixels


class Film:
    """A video file, at its own pace."""

    def __init__(self, path: Path, settings: CameraSettings, began_s: float | None = None) -> None:
        """Open the video. Raises CameraError."""
        self._path = path
        self._size = settings.size
        self._capture = cv2.VideoCapture(name_for_opencv(path), cv2.CAP_FFMPEG)
        self.fps = self._capture.get(cv2.CAP_PROP_FPS) or float(settings.fps)
        self._next = 0
        if not self._capture.grab():
            raise CameraError(f"The video {path} can't be read. Is it whole, and a video?")
        self.began_s = began_s or time.monotonic()

    def picture(self, due_s: float) -> Pixels:
        """The picture of that moment. Raises CameraEnded after the last."""
        wanted = round((due_s - self.began_s) * self.fps)
        while self._next < wanted:
            if not self._capture.grab():
                raise CameraEnded(f"The video {self._path} is over.")
            self._next += 1
        good, pixels = self._capture.retrieve()
        if not good:
            raise CameraError(f"The video {self._path} is broken at picture {wanted + 1}.")
        return _fitted(cast(Pixels, pixels), self._size)

    def close(self) -> None:
        """Let go of the file."""
        self._capture.release()


def _reel(path: Path, settings: CameraSettings, began_s: float | None) -> Reel:
    if path.is_dir():
        return Folder(path, settings, began_s)
    if not path.is_file():
        raise CameraError(f"There is nothing to replay at {path}.")
    return (Play if path.suffix == ".toml" else Film)(path, settings, began_s)


def _unreadable(file: Path) -> CameraError:
    return CameraError(f"The picture {file} can't be read. Is it whole, and a JPEG or PNG?")


def _fitted(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """Pixels at a camera's size, (width, height): whole, in their own shape, on black."""
    height, width = pixels.shape[:2]
    if (width, height) == size:
        return pixels
    scale = min(size[0] / width, size[1] / height)
    inner = (min(size[0], max(1, round(width * scale))), min(size[1], max(1, round(height * scale))))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    left, top = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    fitted = np.zeros((size[1], size[0], 3), np.uint8)
    fitted[top : top + inner[1], left : left + inner[0]] = cv2.resize(pixels, inner, interpolation=how)
    return fitted
