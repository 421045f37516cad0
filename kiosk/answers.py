"""What a person at the gate is told, ready to be shown: every word chosen, nothing left to look up."""

from dataclasses import asdict, dataclass
from typing import Literal


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
