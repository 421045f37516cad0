"""What a frame shows: real photographs, placed near and far, before a real engine."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from drivers.camera import Frame
from kiosk.enrolment import templates_from_photographs
from kiosk.errors import PhotoError
from kiosk.events import (
    FaceKnown,
    FaceSeen,
    FaceTooFar,
    FaceUnfit,
    FaceUnknown,
    Moment,
    Nobody,
    SeveralFaces,
    Sighting,
    Unfit,
)
from kiosk.gallery import Gallery
from kiosk.vision import DlibEngine, Image, read_photograph
from kiosk.vision.eye import Eye
from kiosk.vision.photograph import find_faces

AT = Moment(1.0, 2.0)


@pytest.fixture(scope="module")
def engine() -> DlibEngine:
    return DlibEngine()


@pytest.fixture(scope="module")
def eye(engine: DlibEngine, photographs: Path) -> Eye:
    enrolled = templates_from_photographs(engine, "barack", [photographs / "obama.jpg", photographs / "obama3.jpg"])
    return Eye(engine, Gallery(enrolled, 0.45, 0.04), min_face_px=110)


def frame(*faces: tuple[Image, int, int], size: tuple[int, int] = (640, 480)) -> Frame:
    """A grey wall with photographs on it: (picture, its width, its left edge)."""
    wall = np.full((size[1], size[0], 3), 127, dtype=np.uint8)
    for picture, width, left in faces:
        small = cv2.resize(picture, (width, width * picture.shape[0] // picture.shape[1]), interpolation=cv2.INTER_AREA)
        height = min(small.shape[0], size[1])
        wall[:height, left : left + width] = small[:height]
    return Frame(wall, AT.monotonic_s, 1)


def face_of(path: Path, engine: DlibEngine) -> Image:
    """The face with some room around it."""
    image = read_photograph(path)
    left, top, width, height = find_faces(engine, image)[0]
    return image[max(0, top - height // 2) : top + height * 3 // 2, max(0, left - width // 2) : left + width * 3 // 2]


def look(eye: Eye, picture: Frame) -> list[Sighting]:
    """What is seen at once, and then who it is."""
    fresh = Eye(eye.engine, eye.gallery, min_face_px=110)
    sighting, portrait = fresh.watch(picture, AT)
    return [sighting, fresh.recognise(portrait)] if portrait else [sighting]


def test_a_known_face_is_seen_and_then_known(eye: Eye, engine: DlibEngine, photographs: Path) -> None:
    seen, known = look(eye, frame((face_of(photographs / "obama2.jpg", engine), 380, 120)))
    assert isinstance(seen, FaceSeen)
    assert isinstance(known, FaceKnown)
    assert known.person == "barack"
    assert known.distance < 0.45
    assert known.runner_up is None
    assert known.at == AT


def test_a_stranger_is_unknown(eye: Eye, engine: DlibEngine, photographs: Path) -> None:
    *_, unknown = look(eye, frame((face_of(photographs / "biden.jpg", engine), 380, 120)))
    assert isinstance(unknown, FaceUnknown)
    assert unknown.nearest is not None
    assert unknown.nearest > 0.6


def test_a_small_face_is_too_far(eye: Eye, engine: DlibEngine, photographs: Path) -> None:
    [far] = look(eye, frame((face_of(photographs / "obama2.jpg", engine), 190, 200)))
    assert isinstance(far, FaceTooFar)


def test_two_faces_side_by_side_are_several(eye: Eye, engine: DlibEngine, photographs: Path) -> None:
    one, two = (face_of(photographs / name, engine) for name in ("obama2.jpg", "biden.jpg"))
    [several] = look(eye, frame((one, 300, 10), (two, 300, 330)))
    assert isinstance(several, SeveralFaces)
    assert len(several.boxes) == 2


def test_somebody_behind_does_not_matter(eye: Eye, engine: DlibEngine, photographs: Path) -> None:
    one, two = (face_of(photographs / name, engine) for name in ("obama2.jpg", "biden.jpg"))
    sightings = look(eye, frame((one, 400, 10), (two, 190, 430)))
    assert isinstance(sightings[-1], FaceKnown)


def test_an_empty_gate_shows_nobody(eye: Eye) -> None:
    assert look(eye, frame()) == [Nobody(AT)]


@pytest.mark.parametrize("size", [(320, 240), (1280, 720)])
def test_frames_of_other_sizes_are_looked_at(
    eye: Eye, engine: DlibEngine, photographs: Path, size: tuple[int, int]
) -> None:
    picture = frame((face_of(photographs / "obama2.jpg", engine), 240, 40), size=size)
    assert isinstance(look(eye, picture)[-1], FaceKnown)


@pytest.mark.parametrize("kind", ["grey", "alpha"])
def test_frames_without_colour_or_with_alpha_are_looked_at(
    eye: Eye, engine: DlibEngine, photographs: Path, kind: str
) -> None:
    pixels = frame((face_of(photographs / "obama2.jpg", engine), 380, 120)).pixels
    other = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY if kind == "grey" else cv2.COLOR_BGR2BGRA)
    *_, known = look(eye, Frame(np.asarray(other, dtype=np.uint8), AT.monotonic_s, 1))
    assert isinstance(known, FaceKnown)


def test_a_frame_without_pixels_shows_nobody(eye: Eye) -> None:
    assert look(eye, Frame(np.zeros((0, 0, 3), dtype=np.uint8), AT.monotonic_s, 1)) == [Nobody(AT)]


def test_a_face_that_is_settled_is_looked_at_now_and_then(eye: Eye, engine: DlibEngine, photographs: Path) -> None:
    picture = frame((face_of(photographs / "obama2.jpg", engine), 380, 120))
    fresh = Eye(engine, eye.gallery, min_face_px=110)
    looked = []
    for number in range(60):
        at = Moment(number / 30, number / 30)
        _, portrait = fresh.watch(picture, at)
        looked.append(portrait is not None)
        if portrait:
            assert isinstance(fresh.recognise(portrait), FaceKnown)
    assert all(looked[:6])
    assert 2 <= sum(looked[6:]) <= 6


def test_a_face_that_can_not_be_known_so_says_why(eye: Eye, engine: DlibEngine, photographs: Path) -> None:
    sharp = frame((face_of(photographs / "obama2.jpg", engine), 380, 120)).pixels
    soft = np.asarray(cv2.GaussianBlur(sharp, (0, 0), 6), dtype=np.uint8)
    *_, unfit = look(eye, Frame(soft, AT.monotonic_s, 1))
    assert isinstance(unfit, FaceUnfit)
    assert unfit.unfit is Unfit.BLURRED


def test_a_look_alike_is_known_and_to_be_confirmed(eye: Eye, engine: DlibEngine, photographs: Path) -> None:
    templates = templates_from_photographs(engine, "barack", [photographs / "obama.jpg"])
    marked = Eye(engine, Gallery(templates, 0.45, 0.04, confirm={"barack"}), min_face_px=110)
    *_, known = look(marked, frame((face_of(photographs / "obama2.jpg", engine), 380, 120)))
    assert isinstance(known, FaceKnown)
    assert known.confirm


def test_a_photograph_without_a_face_or_with_two_is_refused(
    engine: DlibEngine, photographs: Path, tmp_path: Path
) -> None:
    one, two = (face_of(photographs / name, engine) for name in ("obama2.jpg", "biden.jpg"))
    cv2.imwrite(str(tmp_path / "two.png"), frame((one, 300, 10), (two, 300, 330)).pixels)
    cv2.imwrite(str(tmp_path / "none.png"), frame().pixels)
    (tmp_path / "text.jpg").write_text("not a picture")
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "cut.jpg").write_bytes((photographs / "obama.jpg").read_bytes()[:200])
    paths = [tmp_path / name for name in ("two.png", "none.png", "text.jpg", "empty.jpg", "cut.jpg", "missing.jpg")]
    with pytest.raises(PhotoError) as caught:
        templates_from_photographs(engine, "ani", paths)
    said = str(caught.value).split("\n")
    assert len(said) == len(paths)
    assert "2 faces" in said[0]
    assert "no face" in said[1]
    assert all("can't be read" in line or "not a photograph" in line for line in said[2:])


def test_grey_small_and_transparent_photographs_are_read(engine: DlibEngine, photographs: Path, tmp_path: Path) -> None:
    face = face_of(photographs / "obama2.jpg", engine)
    small = cv2.resize(face, (110, 110 * face.shape[0] // face.shape[1]), interpolation=cv2.INTER_AREA)
    pictures = {
        "grey.png": cv2.cvtColor(face, cv2.COLOR_BGR2GRAY),
        "alpha.png": cv2.cvtColor(face, cv2.COLOR_BGR2BGRA),
        "small.png": small,
    }
    for name, picture in pictures.items():
        cv2.imwrite(str(tmp_path / name), picture)
        assert len(templates_from_photographs(engine, "barack", [tmp_path / name])) == 1
