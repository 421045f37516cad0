"""Draws a fingerprint from a finger's name: ridges round a core, with endings and forks, on an oval of skin.

The picture is the cosine of a phase that grows by a turn from ridge to ridge; where the phase itself turns round a
point, a ridge ends or forks. Source: Larkin and Fletcher, "A coherent framework for fingerprint analysis: are
fingerprints holograms?", Optics Express 15 (2007).
"""

import hashlib
from typing import Final

import numpy as np
from numpy.typing import NDArray

_RIDGE_PX: Final = 9.0  # from ridge to ridge at 500 dots an inch, some 0.45 mm
_MINUTIAE: Final = 30
_BARE: Final = 15.0  # the glass where no skin lies, the brightest of 16 greys
_SHIFT_PX: Final = 4.0  # how far two touches lie apart at the most

Picture = NDArray[np.float64]


def draw(finger: str, touch: int, size: tuple[int, int], *, smudged: bool = False) -> bytes:
    """The picture of one touch: 16 greys, two pixels a byte, the left one in the high half, row by row.

    size: width and height in pixels. The same touch has the same picture.
    """
    width, height = size
    skin = _dice(finger)
    hand = _dice(f"{finger}/{touch}")
    x, y = np.meshgrid(np.arange(width, dtype=np.float64) - width / 2, np.arange(height, dtype=np.float64) - height / 2)
    dx, dy = hand.uniform(-_SHIFT_PX, _SHIFT_PX, 2)
    wave = np.cos(_phase(x - dx, y - dy, skin, size))
    grain = hand.normal(0.0, 6.0 if smudged else 0.8, x.shape)
    greys = 7.5 + (1.0 if smudged else 6.0) * wave + grain
    oval = (x / (0.46 * width)) ** 2 + (y / (0.48 * height)) ** 2
    levels = np.where(oval < 1, greys, _BARE).round().clip(0, 15).astype(np.uint8)
    return (levels[:, 0::2] << 4 | levels[:, 1::2]).tobytes()


def _phase(x: Picture, y: Picture, skin: np.random.Generator, size: tuple[int, int]) -> Picture:
    """Radians: the distance from a core, drawn out downwards as in a loop, and a turn round each minutia."""
    stretch, lean = skin.uniform(0.6, 1.0), skin.uniform(-0.5, 0.5)
    core_y = skin.uniform(-0.15, 0.05) * size[1]
    below = np.maximum(y - core_y, 0.0)
    distance = np.hypot(x - lean * below, (y - core_y) * stretch - 0.4 * below)
    phase: Picture = 2 * np.pi * distance / _RIDGE_PX
    for _ in range(_MINUTIAE):
        at_x, at_y = (skin.uniform(-0.4, 0.4) * length for length in size)
        phase += skin.choice((-1, 1)) * np.arctan2(y - at_y, x - at_x)
    return phase


def _dice(name: str) -> np.random.Generator:
    return np.random.default_rng(list(hashlib.sha256(name.encode()).digest()))
