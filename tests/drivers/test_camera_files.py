"""Files with names and sizes that OpenCV can't bear."""

import os
import struct
import zlib
from pathlib import Path

import cv2
import pytest

from drivers.camera import open_camera
from drivers.camera.scene import Scene, Visit
from drivers.errors import CameraError
from tests.drivers.test_camera import make_folder, make_scene, make_video, plain, settings, until_the_end

NOT_UTF_8 = os.fsdecode(b"2\xff")  # a name that is no UTF-8, as a stick from an old computer may have it


def make_giant(path: Path) -> None:
    """A PNG that says it has 60,000 x 60,000 pixels, in a few bytes."""
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(b"")), (b"IEND", b""))
    laid = (struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in chunks)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(laid))


def test_a_picture_whose_name_is_not_utf_8_is_shown(tmp_path: Path) -> None:
    folder = tmp_path / NOT_UTF_8
    folder.mkdir()
    (folder / f"{NOT_UTF_8}.png").write_bytes(cv2.imencode(".png", plain((0, 0, 255)))[1].tobytes())
    camera = open_camera(settings(NOT_UTF_8), tmp_path)
    assert camera.read().pixels[60, 80].tolist() == [0, 0, 255]
    camera.close()


def test_a_scene_in_a_folder_whose_name_is_not_utf_8_is_played(tmp_path: Path) -> None:
    folder = tmp_path / "place"
    folder.mkdir()
    source = make_scene(folder, Scene((Visit("red.png", (100, 100, 100, 100), 0.0),), epoch_s=0.0))
    camera = open_camera(settings(source), folder.rename(tmp_path / NOT_UTF_8))
    blue, _, red = camera.read().pixels[52, 80].tolist()
    assert red > 2 * blue
    camera.close()


@pytest.mark.parametrize("driver", ["replay", "webcam"])
def test_a_video_whose_name_is_not_utf_8_is_refused(tmp_path: Path, driver: str) -> None:
    path = (tmp_path / make_video(tmp_path, 3)).rename(tmp_path / NOT_UTF_8)
    with pytest.raises(CameraError, match=r"2\\udcff' is not UTF-8"):
        open_camera(settings(str(path), driver))


def test_a_picture_that_says_it_is_huge_is_unreadable(tmp_path: Path) -> None:
    source = make_folder(tmp_path)
    make_giant(tmp_path / source / "0.png")
    with pytest.raises(CameraError, match=r"0\.png can't be read"):
        open_camera(settings(source), tmp_path)


def test_a_huge_picture_that_comes_later_is_unreadable_then(tmp_path: Path) -> None:
    source = make_folder(tmp_path, (0, 0, 255))
    make_giant(tmp_path / source / "1.png")
    camera = open_camera(settings(source), tmp_path)
    with pytest.raises(CameraError, match=r"1\.png can't be read"):
        until_the_end(camera)
    camera.close()


def test_a_huge_photo_of_a_scene_is_unreadable(tmp_path: Path) -> None:
    source = make_scene(tmp_path, Scene((Visit("red.png", (100, 100, 100, 100), 0.0),)))
    make_giant(tmp_path / "red.png")
    with pytest.raises(CameraError, match=r"visit 1: the photo .*red\.png can't be read"):
        open_camera(settings(source), tmp_path)
