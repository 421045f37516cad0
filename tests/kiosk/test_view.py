"""Whether the camera sees: drawn gates, photographs and faces made dark, foggy and soft, and covered lenses."""

import os
from collections.abc import Callable, Iterator
from itertools import count, cycle
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from drivers.camera import Frame
from drivers.camera.stage import Stage
from drivers.errors import Trouble
from kiosk.vision import Image
from kiosk.vision.view import View
from tests.conftest import ROOT

FPS = 30
SIZE = (320, 240)
SIZES = [(1280, 720), (1920, 1080)]
FACES = Path(os.environ.get("GERBANG_FACES", ROOT.parent / "shared" / "faces")) / "orl"

Scene = Callable[[], Image]


class Watch:
    """A view that is shown frame after frame, on a clock of its own."""

    def __init__(self, min_face_px: int = 100) -> None:
        self.view = View(min_face_px)
        self._number = count(1)

    def see(self, scene: Scene, seconds: float) -> list[Trouble | None]:
        """What was said at each of the frames."""
        return [self._judge(scene()) for _ in range(round(seconds * FPS))]

    def _judge(self, pixels: Image) -> Trouble | None:
        number = next(self._number)
        return self.view.judge(Frame(pixels, 100.0 + number / FPS, number))


def live(picture: NDArray[Any], noise: float = 3.0) -> Scene:
    """A picture as a sensor gives it: never twice the same, one after the other."""
    rng = np.random.default_rng(1)
    noisy = cycle([np.clip(picture + rng.normal(0, noise, picture.shape), 0, 255).astype(np.uint8) for _ in range(12)])
    return lambda: next(noisy)


def still(picture: Image) -> Scene:
    return lambda: picture


@pytest.fixture(scope="module")
def gate() -> Image:
    """An empty gate without noise that matters."""
    return Stage(*SIZE, seed=1).draw([], 3.0)


def shade(dark: float, bright: float, reach_px: float, size: tuple[int, int] = SIZE) -> Image:
    """A smooth shade with light from the right, as a hand lets it through. reach_px: of a picture 320 px wide."""
    across = np.arange(size[0], dtype=np.float32)[::-1] * SIZE[0] / size[0]
    row = dark + (bright - dark) * np.exp(-(across**2) / (2 * reach_px**2))
    return np.repeat(np.tile(row, (size[1], 1))[..., np.newaxis], 3, axis=2).astype(np.uint8)


def faces(times: float) -> Iterator[tuple[str, Image]]:
    """Faces that are some 75 px wide, made larger; each with its name."""
    if not FACES.is_dir():
        pytest.skip("the ORL faces are missing here")
    for path in sorted(FACES.glob("s*/1.pgm"))[:4]:
        face = np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), np.uint8)
        yield path.parent.name, np.asarray(cv2.resize(face, None, fx=times, fy=times, interpolation=cv2.INTER_CUBIC))


def before(level: float, size: tuple[int, int], face: NDArray[Any]) -> NDArray[Any]:
    """A face in the middle of a picture that is empty otherwise."""
    picture = np.full((size[1], size[0]), level, np.float32)
    top, left = (size[1] - face.shape[0]) // 2, (size[0] - face.shape[1]) // 2
    picture[top : top + face.shape[0], left : left + face.shape[1]] = face
    return picture


def test_a_gate_in_passing_clouds_is_a_good_view() -> None:
    stage = Stage(*SIZE, seed=1)
    frames: Iterator[Image] = (stage.draw([], number / FPS) for number in count())
    assert set(Watch().see(lambda: next(frames), 6)) == {None}


def test_the_same_picture_for_two_seconds_is_a_frozen_camera(gate: Image) -> None:
    said = Watch().see(still(gate), 3)
    assert said[: 2 * FPS] == [None] * 2 * FPS
    assert said[2 * FPS + 1] is Trouble.FROZEN


