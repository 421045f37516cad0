"""Where in a frame to look, and how hard: nowhere while nothing moves, then everywhere, then around a face."""

from dataclasses import dataclass, replace

from kiosk.config import Detector
from kiosk.events import Box
from kiosk.vision.engine import Engine, Image
from kiosk.vision.motion import Motion

_FAR = 0.7  # faces are looked for from this part of the smallest that can be known, to ask those nearer
_FAR_EVERY = 3  # scans: a far one costs twice as much, and whoever is far can wait a tenth of a second
_LINGER_S = 1.0  # looked for so long after the last movement
_IDLE_EVERY_S = 0.06  # at an empty gate every other frame of 30 a second is enough, and costs half
_LOST_S = 0.5  # a face that was not found for so long is gone
_WHOLE_EVERY_S = 0.5  # while a face is followed, the whole frame is looked at so often, for those who come
_AROUND = 0.6  # of the face's width, on each side of it, is looked at to find it again
_FACE_PART = 0.72  # of a followed face's width is the least that is looked for
_SAME_OVERLAP = 0.25  # intersection over union of one face in two frames
_HARD_AFTER_S = 1.0  # what moves for so long and shows no face is looked at by the stronger detector
_HARD_EVERY_S = 0.6  # at first; each time in vain, twice as long, for it may be a tree in the wind
_HARD_SELDOM_S = 10.0
_HARD_SMALLEST = 0.22  # of the frame's width: turned and masked faces are looked for when they are near


@dataclass(frozen=True)
class Subject:
    """The face that is followed. number: another one for another face; hard: only the stronger detector sees it."""

    number: int
    box: Box
    seen_s: float
    hard: bool = False


class Search:
    """Finds the faces of each frame, the nearest first. One thread uses it."""

    def __init__(self, engine: Engine, min_face_px: int, detector: Detector = "auto") -> None:
        """min_face_px: the smallest width that can be known; smaller faces are found too, down to a part of it."""
        self._engine = engine
        self._min_face_px = min_face_px
        self._detector = detector
        self._motion = Motion()
        self._moved_s = self._checked_s = self._whole_s = self._hard_s = float("-inf")
        self._still_s = float("inf")  # since when something moves and shows no face; not yet
        self._hard_every_s = _HARD_EVERY_S
        self._scans = 0
        self._crowd = False
        self._number = 0
        self.subject: Subject | None = None

    def find(self, image: Image, at_s: float) -> list[Box]:
        """The faces of a frame, the largest first; at_s: monotonic seconds. The subject is the first."""
        if not image.size:
            return []
        self._still_s = min(self._still_s, at_s)
        boxes = self._again(image, at_s) or self._anywhere(image, at_s)
        self._crowd = len(boxes) > 1
        if boxes:
            self._still_s, self._hard_every_s = at_s, _HARD_EVERY_S
        elif self.subject and at_s - self.subject.seen_s > _LOST_S:
            self.subject = None
        return boxes

    def _again(self, image: Image, at_s: float) -> list[Box]:
        """The subject near where it was; nobody where the whole frame is due, or it is not there any more."""
        subject = self.subject
        if subject is None or self._crowd or at_s - self._whole_s >= _WHOLE_EVERY_S:
            return []
        left, top, right, bottom = _around(subject.box, image)
        region = image[top:bottom, left:right]
        detect = self._engine.detect_hard if subject.hard else self._engine.detect
        found = [(x + left, y + top, w, h) for x, y, w, h in detect(region, _FACE_PART * subject.box[2])]
        if found:
            self._follow(found[0], at_s, hard=subject.hard)
        return found[:1]

    def _anywhere(self, image: Image, at_s: float) -> list[Box]:
        """The faces of the whole frame, if anything moved."""
        idle = self.subject is None and at_s - self._moved_s > _LINGER_S
        if idle and at_s - self._checked_s < _IDLE_EVERY_S:
            return []
        self._checked_s = at_s
        if self._motion.moved(image, at_s):
            self._moved_s = at_s
        if self.subject is None and at_s - self._moved_s > _LINGER_S:
            self._still_s, self._hard_every_s = at_s, _HARD_EVERY_S
            return []
        self._scans += 1
        self._whole_s = at_s
        far = self._scans % _FAR_EVERY == 0 or self.subject is not None
        boxes = self._scan(image, self._min_face_px * (_FAR if far else 1.0))
        hard = self._detector == "mmod"
        if not boxes and self._is_hard_due(at_s):
            self._hard_s, self._hard_every_s = at_s, min(2 * self._hard_every_s, _HARD_SELDOM_S)
            boxes = self._engine.detect_hard(image, max(self._min_face_px, _HARD_SMALLEST * image.shape[1]))
            hard = True
        if boxes:
            self._follow(boxes[0], at_s, hard=hard)
        return boxes

    def _scan(self, image: Image, smallest_px: float) -> list[Box]:
        if self._detector == "mmod":
            return self._engine.detect_hard(image, smallest_px)
        return self._engine.detect(image, smallest_px)

    def _is_hard_due(self, at_s: float) -> bool:
        """Something has moved for a while, and shows no face; or the face that is followed needs it."""
        if self._detector != "auto":
            return False
        if self.subject and self.subject.hard:
            return True
        return at_s - self._still_s >= _HARD_AFTER_S and at_s - self._hard_s >= self._hard_every_s

    def _follow(self, box: Box, at_s: float, *, hard: bool) -> None:
        """This face is the subject now: the same one as before where they overlap."""
        subject = self.subject
        if subject and at_s - subject.seen_s <= _LOST_S and overlap(subject.box, box) >= _SAME_OVERLAP:
            self.subject = replace(subject, box=box, seen_s=at_s, hard=hard)
            return
        self._number += 1
        self.subject = Subject(self._number, box, at_s, hard)


def overlap(one: Box, other: Box) -> float:
    """Intersection over union of two boxes, 0 to 1."""
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / (one[2] * one[3] + other[2] * other[3] - width * height)


def _around(box: Box, image: Image) -> Box:
    """The part of the picture around a face: left, top, right, bottom."""
    left, top, width, height = box
    grow = round(_AROUND * width)
    return (
        max(0, left - grow),
        max(0, top - grow),
        min(image.shape[1], left + width + grow),
        min(image.shape[0], top + height + grow),
    )
