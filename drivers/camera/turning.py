"""Pictures of a camera that hangs on its side or upside down, or that shows a mirror image."""

from typing import Final, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from drivers.camera.contract import CameraSettings

Pixels = NDArray[np.uint8]

_TURNS: Final = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


def turned(pixels: Pixels, settings: CameraSettings) -> Pixels:
    """The picture turned clockwise, and then mirrored, as the settings say."""
    if settings.rotation:
        pixels = cast(Pixels, cv2.rotate(pixels, _TURNS[settings.rotation]))
    return cast(Pixels, cv2.flip(pixels, 1)) if settings.mirror else pixels
