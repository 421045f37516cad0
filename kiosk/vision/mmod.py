"""dlib's convolutional face detector, MMOD, in onnxruntime: dlib's own boxes in a fraction of the time.

The picture and its smaller copies, each 5/6 of the one before, are laid into one tiled picture, which the network
goes over once. Faces near a tile's edge see a little of its neighbour, so the tiles lie exactly where dlib lays them.
Sources: image_pyramid.h, dnn/input.h (input_rgb_image_pyramid), dnn/loss.h (loss_mmod_) of dlib; and D. King,
"Max-Margin Object Detection", arXiv:1502.00046.
"""

import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kiosk.events import Box
from kiosk.vision.engine import Image

Floats = NDArray[np.float32]

_RATE = 5 / 6  # pyramid_down<6>
_LEAST_ROWS = 5  # of the smallest tile
_BETWEEN_PX = 10
_AROUND_PX = 11


@dataclass(frozen=True)
class Tile:
    """Where a copy of the picture lies in the tiled one."""

    left: int
    top: int
    width: int
    height: int

    def distance(self, x: float, y: float) -> float:
        """From a point; 0 inside."""
        right, bottom = self.left + self.width - 1, self.top + self.height - 1
        return math.hypot(x - min(max(x, self.left), right), y - min(max(y, self.top), bottom))


class Mmod:
    """The detector over a session of the graph that networks.build_detector makes."""

    def __init__(self, session: Any) -> None:
        """`session`: an onnxruntime.InferenceSession."""
        self._session = session
        facts = json.loads(session.get_modelmeta().custom_metadata_map["detection"])
        self._means = np.array(facts["means"], dtype=np.float32)
        self._window_px: tuple[int, int] = tuple(facts["window"])
        self._stride: int = facts["stride"]
        self._offset: int = facts["offset"]
        self._most_iou: float = facts["most_iou"]
        self._most_covered: float = facts["most_covered"]

    def detect(self, image: Image) -> list[Box]:
        """The faces, the surest first; a box may reach over the picture's edge.

        `image`: (height, width, 3), red-green-blue, at least half a window high and wide.
        """
        height, width = image.shape[:2]
        tiles, tiled_height, tiled_width = lay_tiles(height, width)
        values = (image.astype(np.float32) - self._means) / np.float32(256)
        tiled = _pyramid(np.ascontiguousarray(values.transpose(2, 0, 1)), tiles, tiled_height, tiled_width)
        (scores,) = self._session.run(["scores"], {"pyramid": tiled[np.newaxis]})
        return self._suppressed(self._boxes(scores[0, 0], tiles))

    def _boxes(self, scores: Floats, tiles: list[Tile]) -> list[Box]:
        """The boxes of all positive scores, the highest first."""
        rows, columns = np.nonzero(scores > 0)
        order = np.argsort(-scores[rows, columns], kind="stable")
        return [
            self._box(int(columns[i]) * self._stride + self._offset, int(rows[i]) * self._stride + self._offset, tiles)
            for i in order
        ]

    def _box(self, x: int, y: int, tiles: list[Tile]) -> Box:
        """The window around a pixel of the tiled picture, in the pixels of the picture itself."""
        level = min(range(len(tiles)), key=lambda i: tiles[i].distance(x, y))
        across, down = (self._window_px[0] - 1) / 2, (self._window_px[1] - 1) / 2
        x, y = x - tiles[level].left, y - tiles[level].top
        left, top, right, bottom = (
            math.floor(_enlarged(edge, level) + 0.5) for edge in (x - across, y - down, x + across, y + down)
        )
        return left, top, right - left + 1, bottom - top + 1

    def _suppressed(self, boxes: list[Box]) -> list[Box]:
        """Those that no surer one overlaps."""
        kept: list[Box] = []
        for box in boxes:
            if not any(self._are_one(box, other) for other in kept):
                kept.append(box)
        return kept

    def _are_one(self, one: Box, other: Box) -> bool:
        """Whether two boxes show one face (test_box_overlap; its "union" is the rectangle around both)."""
        across = _common(one[0], one[2], other[0], other[2])
        down = _common(one[1], one[3], other[1], other[3])
        inner = across * down
        if not inner:
            return False
        outer = (one[2] + other[2] - across) * (one[3] + other[3] - down)
        covered = inner / min(one[2] * one[3], other[2] * other[3])
        return inner / outer > self._most_iou or covered > self._most_covered


