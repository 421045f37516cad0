"""Does the camera see? A frozen, dark or covered one gives frames too, and nobody is known in them.

The limits come from what dlib's detector still finds: faces of six photographs and five of the ORL database, 110 and
200 px wide at the drawn gate and before a plain wall, made darker, foggier and softer by degrees, with noise of 0 to 10
grey levels; the smallest faces that count, at 640x480 to 1920x1080; and from what covers a lens: smooth shades, with
and without light from a side, with noise up to 12.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from drivers.camera import Frame
from drivers.errors import Trouble
from kiosk.vision.engine import Image

_BAD_FOR_S = 2.0
_GOOD_FOR_S = 0.5
_SAMPLE_PX = 160  # of the width are looked at, or more where the smallest face is a small part of the picture
_FACE_SAMPLES = 25  # across that face
_BLOCK_PX = 4  # samples a side are averaged, and over time: at 30 frames a second, noise of 10 levels is then 0.6
_SETTLE_S = 0.3
_PATCH_BLOCKS = 4  # a side: two thirds of the smallest face, or a tenth of a small picture's width
_LEAST_PART = 0.4  # of some patch: a face fills it, and the edge of a door or a pillar half of it
_DARK_LEVEL = 25.0  # a face below 30 is refused as too dark (kiosk/vision/quality.py)
_LIGHT_LEVEL = 30.0  # what was dark is light from here on, so that dusk is said once
# Second difference between blocks, in grey levels. Wherever a face was found, 44 % of a patch had more, in a fog that
# leaves a tenth of the contrast; on a covered lens, less than 40 %, with noise of 12 at 30 frames a second, 10 at 15.
_EDGE_LEVELS = 5.5


class View:
    """What is wrong with the view, said once it has been so for 2 s, until it has been good for half a second.

    DARK: no light anywhere, as at night. FROZEN: the very same picture again and again, which no sensor gives, for it
    has noise, unless it is blinded; one that gives each picture several times is not frozen while they change.
    COVERED: light, but no edge anywhere, as with a hand or tape on the lens, or the low sun in it; or as before a bare
    wall that fills the picture, until somebody steps before it. What leaves a sharp edge of light is not noticed: it
    looks as a pillar in the shade does.
    """

    def __init__(self, min_face_px: int = 100) -> None:
        """Nothing seen yet. min_face_px: the width of the smallest face that must not be overlooked."""
        self._widest_step = max(1, min_face_px // _FACE_SAMPLES)
        self._sample: Image | None = None
        self._changed_s = 0.0
        self._blocks: cv2.typing.MatLike | None = None
        self._seen_s = 0.0
        self._suspected: Trouble | None = None
        self._since_s = 0.0
        self._said: Trouble | None = None

    def judge(self, frame: Frame) -> Trouble | None:
        """Take the next frame; what is wrong by now, or None. Costs some 0.2 ms, at 1920x1080 1 ms."""
        if not frame.pixels.size:
            return self._said
        suspected = self._suspect(_sample(frame.pixels, self._widest_step), frame.monotonic_s)
        if suspected is not self._suspected:
            self._suspected, self._since_s = suspected, frame.monotonic_s
        needed_s = {None: _GOOD_FOR_S, Trouble.FROZEN: 0.0}.get(suspected, _BAD_FOR_S)  # frozen, it was so for 2 s
        if frame.monotonic_s - self._since_s >= needed_s:
            self._said = suspected
        return self._said

    def _suspect(self, sample: Image, at_s: float) -> Trouble | None:
        """What the camera looks like by this frame."""
        if self._sample is None or not _is_repeated(sample, self._sample):
            self._changed_s = at_s
        self._sample = sample
        weight = min(1.0, max(0.0, (at_s - self._seen_s) / _SETTLE_S))
        self._blocks, self._seen_s = _settled(self._blocks, sample, weight), at_s
        light = _LIGHT_LEVEL if self._said is Trouble.DARK else _DARK_LEVEL
        if not _fill_a_patch(self._blocks > light):
            return Trouble.DARK
        # What was frozen must change all the time before it is believed again.
        if at_s - self._changed_s >= (_GOOD_FOR_S if self._said is Trouble.FROZEN else _BAD_FOR_S):
            return Trouble.FROZEN
        return Trouble.COVERED if _is_smooth(self._blocks) else None


def _sample(pixels: Image, widest_step: int) -> Image:
    """A few of the pixels, in grey, or in green, which is nearly the same: (h, w), one after the other."""
    step = max(1, min(pixels.shape[1] // _SAMPLE_PX, widest_step))
    few = pixels[::step, ::step]
    return np.ascontiguousarray(few if few.ndim == 2 else few[..., few.shape[2] // 2])


def _is_repeated(sample: Image, before: Image) -> bool:
    """Whether it is the same again; black and white alone tell nothing, for a blinded sensor shows no noise."""
    return np.array_equal(sample, before) and bool(((sample > 0) & (sample < 255)).any())


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
    return not _fill_a_patch(np.maximum(*edges) > _EDGE_LEVELS)


def _fill_a_patch(blocks: NDArray[np.bool_]) -> bool:
    """Whether there is a place where enough of the blocks are so."""
    around = cv2.blur(blocks.astype(np.float32), (_PATCH_BLOCKS, _PATCH_BLOCKS), borderType=cv2.BORDER_CONSTANT)
    return bool(np.max(around, initial=0.0) >= _LEAST_PART)
