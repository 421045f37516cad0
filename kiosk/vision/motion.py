"""Has anything moved? An empty gate must cost almost nothing."""

import cv2
import numpy as np

from kiosk.vision.engine import Image

_WIDTH_PX = 80  # of the small picture in which frames are compared; a face at the gate covers many of its pixels
_CHANGED_LEVELS = 10  # grey levels; far above what is left of a camera's noise in an average over a block
_CHANGED_PART = 0.004  # of the picture: some 20 pixels of the small one
_SETTLE_STILL_S = 5.0  # in which the background takes up what does not move: the light, a thing put down
_SETTLE_MOVING_S = 60.0
_STILL_FOR_S = 0.5  # over which a picture is compared with itself


class Motion:
    """Compares each frame with a background that follows slow changes.

    The light of the whole picture is taken out first, so that a cloud, or a camera that sets its exposure, is no
    visitor. What moves hardly enters the background, so that who leaves leaves no ghost for long.
    """

    def __init__(self) -> None:
        """Nothing seen yet."""
        self._background: cv2.typing.MatLike | None = None
        self._before: cv2.typing.MatLike | None = None
        self._before_s = self._seen_s = 0.0

    def moved(self, image: Image, at_s: float) -> bool:
        """Whether something is there that was not; the first frame counts as moved. `at_s`: monotonic seconds."""
        small = _small(image)
        if self._background is None or self._before is None or self._background.shape != small.shape:
            self._background, self._before = small, small
            self._before_s = self._seen_s = at_s
            return True
        settle_s = _SETTLE_MOVING_S if _differ(small, self._before) else _SETTLE_STILL_S
        if at_s - self._before_s >= _STILL_FOR_S:
            self._before, self._before_s = small, at_s
        moved = _differ(small, self._background)
        weight = min(1.0, max(0.0, (at_s - self._seen_s) / settle_s))
        self._background = cv2.addWeighted(small, weight, self._background, 1 - weight, 0)
        self._seen_s = at_s
        return moved


def _differ(one: cv2.typing.MatLike, other: cv2.typing.MatLike) -> bool:
    _, changed = cv2.threshold(cv2.absdiff(one, other), _CHANGED_LEVELS, 1, cv2.THRESH_BINARY)
    return cv2.countNonZero(changed) > _CHANGED_PART * one.size


def _small(image: Image) -> cv2.typing.MatLike:
    """The picture in few grey pixels, with its own mean and spread taken out."""
    height = max(1, round(image.shape[0] * _WIDTH_PX / image.shape[1]))
    step = max(1, image.shape[1] // (4 * _WIDTH_PX))
    small = cv2.resize(image[::step, ::step], (_WIDTH_PX, height), interpolation=cv2.INTER_AREA)
    grey = (small if small.ndim == 2 else cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)).astype(np.float32)
    mean, spread = cv2.meanStdDev(grey)
    return (grey - float(mean[0, 0])) * (40.0 / max(float(spread[0, 0]), 10.0))
