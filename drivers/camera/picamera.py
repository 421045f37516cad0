"""The Raspberry Pi's own camera, through picamera2: one stream for the face, and a small grey one to search."""

import logging
import os
import time
from contextlib import suppress
from threading import Lock
from typing import Any, Final, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from drivers.camera.contract import CameraSettings, Frame
from drivers.camera.formats import Stream, check_format, to_bgr, to_grey
from drivers.errors import CameraError, CameraFrozen, CameraUnplugged

Pixels = NDArray[np.uint8]
Size = tuple[int, int]

_log = logging.getLogger(__name__)

_SILENCE_S: Final = 2.0  # longer than any exposure that we allow; picamera2 itself would wait for ever
_SEARCHED_PX: Final = (640, 480)  # what is larger is searched in a smaller picture
_SLOWEST_S: Final = 1 / 15  # at dusk a frame may be exposed for so long

# For a dark face before a bright sky: what is in the middle counts, not the edges, and all is exposed 1.6 times longer;
# the sky may well be white. The constraint stays the default, which has no upper bound: "highlight" would protect the
# sky, and "shadows" is missing in the tuning of Camera Module 3 (imx708.json): we assume, and have not tried, that old
# versions of libcamera end the process there. Short exposures first, for noise harms a walking face less than blur.
# Meanings: libcamera's control_ids_core.yaml (AeMeteringMode, AeExposureMode, AeConstraintMode, ExposureValue).
_EXPOSURE: Final[dict[str, Any]] = {
    "AeMeteringMode": 0,  # MeteringCentreWeighted
    "AeExposureMode": 1,  # ExposureShort
    "ExposureValue": 0.7,
}


class PiCamera:
    """picamera2's video behind the camera's contract."""

    def __init__(self, settings: CameraSettings) -> None:
        """Open and start the first camera. Raises CameraError, CameraUnplugged where there is none."""
        self._lock = Lock()
        self._closed = False
        self._number = 0
        self._settings = settings
        self._camera = _open()
        try:
            self._streams = _start(self._camera, settings)
        except CameraError:
            self.close()
            raise
        except Exception as cause:  # libcamera's errors are bare RuntimeErrors and more
            self.close()
            raise CameraError(f"The Pi's camera does not start ({cause}). Does another program use it?") from cause

    def read(self) -> Frame:
        """The next frame, waiting for it; what is larger than 640x480 comes in two sizes.

        Raises CameraFrozen when none comes within 2 s, CameraError when closed, or where it can't be understood.
        """
        with self._lock:
            if self._closed:
                raise CameraError("The camera is closed.")
            buffers = self._next()
            taken_s = time.monotonic()
        self._number += 1
        pixels, large = self._streams.pictures(buffers)
        return Frame(pixels, taken_s, self._number, large)

    def close(self) -> None:
        """Let go of the camera, after the frame that is being read. May be called twice."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            with suppress(Exception):  # whatever libcamera says: there is nothing left to do about it
                # A capture that nothing came of would stand before the stop in picamera2's queue, for ever.
                self._camera.cancel_all_and_flush()
            with suppress(Exception):
                self._camera.close()

    def _next(self) -> list[Pixels]:
        """The bytes of the next frame, of each stream, as its format lays them."""
        try:
            # The whole buffers, for make_array knows fewer formats than libcamera gives. A request would have to be
            # given back, which nobody does once we no longer wait for it.
            job = self._camera.capture_buffers(self._streams.names, wait=False)
            buffers, _ = job.get_result(timeout=_SILENCE_S)
        except TimeoutError as cause:
            raise CameraFrozen(f"The Pi's camera gave no frame for {_SILENCE_S:g} s. Is its ribbon firm?") from cause
        except Exception as cause:  # libcamera's errors are bare RuntimeErrors
            raise CameraError(f"The Pi's camera stopped giving frames ({cause}). Is its ribbon firm?") from cause
        return cast(list[Pixels], buffers)


class _Streams:
    """What was really configured, and how its buffers become pictures."""

    def __init__(self, configuration: dict[str, Any], settings: CameraSettings) -> None:
        """Raises CameraError for a format that we can't read."""
        self._main: Stream = dict(configuration["main"])
        small = configuration.get("lores")
        # One of another size than asked may be as large as the other, and slow to search.
        self._small: Stream | None = dict(small) if small and small["size"] == small_size(self._main["size"]) else None
        self.names = ["main", "lores"] if self._small else ["main"]
        for stream in filter(None, (self._main, self._small)):
            check_format(stream)
        self._turns = 1 if settings.rotation == 90 else 3 if settings.rotation == 270 else 0
        self._flips = _missing_flips(configuration["transform"], settings)

    def pictures(self, buffers: list[Pixels]) -> tuple[Pixels, Pixels | None]:
        """What is searched, and the same in more pixels where the camera gives more."""
        size = small_size(self._main["size"])
        if size is None:
            return np.ascontiguousarray(self._turned(to_bgr(buffers[0], self._main))), None
        if self._small:
            pixels = to_grey(buffers[1], self._small)
        else:
            pixels = cast(Pixels, cv2.resize(to_grey(buffers[0], self._main), size, interpolation=cv2.INTER_AREA))
        # Of the large picture only a face is ever looked at, so it is turned without being copied.
        return np.ascontiguousarray(self._turned(pixels)), self._turned(to_bgr(buffers[0], self._main))

    def _turned(self, pixels: Pixels) -> Pixels:
        return np.rot90(pixels[:: self._flips[1], :: self._flips[0]], -self._turns)


