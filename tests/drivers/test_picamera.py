"""The Pi's camera, over a stand-in for picamera2: streams, formats, turns, exposure, and what goes wrong."""

import sys
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from drivers.camera import Camera, CameraSettings, open_camera
from drivers.camera.formats import to_bgr, to_grey
from drivers.camera.picamera import small_size
from drivers.camera.turning import turned
from drivers.errors import CameraError, CameraFrozen, CameraUnplugged
from tests.drivers.picamera_stand_in import Picamera2, install, laid

Pixels = NDArray[np.uint8]

# A corner of each colour, so that no turn and no mirror goes unseen; their brightness differs too.
CORNERS: Pixels = np.zeros((480, 640, 3), np.uint8)
CORNERS[:240, :320] = (250, 40, 30)
CORNERS[:240, 320:] = (30, 200, 60)
CORNERS[240:, :320] = (40, 60, 220)
CORNERS[240:, 320:] = (240, 240, 235)


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> type[Picamera2]:
    """A computer with picamera2 and one camera."""
    installed = install(monkeypatch)
    installed.picture = CORNERS
    return installed


def opened(**settings: Any) -> Camera:
    return open_camera(CameraSettings("picamera", **settings))


def near(one: Pixels, other: NDArray[Any]) -> bool:
    """The same picture, but for a few levels: colours in YUV are rounded, and have half the pixels."""
    return one.shape == other.shape and float(np.abs(one.astype(int) - other).mean()) < 3


def grey(pixels: Pixels) -> Pixels:
    """Its brightness as OpenCV puts it into YUV, from 16 to 235 (ITU-R BT.601)."""
    return np.asarray(16 + cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY) * (219 / 255), np.uint8)


def test_a_large_picture_comes_with_a_small_grey_one(vendor: type[Picamera2]) -> None:
    frame = opened().read()
    assert frame.large is not None
    assert frame.large.shape == (960, 1280, 3)
    assert frame.pixels.shape == (480, 640)
    assert near(frame.pixels, grey(CORNERS))
    assert near(frame.large[::2, ::2], CORNERS)


def test_what_is_small_enough_comes_as_one_picture_in_colour(vendor: type[Picamera2]) -> None:
    frame = opened(width_px=640, height_px=480).read()
    assert frame.large is None
    assert near(frame.pixels, CORNERS)


@pytest.mark.parametrize("form", ["RGB888", "NV12"])
def test_a_camera_with_one_stream_gives_both_pictures_all_the_same(
    vendor: type[Picamera2], form: str, caplog: pytest.LogCaptureFixture
) -> None:
    vendor.two_streams = False
    vendor.main_format = form
    frame = opened().read()
    assert frame.large is not None
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert near(
        frame.pixels, np.asarray(cv2.cvtColor(CORNERS, cv2.COLOR_BGR2GRAY)) if form == "RGB888" else grey(CORNERS)
    )
    assert near(frame.large[::2, ::2], CORNERS)


@pytest.mark.parametrize(
    ("size", "small"),
    [
        ((640, 480), None),
        ((320, 240), None),
        ((642, 480), (320, 240)),
        ((1280, 720), (640, 360)),
        ((1280, 960), (640, 480)),
        ((1920, 1080), (640, 360)),
        ((480, 640), (240, 320)),
        ((1296, 972), (432, 324)),
    ],
)
def test_the_small_picture_is_a_whole_part_of_the_large(size: tuple[int, int], small: tuple[int, int] | None) -> None:
    assert small_size(size) == small


@pytest.mark.parametrize("flips", [True, False])
@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("width_px", [640, 1280])
def test_the_picture_is_turned_and_mirrored_as_the_settings_say(
    vendor: type[Picamera2], width_px: int, rotation: Any, mirror: bool, flips: bool
) -> None:
    vendor.flips = flips
    settings = CameraSettings("picamera", "", width_px, width_px * 3 // 4, rotation=rotation, mirror=mirror)
    frame = open_camera(settings).read()
    wanted = turned(CORNERS, settings)
    assert frame.pixels.flags.c_contiguous
    assert near(frame.pixels, wanted if width_px == 640 else grey(wanted))
    if frame.large is not None:
        assert near(frame.large[::2, ::2], wanted)


def test_a_turned_picture_shows_its_corners_where_they_belong() -> None:
    def corners(pixels: Pixels) -> list[int]:
        return [int(pixels[y, x, 0]) for y, x in ((0, 0), (0, -1), (-1, 0), (-1, -1))]

    assert corners(turned(CORNERS, CameraSettings())) == [250, 30, 40, 240]
    assert corners(turned(CORNERS, CameraSettings(rotation=90))) == [40, 250, 240, 30]
    assert corners(turned(CORNERS, CameraSettings(rotation=180))) == [240, 40, 30, 250]
    assert corners(turned(CORNERS, CameraSettings(rotation=270))) == [30, 240, 250, 40]
    assert corners(turned(CORNERS, CameraSettings(mirror=True))) == [30, 250, 240, 40]
    assert corners(turned(CORNERS, CameraSettings(rotation=90, mirror=True))) == [250, 40, 30, 240]


def test_only_controls_that_the_camera_has_are_set(vendor: type[Picamera2]) -> None:
    opened(fps=25)
    vendor.controls = {}
    opened()
    first, second = vendor.instances
    assert first.set == {"FrameDurationLimits": (40000, 66667), "ExposureValue": 0.7}
    assert second.set == {}


def test_a_camera_of_few_frames_may_keep_its_pace(vendor: type[Picamera2]) -> None:
    opened(fps=5)
    assert vendor.instances[0].set["FrameDurationLimits"] == (200000, 200000)


def test_without_picamera2_the_pi_camera_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)  # Python's own way to say that there is none
    with pytest.raises(CameraError, match="sudo apt install python3-picamera2"):
        opened()


