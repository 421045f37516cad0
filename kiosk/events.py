"""What goes forward through the gate: sightings in, effects and cues out. All frozen, all without names or pictures.

Distances are Euclidean between 128-dimensional embeddings; boxes are (x, y, width, height) in pixels of the frame.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from drivers.errors import Trouble

Box = tuple[int, int, int, int]
Part = Literal["camera", "sensor", "store", "lights", "buzzer", "inputs"]
Means = Literal["face", "finger"]
Direction = Literal["in", "out"]


class Unfit(Enum):
    """Why a face can't be embedded yet: each is something that the person can mend."""

    TOO_DARK = "too_dark"
    AGAINST_LIGHT = "against_light"
    BLURRED = "blurred"
    TURNED = "turned"
    OUTSIDE = "outside"


class Ailment(Enum):
    """What is to be mended at a part that serves all the same."""

    WRONG_BAUD = "wrong_baud"
    REPLACED = "replaced"
    FULL = "full"
    FINGERS_MISSING = "fingers_missing"
    FINGERS_FOREIGN = "fingers_foreign"
    FINGERS_UNSURE = "fingers_unsure"
    ERASURES_WAITING = "erasures_waiting"


@dataclass(frozen=True)
class Moment:
    """When something was: wall clock (seconds since 1970, UTC) and time.monotonic(), which never jumps."""

    wall_s: float
    monotonic_s: float


# --- sightings: what the eye, the sensor and the store report ---------------------------------------------------


@dataclass(frozen=True)
class Sighting:
    """Something was noticed at a moment."""

    at: Moment


@dataclass(frozen=True)
class Nobody(Sighting):
    """The camera looked, and no face was there."""


@dataclass(frozen=True)
class FaceSeen(Sighting):
    """One face is there and being looked at; who it is, is not known yet.

    subject, here and below: the number under which the eye follows this face from frame to frame; 0 is none.
    """

    box: Box
    subject: int = 0


@dataclass(frozen=True)
class FaceTooFar(Sighting):
    """One face is there, too small to be known."""

    box: Box
    subject: int = 0


@dataclass(frozen=True)
class FaceUnfit(Sighting):
    """One face is there and near, but can't be known as it is shown."""

    box: Box
    unfit: Unfit
    subject: int = 0


@dataclass(frozen=True)
class SeveralFaces(Sighting):
    """Two or more faces, none clearly nearest."""

    boxes: tuple[Box, ...]


@dataclass(frozen=True)
class FaceKnown(Sighting):
    """One look at a face that the gallery knows. runner_up: distance to the nearest other person, if any.

    confirm: this person has a look-alike here, and is to be confirmed by finger.
    """

    box: Box
    person: str
    distance: float
    runner_up: float | None
    confirm: bool = False
    subject: int = 0


@dataclass(frozen=True)
class FaceUnknown(Sighting):
    """One look at a face that the gallery does not know. nearest: distance to the nearest person, if any."""

    box: Box
    nearest: float | None
    subject: int = 0


@dataclass(frozen=True)
class FingerKnown(Sighting):
    """A finger whose page in the sensor belongs to a person."""

    person: str
    score: int


@dataclass(frozen=True)
class FingerUnknown(Sighting):
    """A finger that belongs to nobody here."""


@dataclass(frozen=True)
class PartLost(Sighting):
    """A part does not serve; why is for the log and the journal, without personal data."""

    part: Part
    why: str
    trouble: Trouble = Trouble.BROKEN


@dataclass(frozen=True)
class PartBack(Sighting):
    """A part serves again."""

    part: Part


@dataclass(frozen=True)
class PartAils(Sighting):
    """A part serves, but something is to be mended; why as for PartLost."""

    part: Part
    ailment: Ailment
    why: str


@dataclass(frozen=True)
class PartWell(Sighting):
    """What ailed a part is mended."""

    part: Part
    ailment: Ailment


@dataclass(frozen=True)
class KeyPressed(Sighting):
    """Somebody chose the direction of the next record."""

    direction: Direction


