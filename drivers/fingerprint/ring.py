"""The R503's light ring: a pattern of the gate's lights -> the arguments of its command. Source: manual V1.2, 35."""

from dataclasses import dataclass
from typing import Final

from drivers.lights.contract import Colour, Pattern

_FLASH, _ON, _OFF = 2, 3, 4
_COLOURS: Final = {Colour.RED: 1, Colour.BLUE: 2, Colour.GREEN: 4}
_SPEED: Final = 0x40  # of 256: a flash takes a second or so


@dataclass(frozen=True)
class Aura:
    """What the ring is told, in the vendor's names; cycles 0 is for ever."""

    color: int
    mode: int
    speed: int = 0
    cycles: int = 0


DARK: Final = Aura(_COLOURS[Colour.RED], _OFF)


def aura_of(pattern: Pattern) -> Aura:
    """What comes nearest to a pattern: the ring knows colours, steady and flashing, and no rhythms."""
    if pattern.colour is None:
        return DARK
    if pattern.steady:
        return Aura(_COLOURS[pattern.colour], _ON)
    return Aura(_COLOURS[pattern.colour], _FLASH, _SPEED)
