"""Rhythms and tunes as a technician writes them: . is short, - long, _ a pause; a note stands before its beeps.

A light's rhythm is played over and over, a tune once: "-._" is a long flash, a short one, a pause; "c5. e5.." a
short c and two short e.
"""

import re
from dataclasses import dataclass
from typing import Final

from drivers.buzzer import Beep, Tune
from drivers.buzzer.contract import SILENCE

STEADY: Final = "steady"
SILENT: Final = "silent"
_MOST_IN_A_GROUP: Final = 4  # what is counted at a glance: Kaufman et al. 1949, "The discrimination of visual number"
_MOST: Final = 16
_NOTE: Final = re.compile("[a-g]#?[4-7]")
_TOKEN: Final = re.compile(rf"\s*(?:({_NOTE.pattern})|([.-])|(_))")


@dataclass(frozen=True)
class Tempo:
    """Seconds of a short and a long mark, of the gap after each, and of a pause."""

    short_s: float
    long_s: float
    gap_s: float
    pause_s: float


# Never more than three flashes a second, which harm some people: WCAG 2.2, criterion 2.3.1.
LIGHT: Final = Tempo(0.2, 0.6, 0.2, 0.8)
SOUND: Final = Tempo(0.1, 0.5, 0.1, 0.4)


def read_rhythm(text: str) -> tuple[float, ...]:
    """The beats of a light's pattern; () for "steady". Raises ValueError with the end of a sentence."""
    if text.strip() == STEADY:
        return ()
    if _NOTE.search(text):
        raise ValueError("has a note, and lights have none")
    beeps = _read(text, LIGHT)
    if not beeps:
        raise ValueError(f'is empty; write "{STEADY}" for a light that does not blink')
    return tuple(seconds for beep in beeps for seconds in (beep.on_s, beep.off_s))


def read_tune(text: str) -> Tune:
    """The tune; SILENCE for "silent". Raises ValueError with the end of a sentence."""
    if text.strip() == SILENT:
        return SILENCE
    beeps = _read(text, SOUND)
    if not beeps:
        raise ValueError(f'is empty; write "{SILENT}" for no sound')
    return Tune(tuple(beeps))


def write_rhythm(beats: tuple[float, ...]) -> str:
    """The text of a rhythm that was read."""
    pairs = zip(beats[::2], beats[1::2], strict=True)
    return "".join(_mark(on_s, off_s, LIGHT) for on_s, off_s in pairs) or STEADY


def write_tune(tune: Tune) -> str:
    """The text of a tune that was read."""
    text, note = "", None
    for beep in tune.beeps:
        if beep.note != note:
            text, note = f"{text} {beep.note or ''}", beep.note
        text += _mark(beep.on_s, beep.off_s, SOUND)
    return text.strip() or SILENT


def draw(beats: tuple[float, ...], tempo: Tempo) -> str:
    """The same to look at: a block for as long as it is on, a dot for as long as it is off."""
    return "".join(("·", "█")[number % 2 == 0] * round(beat / tempo.gap_s) for number, beat in enumerate(beats))


def _read(text: str, tempo: Tempo) -> list[Beep]:
    beeps: list[Beep] = []
    note, at, group = None, 0, 0
    unplayed = None
    while text[at:].strip():
        token = _TOKEN.match(text, at)
        if token is None:
            raise ValueError(f"has {text[at:].strip()[0]!r}, which is none of . - _ and the notes c4 to b7")
        at = token.end()
        if token[1]:
            _refuse(unplayed)
            note = unplayed = token[1]
        elif token[2]:
            unplayed = None
            beeps.append(Beep(tempo.short_s if token[2] == "." else tempo.long_s, tempo.gap_s, note))
            group += 1
        elif beeps:
            last = beeps.pop()
            beeps.append(Beep(last.on_s, round(last.off_s + tempo.pause_s, 3), last.note))
            group = 0
        else:
            raise ValueError("begins with a pause, and a cue is to be noticed at once")
        if group > _MOST_IN_A_GROUP:
            raise ValueError(f"has more than {_MOST_IN_A_GROUP} marks without a pause, which nobody can count")
    _refuse(unplayed)
    if len(text) > 4 * _MOST or len(beeps) > _MOST:
        raise ValueError(f"is too long: {_MOST} marks at the most")
    return beeps


def _refuse(note: str | None) -> None:
    if note:
        raise ValueError(f'has the note {note} without a mark after it, such as "{note}."')


def _mark(on_s: float, off_s: float, tempo: Tempo) -> str:
    mark = "." if on_s < tempo.long_s else "-"
    return mark + "_" * round((off_s - tempo.gap_s) / tempo.pause_s)
