"""From captures to templates: photographs, looks at the gate, and a finger with two touches; and who looks alike."""

import logging
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import cv2
import numpy as np

from drivers.errors import SensorError
from drivers.fingerprint import EnrolStep, FingerprintSensor
from kiosk.config import EyeSettings
from kiosk.errors import EnrolmentError, PhotoError
from kiosk.events import Box, Moment
from kiosk.lookalikes import find_lookalikes
from kiosk.store import Likeness, People, Person, Template
from kiosk.threshold import Decision, decide
from kiosk.vision.engine import Embedding, Engine
from kiosk.vision.photograph import find_faces, read_photograph
from kiosk.vision.quality import Quality, Unfit, assess

_log = logging.getLogger(__name__)
_BYSTANDER = 0.5  # a second face narrower than this part of the first is in the background, or none

# Looks at the gate. Yaw and pitch as in Quality; ORL's frontal pictures have a yaw of 0.16 at the most.
_AHEAD_YAW = 0.09
_SIDE_YAW = 0.12  # up to where a face is unfit because it is turned
_NOD = 0.08  # of pitch
_STEP = 1.2  # times as wide, or as narrow
_ONE_PERSON_AT_MOST = 0.55  # hardly any pair of one person's is farther (ORL), and nearly all of two people's are
_NO_PHOTOGRAPH = {Unfit.TOO_DARK: "too dark", Unfit.AGAINST_LIGHT: "against the light", Unfit.BLURRED: "blurred"}
_ALIKE = 0.10  # two frames of one moment; faces that move a little are 0.2 apart and more
_ONE_PERSON = 0.50  # 98.5 % of ORL's pairs of one person are nearer, and 0.14 % of two


@dataclass(frozen=True)
class Enrolled:
    """What an enrolment did. faces: templates that are new; likenesses: with whom the face may be confused."""

    person: Person
    faces: int
    likenesses: list[Likeness]
    decision: Decision

    def perhaps_same(self, likeness: Likeness) -> bool:
        """Whether two enrolled are so near that the gate would take one for the other: perhaps they are one."""
        return likeness.distance <= self.decision.threshold


def enrol_person(
    people: People,
    who: Person,
    templates: Sequence[Template],
    page: int | None,
    at: Moment,
    eye: EyeSettings,
    *,
    finger: bytes | None = None,
    replace: bool = False,
    everybody: Sequence[Template] | None = None,
) -> Enrolled:
    """Put a person into the store, with a mark for each look-alike, all of it or nothing.

    page: of the fingerprint sensor; finger: its template; everybody: the store's templates, where the caller has them.
    A template that is there already is not added twice. Raises EnrolmentError where the faces are not one person's,
    and StoreError.
    """
    everybody = people.templates() if everybody is None else everybody
    before = [] if replace else [item for item in everybody if item.person == who.id]
    known_already = {item.embedding.tobytes() for item in before}
    each = {item.embedding.tobytes(): item for item in templates}
    fresh = [item for numbers, item in each.items() if numbers not in known_already]
    _refuse_another(who, fresh, before)
    decision = decide(len(everybody) + len(fresh), eye.fpir, eye.threshold, eye.margin)
    likenesses = find_lookalikes(who.id, fresh, everybody, decision.lookalike)
    known = people.get(who.id)
    if fresh or page is not None or known is None or known.name != who.name:
        people.enrol(who, fresh, page, at, finger=finger, replace=replace, likenesses=likenesses)
    return Enrolled(who, len(fresh), likenesses, decision)


def _refuse_another(who: Person, fresh: Sequence[Template], before: Sequence[Template]) -> None:
    """Two people under one ID would be recorded as one. Raises EnrolmentError."""
    if before and any(_nearest(item, before) > _ONE_PERSON_AT_MOST for item in fresh):
        raise EnrolmentError(
            f"the face is not the one that is enrolled under {who.id}: look whose ID it is,"
            " or use --replace if the pictures before were wrong"
        )


def _nearest(template: Template, others: Sequence[Template]) -> float:
    return min(float(np.linalg.norm(template.embedding - other.embedding)) for other in others)


