"""The camera's picture for browsers: the newest only, encoded only while somebody looks, and once for all of them."""

import asyncio
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import cv2
import numpy as np

from drivers.camera.contract import Frame
from kiosk.events import Box
from kiosk.screen.streams import Streams

WIDTH_PX = 480
FPS = 10
BOUNDARY = "picture"
MEDIA_TYPE = f"multipart/x-mixed-replace; boundary={BOUNDARY}"
_QUALITY = 75
_AGAIN_S = 0.5  # Chromium shows the first picture only after the second, and a browser that left is noticed by sending
_INK, _PAPER = (40, 30, 20), (255, 255, 255)  # blue, green, red


@dataclass(frozen=True)
class _Seen:
    frame: Frame
    boxes: tuple[Box, ...]


class Preview:
    """Holds the newest frame. `see` and `forget` may be called by any thread, the rest by the server's loop."""

    def __init__(self) -> None:
        """Begin without a picture."""
        self._newest: _Seen | None = None
        self._encoded: tuple[_Seen, bytes] | None = None
        self._encoded_s = 0.0
        self._lock = asyncio.Lock()

    def see(self, frame: Frame, boxes: tuple[Box, ...]) -> None:
        """Keep a frame in place of the one before."""
        self._newest = _Seen(frame, boxes)

    def forget(self) -> None:
        """Keep no picture of anybody, for what was last seen is not what is there."""
        self._newest = None

    async def pictures(self, streams: Streams) -> AsyncGenerator[bytes]:
        """The parts of a multipart response, one for each new picture, until the streams end."""
        # Each part ends with the next one's boundary: a browser shows a picture only once it has seen that.
        yield f"--{BOUNDARY}\r\n".encode()
        shown, shown_s = b"", 0.0
        while not streams.ending:
            picture = await self._picture()
            if picture and (picture is not shown or time.monotonic() - shown_s > _AGAIN_S):
                shown, shown_s = picture, time.monotonic()
                head = f"Content-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
                yield head.encode() + picture + f"\r\n--{BOUNDARY}\r\n".encode()
            await asyncio.sleep(1 / FPS)

    async def _picture(self) -> bytes:
        """The newest picture as JPEG, or one that is young enough; nothing while there is none."""
        async with self._lock:
            seen = self._newest
            if seen is None:
                self._encoded = None
                return b""
            if self._encoded is None or (seen is not self._encoded[0] and self._is_due()):
                self._encoded_s = time.monotonic()
                self._encoded = (seen, await asyncio.to_thread(encode, seen.frame, seen.boxes))
            return self._encoded[1]

    def _is_due(self) -> bool:
        return time.monotonic() - self._encoded_s > 0.8 / FPS


def encode(frame: Frame, boxes: tuple[Box, ...] = ()) -> bytes:
    """A JPEG as in a mirror, WIDTH_PX wide, in colour if the frame has any, with corners drawn around the faces."""
    searched = frame.pixels
    height, width = searched.shape[:2]
    scale = WIDTH_PX / width
    shown = searched if frame.large is None else frame.large
    picture = cv2.flip(cv2.resize(shown, (WIDTH_PX, round(height * scale)), interpolation=cv2.INTER_AREA), 1)
    for x, y, box_width, box_height in boxes:
        left = WIDTH_PX - round((x + box_width) * scale)
        _draw_corners(picture, left, round(y * scale), round(box_width * scale), round(box_height * scale))
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()


def _draw_corners(picture: cv2.typing.MatLike, left: int, top: int, width: int, height: int) -> None:
    """Four corners, light with a dark edge, so that they are seen on every shirt and wall."""
    arm = max(6, min(width, height) // 4)
    for x, y, right, down in (
        (left, top, arm, arm),
        (left + width, top, -arm, arm),
        (left, top + height, arm, -arm),
        (left + width, top + height, -arm, -arm),
    ):
        corner = np.array([[x + right, y], [x, y], [x, y + down]], np.int32)
        cv2.polylines(picture, [corner], False, _INK, 7, cv2.LINE_AA)
        cv2.polylines(picture, [corner], False, _PAPER, 3, cv2.LINE_AA)
