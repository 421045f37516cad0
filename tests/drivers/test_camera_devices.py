"""Cameras by their ids, in a tree of links as udev makes it. That a real device captures, nothing can show here."""

import os
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from drivers.camera import CameraSettings, open_camera
from drivers.camera.devices import captures, find_devices
from drivers.camera.webcam import await_picture
from drivers.errors import CameraError, CameraFrozen, CameraUnplugged

LOGITECH = "usb-046d_C270_HD_WEBCAM_200901010001"
OTHER = "usb-Sonix_USB_2.0_Camera_SN0001"


@pytest.fixture
def dev(tmp_path: Path) -> Path:
    """Two cameras, each with a node for pictures and one for metadata."""
    plug(tmp_path, LOGITECH, "pci-0000:00:14.0-usb-0:1:1.0", 0)
    plug(tmp_path, OTHER, "pci-0000:00:14.0-usb-0:2:1.0", 2)
    (tmp_path / "video10").touch()
    (tmp_path / "video-sink").touch()
    return tmp_path


def plug(dev: Path, by_id: str, by_path: str, first: int) -> None:
    """What udev does for a camera whose nodes begin with that number."""
    for folder, name in (("by-id", by_id), ("by-path", by_path)):
        (dev / "v4l" / folder).mkdir(parents=True, exist_ok=True)
        for index in (0, 1):
            (dev / f"video{first + index}").touch()
            (dev / "v4l" / folder / f"{name}-video-index{index}").symlink_to(f"../../video{first + index}")


def unplug(dev: Path, name: str) -> None:
    for link in (dev / "v4l").glob(f"*/{name}*"):
        link.resolve().unlink(missing_ok=True)
        link.unlink()


def nodes(source: str, dev: Path) -> list[str]:
    return [device.resolve().name for device in find_devices(source, dev)]


def test_without_a_source_all_cameras_are_tried_in_the_order_of_their_numbers(dev: Path) -> None:
    assert nodes("", dev) == ["video0", "video1", "video2", "video3", "video10"]


@pytest.mark.parametrize(
    "source",
    [
        OTHER,
        f"{OTHER}-video-index0",
        "Sonix",
        "SN0001",
        "pci-0000:00:14.0-usb-0:2:1.0",
        "usb-0:2",
    ],
)
def test_an_id_or_a_part_that_only_one_camera_has_finds_it(dev: Path, source: str) -> None:
    assert nodes(source, dev)[0] == "video2"
    assert set(nodes(source, dev)) <= {"video2", "video3"}


def test_a_number_and_a_path_still_name_a_device(dev: Path) -> None:
    assert nodes("3", dev) == ["video3"]
    assert nodes(str(dev / "video10"), dev) == ["video10"]


def test_a_camera_that_was_plugged_in_elsewhere_is_found_under_its_new_number(dev: Path) -> None:
    unplug(dev, OTHER)
    with pytest.raises(CameraUnplugged, match=rf"No camera of the id 'Sonix'.*There is {LOGITECH}\."):
        find_devices("Sonix", dev)
    plug(dev, OTHER, "pci-0000:00:14.0-usb-0:4:1.0", 5)
    assert nodes("Sonix", dev)[0] == "video5"


def test_a_part_that_several_cameras_have_is_refused_and_all_are_named(dev: Path) -> None:
    with pytest.raises(CameraUnplugged, match=rf"give more of it. There is {LOGITECH} and {OTHER}"):
        find_devices("usb-", dev)


@pytest.mark.parametrize("source", ["index1", "video-index0"])
def test_a_part_that_both_cameras_have_for_one_of_their_nodes_is_refused_too(source: str, dev: Path) -> None:
    with pytest.raises(CameraUnplugged, match=rf"give more of it. There is {LOGITECH} and {OTHER}"):
        find_devices(source, dev)


def test_a_whole_id_that_another_one_begins_with_is_no_doubt(dev: Path) -> None:
    plug(dev, f"{OTHER}23", "pci-0000:00:14.0-usb-0:5:1.0", 7)
    assert nodes(OTHER, dev)[0] == "video2"


def test_two_names_of_one_camera_are_no_doubt(dev: Path) -> None:
    for index in (0, 1):
        name = f"pci-0000:00:14.0-usbv2-0:2:1.0-video-index{index}"
        (dev / "v4l" / "by-path" / name).symlink_to(f"../../video{2 + index}")
    assert set(nodes("0:2:1.0", dev)) == {"video2", "video3"}


def test_a_link_whose_camera_is_gone_is_not_tried(dev: Path) -> None:
    (dev / "video2").unlink()
    (dev / "video3").unlink()
    with pytest.raises(CameraUnplugged, match="plugged in"):
        find_devices("Sonix", dev)


def test_a_computer_without_cameras_says_so(tmp_path: Path) -> None:
    with pytest.raises(CameraUnplugged, match=r"video\*\. Is it plugged in\? There is none with an id"):
        find_devices("", tmp_path)


@pytest.mark.parametrize("source", ["99", "/dev/video99"])
def test_a_webcam_that_is_not_there_is_named(source: str) -> None:
    with pytest.raises(CameraUnplugged, match=r"No camera at /dev/video99\. Is it plugged in"):
        open_camera(CameraSettings("webcam", source))


@pytest.mark.skipif(any(Path("/dev").glob("video*")), reason="this computer has a camera")
def test_a_computer_without_a_webcam_says_so_when_one_is_opened() -> None:
    with pytest.raises(CameraUnplugged, match="plugged in"):
        open_camera(CameraSettings("webcam"))


PICTURE = np.zeros((2, 2, 3), np.uint8)


def test_a_spoilt_picture_now_and_then_is_passed_over(tmp_path: Path) -> None:
    pictures = iter([None, None, PICTURE])
    assert await_picture(lambda: next(pictures), 2.0, tmp_path) is PICTURE


def test_a_webcam_without_a_good_picture_is_frozen_after_a_while(tmp_path: Path) -> None:
    began_s = time.monotonic()
    with pytest.raises(CameraFrozen, match="gives no frames"):
        await_picture(lambda: None, 0.2, tmp_path)
    assert time.monotonic() - began_s >= 0.2


def test_a_webcam_whose_device_is_gone_is_unplugged_at_once(tmp_path: Path) -> None:
    with pytest.raises(CameraUnplugged, match="is gone"):
        await_picture(lambda: None, 1e9, tmp_path / "video0")


@pytest.mark.parametrize("name", ["video0", "picture.png"])
def test_a_file_that_is_no_camera_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(cv2.imencode(".png", cv2.UMat(8, 8, cv2.CV_8UC3).get())[1].tobytes())
    with pytest.raises(CameraError, match=rf"{name} gives no picture"):
        open_camera(CameraSettings("webcam", str(tmp_path / name)))


@pytest.mark.skipif(os.getuid() == 0, reason="root may open everything")
def test_a_camera_that_is_not_ours_to_open_says_which_group_helps(tmp_path: Path) -> None:
    (tmp_path / "video0").touch(mode=0o000)
    with pytest.raises(CameraError, match="group `video`"):
        open_camera(CameraSettings("webcam", str(tmp_path / "video0")))


def test_what_is_no_camera_captures_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert not any(captures(path) for path in (tmp_path / "file", tmp_path / "none", tmp_path, Path("/dev/null")))
