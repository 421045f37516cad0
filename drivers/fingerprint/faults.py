"""What a bad line does to a packet, the same each time: the seed decides which bits, which bytes, and how many."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from random import Random
from typing import Final, Literal

_SOME: Final = 4  # the most bytes that are lost or doubled where it is not the whole packet
_NOISE: Final = 40  # the most stray bytes
_BEGINNING: Final = bytes.fromhex("ef01ffffffff070010")  # of an acknowledgement that would swallow the real one


class FaultKind(Enum):
    """What happens to a packet. BROWN_OUT: it is cut off, and the sensor starts anew."""

    FLIP = "flip"
    DROP = "drop"
    DUPLICATE = "duplicate"
    DELAY = "delay"
    TRUNCATE = "truncate"
    STRAY = "stray"
    BROWN_OUT = "brown-out"


@dataclass(frozen=True)
class Fault:
    """What happens to one packet. towards: who should hear it; delay_s: how late it comes, of DELAY alone."""

    kind: FaultKind
    towards: Literal["host", "sensor"] = "host"
    seed: int = 0
    delay_s: float = 0.0


@dataclass(frozen=True)
class Piece:
    """Bytes that go over the line, so long after the piece before them."""

    delay_s: float
    words: bytes


def spoil(packet: bytes, fault: Fault) -> tuple[Piece, ...]:
    """What goes over the line in the place of a packet; the same for the same packet and fault."""
    dice = Random(fault.seed)
    if fault.kind is FaultKind.DELAY:
        at = 0 if dice.random() < 0.5 else dice.randrange(len(packet))
        pieces = [Piece(0.0, packet[:at]), Piece(fault.delay_s, packet[at:])]
    else:
        pieces = [Piece(0.0, _SPOILERS[fault.kind](packet, dice))]
    return tuple(piece for piece in pieces if piece.words)


def _flip(packet: bytes, dice: Random) -> bytes:
    """One to three bits: two can pass the packet's sum, one cannot."""
    bits = int.from_bytes(packet)
    for bit in dice.sample(range(len(packet) * 8), dice.choice((1, 1, 2, 3))):
        bits ^= 1 << bit
    return bits.to_bytes(len(packet))


def _drop(packet: bytes, dice: Random) -> bytes:
    start, end = _run(packet, dice)
    return packet[:start] + packet[end:]


def _duplicate(packet: bytes, dice: Random) -> bytes:
    start, end = _run(packet, dice)
    return packet[:end] + packet[start:]


def _cut(packet: bytes, dice: Random) -> bytes:
    return packet[: dice.randrange(len(packet))]


def _stray(packet: bytes, dice: Random) -> bytes:
    noise = dice.choice(
        (b"\x55", _BEGINNING[: dice.randint(1, len(_BEGINNING))], dice.randbytes(dice.randint(1, _NOISE)))
    )
    at = dice.choice((0, 0, dice.randrange(len(packet)), len(packet)))
    return packet[:at] + noise + packet[at:]


def _run(packet: bytes, dice: Random) -> tuple[int, int]:
    """Where some bytes begin and end: all of the packet, or a few of it."""
    if dice.random() < 0.5:
        return 0, len(packet)
    start = dice.randrange(len(packet))
    return start, min(len(packet), start + dice.randint(1, _SOME))


_SPOILERS: Final[dict[FaultKind, Callable[[bytes, Random], bytes]]] = {
    FaultKind.FLIP: _flip,
    FaultKind.DROP: _drop,
    FaultKind.DUPLICATE: _duplicate,
    FaultKind.TRUNCATE: _cut,
    FaultKind.STRAY: _stray,
    FaultKind.BROWN_OUT: _cut,
}
