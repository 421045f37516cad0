"""The networks behind one contract: where faces are, and what number stands for each."""

from typing import Any, Protocol

import cv2
import dlib
import numpy as np
from numpy.typing import NDArray

from kiosk.errors import ModelError
from kiosk.events import Box
from kiosk.vision.models import LANDMARKS, RESNET, model_path

Image = NDArray[np.uint8]
Embedding = NDArray[np.float32]

HOG_SMALLEST_PX = 80  # the face that dlib's HOG detector was trained on, in the picture that it is given


class Engine(Protocol):
    """Finds faces and embeds them. Pictures are uint8 (height, width, 3) in blue-green-red."""

    name: str

    def detect(self, image: Image, smallest_px: float = HOG_SMALLEST_PX) -> list[Box]:
        """The faces from a width on, the largest first; a box may reach over the picture's edge."""
        ...

    def embed(self, image: Image, box: Box) -> Embedding:
        """128 numbers for the face in a box: the nearer two are, the likelier they are one person."""
        ...


class DlibEngine:
    """dlib as its author made it: HOG detector, five landmarks, ResNet of 29 layers."""

    name = "dlib-resnet-v1"

    def __init__(self) -> None:
        """Loads the models. Raises ModelError."""
        self._detector = dlib.get_frontal_face_detector()
        self._landmarks = _load(dlib.shape_predictor, LANDMARKS)
        self._network = _load(dlib.face_recognition_model_v1, RESNET)

    def detect(self, image: Image, smallest_px: float = HOG_SMALLEST_PX) -> list[Box]:
        """See Engine. The picture is scaled so that the smallest face asked for is one that HOG can see."""
        scale = HOG_SMALLEST_PX / smallest_px
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        if abs(scale - 1) > 0.01:
            size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
            grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        return sorted((_box(found, scale) for found in self._detector(grey, 0)), key=lambda box: -box[2])

    def embed(self, image: Image, box: Box) -> Embedding:
        """See Engine."""
        left, top, width, height = box
        colours = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        shape = self._landmarks(colours, dlib.rectangle(left, top, left + width - 1, top + height - 1))
        chip = dlib.get_face_chip(colours, shape, size=150, padding=0.25)
        return np.asarray(self._network.compute_face_descriptor(chip), dtype=np.float32)


def _load(loader: Any, name: str) -> Any:
    path = model_path(name)
    try:
        return loader(str(path))
    except RuntimeError as error:
        raise ModelError(f"the model {path} is damaged; run scripts/setup again") from error


def _box(found: Any, scale: float) -> Box:
    """A rectangle of the scaled picture, in the picture's own pixels."""
    left, top, width, height = found.left(), found.top(), found.width(), found.height()
    return round(left / scale), round(top / scale), round(width / scale), round(height / scale)
