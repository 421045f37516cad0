"""Frames that come in two sizes: faces are searched in the small grey picture, and known from the large one."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from drivers.camera import Frame
from kiosk.enrolment import templates_from_photographs
from kiosk.events import FaceKnown, FaceSeen, FaceTooFar, FaceUnfit, FaceUnknown, Moment, Sighting, Unfit
from kiosk.gallery import Gallery
from kiosk.vision import DlibEngine, Image, read_photograph
from kiosk.vision.eye import Eye, closer
from kiosk.vision.photograph import find_faces

AT = Moment(1.0, 2.0)
MIN_FACE_PX = 30


@pytest.fixture(scope="module")
def engine() -> DlibEngine:
    return DlibEngine()


@pytest.fixture(scope="module")
def eye(engine: DlibEngine, photographs: Path) -> Eye:
    enrolled = templates_from_photographs(engine, "barack", [photographs / "obama.jpg", photographs / "obama3.jpg"])
    return Eye(engine, Gallery(enrolled, 0.45, 0.04), MIN_FACE_PX)


@pytest.fixture(scope="module")
def wall(engine: DlibEngine, photographs: Path) -> Image:
    """A large picture, 1280x960, of somebody whose face is 260 px wide."""
    photograph = read_photograph(photographs / "obama2.jpg")
    left, top, width, height = find_faces(engine, photograph)[0]
    person = photograph[max(0, top - height) : top + 2 * height, max(0, left - width) : left + 2 * width]
    scale = 260 / width
    person = np.asarray(cv2.resize(person, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    picture = np.full((960, 1280, 3), 127, np.uint8)
    picture[100 : 100 + person.shape[0], 300 : 300 + person.shape[1]] = person[:860]
    return picture


def shrunk(picture: Image, part: int) -> Image:
    """The small grey picture beside it."""
    size = (picture.shape[1] // part, picture.shape[0] // part)
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)


def look(eye: Eye, pixels: Image, large: Image | None) -> list[Sighting]:
    """What is seen at once, and then who it is."""
    fresh = Eye(eye.engine, eye.gallery, MIN_FACE_PX)
    sighting, portrait = fresh.watch(Frame(pixels, AT.monotonic_s, 1, large), AT)
    return [sighting, fresh.recognise(portrait)] if portrait else [sighting]


def test_a_face_that_is_too_small_to_be_known_is_known_from_the_large_picture(eye: Eye, wall: Image) -> None:
    _, unknown = look(eye, shrunk(wall, 7), None)
    seen, known = look(eye, shrunk(wall, 7), wall)
    assert isinstance(unknown, FaceUnknown)
    assert isinstance(seen, FaceSeen)
    assert seen.box[2] < 40
    assert isinstance(known, FaceKnown)
    assert known.person == "barack"


def test_boxes_stay_in_the_small_picture(eye: Eye, wall: Image) -> None:
    sightings = look(eye, shrunk(wall, 2), wall)
    for sighting in sightings:
        assert isinstance(sighting, FaceSeen | FaceKnown)
        left, top, width, height = sighting.box
        assert 100 < width < 160
        assert left + width <= 640
        assert top + height <= 480


def test_what_is_too_far_is_told_in_the_small_pictures_measure(eye: Eye, wall: Image) -> None:
    far = np.full_like(wall, 127)
    far[300:780, 300:940] = cv2.resize(wall, (640, 480), interpolation=cv2.INTER_AREA)
    [sighting] = look(eye, shrunk(far, 5), far)
    assert isinstance(sighting, FaceTooFar)
    assert sighting.box[2] < MIN_FACE_PX


def test_two_pictures_know_as_one_picture_of_the_large_size_does(eye: Eye, wall: Image) -> None:
    *_, one = look(eye, wall, None)
    *_, two = look(eye, shrunk(wall, 2), wall)
    assert isinstance(one, FaceKnown)
    assert isinstance(two, FaceKnown)
    assert two.distance == pytest.approx(one.distance, abs=0.05)


def test_a_large_picture_that_is_a_turned_view_is_looked_at(eye: Eye, wall: Image) -> None:
    lying = np.ascontiguousarray(np.rot90(wall))
    view = np.rot90(lying, -1)
    assert not view.flags.c_contiguous
    *_, known = look(eye, shrunk(wall, 2), view)
    assert isinstance(known, FaceKnown)


def test_quality_is_judged_in_the_large_picture(eye: Eye, wall: Image) -> None:
    soft = np.asarray(cv2.GaussianBlur(wall, (0, 0), 12), np.uint8)
    *_, unfit = look(eye, shrunk(wall, 2), soft)
    assert isinstance(unfit, FaceUnfit)
    assert unfit.unfit is Unfit.BLURRED


@pytest.mark.parametrize(
    ("small", "large", "place"),
    [
        ((480, 640), (960, 1280), (20, 40, 200, 240)),
        ((480, 640), (1440, 1280), (20, 60, 200, 360)),
        ((324, 432), (972, 1296), (30, 60, 300, 360)),
    ],
)
def test_a_box_is_found_again_in_the_large_picture(small: Any, large: Any, place: Any) -> None:
    frame = Frame(np.zeros(small, np.uint8), 0.0, 1, np.zeros((*large, 3), np.uint8))
    image, found = closer(frame, (10, 20, 100, 120))
    assert image is frame.large
    assert found == place
