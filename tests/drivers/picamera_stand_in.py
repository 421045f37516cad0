"""As much of picamera2 and libcamera as we ask of them, with a camera that shows one picture.

The real picamera2 runs elsewhere, on libcamera's virtual camera; here its camera can be made to do what that one can't.
"""

import sys
from dataclasses import dataclass
from types import ModuleType
from typing import Any, ClassVar, cast

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

_BYTES = {"RGB888": 3, "BGR888": 3, "XRGB8888": 4, "XBGR8888": 4, "NV12": 1, "YUV420": 1}


@dataclass(frozen=True)
class Transform:
    """libcamera's."""

    hflip: bool = False
    vflip: bool = False


class ColorSpace:
    """libcamera's."""

    @staticmethod
    def Sycc() -> str:  # noqa: N802 - its name there
        """Of photographs: all 256 levels are used."""
        return "Sycc"


class Picamera2:
    """The class; what its camera is like stands in the class, for the driver makes the instances."""

    cameras: tuple[str, ...] = ("/base/axi/pcie@120000/rp1/i2c@88000/imx708@1a",)
    lost_bytes = 0  # at the end of each buffer
    main_format = "RGB888"
    two_streams = True
    flips = True
    silent = False
    controls: ClassVar[dict[str, Any]] = {"FrameDurationLimits": (33333, 120000, None), "ExposureValue": (-8, 8, 0)}
    picture: Pixels = np.full((120, 160, 3), (200, 0, 0), np.uint8)
    instances: ClassVar[list["Picamera2"]] = []

    def __init__(self) -> None:
        """Open the first camera."""
        self.camera_controls = self.controls
        self.set: dict[str, Any] = {}
        self.running = False
        self.closed = False
        self._configuration: dict[str, Any] = {}
        self._waiting = False
        self.instances.append(self)

    @classmethod
    def global_camera_info(cls) -> list[dict[str, Any]]:
        """The cameras that there are."""
        return [{"Num": number, "Id": name} for number, name in enumerate(cls.cameras)]

    def create_video_configuration(self, **asked: Any) -> dict[str, Any]:
        """A configuration, which we only hand back."""
        return {"lores": None, **asked}

    def configure(self, configuration: dict[str, Any]) -> None:
        """Lay the rows 64 bytes apart, as the Pi's image processor wants them."""
        assert configuration["colour_space"] == "Sycc"
        if configuration["lores"] and not self.two_streams:
            raise RuntimeError("Invalid camera configuration")
        main = {**configuration["main"], "format": self.main_format}
        given = {"main": _strided(main), "lores": configuration["lores"] and _strided(configuration["lores"])}
        self._configuration = {**given, "transform": configuration["transform"] if self.flips else Transform()}

    def set_controls(self, controls: dict[str, Any]) -> None:
        """Only what the camera has is accepted."""
        assert controls.keys() <= self.camera_controls.keys()
        self.set |= controls

    def camera_configuration(self) -> dict[str, Any]:
        """What was really configured."""
        return self._configuration

    def start(self) -> None:
        """Frames flow."""
        self.running = True

    def capture_buffers(self, names: list[str], wait: bool) -> "Picamera2":
        """A job, which here is the camera itself."""
        assert self.running
        assert not wait
        self._waiting = True
        self._names = names
        return self

    def get_result(self, timeout: float) -> tuple[list[Pixels], dict[str, Any]]:
        """The job's result."""
        if self.silent:
            raise TimeoutError(timeout)
        self._waiting = False
        return [self._buffer(name) for name in self._names], {}

    def cancel_all_and_flush(self) -> None:
        """Forget the jobs that wait."""
        self._waiting = False

    def close(self) -> None:
        """No more frames."""
        assert not self._waiting, "picamera2 would wait for ever, behind a capture that nothing comes of"
        self.running = False
        self.closed = True

    def _buffer(self, name: str) -> Pixels:
        stream, transform = self._configuration[name], self._configuration["transform"]
        seen = self.picture[:: -1 if transform.vflip else 1, :: -1 if transform.hflip else 1]
        sized = cv2.resize(np.ascontiguousarray(seen), stream["size"], interpolation=cv2.INTER_NEAREST)
        buffer = laid(stream["format"], cast(Pixels, sized), stream["stride"])
        return buffer[: buffer.size - self.lost_bytes]


def _strided(stream: dict[str, Any]) -> dict[str, Any]:
    row = stream["size"][0] * _BYTES.get(stream["format"], 2)
    return {**stream, "stride": -(-row // 64) * 64}


def laid(form: str, bgr: Pixels, stride: int) -> Pixels:
    """A picture's bytes as libcamera lays them in that format."""
    height, width = bgr.shape[:2]
    if form in ("RGB888", "BGR888"):
        return _padded((bgr if form == "RGB888" else bgr[:, :, ::-1]).reshape(height, -1), stride)
    if form in ("XRGB8888", "XBGR8888"):
        opaque = np.full((height, width, 1), 255, np.uint8)
        colours = bgr if form == "XRGB8888" else bgr[:, :, ::-1]
        return _padded(np.concatenate([colours, opaque], axis=2).reshape(height, -1), stride)
    planes = cast(Pixels, cv2.cvtColor(bgr, cv2.COLOR_BGR2YUV_I420)).reshape(-1)
    y: Pixels = planes[: width * height].reshape(height, width)
    u, v = planes[width * height :].reshape(2, height // 2, width // 2)
    if form == "NV12":
        uv: Pixels = np.stack([u, v], axis=2).reshape(height // 2, width)
        return np.concatenate([_padded(y, stride), _padded(uv, stride)])
    return np.concatenate([_padded(y, stride), _padded(u, stride // 2), _padded(v, stride // 2)])


def _padded(rows: Pixels, stride: int) -> Pixels:
    return np.pad(rows, ((0, 0), (0, stride - rows.shape[1]))).reshape(-1)


def install(monkeypatch: pytest.MonkeyPatch) -> type[Picamera2]:
    """Make this computer one with picamera2 and a camera, which the class that is given describes."""

    class Installed(Picamera2):
        instances: ClassVar[list[Picamera2]] = []

    for name, content in (
        ("picamera2", {"Picamera2": Installed}),
        ("libcamera", {"Transform": Transform, "ColorSpace": ColorSpace}),
    ):
        module = ModuleType(name)
        module.__dict__.update(content)
        monkeypatch.setitem(sys.modules, name, module)
    return Installed
