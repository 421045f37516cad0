"""Photographs from files: read, and searched for faces of any size."""

from pathlib import Path

import cv2
import numpy as np

from kiosk.errors import PhotoError
from kiosk.events import Box
from kiosk.vision.engine import HOG_SMALLEST_PX, Engine, Image

_SIDES_PX = (900, 1800)  # the long side that a photograph is searched at; the second where the first shows no face


def read_photograph(path: Path) -> Image:
    """The picture in a file: uint8 (height, width, 3), blue-green-red, turned as its camera noted.

    Raises PhotoError.
    """
    if path.exists() and not path.is_file():
        raise PhotoError(f"{path} is not a photograph, but a folder or a device")
    try:
        data = np.fromfile(path, dtype=np.uint8)
    except OSError as error:
        raise PhotoError(f"the photograph {path} can't be read: {error.strerror}") from error
    try:
        image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except cv2.error:
        image = None
    if image is None:
        raise PhotoError(f"{path} is not a photograph that we can read, or far too large; use JPEG or PNG")
    return np.asarray(image, dtype=np.uint8)


def find_faces(engine: Engine, image: Image) -> list[Box]:
    """The faces of a photograph, large or small, the largest first."""
    long_side = max(image.shape[:2])
    for side in _SIDES_PX:
        if boxes := engine.detect(image, HOG_SMALLEST_PX * long_side / side):
            return boxes
    return []
