"""A table: what the gate says -> light and sound. Told apart by rhythm as well as by colour."""

from collections.abc import Mapping
from dataclasses import dataclass

from drivers.buzzer import Tune
from drivers.buzzer.contract import SILENCE
from drivers.lights import Colour, Pattern
from drivers.lights.contract import DARK
from kiosk.events import Sign


@dataclass(frozen=True)
class Feedback:
    """How one sign looks and sounds; answer: whether it is the answer to a person, and leaves after a while."""

    pattern: Pattern
    tune: Tune = SILENCE
    answer: bool = False

    @property
    def light(self) -> str:
        """The light in words."""
        if self.pattern.colour is None:
            return "dark"
        return self.pattern.colour.value + ("" if self.pattern.steady else " blinking")


_SHORT, _LONG, _PAUSE = 0.08, 0.5, 0.08
_ONE_SHORT = Tune(((_SHORT, 0.0),), "pip")
_TWO_SHORT = Tune(((_SHORT, _PAUSE), (_SHORT, 0.0)), "pip-pip")
_ONE_LONG = Tune(((_LONG, 0.0),), "buuu")
_TWO_LONG = Tune(((_LONG, _PAUSE), (_LONG, 0.0)), "buuu-buuu")
_LONG_SHORT = Tune(((_LONG, _PAUSE), (_SHORT, 0.0)), "buuu-pip")

FEEDBACK: Mapping[Sign, Feedback] = {
    Sign.READY: Feedback(DARK),
    Sign.LOOK: Feedback(Pattern(Colour.BLUE)),
    Sign.CLOSER: Feedback(Pattern(Colour.BLUE, 0.2, 0.8)),
    Sign.ONE_AT_A_TIME: Feedback(Pattern(Colour.RED, 0.2, 0.8)),
    **dict.fromkeys(
        (Sign.TOO_DARK, Sign.AGAINST_LIGHT, Sign.BLURRED, Sign.TURNED, Sign.OUTSIDE),
        Feedback(Pattern(Colour.BLUE, 0.5, 0.5)),
    ),
    Sign.RECORDED: Feedback(Pattern(Colour.GREEN), _ONE_SHORT, answer=True),
    Sign.REPEATED: Feedback(Pattern(Colour.GREEN, 0.15, 0.15), _TWO_SHORT, answer=True),
    Sign.UNKNOWN_USE_FINGER: Feedback(Pattern(Colour.BLUE, 0.25, 0.25), _LONG_SHORT),
    Sign.CONFIRM_BY_FINGER: Feedback(Pattern(Colour.BLUE, 0.25, 0.25), _LONG_SHORT),
    Sign.UNKNOWN: Feedback(Pattern(Colour.RED), _ONE_LONG),
    Sign.FINGER_UNKNOWN: Feedback(Pattern(Colour.RED), _ONE_LONG, answer=True),
    Sign.CAMERA_LOST: Feedback(Pattern(Colour.BLUE, 0.1, 1.9)),
    Sign.NEEDS_SERVICE: Feedback(Pattern(Colour.RED, 0.1, 0.4), _TWO_LONG),
}