def small_size(size: Size) -> Size | None:
    """The picture that is searched instead of one of that size: a whole part of it; None where it is small enough."""
    part = max(-(-given // most) for given, most in zip(size, _SEARCHED_PX, strict=True))
    return None if part == 1 else (size[0] // part // 2 * 2, size[1] // part // 2 * 2)


def _flips(settings: CameraSettings) -> tuple[bool, bool]:
    """Whether the camera itself swaps left and right, and up and down; only a quarter turn may be left to do."""
    if settings.rotation in (90, 270):
        return False, settings.mirror
    return settings.mirror != (settings.rotation == 180), settings.rotation == 180


def _missing_flips(given: Any, settings: CameraSettings) -> tuple[int, int]:
    """The steps across and down, -1 or 1, that do what the camera was asked to and does not."""
    across, down = _flips(settings)
    return (-1 if across != bool(given.hflip) else 1), (-1 if down != bool(given.vflip) else 1)


def _open() -> Any:
    """The first camera. Raises CameraError."""
    try:
        from picamera2 import Picamera2  # only the board has it, and importing it starts libcamera
    except (ImportError, ValueError) as cause:  # ValueError: it was built for another numpy than ours
        raise CameraError(
            f"picamera2 can't be loaded ({cause}). Install it with `sudo apt install python3-picamera2`, "
            "then run scripts/setup again."
        ) from cause
    try:
        # Webcams are listed too, behind the Pi's own, so the first one is not a webcam where there is any other.
        if any("/usb" not in camera.get("Id", "") for camera in Picamera2.global_camera_info()):
            return _made(Picamera2)
    except Exception as cause:  # libcamera's errors are bare RuntimeErrors and more
        raise CameraError(f"The Pi's camera can't be opened ({cause}). Does another program use it?") from cause
    raise CameraUnplugged("The Pi has no camera. Is its ribbon in, the right way round?")


def _made(vendor: Any) -> Any:
    """A Picamera2, whose pipe is closed where the camera can't be opened: it would stay open, a new one at each try."""
    camera = vendor.__new__(vendor)
    try:
        camera.__init__()
    except Exception:
        with suppress(AttributeError):  # it had none yet
            camera.notifymeread.close()
            os.close(camera.notifyme_w)
        raise
    return camera


def _start(camera: Any, settings: CameraSettings) -> _Streams:
    """Start the video; what the camera really gives may differ from what was asked."""
    _configure(camera, settings)
    streams = _Streams(camera.camera_configuration(), settings)
    frame_s = 1 / settings.fps
    limits_us = (round(1e6 * frame_s), round(1e6 * max(frame_s, _SLOWEST_S)))
    # Set apart from the configuration, for not every camera knows them all and configure() would refuse.
    wanted = {"FrameDurationLimits": limits_us, **_EXPOSURE}
    camera.set_controls({name: value for name, value in wanted.items() if name in camera.camera_controls})
    camera.start()
    return streams


def _configure(camera: Any, settings: CameraSettings) -> None:
    """Two streams, or one where that is enough, or where the camera gives no more."""
    from libcamera import ColorSpace, Transform

    hflip, vflip = _flips(settings)
    asked = {
        "main": {"size": settings.size, "format": "RGB888"},
        "transform": Transform(hflip=hflip, vflip=vflip),
        "colour_space": ColorSpace.Sycc(),  # in which black is 0 and white 255, as in any picture, not 16 and 235
    }
    if small := small_size(settings.size):
        try:
            lores = {"size": small, "format": "YUV420"}
            camera.configure(camera.create_video_configuration(**asked, lores=lores))
        except Exception as cause:  # noqa: BLE001 - libcamera's bare RuntimeErrors; the second try tells what is wrong
            _log.warning("the Pi's camera gives no second, smaller stream (%s): pictures are shrunk here", cause)
        else:
            return
    camera.configure(camera.create_video_configuration(**asked))