def test_a_still_gate_with_a_sensors_noise_is_not_frozen(gate: Image) -> None:
    assert set(Watch().see(live(gate, noise=0.5), 5)) == {None}


def repeated(scene: Scene, times: int) -> Scene:
    """Each picture so many times, as a camera of few frames gives them in a stream of many."""
    pictures = (picture for picture in (scene() for _ in count()) for _ in range(times))
    return lambda: next(pictures)


@pytest.mark.parametrize("times", [2, 4])
def test_a_camera_that_gives_each_picture_several_times_is_judged_as_any_other(times: int, gate: Image) -> None:
    watch = Watch()
    assert watch.see(repeated(live(gate * 0.02), times), 4)[-1] is Trouble.DARK
    assert watch.see(repeated(live(gate), times), 2)[-1] is None
    assert watch.see(repeated(live(shade(60, 90, 125)), times), 4)[-1] is Trouble.COVERED
    assert set(watch.see(repeated(live(gate), times), 6)[FPS:]) == {None}


def test_a_frozen_camera_that_gives_one_other_picture_is_still_frozen(gate: Image) -> None:
    watch = Watch()
    watch.see(still(gate), 3)
    assert set(watch.see(still(gate // 2), 3)) == {Trouble.FROZEN}


def test_a_camera_blinded_by_the_sun_is_not_frozen(gate: Image) -> None:
    assert Watch().see(still(np.full((240, 320, 3), 255, np.uint8)), 4)[-1] is Trouble.COVERED
    silhouette = np.where(gate > 150, 255, 0).astype(np.uint8)
    assert set(Watch().see(still(silhouette), 4)) == {None}


def test_pictures_shown_for_a_second_each_are_not_frozen(gate: Image) -> None:
    watch = Watch()
    for number in range(4):
        assert set(watch.see(still(gate // 2 + np.uint8(number)), 1)) == {None}


def test_what_comes_back_is_good_after_half_a_second(gate: Image) -> None:
    watch = Watch()
    assert watch.see(still(gate), 3)[-1] is Trouble.FROZEN
    said = watch.see(live(gate), 1)
    assert said[: FPS // 2] == [Trouble.FROZEN] * (FPS // 2)
    assert said[FPS // 2 + 1 :] == [None] * (FPS - FPS // 2 - 1)


@pytest.mark.parametrize("level", [0, 3, 12, 18])
def test_a_gate_without_light_is_dark(level: int, gate: Image) -> None:
    night = gate * (level / 255)
    assert Watch().see(live(night), 3.5)[-1] is Trouble.DARK


def test_a_camera_that_gives_black_is_dark_and_not_frozen() -> None:
    assert Watch().see(still(np.zeros((240, 320, 3), np.uint8)), 4)[-1] is Trouble.DARK


def test_a_face_in_a_lamps_light_at_night_is_no_dark_gate(gate: Image) -> None:
    night = gate * 0.05
    night[75:135, 130:190] = 60
    assert set(Watch().see(live(night), 4)) == {None}


def test_dusk_is_said_once(gate: Image) -> None:
    watch = Watch()
    said = [watch.see(live(gate * level), 3)[-1] for level in (0.30, 0.20, 0.10, 0.125, 0.10, 0.125)]
    assert said == [None, None, *[Trouble.DARK] * 4]
    assert watch.see(live(gate * 0.20), 3)[-1] is None


@pytest.mark.parametrize("noise", [1, 4, 10])
@pytest.mark.parametrize(
    "lens",
    [
        pytest.param(shade(128, 128, 1), id="a sticker"),
        pytest.param(shade(60, 90, 125), id="a hand"),
        pytest.param(shade(40, 160, 100), id="a hand with the sun beside it"),
        pytest.param(shade(245, 245, 1), id="paper in the sun"),
    ],
)
def test_a_covered_lens_is_said(lens: Image, noise: float, gate: Image) -> None:
    watch = Watch()
    assert watch.see(live(gate), 1)[-1] is None
    assert Trouble.COVERED not in watch.see(live(lens, noise), 1.9)
    assert watch.see(live(lens, noise), 1.5)[-1] is Trouble.COVERED
    assert watch.see(live(gate), 1)[-1] is None


def test_a_gate_out_of_focus_is_not_covered(gate: Image) -> None:
    soft = cv2.GaussianBlur(gate, (0, 0), 8)
    assert set(Watch().see(live(soft), 4)) == {None}


@pytest.mark.parametrize("contrast", [1.0, 0.3, 0.1])
def test_photographs_in_a_fog_in_which_faces_are_found_are_not_covered(photographs: Path, contrast: float) -> None:
    for path in sorted(photographs.glob("*.jpg")):
        picture = cv2.resize(cv2.imread(str(path)), SIZE, interpolation=cv2.INTER_AREA)  # type: ignore[arg-type]
        assert set(Watch().see(live(picture * contrast + 128 * (1 - contrast), 2), 3)) == {None}, path.name


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("noise", [1, 10])
def test_a_covered_lens_is_said_by_a_camera_of_many_pixels(noise: float, size: tuple[int, int]) -> None:
    lens = shade(40, 160, 100, size)[..., 1]
    assert Watch().see(live(lens, noise), 3)[-1] is Trouble.COVERED


@pytest.mark.parametrize(
    ("size", "min_face_px"), [(SIZE, 100), ((640, 480), 50), ((640, 480), 100), *((size, 100) for size in SIZES)]
)
def test_the_smallest_face_that_counts_is_neither_covered_nor_dark(size: tuple[int, int], min_face_px: int) -> None:
    for name, face in faces(min_face_px / 75):
        wall, lamp = before(150, size, face), before(8, size, face * 0.5)
        assert set(Watch(min_face_px).see(live(wall, 2), 3)) == {None}, name
        assert set(Watch(min_face_px).see(live(lamp, 2), 3)) == {None}, name


def test_a_hand_that_leaves_a_sharp_edge_of_light_is_not_noticed() -> None:
    """The limit: a pillar in the shade with the bright yard beside it looks the same."""
    assert set(Watch().see(live(shade(20, 250, 20)), 4)) == {None}


def test_a_bare_wall_is_covered_until_somebody_comes(gate: Image) -> None:
    wall = np.full((240, 320, 3), 170, np.uint8)
    watch = Watch()
    assert watch.see(live(wall), 3)[-1] is Trouble.COVERED
    wall[50:190, 125:200] = gate[50:190, 125:200]
    assert watch.see(live(wall), 1)[-1] is None


def test_another_trouble_takes_two_seconds_too(gate: Image) -> None:
    watch = Watch()
    watch.see(live(gate), 1)
    assert watch.see(live(shade(60, 90, 125)), 4)[-1] is Trouble.COVERED
    said = watch.see(live(gate * 0.02), 4)
    assert None not in said
    assert said[FPS] is Trouble.COVERED
    assert said[-1] is Trouble.DARK


@pytest.mark.parametrize("shape", [(480, 640), (540, 960, 3), (120, 160), (480, 640, 4)])
def test_frames_of_any_size_and_kind_are_judged(shape: tuple[int, ...], gate: Image) -> None:
    picture = cv2.resize(gate, (shape[1], shape[0]))
    kinds = {2: picture[..., 1], 3: picture}
    pixels = cv2.cvtColor(picture, cv2.COLOR_BGR2BGRA) if shape[2:] == (4,) else kinds[len(shape)]
    assert set(Watch().see(live(pixels), 3)) == {None}
    assert Watch().see(live(pixels * 0.02), 4)[-1] is Trouble.DARK


def test_a_frame_without_pixels_changes_nothing(gate: Image) -> None:
    watch = Watch()
    watch.see(still(gate), 3)
    assert watch.see(still(np.zeros((0, 0, 3), np.uint8)), 2)[-1] is Trouble.FROZEN
