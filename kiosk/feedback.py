"""A table: what the gate says -> light and sound. A light's rhythm is that of its sound, where there is one.

Told apart by rhythm as well as by colour, for those who do not see red and green; kiosk/cues.py holds it to that.
Green is for what is on the card, and for nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from drivers.buzzer import Tune
from drivers.buzzer.contract import SILENCE
from drivers.lights import Colour, Pattern
from drivers.lights.contract import DARK
from kiosk.events import Sign
from kiosk.notation import STEADY, read_rhythm, read_tune


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


def _cue(colour: Colour, rhythm: str, sound: str = "", *, answer: bool = False) -> Feedback:
    return Feedback(Pattern(colour, read_rhythm(rhythm)), read_tune(sound) if sound else SILENCE, answer)


_GREEN, _RED, _BLUE = Colour.GREEN, Colour.RED, Colour.BLUE

FEEDBACK: Mapping[Sign, Feedback] = {
    Sign.READY: Feedback(DARK),
    Sign.LOOK: _cue(_BLUE, "-"),
    Sign.CLOSER: _cue(_BLUE, "._"),
    Sign.ONE_AT_A_TIME: _cue(_RED, "-.._"),
    **dict.fromkeys(
        (Sign.TOO_DARK, Sign.AGAINST_LIGHT, Sign.BLURRED, Sign.TURNED, Sign.OUTSIDE),
        _cue(_BLUE, "..-_"),
    ),
    Sign.RECORDED: _cue(_GREEN, STEADY, "g6.", answer=True),
    Sign.REPEATED: _cue(_GREEN, ".._", "g6..", answer=True),
    Sign.UNKNOWN_USE_FINGER: _cue(_BLUE, "-._", "e6- g6."),
    Sign.CONFIRM_BY_FINGER: _cue(_BLUE, "-._", "e6- g6."),
    Sign.UNKNOWN: _cue(_RED, "-_", "c5-"),
    Sign.FINGER_UNKNOWN: _cue(_RED, "-_", "c5-", answer=True),
    Sign.KEY_IN: _cue(_BLUE, ".-_", "c6. g6-"),
    Sign.KEY_OUT: _cue(_BLUE, ".--_", "g6. c6--"),
    Sign.SERVICE_CALLED: _cue(_BLUE, "..._", "c6. e6. g6.", answer=True),
    Sign.CASE_OPEN: _cue(_RED, "...._"),
    Sign.CAMERA_LOST: _cue(_BLUE, ".___"),
    Sign.CAMERA_DARK: _cue(_BLUE, ".___"),
    Sign.CAMERA_COVERED: _cue(_BLUE, ".___"),
    Sign.OFFLINE_TOO_LONG: _cue(_BLUE, "--___"),
    Sign.NEEDS_SERVICE: _cue(_RED, ".", "c5--"),
}
