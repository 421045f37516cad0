"""A person in a scene: cut from a photograph, and pasted into a frame at any size."""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from drivers.camera.files import read_picture

Pixels = NDArray[np.uint8]
Box = tuple[int, int, int, int]

# Everything about a figure is measured in faces from the face's centre; a face is brow to chin, ear to ear,
# as dlib's detector frames it.
_HALF_WIDTH = 1.5
_ABOVE = 1.3
_PHOTO_BELOW = 1.9  # what the photograph gives; the rest of the body is made up from its lowest row
_BELOW = 7.0
_BELT = 3.6
_FEATHER = 0.05
_SMALLEST_PX = 40.0  # a pyramid finer than this would never be used


@dataclass(frozen=True)
class Pose:
    """Where a figure is: its face's centre and width in the frame's pixels; opacity from 0 to 1."""

    x_px: float
    y_px: float
    face_px: float
    opacity: float = 1.0


@dataclass(frozen=True)
class _Level:
    """The figure at one size. pixels: (h, w, 3); mask: (h, w), 255 where it is opaque; centre: of the face."""

    pixels: Pixels
    mask: Pixels
    centre: tuple[float, float]
    face_px: float

    def halved(self) -> "_Level":
        """The same at half the size."""
        height, width = self.mask.shape
        size = (width // 2, height // 2)
        return _Level(
            _shrunk(self.pixels, size),
            _shrunk(self.mask, size),
            (self.centre[0] * size[0] / width, self.centre[1] * size[1] / height),
            self.face_px * size[0] / width,
        )


class Figure:
    """A person at a pyramid of sizes, so that pasting takes the same short time whatever the photograph's."""

    def __init__(self, photo: Path, face: Box, largest_px: float) -> None:
        """Cut out the person whose face is at (left, top, width, height) in the photo's pixels.

        largest_px: the largest width of the face that will be asked for. Raises ValueError when the photo
        can't be read, or the face is not in it.
        """
        pixels, opaque = _read(photo)
        x, y, width, height = face
        if x + width > pixels.shape[1] or y + height > pixels.shape[0]:
            raise ValueError(f"face {list(face)} is outside the photo {photo}, {pixels.shape[1]}x{pixels.shape[0]}")
        level = _cut(pixels, opaque, face, min(1.0, largest_px / width))
        self._levels = [level]
        while level.face_px > 2 * _SMALLEST_PX:
            level = level.halved()
            self._levels.append(level)

    def paste(self, frame: Pixels, pose: Pose) -> None:
        """Draw the figure over the frame, in place; what is outside the frame is left out."""
        level = next((v for v in reversed(self._levels) if v.face_px >= pose.face_px), self._levels[0])
        scale = pose.face_px / level.face_px
        left, top = pose.x_px - level.centre[0] * scale, pose.y_px - level.centre[1] * scale
        height, width = level.mask.shape
        x0, x1 = _clipped(left, width * scale, frame.shape[1])
        y0, y1 = _clipped(top, height * scale, frame.shape[0])
        if x0 >= x1 or y0 >= y1:
            return
        back = np.array([[1 / scale, 0, (x0 - left) / scale], [0, 1 / scale, (y0 - top) / scale]])
        how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        size = (x1 - x0, y1 - y0)
        pixels = cv2.warpAffine(level.pixels, back, size, flags=how, borderMode=cv2.BORDER_REPLICATE)
        mask = cv2.warpAffine(level.mask, back, size, flags=how)
        weight = mask.astype(np.float32) * np.float32(pose.opacity / 255)
        under = frame[y0:y1, x0:x1]
        under[:] = cv2.blendLinear(pixels, under, weight, np.float32(1) - weight)


def _read(photo: Path) -> tuple[Pixels, Pixels | None]:
    """A photo's pixels, and how opaque each is when the photo says so."""
    if not photo.is_file():
        raise ValueError(f"there is no photo {photo}")
    image = _decoded(photo, cv2.IMREAD_UNCHANGED)
    if image.ndim == 3 and image.shape[2] == 4:
        if image.dtype == np.uint16:
            image = cast(Pixels, cv2.convertScaleAbs(image, alpha=1 / 257))
        return np.ascontiguousarray(image[:, :, :3]), image[:, :, 3].copy()
    # Again, for only so is it turned upright as its EXIF says and made of three times 8 bits.
    return _decoded(photo, cv2.IMREAD_COLOR), None


def _decoded(photo: Path, how: int) -> Pixels:
    image = read_picture(photo, how)
    if image is None:
        raise ValueError(f"the photo {photo} can't be read; is it a JPEG or a PNG?")
    return image


def _cut(photo: Pixels, opaque: Pixels | None, face: Box, scale: float) -> _Level:
    """The person at `scale`, on a canvas from above the hair down to the feet."""
    x, y, width, height = face
    cx, cy = x + width / 2, y + height / 2
    x0, x1 = _clipped(cx - _HALF_WIDTH * width, 2 * _HALF_WIDTH * width, photo.shape[1])
    y0, y1 = _clipped(cy - _ABOVE * height, (_ABOVE + _PHOTO_BELOW) * height, photo.shape[0])
    size = (max(1, round((x1 - x0) * scale)), max(1, round((y1 - y0) * scale)))
    face_w, face_h = width * scale, height * scale
    canvas = (round(2 * _HALF_WIDTH * face_w), round((_ABOVE + _BELOW) * face_h))
    centre = (canvas[0] / 2, _ABOVE * face_h)
    left = min(max(0, round(centre[0] - (cx - x0) * scale)), canvas[0] - size[0])
    top = min(max(0, round(centre[1] - (cy - y0) * scale)), canvas[1] - size[1])
    edges = (top, canvas[1] - size[1] - top, left, canvas[0] - size[0] - left)
    pixels = cast(Pixels, cv2.copyMakeBorder(_shrunk(photo[y0:y1, x0:x1], size), *edges, cv2.BORDER_REPLICATE))
    mask = _outline(canvas, centre, (face_w, face_h))
    _feather(mask, (left, top, size[0], canvas[1] - top), max(1.0, _FEATHER * face_w))
    if opaque is not None:
        cut_out = cv2.copyMakeBorder(_shrunk(opaque[y0:y1, x0:x1], size), *edges, cv2.BORDER_REPLICATE)
        mask = cast(Pixels, cv2.multiply(mask, cut_out, scale=1 / 255))
    _dress(pixels, top + size[1], round(centre[1] + _BELT * face_h))
    return _Level(pixels, mask, centre, face_w)


def _outline(canvas: tuple[int, int], centre: tuple[float, float], face: tuple[float, float]) -> Pixels:
    """A head, shoulders, a trunk and legs, white on black."""
    mask = np.zeros((canvas[1], canvas[0]), np.uint8)
    cx, cy = centre
    w, h = face

    def at(across: float, down: float) -> tuple[int, int]:
        return round(cx + across * w), round(cy + down * h)

    cv2.ellipse(mask, at(0, -0.12), (round(0.68 * w), round(0.92 * h)), 0, 0, 360, 255, -1)
    cv2.rectangle(mask, at(-0.48, 0.4), at(0.48, 1.3), 255, -1)
    cv2.ellipse(mask, at(0, 1.75), (round(1.32 * w), round(0.88 * h)), 0, 0, 360, 255, -1)
    trunk = [at(-1.32, 1.7), at(1.32, 1.7), at(1.0, _BELT), at(0.85, _BELOW), at(-0.85, _BELOW), at(-1.0, _BELT)]
    cv2.fillPoly(mask, [np.array(trunk, np.int32)], 255)
    cv2.line(mask, at(0, _BELT + 1.2), at(0, _BELOW), 0, max(1, round(0.12 * w)))
    return mask


def _feather(mask: Pixels, photo: Box, sigma_px: float) -> None:
    """Soften the outline, and keep it within what the photo covers, in place."""
    x, y, width, height = photo
    inset = round(2 * sigma_px)  # so that the softened edge has faded where the photo ends
    inside = np.zeros_like(mask)
    inside[y + inset : y + height, x + inset : x + width - inset] = 255
    cv2.GaussianBlur(cv2.min(mask, inside), (0, 0), sigma_px, dst=mask)


def _dress(pixels: Pixels, hem: int, belt: int) -> None:
    """Make cloth of the stretched lowest row of the photo, and darker cloth below the belt, in place."""
    cloth = pixels[hem:]
    cloth[:] = cv2.blur(cloth[:1], (max(1, cloth.shape[1] // 12), 1))
    pixels[belt:] = cv2.convertScaleAbs(pixels[belt:], alpha=0.35, beta=12)


def _shrunk(picture: Pixels, size: tuple[int, int]) -> Pixels:
    return cast(Pixels, cv2.resize(picture, size, interpolation=cv2.INTER_AREA))


def _clipped(start: float, length: float, limit: int) -> tuple[int, int]:
    """The whole pixels from start, so long, of those from 0 to limit."""
    return max(0, int(np.floor(start))), min(limit, int(np.ceil(start + length)))
