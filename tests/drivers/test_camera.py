"""What every camera must do, and what each kind does besides."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from drivers.camera import Camera, CameraSettings, Frame, camera_opener, open_camera
from drivers.camera.scene import Scene, Visit, write_scene
from drivers.errors import CameraEnded, CameraError
from tests.drivers.picamera_stand_in import Picamera2, install
from tests.waiting import until

Pixels = NDArray[np.uint8]

SIZE = (160, 120)


def settings(source: str = "", driver: Any = "replay", fps: int = 30) -> CameraSettings:
    """Small frames, for speed."""
    return CameraSettings(driver, source, *SIZE, fps)


def plain(bgr: tuple[int, int, int], size: tuple[int, int] = SIZE) -> Pixels:
    """A picture of one colour."""
    return np.full((size[1], size[0], 3), bgr, np.uint8)


def make_folder(base: Path, *colours: tuple[int, int, int]) -> str:
    """A folder of plain pictures, named so that their order is that of the colours."""
    (base / "pictures").mkdir()
    for number, colour in enumerate(colours):
        cv2.imwrite(str(base / "pictures" / f"{number}.png"), plain(colour))
    return "pictures"


def make_video(base: Path, frames: int, fps: float = 30.0) -> str:
    """A video that grows lighter by 10 grey levels a frame."""
    writer = cv2.VideoWriter(str(base / "video.avi"), cv2.VideoWriter.fourcc(*"MJPG"), fps, SIZE)
    for number in range(frames):
        writer.write(plain((10 * number,) * 3))
    writer.release()
    return "video.avi"


def make_scene(base: Path, scene: Scene) -> str:
    """A scene's file beside a photo of a red face."""
    cv2.imwrite(str(base / "red.png"), plain((0, 0, 250), (300, 400)))
    write_scene(base / "scene.toml", scene)
    return "scene.toml"


@pytest.mark.parametrize(
    ("driver", "given", "size"),
    [
        ("picamera", {}, (1280, 960)),
        ("webcam", {}, (640, 480)),
        ("picamera", {"width_px": 640}, (640, 480)),
        ("webcam", {"width_px": 1920}, (1920, 1440)),
        ("webcam", {"height_px": 720}, (960, 720)),
        ("webcam", {"height_px": 500}, (666, 500)),
        ("webcam", {"width_px": 1280, "height_px": 720}, (1280, 720)),
    ],
)
def test_of_a_size_the_half_that_is_not_given_is_in_proportion(
    driver: Any, given: dict[str, int], size: tuple[int, int]
) -> None:
    assert CameraSettings(driver, **given).size == size  # type: ignore[arg-type]


def until_the_end(camera: Camera) -> list[Frame]:
    """All frames that it still has."""
    frames = []
    while True:
        try:
            frames.append(camera.read())
        except CameraEnded:
            return frames


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> type[Picamera2]:
    """A computer with picamera2 and one camera."""
    return install(monkeypatch)


@pytest.fixture(params=["folder", "video", "scene", "picamera"])
def camera(request: pytest.FixtureRequest, tmp_path: Path, vendor: type[Picamera2]) -> Iterator[Camera]:
    """Each kind of camera in turn, with a second or more to give."""
    make: dict[str, Callable[[], CameraSettings]] = {
        "folder": lambda: settings(make_folder(tmp_path, (0, 0, 255), (0, 255, 0))),
        "video": lambda: settings(make_video(tmp_path, 25)),
        "scene": lambda: settings(make_scene(tmp_path, Scene())),
        "picamera": lambda: settings(driver="picamera"),
    }
    opened = open_camera(make[request.param](), tmp_path)
    yield opened
    opened.close()


def test_frames_are_of_the_settings_size_in_blue_green_red(camera: Camera) -> None:
    pixels = camera.read().pixels
    assert pixels.shape == (SIZE[1], SIZE[0], 3)
    assert pixels.dtype == np.uint8
    assert pixels.flags.c_contiguous


def test_frames_are_numbered_from_one_also_for_a_slow_reader(camera: Camera) -> None:
    numbers = [camera.read().number]
    slow_until_s = time.monotonic() + 0.15
    until(lambda: time.monotonic() > slow_until_s)
    numbers += [camera.read().number, camera.read().number]
    assert numbers == [1, 2, 3]


def test_a_slow_reader_gets_the_newest_frame(camera: Camera) -> None:
    first_s = camera.read().monotonic_s
    slow_until_s = time.monotonic() + 0.15
    until(lambda: time.monotonic() > slow_until_s)
    assert camera.read().monotonic_s > first_s + 0.1


def test_frames_are_taken_in_order_and_never_in_the_future(camera: Camera) -> None:
    before_s = 0.0
    for _ in range(5):
        frame = camera.read()
        assert before_s < frame.monotonic_s <= time.monotonic()
        before_s = frame.monotonic_s


