"""Scenes in which something befalls the camera."""

import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from drivers.camera import CameraSettings, Frame, open_camera
from drivers.camera.play import Play
from drivers.camera.scene import Fault, FaultKind, Scene, read_scene, write_scene
from drivers.errors import CameraError, CameraFrozen, CameraUnplugged, Trouble
from kiosk.vision.view import View

SETTINGS = CameraSettings("replay", "scene.toml", 320, 240)
KINDS = ["freeze", "silent", "unplugged", "dark", "covered"]


def play_of(folder: Path, *faults: Fault, epoch_s: float | None = None) -> Play:
    write_scene(folder / "scene.toml", Scene(faults=faults, epoch_s=epoch_s))
    return Play(folder / "scene.toml", SETTINGS)


def shown(play: Play, since_s: float) -> NDArray[np.uint8]:
    frame = play.picture(play.opened_s + since_s)
    assert frame is not None
    return frame


def judged(play: Play, from_s: float, to_s: float) -> list[Trouble | None]:
    """What the view says of the frames of a time."""
    view = View()
    return [
        view.judge(Frame(shown(play, float(at_s)), float(at_s), 1))
        for at_s in np.arange(from_s, to_s, 1 / SETTINGS.fps)
    ]


faults = st.builds(
    lambda kind, at_s, stay_s: Fault(kind, at_s, None if stay_s is None else at_s + stay_s),
    st.sampled_from(KINDS),
    st.floats(0, 1e6),
    st.none() | st.floats(0, 1e6),
)


@given(scene=st.builds(lambda listed: Scene(faults=tuple(listed)), st.lists(faults, max_size=4)))
def test_faults_that_are_written_are_read(tmp_path_factory: pytest.TempPathFactory, scene: Scene) -> None:
    path = tmp_path_factory.getbasetemp() / "faults.toml"
    write_scene(path, scene)
    assert read_scene(path) == scene


FAULT = '[[fault]]\nkind = "dark"\nat_s = 2.0\n'


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("fault = 3", "fault must be written as"),
        ("[[fault]]", "fault 1: kind must be given"),
        (
            FAULT + FAULT.replace("dark", "broken"),
            "fault 2: kind must be one of freeze, silent, unplugged, dark, covered",
        ),
        (FAULT.replace('"dark"', "[]"), "fault 1: kind must be one of"),
        (FAULT.replace("2.0", "-1"), "at_s must be a number of seconds"),
        (FAULT + "until_s = 1.0", "until_s must be a number of seconds, no less than at_s"),
        (FAULT + "speed = 1", "fault 1: there is no key speed"),
    ],
)
def test_a_bad_fault_is_refused_by_the_name_of_its_key(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "scene.toml").write_text(text)
    with pytest.raises(CameraError, match=sentence):
        open_camera(SETTINGS, tmp_path)


def test_a_frozen_camera_gives_one_picture_until_it_is_over_also_when_it_is_opened_again(tmp_path: Path) -> None:
    begun_s = time.monotonic()
    play = play_of(tmp_path, Fault("freeze", 1.0, 4.0), epoch_s=begun_s)
    frozen = play.picture(begun_s + 1.5)
    assert frozen is not None
    again = Play(tmp_path / "scene.toml", SETTINGS)
    for reel, since_s in ((play, 3.5), (again, 3.9)):
        repeated = reel.picture(begun_s + since_s)
        assert repeated is not None
        assert np.array_equal(frozen, repeated)
    assert not np.array_equal(shown(play, 104.5), shown(play, 104.6))


@pytest.mark.parametrize(
    ("kind", "trouble"), [("freeze", Trouble.FROZEN), ("dark", Trouble.DARK), ("covered", Trouble.COVERED)]
)
def test_what_a_view_is_to_notice_it_notices_and_it_ends(tmp_path: Path, kind: FaultKind, trouble: Trouble) -> None:
    play = play_of(tmp_path, Fault(kind, 1.0, 5.0))
    assert set(judged(play, 0.0, 1.0)) == {None}
    said = judged(play, 0.0, 6.5)
    assert set(said) == {None, trouble}
    assert said[round(4.5 * SETTINGS.fps)] is trouble
    assert said[-1] is None


def test_an_unplugged_camera_gives_nothing_until_it_is_back(tmp_path: Path) -> None:
    begun_s = time.monotonic()
    play = play_of(tmp_path, Fault("unplugged", 1000.0, 2000.0), epoch_s=begun_s)
    assert play.picture(begun_s + 999) is not None
    with pytest.raises(CameraUnplugged, match="unplugged"):
        play.picture(begun_s + 1001)
    assert play.picture(begun_s + 2001) is not None


def test_an_unplugged_camera_can_not_be_opened_until_it_is_back(tmp_path: Path) -> None:
    fault = Fault("unplugged", 1000.0, 2000.0)
    write_scene(tmp_path / "scene.toml", Scene(faults=(fault,), epoch_s=time.monotonic() - 1100))
    with pytest.raises(CameraUnplugged, match="unplugged"):
        open_camera(SETTINGS, tmp_path)
    write_scene(tmp_path / "scene.toml", Scene(faults=(fault,), epoch_s=time.monotonic() - 2100))
    camera = open_camera(SETTINGS, tmp_path)
    assert camera.read().number == 1
    camera.close()


def test_a_silent_camera_gives_nothing_for_two_seconds_and_then_says_so(tmp_path: Path) -> None:
    play = play_of(tmp_path, Fault("silent", 1.0))
    assert play.picture(play.opened_s + 0.9) is not None
    assert play.picture(play.opened_s + 1.1) is None
    assert play.picture(play.opened_s + 2.9) is None
    with pytest.raises(CameraFrozen, match="no frames"):
        play.picture(play.opened_s + 3.1)


def test_a_silent_camera_that_is_opened_again_is_waited_for_again(tmp_path: Path) -> None:
    play = play_of(tmp_path, Fault("silent", 0.0), epoch_s=time.monotonic() - 60)
    assert play.picture(play.opened_s + 1.9) is None
    with pytest.raises(CameraFrozen):
        play.picture(play.opened_s + 2.1)


def test_a_read_of_a_silent_camera_waits_until_there_is_a_picture(tmp_path: Path) -> None:
    write_scene(tmp_path / "scene.toml", Scene(faults=(Fault("silent", 0.0, 0.5),)))
    before_s = time.monotonic()
    camera = open_camera(SETTINGS, tmp_path)
    frame = camera.read()
    assert frame.number == 1
    assert frame.monotonic_s >= before_s + 0.5
    camera.close()


def test_the_first_fault_that_holds_is_the_one(tmp_path: Path) -> None:
    scene = Scene(faults=(Fault("dark", 2.0, 3.0), Fault("covered", 0.0)))
    kinds = [fault.kind if (fault := scene.fault_at(at_s)) else None for at_s in (1.0, 2.5, 3.0)]
    assert kinds == ["covered", "dark", "covered"]
    assert Scene().fault_at(0.0) is None
