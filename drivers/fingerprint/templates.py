"""What an emulated sensor makes of a finger. A finger is a name: its template is drawn from that name, and a few bits
differ from one touch to the next."""

import hashlib
from typing import Final

_VARYING: Final = 5  # every touch differs from the finger in one bit of 2**5, two touches in 6 % of the bits
_TOLERATED: Final = 0.25  # the share of bits that may differ; two fingers differ in half of them
_BEST_SCORE: Final = 300


def template_of(finger: str, touch: int, size: int = 512) -> bytes:
    """The bytes that the sensor makes of one touch of a finger; the same for the same touch."""
    bits = int.from_bytes(hashlib.shake_256(finger.encode()).digest(size))
    varied = (1 << size * 8) - 1
    noise = hashlib.shake_256(f"{finger}/{touch}".encode()).digest(size * _VARYING)
    for start in range(0, len(noise), size):
        varied &= int.from_bytes(noise[start : start + size])
    return (bits ^ varied).to_bytes(size)


def score_of(one: bytes, other: bytes) -> int:
    """How alike two templates of one size are, 0 to 300; 0 is no match, two touches of a finger have about 225."""
    differing = (int.from_bytes(one) ^ int.from_bytes(other)).bit_count() / (len(one) * 8)
    return max(0, round(_BEST_SCORE * (1 - differing / _TOLERATED)))
