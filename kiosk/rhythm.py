"""How well two rhythms are told apart, by whoever sees no colours and hears no notes."""

from math import inf, lcm
from typing import Final

from drivers.buzzer import Tune
from drivers.lights import Pattern

# People tell durations from 0.1 to 2 seconds apart when they differ by a tenth to a quarter (Grondin 2010, "Timing
# and time perception"), side by side and in quiet; a rhythm is remembered from yesterday.
CLEAR: Final = 2.0

Pairs = list[tuple[float, float]]


def contrast_of_lights(one: Pattern, other: Pattern) -> float:
    """How many times longer the beat that differs most is, wherever in their rhythms the two are first seen.

    1 for the same rhythm, infinite for a light that is dark or steady and one that is not.
    """
    states = [(item.colour is None, item.steady) for item in (one, other)]
    if states[0] != states[1]:
        return inf
    if one.colour is None or one.steady:
        return 1.0
    first, second = (_pairs(item.beats) for item in (one, other))
    length = lcm(len(first), len(second))
    first, second = first * (length // len(first)), second * (length // len(second))
    return min(_contrast(first, second[turn:] + second[:turn]) for turn in range(length))


def contrast_of_sounds(one: Tune, other: Tune) -> float:
    """How many times longer the beep or gap that differs most is; infinite where the numbers of beeps differ."""
    if len(one.beeps) != len(other.beeps):
        return inf
    first, second = ([(beep.on_s, beep.off_s) for beep in tune.beeps] for tune in (one, other))
    if not first:
        return 1.0
    # Nobody hears how long it is silent after the last beep.
    return _contrast([*first[:-1], (first[-1][0], 1.0)], [*second[:-1], (second[-1][0], 1.0)])


def _pairs(beats: tuple[float, ...]) -> Pairs:
    return list(zip(beats[::2], beats[1::2], strict=True))


def _contrast(first: Pairs, second: Pairs) -> float:
    return max(
        max(one, other) / min(one, other)
        for pair, counterpart in zip(first, second, strict=True)
        for one, other in zip(pair, counterpart, strict=True)
    )