def test_a_frame_is_never_written_to_again(camera: Camera) -> None:
    first = camera.read().pixels
    kept = first.copy()
    camera.read()
    camera.read()
    assert np.array_equal(first, kept)


def test_closing_twice_is_allowed(camera: Camera) -> None:
    camera.close()
    camera.close()


def test_a_closed_camera_refuses_to_read(camera: Camera) -> None:
    camera.read()
    camera.close()
    with pytest.raises(CameraError, match="closed") as caught:
        camera.read()
    assert not isinstance(caught.value, CameraEnded)


def test_another_thread_may_close_while_one_reads(camera: Camera) -> None:
    ends: list[CameraError] = []

    def read() -> None:
        try:
            while True:
                camera.read()
        except CameraError as end:
            ends.append(end)

    reader = threading.Thread(target=read)
    reader.start()
    camera.close()
    reader.join(10)
    assert not reader.is_alive()
    assert "closed" in str(ends[0])


def test_a_folder_shows_each_picture_for_a_second_in_order_and_ends(tmp_path: Path) -> None:
    camera = open_camera(settings(make_folder(tmp_path, (0, 0, 255), (0, 255, 0)), fps=10), tmp_path)
    shown: dict[tuple[int, ...], list[float]] = {}
    for frame in until_the_end(camera):
        shown.setdefault(tuple(frame.pixels[0, 0].tolist()), []).append(frame.monotonic_s)
    red_s, green_s = shown.values()
    assert list(shown) == [(0, 0, 255), (0, 255, 0)]
    assert red_s[-1] < green_s[0]
    assert green_s[-1] < red_s[0] + 2.0
    camera.close()


def test_a_picture_of_another_shape_is_shown_whole(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    cv2.imwrite(str(tmp_path / "p" / "tall.png"), plain((255, 255, 255), (100, 400)))
    camera = open_camera(settings("p"), tmp_path)
    pixels = camera.read().pixels
    assert pixels.shape == (120, 160, 3)
    assert int(pixels[60, 80, 0]) == 255
    assert int(pixels[60, 5, 0]) == 0
    camera.close()


def test_a_video_is_shown_at_its_own_pace_and_ends(tmp_path: Path) -> None:
    camera = open_camera(settings(make_video(tmp_path, 10, fps=20.0)), tmp_path)
    first, *others = until_the_end(camera)
    for frame in others:
        beats = (frame.monotonic_s - first.monotonic_s) * 20
        assert beats == pytest.approx(round(beats), abs=1e-3)
        lighter = frame.pixels.mean() - first.pixels.mean()
        assert lighter == pytest.approx(10 * round(beats), abs=4)
    camera.close()


def test_a_scene_ends_when_its_last_visit_is_over(tmp_path: Path) -> None:
    visit = Visit("red.png", (100, 100, 100, 100), 1.0, 3.0)
    begun_s = time.monotonic() - 60
    source = make_scene(tmp_path, Scene((visit,), epoch_s=begun_s, ends=True))
    with pytest.raises(CameraEnded, match="over"):
        open_camera(settings(source), tmp_path).read()


@pytest.mark.parametrize("kind", ["folder", "video", "scene"])
def test_a_replay_that_is_opened_again_goes_on_to_its_end(tmp_path: Path, kind: str) -> None:
    make: dict[str, Callable[[], str]] = {
        "folder": lambda: make_folder(tmp_path, (0, 0, 250), (0, 250, 0)),
        "video": lambda: make_video(tmp_path, 25),
        "scene": lambda: make_scene(tmp_path, Scene((Visit("red.png", (100, 100, 100, 100), 0.0, 0.5),), ends=True)),
    }
    reopen = camera_opener(settings(make[kind]()), tmp_path)
    openings = 0
    with suppress(CameraEnded):
        while openings < 99:
            openings += 1
            with closing(reopen()) as camera:
                for _ in range(4):  # a replay that began anew at each opening would give them for ever
                    camera.read()
    assert 1 < openings < 99


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("", "needs a source"),
        ("nowhere", "nothing to replay"),
        ("empty", "no pictures"),
        ("broken", r"torn\.jpg can't be read"),
        ("note.mp4", r"note\.mp4 can't be read"),
        ("note.toml", r"note\.toml is wrong"),
    ],
)
def test_a_replay_of_nothing_good_says_what_is_wrong(tmp_path: Path, source: str, sentence: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken").mkdir()
    for name in ("note.mp4", "note.toml", "broken/torn.jpg"):
        (tmp_path / name).write_text("not what it is called")
    with pytest.raises(CameraError, match=sentence):
        open_camera(settings(source), tmp_path)
