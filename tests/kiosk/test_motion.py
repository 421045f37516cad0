"""Has anything moved? Light and noise are no visitors, and whoever leaves leaves no ghost."""

from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from kiosk.vision import Image
from kiosk.vision.motion import Motion

FPS = 10


def gate(seed: int = 0, size: tuple[int, int] = (640, 480)) -> Image:
    """An empty gate: a wall with bars, and a camera's noise."""
    wall = np.full((size[1], size[0], 3), 150, dtype=np.int16)
    wall[:, :: size[0] // 16] = 70
    wall[size[1] * 3 // 4 :] = 100
    noise = np.random.default_rng(seed).normal(0, 6, wall.shape).astype(np.int16)
    return np.asarray(np.clip(wall + noise, 0, 255), dtype=np.uint8)


def somebody(picture: Image, x: int = 300, width: int = 90) -> Image:
    """The same with a dark figure before it."""
    taken = picture.copy()
    cv2.ellipse(taken, (x, 240), (width // 2, width), 0, 0, 360, (40, 60, 80), -1)
    return taken


def watched(motion: Motion, pictures: Iterator[Image], at_s: float = 0.0) -> list[bool]:
    return [motion.moved(picture, at_s + number / FPS) for number, picture in enumerate(pictures)]


def test_the_first_frame_counts_as_moved() -> None:
    assert Motion().moved(gate(), 0.0)


def test_an_empty_gate_with_noise_does_not_move() -> None:
    assert not any(watched(Motion(), (gate(seed) for seed in range(60)))[1:])


def test_a_person_who_comes_is_noticed_at_once() -> None:
    motion = Motion()
    watched(motion, (gate(seed) for seed in range(20)))
    assert motion.moved(somebody(gate(99)), 2.1)


@pytest.mark.parametrize("width", [30, 60, 200])
def test_a_person_far_away_is_noticed_too(width: int) -> None:
    motion = Motion()
    watched(motion, (gate(seed) for seed in range(20)))
    assert motion.moved(somebody(gate(99), width=width), 2.1)


def test_a_cloud_over_the_sun_is_no_visitor() -> None:
    motion = Motion()
    dimmed = ((gate(seed) * (1 - 0.5 * seed / 60)).astype(np.uint8) for seed in range(60))
    assert not any(watched(motion, dimmed)[1:])


def test_who_leaves_after_a_while_leaves_no_ghost() -> None:
    motion = Motion()
    watched(motion, (gate(seed) for seed in range(20)))
    here = watched(motion, (somebody(gate(seed), 300 + seed % 5) for seed in range(60)), 2.0)
    gone = watched(motion, (gate(seed) for seed in range(100)), 8.0)
    assert all(here)
    assert not any(gone[-20:])


def test_a_frame_of_another_size_begins_afresh() -> None:
    motion = Motion()
    motion.moved(gate(), 0.0)
    assert motion.moved(gate(size=(320, 180)), 0.1)
    assert not motion.moved(gate(1, size=(320, 180)), 0.2)


def test_a_clock_that_stands_still_does_no_harm() -> None:
    motion = Motion()
    assert [motion.moved(gate(seed), 5.0) for seed in range(3)] == [True, False, False]
