"""What the gate remembers from one sighting to the next; the rules are in gate.py."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from kiosk.events import Attendance, Cue, FaceKnown, FaceUnfit, Moment, Part, Sign


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
    because the person has a look-alike. quiet_until_s: who was served by finger stays unknown by face, and is left
    in peace for so long (monotonic seconds).
    """

    seen: Moment
    since: Moment | None = None
    looks: int = 0
    agreeing: tuple[FaceKnown, ...] = ()
    unfit: tuple[FaceUnfit, ...] = ()
    asked: bool = False
    confirm: bool = False
    quiet_until_s: float = 0.0


@dataclass(frozen=True)
class Standing:
    """An answer that stands until a moment (monotonic seconds), and the person whom it is for, if one."""

    until_s: float
    person: str | None = None


@dataclass(frozen=True)
class State:
    """All that the gate remembers. `last`: the newest record of each person; `here`: who was served and stays."""

    cue: Cue = field(default=Cue(Sign.READY))
    visit: Visit | None = None
    standing: Standing | None = None
    last: Mapping[str, Attendance] = field(default_factory=dict)
    here: Mapping[str, Moment] = field(default_factory=dict)
    pending: frozenset[str] = frozenset()
    lost: frozenset[Part] = frozenset()

    @property
    def phase(self) -> Phase:
        """What the gate is doing."""
        if self.standing:
            return Phase.ANSWERED
        if self.visit is None:
            return Phase.READY
        return Phase.ASKING if self.visit.asked else Phase.LOOKING
