"""A few seconds of what the camera sees, from the camera itself or from the gate that has it."""

import re
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass

import cv2
import numpy as np
import requests

from drivers.camera import CameraSettings, Frame, open_camera
from drivers.camera.picamera import small_size
from drivers.errors import CameraEnded, CameraError, Trouble
from kiosk.commands.options import ask
from kiosk.config import Config
from kiosk.events import Box
from kiosk.vision.engine import Image
from kiosk.vision.finder import Finder
from kiosk.vision.pixels import as_bgr
from kiosk.vision.quality import Quality, assess
from kiosk.vision.view import View

_COUNT_S = 2.5  # until the exposure has settled, and a view that is bad for 2 s is seen to be
_FACE_S = 6.0  # for whoever is to come before the camera
_LOOKS = 4  # the sharpest of so many: people move
_FAR = 0.7  # faces are looked for from this part of the smallest that can be known, as the gate does
_MIDDLE_PX = 320
_TURNS = {180: cv2.ROTATE_180, 90: cv2.ROTATE_90_CLOCKWISE, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


@dataclass(frozen=True)
class Face:
    """The largest face of a picture."""

    box: Box
    quality: Quality


@dataclass(frozen=True)
class Film:
    """What was seen. picture: blue-green-red (height, width, 3).

    sharpness: of the picture's middle, as Quality's of a face, without the sensor's noise. light: mean grey level, 0 to
    255. trouble: what ails the view. turn: degrees clockwise by which the picture must be turned to show a face.
    """

    picture: Image
    face: Face | None
    sharpness: float
    light: float
    fps: float
    trouble: Trouble | None = None
    turn: int = 0


def from_camera(config: Config) -> Generator[Frame, None, None]:
    """The camera's frames, until a replay ends. Raises CameraError."""
    with closing(open_camera(config.camera, config.base)) as camera:
        while True:
            try:
                yield camera.read()
            except CameraEnded:
                return


def from_gate(listen: str) -> Generator[Frame, None, None]:
    """The pictures that the running gate shows at /preview, as its camera sees them. Raises CameraError."""
    number, data = 0, b""
    try:
        with ask(listen, "/preview", stream=True) as answer:
            answer.raise_for_status()
            for piece in answer.iter_content(None):
                data += piece
                while part := re.search(rb"Content-Length: (\d+)\r\n\r\n", data):
                    end = part.end() + int(part[1])
                    if len(data) < end:
                        break
                    picture = cv2.imdecode(np.frombuffer(data[part.end() : end], np.uint8), cv2.IMREAD_COLOR)
                    data, number = data[end:], number + 1
                    if picture is not None:  # it is shown as in a mirror
                        yield Frame(np.asarray(cv2.flip(picture, 1), np.uint8), time.monotonic(), number)
    except requests.RequestException as error:
        raise CameraError(f"the running gate shows no picture of its camera at http://{listen}/preview") from error


def searched_px(settings: CameraSettings) -> int:
    """How wide the pictures are in which a gate searches faces."""
    size = settings.size
    if settings.driver == "picamera":
        size = small_size(size) or size
    return size[1] if settings.rotation in (90, 270) else size[0]


def shoot(frames: Iterator[Frame], least_px: float) -> Film:
    """Look for a few seconds. least_px: the width of a face that is near enough, in Frame.pixels.

    Raises CameraError.
    """
    view, trouble, count, began_s = View(round(least_px)), None, 0, 0.0
    mean: cv2.typing.MatLike | None = None
    frame: Frame | None = None
    for frame in frames:
        began_s = began_s or frame.monotonic_s
        trouble = view.judge(frame)
        count += 1
        middle = _middle(as_bgr(frame.pixels))
        mean = middle if mean is None else cv2.addWeighted(mean, 1 - 1 / count, middle, 1 / count, 0)
        if frame.monotonic_s - began_s >= _COUNT_S:
            break
    if frame is None or mean is None:
        raise CameraError("the camera gives no picture")
    fps = (count - 1) / max(frame.monotonic_s - began_s, 1e-3)
    picture, face, turn = _picture(frame), None, 0
    if trouble is None:
        least_px *= picture.shape[1] / frame.pixels.shape[1]
        picture, face = _await_face(frames, picture, least_px)
        turn = 0 if face else _turn(picture, least_px)
    light = float(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).mean())
    return Film(picture, face, _sharpness(mean), light, fps, trouble, turn)


def _picture(frame: Frame) -> Image:
    return as_bgr(frame.pixels if frame.large is None else frame.large)


def _await_face(frames: Iterator[Frame], last: Image, least_px: float) -> tuple[Image, Face | None]:
    """The sharpest of several looks at a face, and its picture; else the last picture."""
    finder, looks = Finder(), list[tuple[Image, Face]]()
    end_s = time.monotonic() + _FACE_S
    while True:
        if face := _find(finder, last, least_px):
            looks.append((last, face))
        if len(looks) == _LOOKS or time.monotonic() > end_s:
            break
        following = next(frames, None)
        if following is None:
            break
        last = _picture(following)
    return max(looks, key=lambda look: look[1].quality.sharpness, default=(last, None))


def _find(finder: Finder, picture: Image, least_px: float) -> Face | None:
    boxes = finder.detect(picture, _FAR * least_px)
    if not boxes:
        return None
    aligned = finder.align(picture, boxes[0])
    return Face(boxes[0], assess(picture, boxes[0], aligned.landmarks, aligned.chip))


def _turn(picture: Image, least_px: float) -> int:
    """By how many degrees clockwise the picture must be turned to show a face; 0 where that does not help."""
    finder = Finder()
    turned = ((degrees, np.asarray(cv2.rotate(picture, code), np.uint8)) for degrees, code in _TURNS.items())
    return next((degrees for degrees, image in turned if finder.detect(image, _FAR * least_px)), 0)


def _middle(picture: Image) -> cv2.typing.MatLike:
    """The middle half of a picture, grey, _MIDDLE_PX wide at the most."""
    height, width = picture.shape[:2]
    grey = cv2.cvtColor(
        picture[height // 4 : height - height // 4, width // 4 : width - width // 4], cv2.COLOR_BGR2GRAY
    )
    scale = min(1.0, _MIDDLE_PX / grey.shape[1])
    return np.asarray(cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.float32)


def _sharpness(middle: cv2.typing.MatLike) -> float:
    spread = max(float(middle.std()), 1.0)
    return float(np.var(cv2.Laplacian(middle, cv2.CV_32F))) / spread**2