@dataclass(frozen=True)
class ServiceCalled(Sighting):
    """Somebody pressed the button that calls for service."""


@dataclass(frozen=True)
class CaseChanged(Sighting):
    """The switch in the case: it was opened, or closed."""

    open: bool


@dataclass(frozen=True)
class Overdue(Sighting):
    """What the gate has recorded waits too long for a line to the district, since then; None: no more."""

    since: Moment | None


@dataclass(frozen=True)
class Committed(Sighting):
    """The store has the attendance on the card."""

    attendance: "Attendance"


@dataclass(frozen=True)
class CommitFailed(Sighting):
    """The store could not keep the attendance."""

    attendance: "Attendance"
    why: str


@dataclass(frozen=True)
class Tick(Sighting):
    """Nothing happened, but time went by."""


# --- what is to be recorded -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Attendance:
    """A person was present, shown by face (distance, runner_up) or finger (score)."""

    at: Moment
    person: str
    direction: Direction
    means: Means
    distance: float | None = None
    runner_up: float | None = None
    score: int | None = None


@dataclass(frozen=True)
class Refusal:
    """Somebody was not known. nearest: distance to the nearest person, where a face was compared."""

    at: Moment
    means: Means
    nearest: float | None = None


@dataclass(frozen=True)
class Repeat:
    """A person came again too soon; `first` is the record that stands."""

    at: Moment
    person: str
    means: Means
    first: Moment


@dataclass(frozen=True)
class Fault:
    """A part was lost or ails, or that is over. what: the trouble's or the ailment's own word."""

    at: Moment
    part: Part
    why: str
    what: str = Trouble.BROKEN.value
    over: bool = False


@dataclass(frozen=True)
class Press:
    """Somebody pressed a key: for the direction of the next record, or to call for service."""

    at: Moment
    key: Direction | Literal["service"]


@dataclass(frozen=True)
class Tampering:
    """The case was opened, or closed."""

    at: Moment
    open: bool


Record = Attendance | Refusal | Repeat | Fault | Press | Tampering


# --- effects: what the gate wants done --------------------------------------------------------------------------


class Sign(Enum):
    """All that a gate can say; feedback.py gives each its light, sound and words."""

    READY = "ready"
    LOOK = "look"
    CLOSER = "closer"
    ONE_AT_A_TIME = "one_at_a_time"
    TOO_DARK = "too_dark"
    AGAINST_LIGHT = "against_light"
    BLURRED = "blurred"
    TURNED = "turned"
    OUTSIDE = "outside"
    RECORDED = "recorded"
    REPEATED = "repeated"
    UNKNOWN_USE_FINGER = "unknown_use_finger"
    CONFIRM_BY_FINGER = "confirm_by_finger"
    UNKNOWN = "unknown"
    FINGER_UNKNOWN = "finger_unknown"
    KEY_IN = "key_in"
    KEY_OUT = "key_out"
    SERVICE_CALLED = "service_called"
    CASE_OPEN = "case_open"
    CAMERA_LOST = "camera_lost"
    CAMERA_DARK = "camera_dark"
    CAMERA_COVERED = "camera_covered"
    OFFLINE_TOO_LONG = "offline_too_long"
    NEEDS_SERVICE = "needs_service"


@dataclass(frozen=True)
class Cue:
    """A sign for the person at the gate; for whom and which record, where it is about one."""

    sign: Sign
    person: str | None = None
    attendance: Attendance | None = None
    first: Moment | None = None


@dataclass(frozen=True)
class Show:
    """Let lights, buzzer and page say it."""

    cue: Cue


@dataclass(frozen=True)
class Commit:
    """Put the attendance on the card, and come back with Committed or CommitFailed."""

    attendance: Attendance


@dataclass(frozen=True)
class Note:
    """Put this into the journal too; nobody waits for it."""

    record: Refusal | Repeat | Fault | Press | Tampering


Effect = Show | Commit | Note
