"""Files for OpenCV, which takes the whole process with it at a name that is not UTF-8: pictures go to it as bytes."""

from pathlib import Path
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from drivers.errors import CameraError


def read_picture(path: Path, how: int = cv2.IMREAD_COLOR) -> NDArray[np.uint8] | None:
    """A picture's pixels as cv2.imread gives them; None where they can't be read, or are more than we can hold."""
    try:
        data = np.fromfile(path, np.uint8)
        return cast(NDArray[np.uint8] | None, cv2.imdecode(data, how))
    except (OSError, MemoryError, cv2.error):
        return None


def looks_like_a_picture(path: Path) -> bool:
    """Whether a file begins as a picture does. Nothing is decoded, so that a folder of many is looked at quickly."""
    try:
        with path.open("rb") as file:
            return bool(cv2.haveImageReader(f"/proc/self/fd/{file.fileno()}"))
    except OSError:
        return False


def name_for_opencv(path: Path) -> str:
    """The name of what OpenCV has to open by itself. Raises CameraError where OpenCV could not bear it."""
    name = str(path)
    try:
        name.encode()
    except UnicodeEncodeError as cause:
        raise CameraError(f"The name {name!a} is not UTF-8; give it another.") from cause
    return name
