"""What a person at the gate is told, ready to be shown: every word chosen, nothing left to look up."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from kiosk.events import Cue, Moment, Sign
from kiosk.feedback import Feedback
from kiosk.words import Words, time_text


@dataclass(frozen=True)
class Answer:
    """One answer of the gate.

    sign: the Sign's value; colour: the light's; time: wall clock in the school's zone, HH:MM.
    stays_s: how long it should fill the page; 0 for a state that lasts until the next answer.
    light, sound: what was given to the lights and the buzzer, in a word each, for those who read along.
    """

    sign: str
    colour: Literal["green", "red", "blue"] | None
    headline: str
    name: str = ""
    detail: str = ""
    time: str = ""
    stays_s: float = 0.0
    light: str = ""
    sound: str = ""

    def as_json(self) -> dict[str, object]:
        """The same as an object of JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Answers:
    """Makes answers of cues. answer_s: how long an answer to a person stays; feedback: the table; names: by person."""

    words: Words
    zone: ZoneInfo
    answer_s: float
    feedback: Mapping[Sign, Feedback]
    names: Mapping[str, str] = field(default_factory=dict)

    def to(self, cue: Cue, at: Moment) -> Answer:
        """The answer for a cue that is shown at this moment."""
        feedback = self.feedback[cue.sign]
        attendance = cue.attendance
        local = self._local(attendance.at if attendance else at)
        name = self.names.get(cue.person or "", "")
        saying = self.words.say(
            cue.sign,
            local,
            name=name,
            direction=attendance.direction if attendance else None,
            first=self._local(cue.first) if cue.first else None,
        )
        return Answer(
            sign=cue.sign.value,
            colour=feedback.pattern.colour.value if feedback.pattern.colour else None,
            headline=saying.headline,
            name=name,
            detail=saying.detail,
            time=time_text(local),
            stays_s=self.answer_s if feedback.answer else 0.0,
            light=feedback.light,
            sound=feedback.tune.word,
        )

    def _local(self, moment: Moment) -> datetime:
        return datetime.fromtimestamp(moment.wall_s, self.zone)
