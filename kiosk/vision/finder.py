"""What both engines do with dlib: the HOG detector, and the five landmarks by which a face is put upright."""

from typing import Any

import dlib
import numpy as np

from kiosk.errors import ModelError
from kiosk.events import Box
from kiosk.vision.engine import HOG_SMALLEST_PX, AlignedFace, Image
from kiosk.vision.models import LANDMARKS, model_path
from kiosk.vision.pixels import as_grey, as_rgb, scaled

_HARD_LEAST_SIDE_PX = 40  # half of MMOD's window; on pictures of a few pixels dlib's own damages its memory
_CHIP_PX = 150
_CUT_PX = 16
_CHIP_PADDING = 0.25  # what face_recognition_model_v1 was trained with (dlib's face_recognition.cpp)


class Finder:
    """Finds faces that look at the camera, and cuts them out upright."""

    def __init__(self) -> None:
        """Loads the landmarks. Raises ModelError."""
        self._detector = dlib.get_frontal_face_detector()
        self._landmarks = load(dlib.shape_predictor, LANDMARKS)

    def detect(self, image: Image, smallest_px: float) -> list[Box]:
        """The faces, the largest first. The picture is scaled so that the smallest is one that HOG can see."""
        if not image.size:
            return []
        scale = HOG_SMALLEST_PX / smallest_px
        grey = scaled(as_grey(image), scale)
        return by_size([box_of(found, scale) for found in self._detector(grey, 0)])

    def align(self, image: Image, box: Box) -> AlignedFace:
        """The face in a box, upright. ValueError where there is no pixel.

        Only the part of the picture that the chip can show is touched; what is cut off lies at multiples of
        _CUT_PX, so that dlib shrinks the rest exactly as it would shrink the whole.
        """
        left, top, width, height = box
        x, y = (_CUT_PX * max(0, round(edge - width) // _CUT_PX) for edge in (left, top))
        colours = as_rgb(image[y : max(0, top + height + width), x : max(0, left + 2 * width)])
        if not colours.size:  # a box beyond the picture; what it shows is black
            x, y, colours = 0, 0, as_rgb(image)
        if not colours.size:
            raise ValueError("a picture without pixels has no face to embed")
        place = dlib.rectangle(left - x, top - y, left - x + width - 1, top - y + height - 1)
        shape = self._landmarks(colours, place)
        chip = dlib.get_face_chip(colours, shape, size=_CHIP_PX, padding=_CHIP_PADDING)
        landmarks = np.array([(part.x + x, part.y + y) for part in shape.parts()], dtype=np.float64)
        return AlignedFace(landmarks, np.asarray(chip, dtype=np.uint8))


def for_hard(image: Image, smallest_px: float) -> tuple[Image, float] | None:
    """A picture as MMOD takes it, in red-green-blue, and its scale; None where it is too small for a face."""
    colours, scale = as_rgb(image), HOG_SMALLEST_PX / smallest_px
    if min(colours.shape[:2]) * scale < _HARD_LEAST_SIDE_PX:
        return None
    return scaled(colours, scale), scale


def load(loader: Any, name: str) -> Any:
    """A model of dlib's. Raises ModelError."""
    path = model_path(name)
    try:
        return loader(str(path))
    except (RuntimeError, MemoryError) as error:  # a damaged length can ask for any amount of memory
        raise ModelError(f"the model {path} is damaged; run scripts/setup again") from error


def box_of(found: Any, scale: float) -> Box:
    """A rectangle of dlib's in the scaled picture, as a box in the picture's own pixels."""
    return unscaled((found.left(), found.top(), found.width(), found.height()), scale)


def unscaled(box: Box, scale: float) -> Box:
    """A box in the scaled picture, in the picture's own pixels."""
    left, top, width, height = box
    return round(left / scale), round(top / scale), round(width / scale), round(height / scale)


def by_size(boxes: list[Box]) -> list[Box]:
    """The largest first."""
    return sorted(boxes, key=lambda box: -box[2])
