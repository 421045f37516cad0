"""What the frames show, as far as a gate needs to know: who stands nearest, is it near enough, and who is it.

Faces are searched in a frame's `pixels`, and known from its `large` picture where there is one.
Two threads share the work, so that the next frame is searched while the face of the last one is embedded: `watch`
belongs to one of them, `recognise` to the other.
"""

from dataclasses import dataclass

import numpy as np

from drivers.camera import Frame
from kiosk.config import Detector
from kiosk.events import (
    Box,
    FaceKnown,
    FaceSeen,
    FaceTooFar,
    FaceUnfit,
    FaceUnknown,
    Moment,
    Nobody,
    SeveralFaces,
    Sighting,
)
from kiosk.gallery import Gallery, Match
from kiosk.vision.engine import Engine, Image
from kiosk.vision.quality import assess
from kiosk.vision.search import Search

_CLEARLY_NEAREST = 0.75  # a second face narrower than this part of the first stands behind
_STILL_NEAR = 0.8  # who was near enough stays so a little farther: the detector's widths come in steps of 5/6
_SETTLED_LOOKS = 6  # after so many looks that name one person, a face is only looked at now and then
_SETTLED_UNKNOWN_LOOKS = 30  # who is not known yet, is looked at for longer
_SETTLED_EVERY_S = 0.4


@dataclass(frozen=True)
class Portrait:
    """A face that is worth embedding: where, when, and which subject of the search it is.

    image: from which it can be known best; place: where it is there; box: where it is in the frame's `pixels`.
    """

    image: Image
    place: Box
    box: Box
    at: Moment
    subject: int


@dataclass(frozen=True)
class _Outcome:
    """How the looks at one subject came out: `person` for the last `looks` in a row; None is unknown."""

    subject: int
    person: str | None
    looks: int
    at_s: float


class Eye:
    """Looks at frames with an engine and the gallery of the moment, which may be swapped at any time."""

    def __init__(self, engine: Engine, gallery: Gallery, min_face_px: int, detector: Detector = "auto") -> None:
        """min_face_px: a smaller face is asked to come nearer."""
        self.engine = engine
        self.gallery = gallery
        self.min_face_px = min_face_px
        self._search = Search(engine, min_face_px, detector)
        self._near = 0
        self._outcome: _Outcome | None = None

    def watch(self, frame: Frame, at: Moment) -> tuple[Sighting, Portrait | None]:
        """What is seen at once, and the face to recognise, where one is near enough and it is worth it."""
        boxes = self._search.find(frame.pixels, at.monotonic_s)
        subject = self._search.subject
        if not boxes or subject is None:
            return Nobody(at), None
        if len(boxes) > 1 and boxes[1][2] > _CLEARLY_NEAREST * boxes[0][2]:
            return SeveralFaces(at, tuple(boxes)), None
        steady = _STILL_NEAR if subject.number == self._near else 1.0
        if boxes[0][2] < steady * self.min_face_px:
            return FaceTooFar(at, boxes[0], subject.number), None
        self._near = subject.number
        seen = FaceSeen(at, boxes[0], subject.number)
        if not self._is_worth(subject.number, at.monotonic_s):
            return seen, None
        return seen, Portrait(*closer(frame, boxes[0]), boxes[0], at, subject.number)

    def recognise(self, portrait: Portrait) -> Sighting:
        """Who it is, or what would help to know."""
        at, box = portrait.at, portrait.box
        face = self.engine.align(portrait.image, portrait.place)
        quality = assess(portrait.image, portrait.place, face.landmarks, face.chip)
        if quality.unfit:
            return FaceUnfit(at, box, quality.unfit, portrait.subject)
        match = look_up(self.engine, self.gallery, face.chip)
        self._remember(portrait, match.person)
        if match.person is None or match.distance is None:
            return FaceUnknown(at, box, match.distance, portrait.subject)
        return FaceKnown(at, box, match.person, match.distance, match.runner_up, match.confirm, portrait.subject)

    def _is_worth(self, subject: int, at_s: float) -> bool:
        """Whether a look at this subject may still tell something new."""
        outcome = self._outcome
        if outcome is None or outcome.subject != subject:
            return True
        enough = _SETTLED_LOOKS if outcome.person else _SETTLED_UNKNOWN_LOOKS
        return outcome.looks < enough or at_s - outcome.at_s >= _SETTLED_EVERY_S

    def _remember(self, portrait: Portrait, person: str | None) -> None:
        before = self._outcome
        same = before is not None and before.subject == portrait.subject and before.person == person
        looks = before.looks + 1 if same and before else 1
        self._outcome = _Outcome(portrait.subject, person, looks, portrait.at.monotonic_s)


def closer(frame: Frame, box: Box) -> tuple[Image, Box]:
    """The picture of a frame that shows most of a face in a box of its `pixels`, and where the face is there."""
    if frame.large is None:
        return frame.pixels, box
    down, across = (large / small for large, small in zip(frame.large.shape[:2], frame.pixels.shape[:2], strict=True))
    left, top, width, height = box
    return frame.large, (round(left * across), round(top * down), round(width * across), round(height * down))


def look_up(engine: Engine, gallery: Gallery, chip: Image) -> Match:
    """Who is on a chip; one that nearly matches is embedded once more, with its mirror image."""
    return gallery.identify(engine.embed_chips(chip[np.newaxis])[0], lambda: engine.embed_chip_mirrored(chip))
