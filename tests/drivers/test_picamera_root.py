"""Our driver over picamera2's own code and libcamera's virtual camera, in a Debian 13 that scripts/camera-root makes.

What is not shown here, for the virtual camera has none of it: exposure, another process that holds the camera, and a
camera that turns its picture itself.
"""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from kiosk.errors import ModelError
from kiosk.vision.models import EMBEDDER, RESNET, compiled_model, model_path
from tests.conftest import ROOT, missing
from tests.drivers.picamera_root.chroot import play_in

Seen = dict[str, Any]
Play = Callable[[str], Seen]  # the name of a scene -> what was seen

_GROWTH_KB: Final = 8192  # less than one frame for every tenth time that the camera is opened
_ONE_PERSON: Final = 0.3  # far below the 0.6 at which dlib takes two pictures for the same person's
_SAME_MOMENT: Final = 20  # grey levels; the pictures that follow one another are 60 apart

# Where the white corner, top left before the camera, is seen, by rotation and mirror.
_CORNERS: Final = {
    "0 False": "top left",
    "90 False": "top right",
    "180 False": "bottom right",
    "270 False": "bottom left",
    "0 True": "top right",
    "90 True": "top left",
    "180 True": "bottom left",
    "270 True": "bottom right",
}


@pytest.fixture(scope="module")
def root() -> Path:
    """The Debian, where it was built and may be entered."""
    folder = Path(os.environ.get("GERBANG_CAMERA_ROOT", ROOT / ".cache" / "camera-root"))
    if not (folder / "gerbang-stamp").is_file():
        missing("the virtual camera's Debian (run scripts/camera-root as root)")
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        missing("leave to enter the virtual camera's Debian (be root)")
    return folder


@pytest.fixture(scope="module")
def play(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Play:
    """Plays a scene in it."""
    data = tmp_path_factory.mktemp("camera")
    try:
        models = model_path(RESNET).parents[1]
        compiled_model(EMBEDDER, data / "models")
    except ModelError:
        missing("face_recognition_models (run scripts/setup)")
    return lambda scene: play_in(root, data, models, scene)


@pytest.mark.usefixtures("photographs")
def test_a_face_is_found_in_the_small_picture_and_known_from_the_large_one(play: Play) -> None:
    seen = play("face")
    assert 100 < seen["width_px"] < 300
    assert seen["distance"] < _ONE_PERSON


def test_the_camera_gives_two_sizes_of_one_moment_whatever_size_is_asked_for(play: Play) -> None:
    seen = play("sizes")
    assert seen.pop("640x480")["pixels"] == [480, 640, 3]
    assert seen["1280x960"]["formats"] == ["NV12", "NV12"]
    for size in seen.values():
        assert size["pixels"] == [480, 640]
        assert size["large"] == [960, 1280, 3]
        assert size["apart"] < _SAME_MOMENT


def test_the_picture_is_turned_and_mirrored_as_the_settings_say(play: Play) -> None:
    seen = play("turns")
    assert {way: turn["corners"] for way, turn in seen.items()} == {way: [c, c] for way, c in _CORNERS.items()}
    assert [way for way, turn in seen.items() if turn["upright"]] == ["90 False", "90 True", "270 False", "270 True"]
    assert seen["180 False"]["asked"] == [True, True]  # libcamera does it for nothing, where the camera can
    assert seen["0 True"]["asked"] == [True, False]


def test_a_picture_that_stays_the_very_same_is_frozen_after_two_seconds(play: Play) -> None:
    seen = play("frozen")
    assert seen["same"]["frozen"] >= 2.0
    assert seen["others"].keys() == {"good"}


def test_a_camera_that_falls_silent_is_noticed_let_go_and_opened_again(play: Play) -> None:
    seen = play("silent")
    assert seen["slipped"]["error"]["kind"] == "CameraFrozen"
    assert seen["slipped"]["read_s"] >= 2.0
    assert "stopped giving frames" in seen["failed"]["error"]["says"]
    assert [seen[way]["again"] for way in ("slipped", "failed")] == [1, 1]
    holds_no_more(seen)


def test_a_camera_that_is_open_already_is_refused_again_and_again_and_serves_who_has_it(play: Play) -> None:
    seen = play("second")
    assert "Does another program use it?" in seen["error"]["says"]
    assert seen["first"] == 2
    holds_no_more(seen)


def test_where_there_is_no_camera_it_is_said_until_there_is_one(play: Play) -> None:
    seen = play("absent")
    assert seen["error"]["kind"] == "CameraUnplugged"
    assert seen["then"] == 1
    holds_no_more(seen)


def test_opened_and_closed_many_times_nothing_is_leaked(play: Play) -> None:
    holds_no_more(play("cycles"))


def holds_no_more(seen: Seen) -> None:
    """Neither threads nor descriptors, nor memory but what any allocator keeps."""
    before, after = seen["before"], seen["after"]
    assert after["threads"] == before["threads"]
    assert after["descriptors"] == before["descriptors"]
    assert after["rss_kb"] - before["rss_kb"] < _GROWTH_KB
