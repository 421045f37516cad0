"""The contract of the engines: where faces are, and what numbers stand for each."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kiosk.events import Box

Image = NDArray[np.uint8]
Embedding = NDArray[np.float32]

HOG_SMALLEST_PX = 80  # the face that dlib's detectors were trained on, in the picture that they are given


class Engine(Protocol):
    """Finds faces and embeds them. One thread at a time.

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

    def embed(self, image: Image, box: Box) -> Embedding:
        """128 numbers for the face in a box: the nearer two are, the likelier they are one person."""
        ...

    def embed_mirrored(self, image: Image, box: Box) -> Embedding:
        """The mean of a face's embedding and its mirror image's: steadier, for twice the work, at enrolment."""
        ...
