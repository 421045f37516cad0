"""Is a face worth embedding? If not, the reason is one that the person can act on.

The limits were set from what the detector finds and the network still knows: 200 pictures of the ORL database,
face_recognition's test images, and both made darker, blurred and cut by degrees (tests/kiosk/test_quality.py). They
turn away what would only cost time or be a guess; what is doubtful after that is for the gallery's threshold.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.events import Box, Unfit
from kiosk.vision.engine import Image
from kiosk.vision.pixels import as_grey

__all__ = ["Quality", "Unfit", "assess"]

# A dark skin before a bright wall is no bad light: both limits lie where noise moves the embedding by 0.25 and more.
_DARK_LEVEL = 30.0  # mean of the face, of 255
_AGAINST_LIGHT_LEVEL = 42.0  # a face darker than this, in a scene that is
_AGAINST_LIGHT_RATIO = 2.0  # so many times brighter
_BLURRED = 0.0125  # ORL's enlarged pictures have 0.019 at the least. Below, an embedding lies 0.3 and more beside the
# sharp one's, and two people's come nearer to each other, which is worse.
_TURNED = 0.30  # ORL's frontal pictures have 0.16 at the most, but one
_LOOKING_UP, _LOOKING_DOWN = 0.42, 1.12  # ORL and the test images: 0.54 to 1.03
_OUTSIDE_PART = 0.12  # of the face's width or height


@dataclass(frozen=True)
class Quality:
    """How good a face is. unfit: the first reason against it, or None.

    light: mean grey level of the face, 0 to 255. sharpness: variance of the Laplacian over that of the chip.
    yaw: how far the nose lies beside the eyes' middle, and pitch: below it, both in distances between the eyes;
    yaw is positive where the nose is on the picture's right.
    """

    unfit: Unfit | None
    light: float
    sharpness: float
    yaw: float
    pitch: float


def assess(image: Image, box: Box, landmarks: NDArray[np.float64], chip: Image) -> Quality:
    """Judge a face. landmarks: (5, 2), dlib's order; chip: the upright face, (150, 150, 3)."""
    yaw, pitch = _pose(landmarks)
    light, surroundings = _light(image, box)
    sharpness = _sharpness(chip)
    reasons = {
        Unfit.OUTSIDE: _outside(image, box) > _OUTSIDE_PART,
        Unfit.AGAINST_LIGHT: light < _AGAINST_LIGHT_LEVEL and surroundings > _AGAINST_LIGHT_RATIO * light,
        Unfit.TOO_DARK: light < _DARK_LEVEL,
        Unfit.TURNED: abs(yaw) > _TURNED or not _LOOKING_UP < pitch < _LOOKING_DOWN,
        Unfit.BLURRED: sharpness < _BLURRED,
    }
    return Quality(next((reason for reason, holds in reasons.items() if holds), None), light, sharpness, yaw, pitch)


def _pose(landmarks: NDArray[np.float64]) -> tuple[float, float]:
    """Yaw and pitch from the corners of the eyes (0 to 3) and the base of the nose (4)."""
    one, other = (landmarks[0] + landmarks[1]) / 2, (landmarks[2] + landmarks[3]) / 2
    across = one - other
    apart = max(float(np.hypot(*across)), 1e-6)
    axis = across / apart
    nose = landmarks[4] - (one + other) / 2
    return float(nose @ axis) / apart, abs(float(axis[0] * nose[1] - axis[1] * nose[0])) / apart


def _light(image: Image, box: Box) -> tuple[float, float]:
    """Mean grey level of the face, and of the whole picture."""
    left, top, width, height = box
    face = image[max(0, top) : max(0, top + height) : 2, max(0, left) : max(0, left + width) : 2]
    return (_grey(face) if face.size else 0.0), _grey(image[::8, ::8])


def _grey(pixels: Image) -> float:
    return float(cv2.mean(as_grey(pixels))[0])


def _sharpness(chip: Image) -> float:
    middle = cv2.cvtColor(np.ascontiguousarray(chip[25:125, 25:125]), cv2.COLOR_RGB2GRAY).astype(np.float32)
    spread = max(float(middle.std()), 1.0)
    return float(np.var(cv2.Laplacian(middle, cv2.CV_32F))) / spread**2


def _outside(image: Image, box: Box) -> float:
    """The largest part of the face's width or height that lies outside the picture."""
    left, top, width, height = box
    beyond_x = max(-left, left + width - image.shape[1], 0) / width
    beyond_y = max(-top, top + height - image.shape[0], 0) / height
    return float(max(beyond_x, beyond_y))