def checked_key(person: str) -> str:
    """The same key, if it is one that fits into files, addresses and tables. Raises EnrolmentError."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", person):
        raise EnrolmentError(f"{person!r} can't be a person's ID: use up to 64 letters, digits, dots, hyphens")
    return person


def checked_name(name: str | None) -> str:
    """A name on one line that fits on the page. Raises EnrolmentError."""
    text = " ".join((name or "").split())
    if len(text) > 100 or not text.isprintable():
        raise EnrolmentError("the name can't be shown: use up to 100 letters")
    return text


def templates_from_photographs(engine: Engine, person: str, photographs: Iterable[Path]) -> list[Template]:
    """A template for each photograph, which shows one face. Raises PhotoError that names every bad one."""
    templates, mistakes = usable_templates(engine, person, photographs)
    if mistakes:
        raise PhotoError("\n".join(mistakes))
    return templates


def usable_templates(engine: Engine, person: str, photographs: Iterable[Path]) -> tuple[list[Template], list[str]]:
    """A template for each photograph that can be used, and why each other one can't.

    Photographs that are unlike all the others are of somebody else, and left out.
    """
    taken: list[tuple[Path, Template]] = []
    mistakes: list[str] = []
    for path in photographs:
        try:
            taken.append((path, _template(engine, person, path)))
        except PhotoError as error:
            mistakes.append(str(error))
        except (cv2.error, RuntimeError, MemoryError) as error:  # one strange file must not cost a school its enrolment
            mistakes.append(f"{path} can't be looked at ({type(error).__name__}): use another photograph")
    templates = []
    for path, template in taken:
        others = [other for place, other in taken if place != path]
        if others and _nearest(template, others) > _ONE_PERSON_AT_MOST:
            mistakes.append(f"the face in {path} is not the one in the other photographs: use one person's alone")
        else:
            templates.append(template)
    return templates, mistakes


def _template(engine: Engine, person: str, path: Path) -> Template:
    image = read_photograph(path)
    boxes = find_faces(engine, image)
    if not boxes:
        raise PhotoError(f"no face is found in {path}: use one that looks into the camera, in good light")
    faces = [box for box in boxes if box[2] > _BYSTANDER * boxes[0][2]]
    if len(faces) > 1:
        raise PhotoError(f"{len(faces)} faces are in {path}: use a photograph of one person alone")
    face = engine.align(image, faces[0])
    unfit = assess(image, faces[0], face.landmarks, face.chip).unfit
    if unfit in _NO_PHOTOGRAPH:
        raise PhotoError(f"the face in {path} is {_NO_PHOTOGRAPH[unfit]}: use a better photograph")
    embedding = engine.embed_chip_mirrored(face.chip)
    if not np.isfinite(embedding).all():
        raise PhotoError(f"the face in {path} can't be described in numbers: use another photograph")
    return Template(person, engine.name, embedding)


def enrol_finger(
    page: int, sensor: FingerprintSensor, prompt: Callable[[EnrolStep], None], own: frozenset[int] = frozenset()
) -> bytes | None:
    """Store a finger at a page of the sensor; gives its template, None where it can't be read. Raises SensorError.

    own: pages on which the same finger may lie already, for it takes their place.

    The person has touched twice and is known from now on: that no copy can be kept for another sensor is no reason to
    send them away.
    """
    sensor.enrol(page, prompt, own=own)
    try:
        return sensor.read_template(page)
    except SensorError as error:
        _log.warning("the finger is enrolled, but can't be kept for another sensor: %s", error)
        return None


class Pose(Enum):
    """How a person is asked to stand; left and right are the person's own."""

    FRONT = "front"
    LEFT = "left"
    RIGHT = "right"
    OTHER = "other"  # the chin up or down, or a step nearer or back


class Refused(Enum):
    """Why a look was not taken."""

    UNFIT = "unfit"
    ALIKE = "alike"
    ANOTHER_PERSON = "another_person"
    NOT_ASKED = "not_asked"  # a good face, but in none of the poses that are missing


@dataclass(frozen=True)
class Guidance:
    """What to tell the person after a look. ask: the pose that is missing, None once all are taken.

    refused: why this look was not taken, None where it was; unfit: what is wrong with it, where it is unfit.
    """

    taken: int
    ask: Pose | None
    refused: Refused | None = None
    unfit: Unfit | None = None


class LiveEnrolment:
    """Five good looks at one person from different sides. Knows nothing of camera and screen; one thread uses it."""

    LOOKS = (Pose.FRONT, Pose.LEFT, Pose.RIGHT, Pose.OTHER, Pose.OTHER)

    def __init__(self) -> None:
        """Nothing is taken yet; the first look must be from the front, and all others are measured by it."""
        self._missing = list(self.LOOKS)
        self._looks: list[tuple[Quality, Box]] = []
        self.embeddings: list[Embedding] = []

    @property
    def done(self) -> bool:
        """Whether all looks are taken."""
        return not self._missing

    def guidance(self) -> Guidance:
        """What to ask for now."""
        return self._answer()

    def consider(self, quality: Quality, box: Box, embedding: Embedding) -> Guidance:
        """Take a look, or say why not. embedding: of the face and its mirror image, as at every enrolment."""
        if self.done:
            return self._answer()
        if quality.unfit or not np.isfinite(embedding).all():
            return self._answer(Refused.UNFIT, quality.unfit)
        distances = [float(np.linalg.norm(taken - embedding)) for taken in self.embeddings]
        if distances and distances[0] > _ONE_PERSON:
            return self._answer(Refused.ANOTHER_PERSON)
        if distances and min(distances) < _ALIKE:
            return self._answer(Refused.ALIKE)
        pose = self._pose(quality, box)
        if pose is None:
            return self._answer(Refused.NOT_ASKED)
        self._missing.remove(pose)
        self._looks.append((quality, box))
        self.embeddings.append(embedding)
        return self._answer()

    def templates(self, person: str, model: str) -> list[Template]:
        """A template for each look that was taken."""
        return [Template(person, model, embedding) for embedding in self.embeddings]

    def _answer(self, refused: Refused | None = None, unfit: Unfit | None = None) -> Guidance:
        return Guidance(len(self.embeddings), self._missing[0] if self._missing else None, refused, unfit)

    def _pose(self, quality: Quality, box: Box) -> Pose | None:
        """The missing pose that this look has."""
        if abs(quality.yaw) <= _AHEAD_YAW:
            pose = Pose.OTHER if self._looks and self._is_elsewhere(quality, box) else Pose.FRONT
        elif abs(quality.yaw) >= _SIDE_YAW:
            # A positive yaw has the nose on the right in the picture, which is the left of whoever is in it.
            pose = Pose.LEFT if quality.yaw > 0 else Pose.RIGHT
        else:
            return None
        return pose if pose in (self._missing if self._looks else [Pose.FRONT]) else None

    def _is_elsewhere(self, quality: Quality, box: Box) -> bool:
        """Whether the chin or the distance differs from every look ahead that was taken."""
        ahead = [look for look in self._looks if abs(look[0].yaw) <= _AHEAD_YAW]
        return all(
            abs(quality.pitch - taken.pitch) >= _NOD or not 1 / _STEP < box[2] / max(1, at[2]) < _STEP
            for taken, at in ahead
        )
