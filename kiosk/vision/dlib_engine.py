"""The engine that is dlib alone, as its author made it: slow, and what the other is measured by."""

from functools import cached_property
from typing import Any

import dlib
import numpy as np

from kiosk.events import Box
from kiosk.vision.engine import HOG_SMALLEST_PX, AlignedFace, Embedding, Engine, Image
from kiosk.vision.finder import Finder, box_of, by_size, for_hard, load
from kiosk.vision.models import MMOD, RESNET


class DlibEngine(Engine):
    """HOG detector, MMOD detector, five landmarks, ResNet of 29 layers."""

    name = "dlib-resnet-v1"

    def __init__(self) -> None:
        """Loads the models. Raises ModelError."""
        self._finder = Finder()
        self._network = load(dlib.face_recognition_model_v1, RESNET)

    def detect(self, image: Image, smallest_px: float = HOG_SMALLEST_PX) -> list[Box]:
        """See Engine."""
        return self._finder.detect(image, smallest_px)

    def detect_hard(self, image: Image, smallest_px: float = HOG_SMALLEST_PX) -> list[Box]:
        """See Engine. Takes seconds. Raises ModelError, for the detector is loaded when it is first needed."""
        prepared = for_hard(image, smallest_px)
        if prepared is None:
            return []
        colours, scale = prepared
        return by_size([box_of(face.rect, scale) for face in self._hard_detector(colours, 0)])

    def align(self, image: Image, box: Box) -> AlignedFace:
        """See Engine."""
        return self._finder.align(image, box)

    def embed_chips(self, chips: Image) -> Embedding:
        """See Engine."""
        one_by_one = [self._network.compute_face_descriptor(np.ascontiguousarray(chip)) for chip in chips]
        return np.array(one_by_one, dtype=np.float32)

    @cached_property
    def _hard_detector(self) -> Any:
        return load(dlib.cnn_face_detection_model_v1, MMOD)
