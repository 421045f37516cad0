"""What every camera must do, and what each kind does besides."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from drivers.camera import Camera, CameraSettings, Frame, open_camera
from drivers.camera.picamera import to_bgr
from drivers.camera.scene import Scene, Visit, write_scene
from drivers.errors import CameraEnded, CameraError
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


def until_the_end(camera: Camera) -> list[Frame]:
    """All frames that it still has."""
    frames = []
    while True:
        try:
            frames.append(camera.read())
        except CameraEnded:
            return frames


class Vendor:
    """As much of picamera2 as we ask of it, with one camera that gives plain blue frames."""

    cameras = 1
    format = "RGB888"
    silent = False

    def __init__(self) -> None:
        """Open the first camera, as picamera2 does."""
        [None][1 - self.cameras]
        self.camera_controls = {"FrameDurationLimits": (33333, 120000, None)}
        self.stream: dict[str, Any] = {}
        self.running = False

    def create_video_configuration(self, main: dict[str, Any]) -> dict[str, Any]:
        """A configuration, which we only hand back."""
        return {"main": main}

    def configure(self, configuration: dict[str, Any]) -> None:
        """Lay the rows 64 bytes apart, as the Pi's image processor wants them."""
        width = configuration["main"]["size"][0]
        self.stream = {**configuration["main"], "format": self.format, "stride": -(-width * 3 // 64) * 64}

    def set_controls(self, controls: dict[str, Any]) -> None:
        """Only what the camera has is accepted."""
        assert controls.keys() <= self.camera_controls.keys()

    def camera_configuration(self) -> dict[str, Any]:
        """What was really configured."""
        return {"main": self.stream}

    def start(self) -> None:
        """Frames flow."""
        self.running = True

    def close(self) -> None:
        """They don't."""
        self.running = False

    def capture_buffer(self, name: str, wait: bool) -> "Vendor":
        """A job, which here is the camera itself."""
        assert self.running
        assert not wait
        assert name in self.camera_configuration()
        return self

    def get_result(self, timeout: float) -> Pixels:
        """The job's result."""
        if self.silent:
            raise TimeoutError(timeout)
        width, height = self.stream["size"]
        buffer = np.zeros((height, self.stream["stride"]), np.uint8)
        buffer[:, : 3 * width : 3] = 200
        return buffer.reshape(-1)


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> type[Vendor]:
    """A computer with picamera2 and one camera."""

    class Picamera2(Vendor):
        pass

    module = ModuleType("picamera2")
    module.Picamera2 = Picamera2  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "picamera2", module)
    return Picamera2


@pytest.fixture(params=["folder", "video", "scene", "picamera"])
def camera(request: pytest.FixtureRequest, tmp_path: Path, vendor: type[Vendor]) -> Iterator[Camera]:
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


@pytest.mark.parametrize("source", ["99", "/dev/video99"])
def test_a_webcam_that_is_not_there_is_named(source: str) -> None:
    with pytest.raises(CameraError, match=r"No camera at /dev/video99\. Is it plugged in"):
        open_camera(settings(source, "webcam"))


@pytest.mark.skipif(any(Path("/dev").glob("video*")), reason="this computer has a camera")
def test_a_computer_without_a_webcam_says_so() -> None:
    with pytest.raises(CameraError, match="plugged in"):
        open_camera(settings(driver="webcam"))


def test_a_file_that_is_no_camera_is_named(tmp_path: Path) -> None:
    (tmp_path / "video0").write_text("no device")
    with pytest.raises(CameraError, match=r"video0 gives no picture"):
        open_camera(settings(str(tmp_path / "video0"), "webcam"))


@pytest.mark.skipif(os.getuid() == 0, reason="root may open everything")
def test_a_camera_that_is_not_ours_to_open_says_which_group_helps(tmp_path: Path) -> None:
    (tmp_path / "video0").touch(mode=0o000)
    with pytest.raises(CameraError, match="group `video`"):
        open_camera(settings(str(tmp_path / "video0"), "webcam"))


def test_without_picamera2_the_pi_camera_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)  # Python's own way to say that there is none
    with pytest.raises(CameraError, match="sudo apt install python3-picamera2"):
        open_camera(settings(driver="picamera"))


def test_a_pi_without_a_camera_says_so(vendor: type[Vendor]) -> None:
    vendor.cameras = 0
    with pytest.raises(CameraError, match="no camera"):
        open_camera(settings(driver="picamera"))


def test_a_pi_camera_that_falls_silent_says_so(vendor: type[Vendor]) -> None:
    camera = open_camera(settings(driver="picamera"))
    vendor.silent = True
    with pytest.raises(CameraError, match="stopped giving frames"):
        camera.read()
    camera.close()


def test_a_pi_camera_with_a_format_that_we_do_not_know_names_it(vendor: type[Vendor]) -> None:
    vendor.format = "SBGGR10"
    with pytest.raises(CameraError, match="SBGGR10"):
        open_camera(settings(driver="picamera"))


def _padded(rows: Pixels, stride: int) -> Pixels:
    return np.pad(rows, ((0, 0), (0, stride - rows.shape[1]))).reshape(-1)


def _laid(form: str, bgr: Pixels, stride: int) -> Pixels:
    """A picture's bytes as libcamera lays them in that format."""
    height, width = bgr.shape[:2]
    if form in ("RGB888", "BGR888"):
        return _padded((bgr if form == "RGB888" else bgr[:, :, ::-1]).reshape(height, -1), stride)
    if form in ("XRGB8888", "XBGR8888"):
        opaque = np.full((height, width, 1), 255, np.uint8)
        colours = bgr if form == "XRGB8888" else bgr[:, :, ::-1]
        return _padded(np.concatenate([colours, opaque], axis=2).reshape(height, -1), stride)
    planes = cast(Pixels, cv2.cvtColor(bgr, cv2.COLOR_BGR2YUV_I420)).reshape(-1)
    y: Pixels = planes[: width * height].reshape(height, width)
    u, v = planes[width * height :].reshape(2, height // 2, width // 2)
    if form == "NV12":
        uv: Pixels = np.stack([u, v], axis=2).reshape(height // 2, width)
        return np.concatenate([_padded(y, stride), _padded(uv, stride)])
    return np.concatenate([_padded(y, stride), _padded(u, stride // 2), _padded(v, stride // 2)])


@pytest.mark.parametrize("padding", [0, 32])
@pytest.mark.parametrize(
    ("form", "bytes_per_px"),
    [("RGB888", 3), ("BGR888", 3), ("XRGB8888", 4), ("XBGR8888", 4), ("NV12", 1), ("YUV420", 1)],
)
def test_every_format_of_the_pi_camera_becomes_blue_green_red(form: str, bytes_per_px: int, padding: int) -> None:
    picture = plain((200, 120, 40), (64, 48))
    picture[:, 32:] = (30, 90, 220)
    stride = 64 * bytes_per_px + padding
    stream = {"format": form, "size": (64, 48), "stride": stride}
    pixels = to_bgr(_laid(form, picture, stride), stream)
    assert pixels.shape == picture.shape
    assert np.abs(pixels.astype(int) - picture).max() <= 3
