"""Has anything moved? An empty gate must cost almost nothing."""

import cv2
import numpy as np

from kiosk.vision.engine import Image

_WIDTH_PX = 80  # of the small picture in which frames are compared; a face at the gate covers many of its pixels
_CHANGED_LEVELS = 10  # grey levels; far above what is left of a camera's noise in an average over a block
_CHANGED_PART = 0.004  # of the picture: some 20 pixels of the small one
_SETTLE_STILL_S = 5.0  # in which the background follows the light
_SETTLE_MOVED_S = 60.0


class Motion:
    """Compares each frame with a background that follows slow changes of the light.

    The light of the whole picture is taken out first, so that a cloud, or a camera that sets its exposure, is no
    visitor. What comes and stays becomes background in the end, but slowly, so that who leaves leaves no ghost.
    """

    def __init__(self) -> None:
        """Nothing seen yet."""
        self._background: cv2.typing.MatLike | None = None
        self._seen_s = 0.0

    def moved(self, image: Image, at_s: float) -> bool:
        """Whether something is there that was not; the first frame counts as moved. `at_s`: monotonic seconds."""
        small = _small(image)
        if self._background is None or self._background.shape != small.shape:
            self._background, self._seen_s = small, at_s
            return True
        changed = np.count_nonzero(cv2.absdiff(small, self._background) > _CHANGED_LEVELS)
        moved = bool(changed > _CHANGED_PART * small.size)
        weight = (at_s - self._seen_s) / (_SETTLE_MOVED_S if moved else _SETTLE_STILL_S)
        self._seen_s = at_s
        cv2.accumulateWeighted(small, self._background, min(1.0, max(0.0, weight)))
        return moved


def _small(image: Image) -> cv2.typing.MatLike:
    """The picture in few grey pixels, with its own mean and spread taken out."""
    height = max(1, round(image.shape[0] * _WIDTH_PX / image.shape[1]))
    small = cv2.resize(image, (_WIDTH_PX, height), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.float32)
    mean, spread = cv2.meanStdDev(grey)
    return (grey - float(mean[0, 0])) * (40.0 / max(float(spread[0, 0]), 10.0))
