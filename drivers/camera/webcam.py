"""A USB camera, or any other that Linux shows as /dev/videoN."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Final, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from drivers.camera.contract import CameraSettings, Frame
from drivers.camera.devices import captures, find_devices
from drivers.camera.files import name_for_opencv
from drivers.camera.turning import turned
from drivers.errors import CameraError, CameraFrozen, CameraUnplugged

Pixels = NDArray[np.uint8]

_SILENCE_S: Final = 2
_FIRST_S: Final = 5.0  # some cameras need it until the first picture
_AGAIN_S: Final = 0.01
# Beyond this, USB 2 can't carry 30 uncompressed frames a second, and a camera asked for them gives 5 or 10.
_UNCOMPRESSED_PX: Final = 640 * 480


class Webcam:
    """OpenCV's V4L2 capture behind the camera's contract."""

    def __init__(self, settings: CameraSettings) -> None:
        """Open the camera that `source` names (drivers/camera/devices.py): "" is the first that captures.

        Raises CameraError, CameraUnplugged where it is not there, CameraFrozen where it gives nothing for 5 s.
        """
        # OpenCV waits 10 s for a frame, unless the process's environment says otherwise when it first waits.
        os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", str(_SILENCE_S))
        self._settings = settings
        self._device, self._capture = _open(find_devices(settings.source), settings)
        self._lock = Lock()  # OpenCV crashes when a capture is released while it reads
        self._closed = False
        self._number = 0
        try:
            await_picture(self._take, _FIRST_S, self._device)
        except CameraError:
            self.close()
            raise

    def read(self) -> Frame:
        """The next frame, waiting for it; its size is the one nearest to the settings that the camera has.

        Raises CameraUnplugged, CameraFrozen when no frame comes for 2 s, CameraError when closed.
        """
        pixels = await_picture(self._take, _SILENCE_S, self._device)
        taken_s = time.monotonic()
        self._number += 1
        return Frame(turned(pixels, self._settings), taken_s, self._number)

    def close(self) -> None:
        """Let go of the device, after the frame that is being read. May be called twice."""
        with self._lock:
            self._closed = True
            self._capture.release()

    def _take(self) -> Pixels | None:
        with self._lock:
            if self._closed:
                raise CameraError("The camera is closed.")
            good, pixels = self._capture.read()
        return cast(Pixels, pixels) if good else None


def await_picture(take: Callable[[], Pixels | None], patience_s: float, device: Path) -> Pixels:
    """The next picture that is whole: on a poor cable one is spoilt now and then, which `take` gives as None.

    Raises CameraUnplugged when the device is gone, CameraFrozen when no good one came for so long.
    """
    end_s = time.monotonic() + patience_s
    while (pixels := take()) is None:
        if not device.exists():
            raise CameraUnplugged(f"The camera at {device} is gone. Is its cable firm?")
        if time.monotonic() >= end_s:
            raise CameraFrozen(f"The camera at {device} gives no frames. Is its cable firm?")
        time.sleep(_AGAIN_S)
    return pixels


def _open(devices: list[Path], settings: CameraSettings) -> tuple[Path, cv2.VideoCapture]:
    """The first device that opens, by its own name. Raises CameraError."""
    for device in devices:
        if not os.access(device, os.R_OK | os.W_OK):
            raise CameraError(f"The camera at {device} is not ours to open. Add this user to the group `video`.")
        name = name_for_opencv(device.resolve())
        if not captures(device):
            continue
        capture = cv2.VideoCapture(name, cv2.CAP_V4L2)
        if capture.isOpened():
            _configure(capture, settings)
            return Path(name), capture
        capture.release()
    raise CameraError(f"{devices[0]} gives no picture. Is it a camera, and does no other program hold it?")


def _configure(capture: cv2.VideoCapture, settings: CameraSettings) -> None:
    width, height = settings.size
    if width * height > _UNCOMPRESSED_PX:
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
    capture.set(cv2.CAP_PROP_FPS, settings.fps)
