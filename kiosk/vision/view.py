"""Does the camera see? A frozen, dark or covered one gives frames too, and nobody is known in them.

The limits come from what dlib's detector still finds: faces of six photographs and five of the ORL database, 110 and
200 px wide at the drawn gate and before a plain wall, made darker, foggier and softer by degrees, with noise of 0 to 10
grey levels; and from what covers a lens: smooth shades, with and without light from a side, with noise up to 12.
"""

import cv2
import numpy as np

from drivers.camera import Frame
from drivers.errors import Trouble
from kiosk.vision.engine import Image

_BAD_FOR_S = 2.0
_GOOD_FOR_S = 0.5
_SAMPLE_PX = 160  # of the width are looked at
_BLOCK_PX = 4  # of them a side are averaged, and over time: at 30 frames a second, a noise of 10 levels is then 0.7
_SETTLE_S = 0.25
_LEAST_PART = 0.03  # of the picture: less than a face that is near enough
_DARK_LEVEL = 25.0  # a face below 30 is refused as too dark (kiosk/vision/quality.py)
_LIGHT_LEVEL = 30.0  # what was dark is light from here on, so that dusk is said once
# Second difference between blocks, in grey levels. Wherever a face was found, 3 % of the blocks had 7 or more, in a fog
# that leaves a fourteenth of the contrast; on a covered lens they have 5 at the most, or 5.7 with light from a side.
_EDGE_LEVELS = 5.5


class View:
    """What is wrong with the view, said once it has been so for 2 s, until it has been good for half a second.

    DARK: no light anywhere, as at night. FROZEN: the very same picture again and again, which no sensor gives, for it
    has noise. COVERED: light, but no edge anywhere, as with a hand or tape on the lens; or as before a bare wall that
    fills the picture, until somebody steps before it.
    """

    def __init__(self) -> None:
        """Nothing seen yet."""
        self._sample: Image | None = None
        self._blocks: cv2.typing.MatLike | None = None
        self._seen_s = 0.0
        self._suspected: Trouble | None = None
        self._since_s = 0.0
        self._said: Trouble | None = None

    def judge(self, frame: Frame) -> Trouble | None:
        """Take the next frame; what is wrong by now, or None. Costs some 0.1 ms."""
        if not frame.pixels.size:
            return self._said
        suspected = self._suspect(_sample(frame.pixels), frame.monotonic_s)
        if suspected is not self._suspected:
            self._suspected, self._since_s = suspected, frame.monotonic_s
        if frame.monotonic_s - self._since_s >= (_BAD_FOR_S if suspected else _GOOD_FOR_S):
            self._said = suspected
        return self._said

    def _suspect(self, sample: Image, at_s: float) -> Trouble | None:
        """What this frame alone looks like."""
        same = self._sample is not None and np.array_equal(sample, self._sample)
        self._sample = sample
        weight = min(1.0, max(0.0, (at_s - self._seen_s) / _SETTLE_S))
        self._blocks, self._seen_s = _settled(self._blocks, sample, weight), at_s
        light = _LIGHT_LEVEL if self._said is Trouble.DARK else _DARK_LEVEL
        if _part_above(self._blocks, light) < _LEAST_PART:
            return Trouble.DARK
        if same:
            return Trouble.FROZEN
        return Trouble.COVERED if _is_smooth(self._blocks) else None


def _sample(pixels: Image) -> Image:
    """A few of the pixels, in grey, or in green, which is nearly the same: (h, w), one after the other."""
    step = max(1, pixels.shape[1] // _SAMPLE_PX)
    few = pixels[::step, ::step]
    return np.ascontiguousarray(few if few.ndim == 2 else few[..., few.shape[2] // 2])


def _settled(before: cv2.typing.MatLike | None, sample: Image, weight: float) -> cv2.typing.MatLike:
    """The means of blocks of the picture, float32; the newest picture has that weight against those before."""
    size = (max(1, sample.shape[1] // _BLOCK_PX), max(1, sample.shape[0] // _BLOCK_PX))
    blocks = cv2.resize(sample, size, interpolation=cv2.INTER_AREA)
    if before is None or before.shape != blocks.shape:
        return blocks.astype(np.float32)
    return cv2.accumulateWeighted(blocks, before, weight)


def _is_smooth(blocks: cv2.typing.MatLike) -> bool:
    # The outermost blocks have no neighbour to compare with, and OpenCV makes one up.
    edges = (np.abs(cv2.Sobel(blocks, cv2.CV_32F, x, 2 - x, ksize=1)[1:-1, 1:-1]) for x in (0, 2))
    return _part_above(np.maximum(*edges), _EDGE_LEVELS) < _LEAST_PART


def _part_above(values: cv2.typing.MatLike, level: float) -> float:
    return np.count_nonzero(values > level) / max(1, values.size)
