"""The camera's picture as a browser gets it."""

from typing import Any

import cv2
import numpy as np
import pytest

from drivers.camera import Frame
from kiosk.screen.preview import WIDTH_PX, encode


def decoded(jpeg: bytes) -> Any:
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)


def large(height: int = 960, width: int = 1280) -> Any:
    """Red on the left, blue on the right."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[:, : width // 2] = (0, 0, 200)
    picture[:, width // 2 :] = (200, 0, 0)
    return picture


def test_a_camera_that_is_searched_in_grey_is_shown_in_colour_as_in_a_mirror() -> None:
    shown = decoded(encode(Frame(np.full((480, 640), 99, np.uint8), 0.0, 1, large())))
    assert shown.shape == (360, WIDTH_PX, 3)
    assert shown[180, 60].argmax() == 0
    assert shown[180, -60].argmax() == 2


def test_a_grey_camera_is_shown_in_grey() -> None:
    shown = decoded(encode(Frame(np.full((480, 640), 99, np.uint8), 0.0, 1)))
    assert np.abs(shown.astype(int) - 99).max() <= 3


@pytest.mark.parametrize("two", [False, True])
def test_the_corners_stand_where_the_face_was_found(two: bool) -> None:
    small = np.full((480, 640, 3), 90, np.uint8)
    frame = Frame(small, 0.0, 1, np.full((960, 1280, 3), 90, np.uint8) if two else None)
    drawn = np.abs(decoded(encode(frame, ((64, 48, 128, 128),))).astype(int) - 90).max(axis=2) > 60
    rows, columns = np.nonzero(drawn)
    left, right = WIDTH_PX - (64 + 128) * 0.75, WIDTH_PX - 64 * 0.75
    assert columns.min() == pytest.approx(left, abs=5)
    assert columns.max() == pytest.approx(right, abs=5)
    assert rows.min() == pytest.approx(48 * 0.75, abs=5)
    assert rows.max() == pytest.approx((48 + 128) * 0.75, abs=5)


def test_a_large_picture_that_was_turned_without_being_copied_is_shown() -> None:
    turned = np.rot90(large(), -1)
    shown = decoded(encode(Frame(np.full((640, 480), 99, np.uint8), 0.0, 1, turned)))
    assert shown.shape == (640, WIDTH_PX, 3)
    assert shown[60, 240].argmax() == 2
    assert shown[-60, 240].argmax() == 0