def lay_tiles(height: int, width: int) -> tuple[list[Tile], int, int]:
    """Where the copies of a picture lie, and the height and width of all (compute_tiled_image_pyramid_details).

    Down one column, and back up a second one on the right as soon as the copies are narrow enough.
    """
    sizes = [(width, height)]
    while True:
        width, height = math.floor(_RATE * width), math.floor(_RATE * height)
        if not width or height < _LEAST_ROWS:
            break
        sizes.append((width, height))
    full_width, full_height = sizes[0]
    column = _column_height(sizes)
    tiles = []
    top = _AROUND_PX
    for width, height in sizes:
        if top >= column + _AROUND_PX:
            break
        tiles.append(Tile(_AROUND_PX, top, width, height))
        top += height + _BETWEEN_PX
    end = top - _BETWEEN_PX  # the second column's next copy ends above this row
    for width, height in sizes[len(tiles) :]:
        tile = Tile(_AROUND_PX + full_width - width, end - height, width, height)
        if tile.top < _AROUND_PX + full_height:
            break  # it would lie over the picture itself
        tiles.append(tile)
        end -= height + _BETWEEN_PX
    return tiles, column + 2 * _AROUND_PX, full_width + 2 * _AROUND_PX


def _column_height(sizes: list[tuple[int, int]]) -> int:
    full_width, full_height = sizes[0]
    total = sum(height + _BETWEEN_PX for _, height in sizes) - 2 * _BETWEEN_PX
    column, previous_width = 0, 0
    for width, height in sizes:
        fits_beside = width <= full_width - previous_width - _BETWEEN_PX
        if fits_beside and 2 * (column - full_height) >= total - full_height:
            break
        column += height + _BETWEEN_PX
        previous_width = width
    return column - _BETWEEN_PX


def _pyramid(picture: Floats, tiles: list[Tile], height: int, width: int) -> Floats:
    """The tiled picture (3, height, width), zero, which is the mean colour, between the copies."""
    tiled = np.zeros((3, height, width), dtype=np.float32)
    for tile in tiles:
        picture = _resized(picture, tile.height, tile.width)
        tiled[:, tile.top : tile.top + tile.height, tile.left : tile.left + tile.width] = picture
    return tiled


def _resized(picture: Floats, height: int, width: int) -> Floats:
    """Interpolated between the nearest pixels, corner on corner (dlib's resize_image), which OpenCV can't."""
    if picture.shape[1:] == (height, width):
        return picture
    return _along(2, _along(1, picture, height), width)


def _along(axis: int, picture: Floats, size: int) -> Floats:
    first, second, part = _neighbours(picture.shape[axis], size)
    near, far = picture.take(first, axis), picture.take(second, axis)
    far -= near  # in place: the pyramid costs as much as a convolution
    far *= part if axis == 2 else part[:, np.newaxis]
    near += far
    return near


def _neighbours(before: int, after: int) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
    """For each pixel after: the two before that it lies between, and how near it is to the second."""
    at = np.arange(after) * ((before - 1) / max(after - 1, 1))
    first = np.floor(at).astype(np.intp)
    return first, np.minimum(first + 1, before - 1), (at - first).astype(np.float32)


def _enlarged(edge: float, levels: int) -> float:
    """A place in a copy, in the picture itself (pyramid_down<6>::point_up)."""
    for _ in range(levels):
        edge = edge * 1.2 + 0.3
    return edge


def _common(start: int, size: int, other_start: int, other_size: int) -> int:
    return max(0, min(start + size, other_start + other_size) - max(start, other_start))
