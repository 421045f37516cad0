"""Pictures as they come, made into what the networks take."""

import cv2
import numpy as np

from kiosk.vision.engine import Image


def as_bgr(image: Image) -> Image:
    """Any picture as uint8 (height, width, 3), blue-green-red: grey ones gain colours, alpha is left out.

    Takes (height, width) and (height, width, 1 | 3 | 4), of any size, even none. Raises ValueError.
    """
    image = _checked(image)
    return np.repeat(image, 3, axis=2) if image.shape[2] == 1 else image[..., :3]


def as_rgb(image: Image) -> Image:
    """As as_bgr, in red-green-blue, one pixel after the other, which dlib asks for."""
    return np.ascontiguousarray(as_bgr(image)[..., ::-1])


def as_grey(image: Image) -> Image:
    """As as_bgr, but (height, width), one pixel after the other, and with at least one."""
    image = _checked(image)
    if image.shape[2] == 1:
        return np.ascontiguousarray(image[..., 0])
    return np.asarray(cv2.cvtColor(image[..., :3], cv2.COLOR_BGR2GRAY), dtype=np.uint8)


def scaled(image: Image, scale: float) -> Image:
    """The picture made larger or smaller, but never less than one pixel high and wide."""
    if abs(scale - 1) <= 0.01:
        return image
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    resized = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    return np.asarray(resized, dtype=np.uint8)


def _checked(image: Image) -> Image:
    """The picture as (height, width, 1 | 3 | 4). Raises ValueError."""
    if image.dtype != np.uint8:
        raise ValueError(f"a picture has uint8 pixels, not {image.dtype}")
    if image.ndim == 2:
        image = image[..., np.newaxis]
    if image.ndim != 3 or image.shape[2] not in (1, 3, 4):
        raise ValueError(f"a picture has 1, 3 or 4 channels: {image.shape}")
    return image
