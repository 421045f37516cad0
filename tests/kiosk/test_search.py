"""Where to look, and how hard: an engine that is told who is there, and counts what it is asked."""

import numpy as np
import pytest

from kiosk.events import Box
from kiosk.vision import Embedding, Engine, Image
from kiosk.vision.engine import AlignedFace
from kiosk.vision.search import Search, overlap

SIZE = (640, 480)


class TellingEngine(Engine):
    """Finds the faces that it is told of, where they lie in the picture that it is given.

    A picture carries its place: its first pixel's blue and green are the left and top edge over 4.
    """

    name = "telling"

    def __init__(self) -> None:
        self.faces: list[Box] = []
        self.only_hard = False
        self.asked: list[tuple[str, tuple[int, int], float]] = []

    def detect(self, image: Image, smallest_px: float = 80) -> list[Box]:
        """Those of the faces that are in the picture and large enough."""
        self.asked.append(("detect", (image.shape[1], image.shape[0]), smallest_px))
        return [] if self.only_hard else self._inside(image, smallest_px)

    def detect_hard(self, image: Image, smallest_px: float = 80) -> list[Box]:
        """The same, and those whom detect does not see."""
        self.asked.append(("detect_hard", (image.shape[1], image.shape[0]), smallest_px))
        return self._inside(image, smallest_px)

    def align(self, image: Image, box: Box) -> AlignedFace:
        """Never asked for."""
        raise AssertionError

    def embed_chips(self, chips: Image) -> Embedding:
        """Never asked for."""
        raise AssertionError

    def _inside(self, image: Image, smallest_px: float) -> list[Box]:
        left, top = int(image[0, 0, 0]) * 4, int(image[0, 0, 1]) * 4
        right, bottom = left + image.shape[1], top + image.shape[0]
        found = [
            (x - left, y - top, w, h)
            for x, y, w, h in self.faces
            if w >= smallest_px and left <= x and top <= y and x + w <= right + 4 and y + h <= bottom + 4
        ]
        return sorted(found, key=lambda box: -box[2])


def picture(number: int = 0) -> Image:
    """Every pixel tells where it is; its red differs by stripes that move."""
    image = np.zeros((SIZE[1], SIZE[0], 3), dtype=np.uint8)
    image[..., 0] = np.arange(SIZE[0]) // 4
    image[..., 1] = (np.arange(SIZE[1]) // 4)[:, np.newaxis]
    image[..., 2] = np.where((np.arange(SIZE[0]) // 40 + number) % 2, 250, 0)
    return image


@pytest.fixture
def engine() -> TellingEngine:
    return TellingEngine()


def near(box: Box, other: Box) -> bool:
    return all(abs(one - two) <= 4 for one, two in zip(box, other, strict=True))


def test_an_empty_gate_is_looked_at_no_more_after_a_moment(engine: TellingEngine) -> None:
    search = Search(engine, 110)
    for number in range(90):
        search.find(picture(), number / 30)
    assert len(engine.asked) < 40
    engine.asked.clear()
    for number in range(90, 300):
        search.find(picture(), number / 30)
    assert not engine.asked


def test_what_moves_is_looked_at(engine: TellingEngine) -> None:
    search = Search(engine, 110)
    for number in range(60):
        search.find(picture(), number / 30)
    engine.asked.clear()
    search.find(picture(1), 2.1)
    assert engine.asked


def test_a_face_is_followed_in_a_part_of_the_frame(engine: TellingEngine) -> None:
    engine.faces = [(200, 100, 180, 180)]
    search = Search(engine, 110)
    found = [search.find(picture(number), number / 30) for number in range(30)]
    assert all(len(boxes) == 1 and near(boxes[0], engine.faces[0]) for boxes in found)
    parts = [size for _, size, _ in engine.asked if size != SIZE]
    assert len(parts) > 25
    assert all(width <= 400 for width, _ in parts)
    assert search.subject
    assert search.subject.number == 1


def test_a_face_that_moves_stays_the_same_subject_and_another_is_another(engine: TellingEngine) -> None:
    search = Search(engine, 110)
    for number in range(30):
        engine.faces = [(100 + 8 * number, 100, 180, 180)]
        assert search.find(picture(number), number / 30)
    assert search.subject
    assert search.subject.number == 1
    engine.faces = [(20, 200, 160, 160)]
    for number in range(30, 60):
        search.find(picture(number), number / 30)
    assert search.subject.number == 2


def test_who_comes_nearer_is_noticed_while_another_is_followed(engine: TellingEngine) -> None:
    search = Search(engine, 110)
    engine.faces = [(60, 100, 120, 120)]
    for number in range(20):
        search.find(picture(number), number / 30)
    engine.faces.append((300, 100, 220, 220))
    for number in range(20, 50):
        boxes = search.find(picture(number), number / 30)
    assert [box[2] for box in boxes] == [220, 120]
    assert search.subject
    assert search.subject.box[2] == 220


def test_two_faces_are_both_told_in_every_frame(engine: TellingEngine) -> None:
    engine.faces = [(60, 100, 180, 180), (380, 100, 170, 170)]
    search = Search(engine, 110)
    found = [len(search.find(picture(number), number / 30)) for number in range(60)]
    assert found == [2] * 60


def test_a_small_face_is_found_to_be_asked_nearer(engine: TellingEngine) -> None:
    engine.faces = [(200, 100, 84, 84)]
    search = Search(engine, 110)
    assert any(search.find(picture(number), number / 30) for number in range(3))


def test_a_face_that_is_gone_is_followed_no_more(engine: TellingEngine) -> None:
    engine.faces = [(200, 100, 180, 180)]
    search = Search(engine, 110)
    search.find(picture(), 0.0)
    engine.faces = []
    found = [search.find(picture(number), number / 30) for number in range(1, 30)]
    assert not any(found)
    assert search.subject is None


def test_what_moves_and_shows_no_face_is_looked_at_harder(engine: TellingEngine) -> None:
    engine.faces, engine.only_hard = [(200, 100, 180, 180)], True
    search = Search(engine, 110)
    found = [bool(search.find(picture(number), number / 30)) for number in range(90)]
    assert not any(found[:25])
    assert all(found[40:])
    hog = Search(engine, 110, "hog")
    assert not any(hog.find(picture(number), number / 30) for number in range(90))


def test_a_tree_in_the_wind_is_looked_at_harder_less_and_less(engine: TellingEngine) -> None:
    search = Search(engine, 110)
    for number in range(900):
        search.find(picture(number), number / 30)
    assert 3 <= sum(kind == "detect_hard" for kind, _, _ in engine.asked) <= 8


def test_the_stronger_detector_can_be_the_only_one(engine: TellingEngine) -> None:
    engine.faces = [(200, 100, 180, 180)]
    search = Search(engine, 110, "mmod")
    assert search.find(picture(), 0.0)
    assert {kind for kind, _, _ in engine.asked} == {"detect_hard"}


def test_a_frame_without_pixels_shows_nobody(engine: TellingEngine) -> None:
    assert Search(engine, 110).find(np.zeros((0, 0, 3), dtype=np.uint8), 0.0) == []


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((0, 0, 10, 10), (0, 0, 10, 10), 1.0),
        ((0, 0, 10, 10), (20, 0, 10, 10), 0.0),
        ((0, 0, 10, 10), (5, 0, 10, 10), 1 / 3),
    ],
)
def test_overlap_is_intersection_over_union(one: Box, other: Box, expected: float) -> None:
    assert overlap(one, other) == pytest.approx(expected)
