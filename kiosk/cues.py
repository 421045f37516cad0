"""The [cues] table of gerbang.toml: another light, rhythm or sound for a sign; and which signs must stay apart.

[cues]
recorded = { sound = "c7." }
unknown = { light = "red", rhythm = "--_", sound = "c5-_-" }
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from itertools import combinations
from typing import Any, Final

from drivers.lights import Colour, Pattern
from drivers.lights.contract import DARK
from kiosk.events import Sign
from kiosk.feedback import FEEDBACK, Feedback
from kiosk.notation import read_rhythm, read_tune
from kiosk.rhythm import CLEAR, contrast_of_lights, contrast_of_sounds

Table = Mapping[Sign, Feedback]
Mistake = tuple[tuple[str, ...], str]

KEYS: Final = ("light", "rhythm", "sound")
LIGHTS: Final = (*(colour.value for colour in Colour), "dark")
_GREEN: Final = frozenset({Sign.RECORDED, Sign.REPEATED})

# What is said with one sign of these is told from what is said with one of another, by rhythm alone.
APART: Final = (
    frozenset({Sign.READY}),
    frozenset({Sign.RECORDED}),
    frozenset({Sign.REPEATED}),
    frozenset({Sign.UNKNOWN, Sign.FINGER_UNKNOWN}),
    frozenset({Sign.UNKNOWN_USE_FINGER, Sign.CONFIRM_BY_FINGER}),
    frozenset({Sign.LOOK}),
    frozenset({Sign.OFFLINE_TOO_LONG}),
    frozenset({Sign.NEEDS_SERVICE}),
)


def parse_cues(table: object) -> tuple[Table, list[Mistake]]:
    """The whole table with what `table` changes, and every mistake: where (cues, sign, key) and the sentence's end."""
    if not isinstance(table, dict):
        return FEEDBACK, [(("cues",), "should be a table, written as [cues]")]
    changed = dict(FEEDBACK)
    mistakes: list[Mistake] = []
    signs = {sign.value: sign for sign in Sign}
    for name, entry in table.items():
        if name not in signs:
            mistakes.append((("cues", name), f"is not a sign that we know{nearest(name, list(signs))}"))
        elif not isinstance(entry, dict):
            mistakes.append((("cues", name), 'should be a table, such as { light = "blue", rhythm = "._" }'))
        else:
            changed[signs[name]], wrong = _changed(FEEDBACK[signs[name]], entry)
            mistakes += [(("cues", name, key), sentence) for key, sentence in wrong]
    return changed, mistakes or [*_misused_green(changed), *_alike(changed)]


def confusions(table: Table) -> Iterator[tuple[Sign, Sign, str]]:
    """Every two signs that must be told apart and are not, the one that stands first in Sign first, and by what."""
    for one, other in combinations(Sign, 2):
        if not _are_apart(one, other):
            continue
        first, second = table[one], table[other]
        if contrast_of_lights(first.pattern, second.pattern) < CLEAR:
            yield one, other, _said(first.pattern)
        if first.tune.beeps and contrast_of_sounds(first.tune, second.tune) < CLEAR:
            yield one, other, "sound beeps in the same rhythm"


def _said(pattern: Pattern) -> str:
    if pattern.colour is None:
        return "light is dark, too"
    return "light is steady, too" if pattern.steady else "light blinks in the same rhythm"


def _are_apart(one: Sign, other: Sign) -> bool:
    """Nothing at all may be taken for a record; for the rest, see APART."""
    places = [next((number for number, signs in enumerate(APART) if sign in signs), None) for sign in (one, other)]
    return Sign.RECORDED in (one, other) or (None not in places and places[0] != places[1])


def _changed(before: Feedback, entry: dict[str, Any]) -> tuple[Feedback, list[tuple[str, str]]]:
    """What one entry makes of a sign's default, and its mistakes: key and the end of a sentence."""
    mistakes = [(key, f"is not a setting that we know{nearest(key, list(KEYS))}") for key in entry if key not in KEYS]

    def read(key: str, reader: Callable[[str], Any], default: Any) -> Any:
        if key not in entry:
            return default
        try:
            return reader(_text(entry[key]))
        except ValueError as error:
            mistakes.append((key, str(error)))
            return default

    colour = read("light", _colour, before.pattern.colour)
    beats = read("rhythm", read_rhythm, before.pattern.beats)
    tune = read("sound", read_tune, before.tune)
    if colour is None and "rhythm" in entry:
        mistakes.append(("rhythm", "is of no use to a light that is dark"))
    return replace(before, pattern=Pattern(colour, beats) if colour else DARK, tune=tune), mistakes


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise ValueError(f"should be a text in quotes, not {value!r}")


def _colour(text: str) -> Colour | None:
    if text not in LIGHTS:
        raise ValueError(f"should be one of {', '.join(LIGHTS)}, not {text!r}")
    return None if text == "dark" else Colour(text)


def _misused_green(table: Table) -> Iterator[Mistake]:
    for sign, feedback in table.items():
        if feedback.pattern.colour is Colour.GREEN and sign not in _GREEN:
            yield ("cues", sign.value, "light"), "should not be green, which is for what is recorded"


def _alike(table: Table) -> Iterator[Mistake]:
    for one, other, what in confusions(table):
        # The file is to be mended where it changed something.
        blamed, counterpart = (other, one) if table[one] == FEEDBACK[one] else (one, other)
        yield ("cues", blamed.value), f"can't be told from {counterpart.value}: its {what}"


def nearest(name: str, known: list[str]) -> str:
    """The end of a sentence about a name that is not known."""
    close = get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]}?" if close else f"; there are {', '.join(known)}"