@pytest.mark.parametrize("cameras", [(), ("/base/scb/pcie@7d500000/pci@0,0/usb@0,0-1.2:1.0-046d:0825",)])
def test_a_pi_without_a_camera_of_its_own_says_so_and_opens_none(
    vendor: type[Picamera2], cameras: tuple[str, ...]
) -> None:
    vendor.cameras = cameras
    with pytest.raises(CameraUnplugged, match="no camera"):
        opened()
    assert vendor.instances == []


def test_a_pi_camera_that_falls_silent_says_so_and_can_be_closed(vendor: type[Picamera2]) -> None:
    camera = opened()
    camera.read()
    vendor.silent = True
    with pytest.raises(CameraFrozen, match="no frame for 2 s"):
        camera.read()
    camera.close()
    assert vendor.instances[0].closed


@pytest.mark.parametrize("form", ["RGB888", "XBGR8888", "YUV420"])
def test_a_frame_without_the_padding_of_its_last_row_is_shown(vendor: type[Picamera2], form: str) -> None:
    vendor.main_format = form
    camera = opened(width_px=630, height_px=474)
    whole = camera.read()
    vendor.lost_bytes = 5
    assert np.array_equal(camera.read().pixels, whole.pixels)


def test_a_frame_that_is_cut_off_is_an_error_of_the_camera(vendor: type[Picamera2]) -> None:
    camera = opened()
    camera.read()
    vendor.lost_bytes = 100
    with pytest.raises(CameraError, match=r"instead of"):
        camera.read()


def refuse(*_: Any) -> None:
    raise RuntimeError("libcamera's bare error")


def unknown_format(vendor: type[Picamera2]) -> None:
    vendor.main_format = "SBGGR10"


def failing(method: str) -> Callable[[type[Picamera2]], None]:
    return lambda vendor: setattr(vendor, method, refuse)


@pytest.mark.parametrize(
    ("breaks", "said"),
    [(unknown_format, "SBGGR10"), (failing("configure"), "bare error"), (failing("start"), "bare error")],
)
def test_a_pi_camera_that_does_not_start_is_let_go(
    vendor: type[Picamera2], breaks: Callable[[type[Picamera2]], None], said: str
) -> None:
    breaks(vendor)
    with pytest.raises(CameraError, match=said) as caught:
        opened()
    assert vendor.instances[0].closed
    assert ("another program" in str(caught.value)) == (said == "bare error")


def test_a_pi_camera_that_another_program_holds_says_so(vendor: type[Picamera2]) -> None:
    failing("__init__")(vendor)
    with pytest.raises(CameraError, match="Does another program use it"):
        opened()


@pytest.mark.parametrize("padding", [0, 32])
@pytest.mark.parametrize(
    ("form", "bytes_per_px"),
    [("RGB888", 3), ("BGR888", 3), ("XRGB8888", 4), ("XBGR8888", 4), ("NV12", 1), ("YUV420", 1)],
)
def test_every_format_of_the_pi_camera_becomes_colours_and_grey(form: str, bytes_per_px: int, padding: int) -> None:
    picture = np.full((48, 64, 3), (200, 120, 40), np.uint8)
    picture[:, 32:] = (30, 90, 220)
    stride = 64 * bytes_per_px + padding
    stream = {"format": form, "size": (64, 48), "stride": stride}
    buffer = laid(form, picture, stride)
    pixels = to_bgr(buffer, stream)
    assert pixels.shape == picture.shape
    assert np.abs(pixels.astype(int) - picture).max() <= 3
    brightness = to_grey(buffer, stream)
    assert brightness.shape == (48, 64)
    wanted = grey(picture) if bytes_per_px == 1 else cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    assert np.abs(brightness.astype(int) - wanted).max() <= 2
