"""The contract of the engines: where faces are, and what numbers stand for each."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kiosk.events import Box

Image = NDArray[np.uint8]
Embedding = NDArray[np.float32]

HOG_SMALLEST_PX = 80  # the face that dlib's detectors were trained on, in the picture that they are given


@dataclass(frozen=True)
class AlignedFace:
    """A face put upright. landmarks: (5, 2) float64, x and y in the picture, corners of the eyes and base of the nose.

    chip: uint8 (150, 150, 3), red-green-blue, as the network was trained with.
    """

    landmarks: NDArray[np.float64]
    chip: Image


class Engine(Protocol):
    """Finds faces and embeds them. One thread detects at a time, and one, the same or another, aligns and embeds.

    Pictures are uint8 (height, width, 3) in blue-green-red; grey ones (height, width) and those with alpha
    (height, width, 4) are taken too, and one without pixels has no faces. Anything else is a ValueError.
    """

    name: str  # of the network that embeds: only embeddings of one name can be compared

    def detect(self, image: Image, smallest_px: float = HOG_SMALLEST_PX) -> list[Box]:
        """The faces from a width on, the largest first; a box may reach over the picture's edge."""
        ...

    def detect_hard(self, image: Image, smallest_px: float = HOG_SMALLEST_PX) -> list[Box]:
        """As detect, but turned and half hidden faces too, for several times the work."""
        ...

    def align(self, image: Image, box: Box) -> AlignedFace:
        """The face in a box, upright. ValueError where the picture has no pixel."""
        ...

    def embed_chips(self, chips: Image) -> Embedding:
        """An embedding for each chip: (n, 150, 150, 3) to (n, 128). The nearer two are, the likelier one person."""
        ...

    def embed(self, image: Image, box: Box) -> Embedding:
        """The embedding (128,) of the face in a box."""
        return np.asarray(self.embed_chips(self.align(image, box).chip[np.newaxis])[0])

    def embed_mirrored(self, image: Image, box: Box) -> Embedding:
        """The mean of a face's embedding and its mirror image's: steadier, for twice the work, at enrolment."""
        return self.embed_chip_mirrored(self.align(image, box).chip)

    def embed_chip_mirrored(self, chip: Image) -> Embedding:
        """The same of a face that is upright already."""
        return np.asarray(self.embed_chips(np.stack((chip, chip[:, ::-1]))).mean(axis=0))
