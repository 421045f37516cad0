"""A USB camera, or any other that Linux shows as /dev/videoN."""

import os
import time
from pathlib import Path
from threading import Lock
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from drivers.camera.contract import CameraSettings, Frame
from drivers.camera.files import name_for_opencv
from drivers.errors import CameraError

# Beyond this, USB 2 can't carry 30 uncompressed frames a second, and a camera asked for them gives 5 or 10.
_UNCOMPRESSED_PX = 640 * 480


class Webcam:
    """OpenCV's V4L2 capture behind the camera's contract."""

    def __init__(self, settings: CameraSettings) -> None:
        """Open the camera that `source` names: "" the first one, a number, or a device's path.

        Raises CameraError.
        """
        self._name, self._capture = _open(_candidates(settings.source), settings)
        self._lock = Lock()  # OpenCV crashes when a capture is released while it reads
        self._closed = False
        self._number = 0

    def read(self) -> Frame:
        """The next frame, waiting for it; its size is the one nearest to the settings that the camera has.

        Raises CameraError when the camera is unplugged, silent for 10 s (OpenCV's own limit), or closed.
        """
        with self._lock:
            if self._closed:
                raise CameraError("The camera is closed.")
            good, pixels = self._capture.read()
            taken_s = time.monotonic()
        if not good:
            raise CameraError(f"The camera at {self._name} stopped giving frames. Is its cable firm?")
        self._number += 1
        return Frame(cast(NDArray[np.uint8], pixels), taken_s, self._number)

    def close(self) -> None:
        """Let go of the device, after the frame that is being read. May be called twice."""
        with self._lock:
            self._closed = True
            self._capture.release()


def _candidates(source: str) -> list[Path]:
    """The devices to try, in order."""
    if source.isdecimal():
        return [Path(f"/dev/video{source}")]
    if source:
        return [Path(source)]
    numbered = [p for p in Path("/dev").glob("video*") if p.name[5:].isdecimal()]
    return sorted(numbered, key=lambda p: int(p.name[5:]))


def _open(devices: list[Path], settings: CameraSettings) -> tuple[Path, cv2.VideoCapture]:
    """The first device that opens. A camera often has a second node, for metadata, which does not."""
    if not devices:
        raise CameraError("No camera at /dev/video*. Is it plugged in?")
    for device in devices:
        if not device.exists():
            raise CameraError(f"No camera at {device}. Is it plugged in?")
        if not os.access(device, os.R_OK | os.W_OK):
            raise CameraError(f"The camera at {device} is not ours to open. Add this user to the group `video`.")
        capture = cv2.VideoCapture(name_for_opencv(device), cv2.CAP_V4L2)
        if capture.isOpened():
            _configure(capture, settings)
            return device, capture
    raise CameraError(f"{devices[0]} gives no picture. Is it a camera, and does no other program hold it?")


def _configure(capture: cv2.VideoCapture, settings: CameraSettings) -> None:
    if settings.width_px * settings.height_px > _UNCOMPRESSED_PX:
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, settings.width_px)
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, settings.height_px)
    capture.set(cv2.CAP_PROP_FPS, settings.fps)
