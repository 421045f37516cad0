"""The camera's thread: what it passes on, what it tells, and when it has the camera opened afresh."""

from collections.abc import Iterator
from itertools import pairwise
from threading import Event

import numpy as np
import pytest
from numpy.typing import NDArray

from drivers.camera import Frame
from drivers.errors import CameraFrozen, CameraUnplugged, Trouble
from kiosk.events import PartBack, PartLost, Sighting
from kiosk.filming import Filming
from kiosk.parts import Report
from kiosk.vision.view import View

FPS = 30
GATE = np.tile((np.arange(160, dtype=np.uint8) // 10 % 2 * 120 + 40)[None, :, None], (120, 1, 3))
NOISE = np.random.default_rng(7)


def gate() -> NDArray[np.uint8]:
    return GATE + NOISE.integers(0, 6, GATE.shape, dtype=np.uint8)


def night() -> NDArray[np.uint8]:
    return NOISE.integers(0, 9, GATE.shape, dtype=np.uint8)


def hand() -> NDArray[np.uint8]:
    return np.uint8(70) + NOISE.integers(0, 6, GATE.shape, dtype=np.uint8)


class Footage:
    """A camera that gives prepared pictures, 30 a second by its frames' own clock, and then unplugs itself."""

    def __init__(self, pictures: Iterator[NDArray[np.uint8]], begins_s: float = 0.0) -> None:
        self._pictures = pictures
        self._begins_s = begins_s
        self.number = 0

    def read(self) -> Frame:
        pixels = next(self._pictures, None)
        if pixels is None:
            raise CameraUnplugged("the footage is over")
        self.number += 1
        return Frame(pixels, self._begins_s + self.number / FPS, self.number)

    def close(self) -> None:
        """Nothing is held."""


class Set:
    """Filming with all that it says written down."""

    def __init__(self) -> None:
        self.told: list[Sighting] = []
        self.seen: list[Frame] = []
        self.filming = Filming(self.seen.append, Event(), View())
        self.report = Report("camera", self.told.append)

    def troubles(self) -> list[Trouble | None]:
        return [item.trouble if isinstance(item, PartLost) else None for item in self.told]


def shots(*parts: tuple[object, float]) -> Iterator[NDArray[np.uint8]]:
    """Pictures of each kind for so many seconds; an array stands still, a function makes each anew."""
    for picture, seconds in parts:
        for _ in range(round(seconds * FPS)):
            yield picture() if callable(picture) else picture  # type: ignore[misc]


def test_a_good_view_is_passed_on_and_nothing_is_said() -> None:
    there = Set()
    with pytest.raises(CameraUnplugged):
        there.filming.use(Footage(shots((gate, 3))), there.report)
    assert len(there.seen) == 3 * FPS
    assert not there.told


@pytest.mark.parametrize(("picture", "trouble"), [(night, Trouble.DARK), (hand, Trouble.COVERED)])
def test_a_view_without_anything_in_it_is_told_and_its_end_too(picture: object, trouble: Trouble) -> None:
    there = Set()
    with pytest.raises(CameraUnplugged):
        there.filming.use(Footage(shots((gate, 2), (picture, 5), (gate, 3))), there.report)
    assert there.troubles() == [trouble, None]
    assert isinstance(there.told[-1], PartBack)
    passed_s = len(there.seen) / FPS
    assert 2 + 3 - 1 < passed_s < 2 + 3 + 3, "what nobody can be seen in is not passed on for longer than it must"


def test_a_frozen_camera_is_opened_again_and_believed_when_it_moves() -> None:
    there = Set()
    still = gate()
    with pytest.raises(CameraFrozen):
        there.filming.use(Footage(shots((gate, 1), (still, 5))), there.report)
    there.report.fails(Trouble.FROZEN, "as parts.keep does")
    with pytest.raises(CameraFrozen):
        there.filming.use(Footage(shots((still, 5)), begins_s=10), there.report)
    assert there.troubles() == [Trouble.FROZEN], "it is still frozen, and that is known"
    with pytest.raises(CameraUnplugged):
        there.filming.use(Footage(shots((gate, 2)), begins_s=20), there.report)
    assert there.troubles() == [Trouble.FROZEN, None]


def test_a_camera_that_stays_dark_is_opened_afresh_less_and_less_often() -> None:
    there = Set()
    opened_s = [0.0]
    for _ in range(4):
        footage = Footage(shots((night, 200)), begins_s=opened_s[-1])
        there.filming.use(footage, there.report)
        opened_s.append(opened_s[-1] + footage.number / FPS)
    pauses_s = [round(late - early) for early, late in pairwise(opened_s)]
    assert pauses_s == [10, 20, 40, 80]
    assert there.troubles() == [Trouble.DARK], "told once"


@pytest.mark.parametrize(("opening", "patience_s"), [(True, 10.0), (False, 2.3)])
def test_a_driver_that_does_not_come_back_is_noticed_from_outside(opening: bool, patience_s: float) -> None:
    now_s = [100.0]
    filming = Filming(lambda _: None, Event(), View(), lambda: now_s[0])
    noticed: list[bool] = []

    def hang() -> None:
        for waited_s in (0.0, patience_s, patience_s + 0.01):
            now_s[0] = 100.0 + waited_s
            noticed.append(filming.is_silent())

    class Hanging(Footage):
        def read(self) -> Frame:
            hang()
            raise CameraUnplugged("at last")

    def open_slowly() -> Footage:
        hang()
        return Footage(shots())

    if opening:
        filming.open(open_slowly)
    else:
        with pytest.raises(CameraUnplugged):
            filming.use(Hanging(shots()), Report("camera", lambda _: None))
    assert noticed == [False, False, True]
    assert not filming.is_silent(), "it came back"
