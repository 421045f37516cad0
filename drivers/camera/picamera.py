"""The Raspberry Pi's own camera, through picamera2."""

import time
from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from drivers.camera.contract import CameraSettings, Frame
from drivers.errors import CameraError

_SILENCE_S = 5.0  # far longer than the longest exposure; picamera2 itself would wait for ever

Pixels = NDArray[np.uint8]


class PiCamera:
    """picamera2's video stream behind the camera's contract."""

    def __init__(self, settings: CameraSettings) -> None:
        """Open and start the first camera. Raises CameraError."""
        self._camera = _open()
        try:
            self._stream = _start(self._camera, settings)
        except Exception as cause:  # libcamera's errors are bare RuntimeErrors and more
            with suppress(Exception):  # it is already broken; the cause is what counts
                self._camera.close()
            raise CameraError(f"The Pi's camera does not start ({cause}). Does another program use it?") from cause
        self._lock = Lock()
        self._closed = False
        self._number = 0

    def read(self) -> Frame:
        """The next frame, waiting for it. Raises CameraError when none comes within 5 s, or when closed."""
        with self._lock:
            if self._closed:
                raise CameraError("The camera is closed.")
            buffer = self._next()
            taken_s = time.monotonic()
        self._number += 1
        return Frame(to_bgr(buffer, self._stream), taken_s, self._number)

    def close(self) -> None:
        """Let go of the camera, after the frame that is being read. May be called twice."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            with suppress(Exception):  # whatever libcamera says: there is nothing left to do about it
                self._camera.close()

    def _next(self) -> Pixels:
        """The bytes of the next frame, as the stream's format lays them."""
        try:
            # The whole buffer, for make_array knows fewer formats than libcamera gives.
            job = self._camera.capture_buffer("main", wait=False)
            return cast(Pixels, job.get_result(timeout=_SILENCE_S))
        except Exception as cause:  # TimeoutError, and libcamera's bare RuntimeErrors
            raise CameraError("The Pi's camera stopped giving frames. Is its ribbon firm?") from cause


def to_bgr(buffer: Pixels, stream: dict[str, Any]) -> Pixels:
    """A frame's bytes -> blue-green-red pixels (height, width, 3).

    stream: picamera2's description of it: `format`, `size` as (width, height), and `stride`, the bytes from
    one row to the next. Raises CameraError for a format that we can't read.
    """
    lay = _LAYOUTS.get(stream["format"])
    if lay is None:
        raise CameraError(f"The Pi's camera gives {stream['format']}, which we can't read.")
    width, height = stream["size"]
    return np.ascontiguousarray(lay(buffer.reshape(-1), width, height, stream["stride"]))


def _packed(channels: int, code: int | None) -> Callable[[Pixels, int, int, int], Pixels]:
    def lay(buffer: Pixels, width: int, height: int, stride: int) -> Pixels:
        rows = buffer[: height * stride].reshape(height, stride)[:, : width * channels]
        pixels = rows.reshape(height, width, channels)
        return pixels if code is None else cast(Pixels, cv2.cvtColor(pixels, code))

    return lay


def _nv12(buffer: Pixels, width: int, height: int, stride: int) -> Pixels:
    rows = buffer[: height * 3 // 2 * stride].reshape(height * 3 // 2, stride)
    return cast(Pixels, cv2.cvtColor(rows, cv2.COLOR_YUV2BGR_NV12)[:, :width])


def _yuv420(buffer: Pixels, width: int, height: int, stride: int) -> Pixels:
    # The colour planes' stride is half the brightness's, so the padded picture is whole again as a wider one.
    rows = buffer[: height * 3 // 2 * stride].reshape(height * 3 // 2, stride)
    return cast(Pixels, cv2.cvtColor(rows, cv2.COLOR_YUV2BGR_I420)[:, :width])


# libcamera names a format by its bytes from the highest to the lowest, so RGB888 lies in memory as B, G, R.
_LAYOUTS: dict[str, Callable[[Pixels, int, int, int], Pixels]] = {
    "RGB888": _packed(3, None),
    "BGR888": _packed(3, cv2.COLOR_RGB2BGR),
    "XRGB8888": _packed(4, cv2.COLOR_BGRA2BGR),
    "XBGR8888": _packed(4, cv2.COLOR_RGBA2BGR),
    "NV12": _nv12,
    "YUV420": _yuv420,
}


def _open() -> Any:
    """The first camera. Raises CameraError."""
    try:
        from picamera2 import Picamera2  # only the board has it, and importing it starts libcamera
    except (ImportError, ValueError) as cause:  # ValueError: it was built for another numpy than ours
        raise CameraError(
            f"picamera2 can't be loaded ({cause}). Install it with `sudo apt install python3-picamera2`, "
            "and let the virtualenv see the system's packages."
        ) from cause
    try:
        return Picamera2()
    except IndexError as cause:
        raise CameraError("The Pi has no camera. Is its ribbon in, the right way round?") from cause
    except Exception as cause:  # libcamera's errors are bare RuntimeErrors and more
        raise CameraError(f"The Pi's camera can't be opened ({cause}). Does another program use it?") from cause


def _start(camera: Any, settings: CameraSettings) -> dict[str, Any]:
    """Start the video stream; what the camera really gives may differ from what was asked."""
    asked = {"size": (settings.width_px, settings.height_px), "format": "RGB888"}
    camera.configure(camera.create_video_configuration(main=asked))
    # Set apart from the configuration, for not every sensor knows it and configure() would refuse.
    if "FrameDurationLimits" in camera.camera_controls:
        frame_us = round(1_000_000 / settings.fps)
        camera.set_controls({"FrameDurationLimits": (frame_us, frame_us)})
    camera.start()
    stream = dict(camera.camera_configuration()["main"])
    if stream["format"] not in _LAYOUTS:
        raise CameraError(f"it gives {stream['format']}, which we can't read")
    return stream
