"""An empty school gate, drawn: two plastered pillars, a gate of steel bars, trees behind and paving before."""

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Colour = tuple[int, int, int]

# Blue, green, red, as OpenCV has them.
_SKY_TOP, _SKY_LOW = (214, 196, 168), (222, 220, 208)
_LEAVES = (74, 112, 82)
_YARD = (138, 160, 172)
_STEEL, _STEEL_LIT = (92, 78, 46), (142, 128, 96)
_PLASTER, _SKIRTING, _CAP = (176, 206, 216), (96, 132, 60), (120, 138, 146)
_PAVING, _JOINT = (146, 150, 152), (112, 116, 120)

_GROUND = 0.74  # where it begins, of the height
_PILLAR = 0.15  # of the width


def draw_gate(width_px: int, height_px: int, rng: np.random.Generator) -> Pixels:
    """A gate on a bright morning, uint8, shape (height, width, 3), BGR."""
    picture = np.zeros((height_px, width_px, 3), np.uint8)
    _sky_and_trees(picture, rng)
    _ground(picture, rng)
    _bars(picture)
    for left in (0.0, 1 - _PILLAR):
        _pillar(picture, left, rng)
    return cast(Pixels, cv2.GaussianBlur(picture, (0, 0), 0.8))  # no lens is sharper than its pixels


def _at(picture: Pixels, across: float, down: float) -> tuple[int, int]:
    """A point given in fractions of the width and the height."""
    return round(across * picture.shape[1]), round(down * picture.shape[0])


def _clouded(shape: tuple[int, ...], grain_px: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Smooth noise from -1 to 1, (h, w, 1), with blotches of about that size."""
    height, width = max(2, round(shape[0] / grain_px)), max(2, round(shape[1] / grain_px))
    coarse = rng.uniform(-1, 1, (height, width)).astype(np.float32)
    smooth = cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return cast(NDArray[np.float32], smooth[:, :, None])


def _fill(area: Pixels, colour: Colour, depth: float, grain_px: float, rng: np.random.Generator) -> None:
    """Paint an area, uneven by so many grey levels in blotches of that size and finer ones."""
    uneven = _clouded(area.shape, grain_px, rng) + 0.5 * _clouded(area.shape, grain_px / 4, rng)
    area[:] = np.clip(np.array(colour, np.float32) + depth * uneven, 0, 255).astype(np.uint8)


def _sky_and_trees(picture: Pixels, rng: np.random.Generator) -> None:
    height = picture.shape[0]
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    picture[:] = (np.array(_SKY_TOP) * (1 - down) + np.array(_SKY_LOW) * down).astype(np.uint8)
    trees, yard = round(0.30 * height), round(0.60 * height)
    leaves = picture[trees:yard].copy()
    _fill(leaves, _LEAVES, 26, height / 24, rng)
    ragged = np.linspace(-0.6, 2.4, len(leaves), dtype=np.float32)[:, None, None]
    crowns = ragged + 0.8 * _clouded(leaves.shape, height / 12, rng) > 0
    picture[trees:yard] = np.where(crowns, leaves, picture[trees:yard])
    _fill(picture[yard:], _YARD, 8, height / 16, rng)


def _ground(picture: Pixels, rng: np.random.Generator) -> None:
    """Paving stones, whose joints run to a point at eye level."""
    top = round(_GROUND * picture.shape[0])
    area = picture[top:]
    _fill(area, _PAVING, 10, picture.shape[0] / 30, rng)
    eye_x, eye_y = _at(picture, 0.5, 0.44)
    for foot in np.arange(-2.0, 3.01, 0.2):
        foot_x, foot_y = _at(picture, float(foot), 1.1)
        cv2.line(area, (eye_x, eye_y - top), (foot_x, foot_y - top), _JOINT, 1, cv2.LINE_AA)
    for row in (0.0, 0.06, 0.16, 0.31, 0.53, 0.84):
        y = round(row * len(area))
        cv2.line(area, (0, y), (area.shape[1], y), _JOINT, 1, cv2.LINE_AA)


def _bars(picture: Pixels) -> None:
    thin = max(2, round(picture.shape[1] * 0.009))
    for across in np.arange(_PILLAR + 0.02, 1 - _PILLAR, 0.045):
        _bar(picture, _at(picture, float(across), 0.12), _at(picture, float(across), _GROUND + 0.01), thin)
    for down in (0.16, 0.52, 0.71):
        _bar(picture, _at(picture, _PILLAR, down), _at(picture, 1 - _PILLAR, down), thin + 2)
    _bar(picture, _at(picture, 0.5, 0.12), _at(picture, 0.5, _GROUND + 0.02), 2 * thin)


def _bar(picture: Pixels, start: tuple[int, int], end: tuple[int, int], thick: int) -> None:
    """A round steel bar, lit from the upper left."""
    cv2.line(picture, start, end, _STEEL, thick)
    shift = max(1, thick // 4)
    lit = ((start[0] - shift, start[1] - shift), (end[0] - shift, end[1] - shift))
    cv2.line(picture, *lit, _STEEL_LIT, max(1, thick // 4), cv2.LINE_AA)


def _pillar(picture: Pixels, left: float, rng: np.random.Generator) -> None:
    (x0, y0), (x1, y1) = _at(picture, left, 0.06), _at(picture, left + _PILLAR, _GROUND + 0.04)
    area = picture[y0:y1, x0:x1]
    _fill(area, _PLASTER, 7, picture.shape[0] / 20, rng)
    skirting = round(0.24 * (y1 - y0))
    _fill(area[-skirting:], _SKIRTING, 6, picture.shape[0] / 20, rng)
    shade = np.linspace(1.04, 0.82, area.shape[1], dtype=np.float32)[None, :, None]
    area[:] = np.clip(area * shade, 0, 255).astype(np.uint8)
    cap = round(0.035 * picture.shape[0])
    cv2.rectangle(picture, (x0 - cap // 2, y0 - cap), (x1 + cap // 2, y0), _CAP, -1)
    cv2.line(picture, (x0 - cap // 2, y0), (x1 + cap // 2, y0), _JOINT, 2)
