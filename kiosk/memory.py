"""What the gate remembers from one sighting to the next; the rules are in gate.py."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from drivers.errors import Trouble
from kiosk.events import Ailment, Attendance, Cue, Direction, FaceKnown, FaceUnfit, Moment, Part, Sign


class Phase(Enum):
    """What the gate is doing.

    READY: nobody is there. LOOKING: somebody is there, and not known yet. ASKING: the face did not serve; the finger
    is asked for, and the face is looked at all the same. ANSWERED: an answer stands for the person to read; the next
    person is looked at behind it.
    """

    READY = "ready"
    LOOKING = "looking"
    ASKING = "asking"
    ANSWERED = "answered"


@dataclass(frozen=True)
class Visit:
    """Somebody in front of the camera, from coming to leaving.

    since: when a face that can be looked at was first there, None while all were too far.
    seen: when a face was last there. looks: embeddings compared. agreeing: the latest looks that name one person.
    unfit: the latest looks at a face that can't be known as it is shown. asked: the finger was asked for; confirm:
    because the person has a look-alike. subject: under which number the eye follows the face.
    """

    seen: Moment
    since: Moment | None = None
    looks: int = 0
    agreeing: tuple[FaceKnown, ...] = ()
    unfit: tuple[FaceUnfit, ...] = ()
    asked: bool = False
    confirm: bool = False
    subject: int = 0


@dataclass(frozen=True)
class Served:
    """The face that was served last, by the number under which the eye follows it, and whose it is.

    Who was served by finger stays unknown by face, and who was served by face looks aside and speaks with others: both
    are left in peace for as long as the eye follows them.
    """

    subject: int
    person: str


@dataclass(frozen=True)
class Standing:
    """An answer that stands until a moment (monotonic seconds), and the person whom it is for, if one."""

    until_s: float
    person: str | None = None


@dataclass(frozen=True)
class Chosen:
    """The direction of the next record, chosen with a key, until a moment (monotonic seconds)."""

    direction: Direction
    until_s: float


@dataclass(frozen=True)
class State:
    """All that the gate remembers.

    last: the newest record of each person. here: who was served and was known since, and when. repeated: the record
    of each person of which it is noted already that the person came again. lost: the parts that do not serve, and why;
    ails: what is to be mended at those that do. case_open: None until it is known. overdue: what is recorded
    waits too long for a line.
    """

    cue: Cue = field(default=Cue(Sign.READY))
    visit: Visit | None = None
    standing: Standing | None = None
    last: Mapping[str, Attendance] = field(default_factory=dict)
    here: Mapping[str, Moment] = field(default_factory=dict)
    served: Served | None = None
    repeated: Mapping[str, Attendance] = field(default_factory=dict)
    pending: frozenset[str] = frozenset()
    lost: Mapping[Part, Trouble] = field(default_factory=dict)
    ails: frozenset[tuple[Part, Ailment]] = frozenset()
    chosen: Chosen | None = None
    case_open: bool | None = None
    overdue: bool = False

    @property
    def phase(self) -> Phase:
        """What the gate is doing."""
        if self.standing:
            return Phase.ANSWERED
        if self.visit is None:
            return Phase.READY
        return Phase.ASKING if self.visit.asked else Phase.LOOKING
