"""The gate as a camera sees it: the people of a scene before an empty gate, in the light and noise of a sensor."""

import math
from collections.abc import Iterable
from typing import Literal, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from drivers.camera.backdrop import draw_gate
from drivers.camera.figure import Figure, Pose
from drivers.camera.scene import APPROACH_S, RETREAT_S, Visit

Pixels = NDArray[np.uint8]

SWAY = 0.02  # of the size, either way; so a figure must be cut this much larger than it stands
_FAR_PX = 45.0
_FADE_S = 0.25
_EYE_LEVEL = 0.44  # of the frame's height; a camera hangs where faces are, so near and far ones are level
_LIGHT = 0.12
_NOISE = 3.0  # standard deviation, in grey levels: a small sensor on a bright morning
_DRIFT_PX = 64
_NIGHT = 0.03  # of the light is left
_THROUGH_A_HAND = 0.35


class Stage:
    """Draws the frames of a scene; the same seed and time give the same frame."""

    def __init__(self, width_px: int, height_px: int, seed: int) -> None:
        """Draw the empty gate once, and shake the noise once: a frame then only shifts it."""
        rng = np.random.default_rng(seed)
        self._seed = seed
        self._gate = draw_gate(width_px, height_px, rng)
        shape = (height_px + _DRIFT_PX, width_px + _DRIFT_PX, 3)
        self._noise = (128.5 + _NOISE * rng.standard_normal(shape, np.float32)).astype(np.uint8)
        self._phases = rng.uniform(0, 2 * math.pi, 2)

    def draw(
        self, people: Iterable[tuple[Visit, Figure]], at_s: float, fault: Literal["dark", "covered"] | None = None
    ) -> Pixels:
        """The frame at a time since the scene began. Gives new uint8 pixels, (height, width, 3), BGR."""
        frame = self._gate.copy()
        height, width = frame.shape[:2]
        posed = [(pose, figure) for visit, figure in people if (pose := pose_of(visit, at_s, width, height))]
        for pose, figure in sorted(posed, key=lambda p: p[0].face_px):  # the nearest last, before the others
            figure.paste(frame, pose)
        light = self._light(at_s)
        if fault == "dark":
            light *= _NIGHT
        elif fault == "covered":
            frame, light = _without_edges(frame), light * _THROUGH_A_HAND
        return cast(Pixels, cv2.addWeighted(frame, light, self._grain(at_s), 1.0, -128.0))

    def _light(self, at_s: float) -> float:
        """Clouds pass: two slow waves that together never exceed the range."""
        slow = math.sin(2 * math.pi * at_s / 23 + self._phases[0])
        quick = math.sin(2 * math.pi * at_s / 7.3 + self._phases[1])
        return 1 + _LIGHT * (0.65 * slow + 0.35 * quick)

    def _grain(self, at_s: float) -> Pixels:
        """This frame's noise: a window somewhere in the bank."""
        moment_us = round(at_s * 1e6) & 0xFFFF_FFFF_FFFF
        x, y = np.random.default_rng((self._seed, moment_us)).integers(0, _DRIFT_PX, 2)
        height, width = self._gate.shape[:2]
        return self._noise[y : y + height, x : x + width]


def _without_edges(picture: Pixels) -> Pixels:
    """What of a picture comes through a hand before the lens: a smooth shade."""
    few = cv2.resize(picture, (3, 3), interpolation=cv2.INTER_AREA)
    return cast(Pixels, cv2.resize(few, (picture.shape[1], picture.shape[0]), interpolation=cv2.INTER_CUBIC))


def pose_of(visit: Visit, at_s: float, width_px: int, height_px: int) -> Pose | None:
    """Where a visitor is at a time since the scene began, in a frame of that size; None: not in sight."""
    if not visit.at_s <= at_s < visit.over_s:
        return None
    since_s = at_s - visit.at_s
    going_s = 0.0 if visit.leave_s is None else max(0.0, at_s - visit.leave_s)
    nearness = _eased(since_s / APPROACH_S) * (1 - _eased(going_s / RETREAT_S))
    far_px = min(_FAR_PX, visit.near_px)
    face_px = far_px * (visit.near_px / far_px) ** nearness
    return Pose(
        x_px=visit.column * width_px + 1.6 * _wave(at_s, 3.1, visit),
        y_px=_EYE_LEVEL * height_px + 1.1 * _wave(at_s, 2.3, visit),
        face_px=face_px * (1 + SWAY * _wave(at_s, 4.7, visit)),
        opacity=min(1.0, since_s / _FADE_S, (visit.over_s - at_s) / _FADE_S),
    )


def _eased(part: float) -> float:
    """0 to 1, starting and ending gently."""
    part = min(1.0, part)
    return part * part * (3 - 2 * part)


def _wave(at_s: float, period_s: float, visit: Visit) -> float:
    """Each visitor sways at another beat than the one beside."""
    return math.sin(2 * math.pi * (at_s / period_s + visit.column * 1.7))
