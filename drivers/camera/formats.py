"""Frames as libcamera lays them in memory, made into pixels."""

from collections.abc import Callable
from typing import Any, Final, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from drivers.errors import CameraError

Pixels = NDArray[np.uint8]
Stream = dict[str, Any]  # picamera2's description: format; size: (width, height); stride: bytes from row to row


def to_bgr(buffer: Pixels, stream: Stream) -> Pixels:
    """A frame's bytes -> blue-green-red pixels (height, width, 3).

    Raises CameraError for an unknown format, or too few bytes.
    """
    lay, turn = _layout(stream)
    rows = lay(buffer, stream)
    return np.ascontiguousarray(
        rows if turn is None else cast(Pixels, cv2.cvtColor(rows, turn))[:, : stream["size"][0]]
    )


def to_grey(buffer: Pixels, stream: Stream) -> Pixels:
    """A frame's bytes -> grey pixels (height, width), which lie ready in YUV formats. Raises CameraError as to_bgr."""
    if _layout(stream)[0] is not _planar:
        return cast(Pixels, cv2.cvtColor(to_bgr(buffer, stream), cv2.COLOR_BGR2GRAY))
    width, height = stream["size"]
    return np.ascontiguousarray(_planar(buffer, stream)[:height, :width])


def check_format(stream: Stream) -> None:
    """Raises CameraError for a format that we can't read."""
    _layout(stream)


def _packed(channels: int) -> Callable[[Pixels, Stream], Pixels]:
    def lay(buffer: Pixels, stream: Stream) -> Pixels:
        width, height = stream["size"]
        rows = _rows(buffer, height, width * channels, stream)
        return rows[:, : width * channels].reshape(height, width, channels)

    return lay


def _planar(buffer: Pixels, stream: Stream) -> Pixels:
    """The brightness, and below it the colours, (height * 3/2, stride).

    Where each colour has a plane of its own, its stride is half the brightness's, so the padded picture is whole as a
    wider one.
    """
    width, height = stream["size"]
    return _rows(buffer, height * 3 // 2, width, stream)


def _rows(buffer: Pixels, count: int, row_bytes: int, stream: Stream) -> Pixels:
    """The bytes as rows of a stride, (count, stride); the last one may lack what fills it up. Raises CameraError."""
    stride = stream["stride"]
    data = buffer.reshape(-1)[: count * stride]
    missing = count * stride - data.size
    if missing > stride - row_bytes:
        raise CameraError(f"The Pi's camera gave a frame of {data.size} bytes instead of {count * stride}.")
    return (np.pad(data, (0, missing)) if missing else data).reshape(count, stride)


# How the rows lie, and how they become blue-green-red. libcamera names a format by its bytes from the highest to the
# lowest, so RGB888 lies in memory as B, G, R.
_LAYOUTS: Final[dict[str, tuple[Callable[[Pixels, Stream], Pixels], int | None]]] = {
    "RGB888": (_packed(3), None),
    "BGR888": (_packed(3), cv2.COLOR_RGB2BGR),
    "XRGB8888": (_packed(4), cv2.COLOR_BGRA2BGR),
    "XBGR8888": (_packed(4), cv2.COLOR_RGBA2BGR),
    "NV12": (_planar, cv2.COLOR_YUV2BGR_NV12),
    "YUV420": (_planar, cv2.COLOR_YUV2BGR_I420),
}


def _layout(stream: Stream) -> tuple[Callable[[Pixels, Stream], Pixels], int | None]:
    try:
        return _LAYOUTS[stream["format"]]
    except KeyError as cause:
        raise CameraError(f"The Pi's camera gives {stream['format']}, which we can't read.") from cause
