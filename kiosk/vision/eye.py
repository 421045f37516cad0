"""What one frame shows, as far as a gate needs to know: who stands nearest, and is it near enough."""

from collections.abc import Iterator
from dataclasses import dataclass

from drivers.camera import Frame
from kiosk.events import (
    Box,
    FaceKnown,
    FaceSeen,
    FaceTooFar,
    FaceUnknown,
    Moment,
    Nobody,
    SeveralFaces,
    Sighting,
)
from kiosk.gallery import Gallery
from kiosk.vision.engine import Engine

_FAR = 0.7  # faces are looked for from this part of the smallest that can be known, to ask those nearer
_CLEARLY_NEAREST = 0.75  # a second face narrower than this part of the first stands behind


@dataclass
class Eye:
    """Looks at frames with an engine and the gallery of the moment, which may be swapped at any time."""

    engine: Engine
    gallery: Gallery
    min_face_px: int

    def look(self, frame: Frame, at: Moment) -> Iterator[Sighting]:
        """What is seen, each sighting as soon as it is known; `at`: when the frame was taken."""
        boxes = self.engine.detect(frame.pixels, _FAR * self.min_face_px)
        if not boxes:
            yield Nobody(at)
        elif len(boxes) > 1 and boxes[1][2] > _CLEARLY_NEAREST * boxes[0][2]:
            yield SeveralFaces(at, tuple(boxes))
        elif boxes[0][2] < self.min_face_px:
            yield FaceTooFar(at, boxes[0])
        else:
            yield FaceSeen(at, boxes[0])
            yield self._compare(frame, boxes[0], at)

    def _compare(self, frame: Frame, box: Box, at: Moment) -> Sighting:
        match = self.gallery.identify(self.engine.embed(frame.pixels, box))
        if match.person is None or match.distance is None:
            return FaceUnknown(at, box, match.distance)
        return FaceKnown(at, box, match.person, match.distance, match.runner_up)
