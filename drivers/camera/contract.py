"""What every camera promises."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Protocol

import numpy as np
from annotated_types import Interval
from numpy.typing import NDArray


@dataclass(frozen=True)
class Frame:
    """One picture as the camera gave it, turned and mirrored as the settings say.

    pixels: uint8, shape (height, width, 3), blue-green-red as OpenCV has it, or (height, width), grey; never written to
    again. Faces are searched in it, and boxes count in its pixels.
    monotonic_s: when it was taken, on time.monotonic()'s clock.
    number: counts from 1 since the camera was opened.
    large: the same moment and view in more pixels, (height, width, 3), for a camera that gives both; faces are known
    from it.
    """

    pixels: NDArray[np.uint8]
    monotonic_s: float
    number: int
    large: NDArray[np.uint8] | None = None


@dataclass(frozen=True)
class CameraSettings:
    """The [camera] table of gerbang.toml. Sizes in pixels, of the picture before it is turned.

    source: what a webcam or a replay reads. width_px, height_px: where neither is given, as suits the driver, and where
    only one is, 4 to 3. rotation: clockwise, in degrees, for a camera that hangs on its side or upside down; mirror:
    left and right change places.
    """

    driver: Literal["picamera", "webcam", "replay"] = "webcam"
    source: str = ""  # webcam: its id, number or device; replay: a folder, a video or a scene (.toml)
    width_px: Annotated[int, Interval(ge=160, le=4096)] | None = None
    height_px: Annotated[int, Interval(ge=120, le=4096)] | None = None
    fps: Annotated[int, Interval(ge=1, le=120)] = 30
    rotation: Literal[0, 90, 180, 270] = 0
    mirror: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Width and height to ask the camera for."""
        if self.width_px and self.height_px:
            return self.width_px, self.height_px
        if self.height_px:
            return round(self.height_px * 2 / 3) * 2, self.height_px  # in steps of 2, as most formats have it
        width = self.width_px or (1280 if self.driver == "picamera" else 640)  # the Pi shrinks pictures in its hardware
        return width, round(width * 3 / 8) * 2


class Camera(Protocol):
    """A source of frames. One thread reads; any thread may close."""

    def read(self) -> Frame:
        """The next frame, waiting for it. Raises CameraError when there is none, CameraEnded at a replay's end."""
        ...

    def close(self) -> None:
        """Let go of the device. May be called twice."""
        ...


def open_camera(settings: CameraSettings, base: Path = Path(), began_s: float | None = None) -> Camera:
    """The camera that the settings name; relative paths count from `base`. Raises CameraError.

    began_s: the time.monotonic() at which a replay began (None: it begins now).
    """
    from drivers.camera import picamera, replay, webcam  # only the named driver's vendor is needed

    match settings.driver:
        case "picamera":
            return picamera.PiCamera(settings)
        case "webcam":
            return webcam.Webcam(settings)
        case "replay":
            return replay.open_replay(settings, base, began_s)


def camera_opener(settings: CameraSettings, base: Path = Path()) -> Callable[[], Camera]:
    """Opens the camera as often as it is called; a replay goes on meanwhile, as what is before a camera does."""
    began_s: float | None = None

    def reopen() -> Camera:
        nonlocal began_s
        camera = open_camera(settings, base, began_s)
        began_s = began_s or time.monotonic()
        return camera

    return reopen
