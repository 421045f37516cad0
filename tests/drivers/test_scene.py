"""The script of a scene, the drawing of it, and its file that is rewritten while it plays."""

import logging
import math
import os
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import dlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from drivers.camera import Camera, CameraSettings, open_camera
from drivers.camera.figure import Figure, Pose
from drivers.camera.play import Play
from drivers.camera.scene import APPROACH_S, RETREAT_S, Scene, Visit, read_scene, write_scene
from drivers.camera.stage import SWAY, Stage, pose_of
from drivers.errors import CameraError
from tests.waiting import until

Pixels = NDArray[np.uint8]

FACE = (200, 150, 200, 200)
RED = Visit("red.png", FACE, 0.0)
SETTINGS = CameraSettings("replay", "scene.toml")
PHOTOS = Path(__file__).parents[2] / ".cache" / "faces" / "test_images"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with photos of one colour, the size of an ordinary one."""
    cv2.imwrite(str(tmp_path / "red.png"), np.full((900, 600, 3), (20, 20, 230), np.uint8))
    cv2.imwrite(str(tmp_path / "blue.png"), np.full((900, 600, 3), (230, 20, 20), np.uint8))
    return tmp_path


@pytest.fixture
def camera(place: Path) -> Iterator[Camera]:
    """A camera before an empty gate whose scene is rewritten."""
    write_scene(place / "scene.toml", Scene())
    opened = open_camera(SETTINGS, place)
    yield opened
    opened.close()


def colour_at(pixels: Pixels, column: float = 0.5) -> str:
    """Whether red or blue stands at a column of the frame, at the height of faces; else ''."""
    blue, _, red = pixels[210, round(column * 640)].tolist()
    return "red" if red > 2 * blue else "blue" if blue > 2 * red else ""


def draw(place: Path, at_s: float, *visits: Visit, seed: int = 1) -> Pixels:
    """One frame of a scene of these visits."""
    people = [(v, Figure(place / v.photo, v.face, v.near_px * (1 + SWAY))) for v in visits]
    return Stage(640, 480, seed).draw(people, at_s)


def shown(play: Play, due_s: float) -> Pixels:
    """The frame of a scene in which the camera is well."""
    frame = play.picture(due_s)
    assert frame is not None
    return frame


@cache
def detector() -> Any:
    """dlib's, which takes a while to unpack."""
    return dlib.get_frontal_face_detector()


def faces(pixels: Pixels) -> list[tuple[int, int, int]]:
    """(centre column, centre row, width) of the faces that dlib finds in a frame."""
    found = detector()(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), 0)
    return [(r.center().x, r.center().y, r.width()) for r in found]


# The file


seconds = st.floats(0, 1e6, allow_nan=False)
visits = st.builds(
    lambda photo, face, at_s, stay_s, near_px, column: Visit(
        photo, face, at_s, None if stay_s is None else at_s + stay_s, near_px, column
    ),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    st.tuples(*[st.integers(1, 9999)] * 4),
    seconds,
    st.none() | seconds,
    st.integers(20, 2000),
    st.floats(0, 1),
)
scenes = st.builds(Scene, st.lists(visits, max_size=3).map(tuple), st.none() | seconds, st.integers(0, 2**40))


@given(scene=scenes)
def test_what_is_written_is_what_is_read(tmp_path_factory: pytest.TempPathFactory, scene: Scene) -> None:
    path = tmp_path_factory.getbasetemp() / "written.toml"
    write_scene(path, scene)
    assert read_scene(path) == scene


def test_writing_leaves_nothing_but_the_scene(tmp_path: Path) -> None:
    write_scene(tmp_path / "scene.toml", Scene())
    write_scene(tmp_path / "scene.toml", Scene((RED,)))
    assert [p.name for p in tmp_path.iterdir()] == ["scene.toml"]


VISIT = '[[visit]]\nphoto = "red.png"\nface = [200, 150, 200, 200]\nat_s = 2.0\n'


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("speed = 2", "no key speed"),
        ("visits = []", "no key visits"),
        ("visit = 3", "visit must be written as"),
        ("visit = [3]", "visit 1: visit must be written as"),
        ("seed = 1.5", "seed must be a whole number, 0 or more, not 1.5"),
        ("seed = -1", "seed must"),
        ('ends = "yes"', "ends must be true or false"),
        ("epoch_s = nan", "epoch_s must"),
        ("epoch_s = true", "epoch_s must"),
        ("[[visit]]", "visit 1: photo must be given"),
        (VISIT + VISIT.replace("at_s", "at"), "visit 2: there is no key at;"),
        (VISIT.replace("2.0", "-1"), "at_s must be a number of seconds"),
        (VISIT.replace('"red.png"', "7"), "photo must be a file's name"),
        (VISIT.replace("150, ", ""), "face must be four whole numbers"),
        (VISIT.replace("150", "-150"), "face must"),
        (VISIT.replace("150", "1.5"), "face must"),
        (VISIT + "leave_s = 1.0", "leave_s must be a number of seconds, no less than at_s"),
        (VISIT + "near_px = 5", "near_px must"),
        (VISIT + "column = 1.5", "column must be a number from 0 to 1, not 1.5"),
        (VISIT.replace("red", "green"), "visit 1: there is no photo"),
        (VISIT.replace("red.png", "scene.toml"), "visit 1: the photo .* can't be read"),
        (VISIT.replace("150", "800"), "visit 1: face .* is outside the photo"),
        ("seed = ", "is wrong"),
    ],
)
def test_a_bad_scene_is_refused_by_the_name_of_its_key(place: Path, text: str, sentence: str) -> None:
    (place / "scene.toml").write_text(text)
    with pytest.raises(CameraError, match=rf"(?s)scene\.toml is wrong: .*{sentence}|scene\.toml {sentence}"):
        open_camera(SETTINGS, place)


def test_a_scene_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CameraError, match=r"nowhere\.toml can't be read \(No such file"):
        read_scene(tmp_path / "nowhere.toml")


def test_a_scene_ends_only_when_it_says_so_and_everyone_has_gone() -> None:
    gone = Visit("a.png", FACE, 1.0, 4.0)
    over_s = 4.0 + RETREAT_S
    assert not Scene((gone,), ends=True).is_over(over_s - 0.01)
    assert Scene((gone,), ends=True).is_over(over_s)
    assert not Scene((gone,)).is_over(over_s)
    assert not Scene((gone, RED), ends=True).is_over(1e9)
    assert not Scene((), ends=True).is_over(1e9)


# The drawing


def test_a_visitor_is_out_of_sight_before_and_after() -> None:
    visit = Visit("a.png", FACE, 2.0, 9.0)
    assert pose_of(visit, 1.99, 640, 480) is None
    assert pose_of(visit, 9.0 + RETREAT_S, 640, 480) is None
    assert pose_of(visit, 2.01, 640, 480) is not None


def test_a_visitor_comes_nearer_stands_and_goes_away() -> None:
    visit = Visit("a.png", FACE, 2.0, 9.0, near_px=200)
    sizes = {at_s: pose.face_px for at_s in np.arange(2.0, 9.9, 0.1) if (pose := pose_of(visit, at_s, 640, 480))}
    coming = [size for at_s, size in sizes.items() if at_s <= 2.0 + APPROACH_S]
    standing = [size for at_s, size in sizes.items() if 2.0 + APPROACH_S <= at_s <= 9.0]
    assert coming[0] == pytest.approx(45, rel=0.03)
    assert coming == sorted(coming)
    assert all(size == pytest.approx(200, rel=0.021) for size in standing)
    assert list(sizes.values())[-1] < 60


@given(visit=visits, at_s=st.floats(0, 3e6))
def test_a_visitor_is_always_somewhere_possible(visit: Visit, at_s: float) -> None:
    pose = pose_of(visit, at_s, 640, 480)
    if pose is not None:
        assert 0 < pose.face_px <= visit.near_px * (1 + SWAY) + 1e-6
        assert abs(pose.x_px - visit.column * 640) < 2
        assert 0 <= pose.opacity <= 1


def test_the_same_seed_and_time_give_the_same_frame_and_others_do_not(place: Path) -> None:
    frame = draw(place, 3.0, RED)
    assert np.array_equal(frame, draw(place, 3.0, RED))
    assert not np.array_equal(frame, draw(place, 3.0, RED, seed=2))
    assert not np.array_equal(frame, draw(place, 3.0 + 1 / 30, RED))


def test_the_light_at_the_gate_changes_but_little() -> None:
    stage = Stage(320, 240, 1)
    levels = [float(stage.draw([], at_s).mean()) for at_s in range(0, 120, 2)]
    assert 1.1 < max(levels) / min(levels) < 1.12 / 0.88 + 0.01


def test_two_people_stand_side_by_side_the_nearer_before_the_other(place: Path) -> None:
    left = Visit("red.png", FACE, 0.0, near_px=120, column=0.25)
    right = Visit("blue.png", FACE, 0.0, near_px=160, column=0.75)
    frame = draw(place, 5.0, left, right)
    assert colour_at(frame, 0.25) == "red"
    assert colour_at(frame, 0.75) == "blue"
    behind = Visit("red.png", FACE, 0.0, near_px=120, column=0.75)
    for order in ([behind, right], [right, behind]):
        assert colour_at(draw(place, 5.0, *order), 0.75) == "blue"


@pytest.mark.parametrize("face", [(0, 0, 200, 200), (400, 700, 200, 200), (0, 0, 600, 900), (300, 400, 3, 2)])
def test_a_face_may_lie_at_the_edge_of_its_photo_or_fill_it(place: Path, face: tuple[int, int, int, int]) -> None:
    assert colour_at(draw(place, 5.0, Visit("red.png", face, 0.0, near_px=300))) == "red"


@pytest.mark.parametrize("column", [0.0, 1.0])
def test_a_person_may_stand_half_out_of_the_frame(place: Path, column: float) -> None:
    frame = draw(place, 5.0, Visit("red.png", FACE, 0.0, column=column))
    assert colour_at(frame, 0.02 + 0.96 * column) == "red"


def test_a_person_wholly_out_of_the_frame_is_not_drawn(place: Path) -> None:
    frame = np.zeros((480, 640, 3), np.uint8)
    Figure(place / "red.png", FACE, 100).paste(frame, Pose(-500, 240, 100))
    assert not frame.any()


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_what_a_photo_leaves_clear_shows_the_gate(tmp_path: Path, depth: type) -> None:
    full = np.iinfo(depth).max
    cut_out: NDArray[Any] = np.zeros((900, 600, 4), depth)
    cut_out[:, 300:] = (0, 0, full, full)
    cv2.imwrite(str(tmp_path / "cut.png"), cut_out)
    frame = draw(tmp_path, 5.0, Visit("cut.png", FACE, 0.0, near_px=200))
    assert colour_at(frame, 0.5 + 60 / 640) == "red"
    assert colour_at(frame, 0.5 - 60 / 640) == ""


def test_a_grey_photo_and_a_large_one_are_drawn_too(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "grey.jpg"), np.full((400, 300), 250, np.uint8))
    cv2.imwrite(str(tmp_path / "large.jpg"), np.full((1400, 2300, 3), (0, 0, 250), np.uint8))
    grey = draw(tmp_path, 5.0, Visit("grey.jpg", (100, 100, 100, 100), 0.0))
    assert int(grey[210, 320].min()) > 200
    assert colour_at(draw(tmp_path, 5.0, Visit("large.jpg", (800, 300, 700, 700), 0.0))) == "red"


def test_an_empty_gate_shows_no_face() -> None:
    for seed in range(3):
        assert faces(Stage(640, 480, seed).draw([], 0.0)) == []


@pytest.mark.parametrize(
    ("photo", "face"),
    [
        ("obama.jpg", (360, 133, 255, 255)),
        ("biden.jpg", (407, 217, 344, 344)),
        ("obama2.jpg", (171, 291, 270, 270)),
    ],
)
def test_a_real_persons_face_is_found_where_it_stands(photo: str, face: tuple[int, int, int, int]) -> None:
    if not (PHOTOS / photo).exists() and "CI" not in os.environ:
        pytest.skip(f"no photographs in {PHOTOS}")
    visit = Visit(photo, face, 0.0, near_px=150, column=0.4)
    [(x, y, width)] = faces(draw(PHOTOS, 4.0, visit))
    assert x == pytest.approx(256, abs=20)
    assert y == pytest.approx(211, abs=20)
    assert width == pytest.approx(150, rel=0.25)


# The file while it plays


def test_a_visit_written_while_the_scene_plays_is_seen(camera: Camera, place: Path) -> None:
    assert colour_at(camera.read().pixels) == ""
    write_scene(place / "scene.toml", Scene((RED,)))
    until(lambda: colour_at(camera.read().pixels) == "red")


def test_a_visitor_goes_once_the_scene_is_told_when(camera: Camera, place: Path) -> None:
    write_scene(place / "scene.toml", Scene((RED,)))
    until(lambda: colour_at(camera.read().pixels) == "red")
    write_scene(place / "scene.toml", Scene((Visit("red.png", FACE, 0.0, 0.1),)))
    until(lambda: colour_at(camera.read().pixels) == "")


@pytest.mark.parametrize(
    "bad",
    [
        "[[visit]]\nphoto = ",
        "[[visit]]\nphoto = 'missing.png'\nface = [1, 1, 9, 9]\nat_s = 0.0",
        None,
    ],
)
def test_a_bad_file_is_ignored_and_told_once_until_it_is_good_again(
    camera: Camera, place: Path, caplog: pytest.LogCaptureFixture, bad: str | None
) -> None:
    caplog.set_level(logging.INFO, "drivers.camera.play")
    write_scene(place / "scene.toml", Scene((RED,)))
    until(lambda: colour_at(camera.read().pixels) == "red")
    if bad is None:
        (place / "scene.toml").unlink()
    else:
        (place / "scene.toml").write_text(bad)
    until(lambda: camera.read().number > 0 and len(caplog.messages) == 1)
    later_s = time.monotonic() + 0.25
    until(lambda: colour_at(camera.read().pixels) == "red" and time.monotonic() > later_s)
    assert [r.levelname for r in caplog.records] == ["WARNING"]
    write_scene(place / "scene.toml", Scene((Visit("blue.png", FACE, 0.0),)))
    until(lambda: colour_at(camera.read().pixels) == "blue")
    assert [r.levelname for r in caplog.records] == ["WARNING", "INFO"]


def test_a_photo_that_comes_late_mends_the_scene(camera: Camera, place: Path) -> None:
    write_scene(place / "scene.toml", Scene((Visit("late.png", FACE, 0.0),)))
    tried_s = time.monotonic() + 0.25
    until(lambda: camera.read().monotonic_s > tried_s)
    (place / "red.png").rename(place / "late.png")
    until(lambda: colour_at(camera.read().pixels) == "red")


def test_a_camera_that_opens_later_joins_the_scene_where_it_is(place: Path) -> None:
    begun_s = time.monotonic() - 50
    scene = Scene((Visit("red.png", FACE, 0.0, 20.0), Visit("blue.png", FACE, 40.0)), epoch_s=begun_s)
    write_scene(place / "scene.toml", scene)
    one, two = Play(place / "scene.toml", SETTINGS), Play(place / "scene.toml", SETTINGS)
    for since_s, colour in ((10.0, "red"), (30.0, ""), (50.0, "blue")):
        frame = shown(one, begun_s + since_s)
        assert colour_at(frame) == colour
        assert np.array_equal(frame, shown(two, begun_s + since_s))


def test_a_scene_without_an_epoch_begins_when_the_camera_opens(place: Path) -> None:
    write_scene(place / "scene.toml", Scene((Visit("red.png", FACE, 1.0),)))
    play = Play(place / "scene.toml", SETTINGS)
    assert colour_at(shown(play, play.opened_s + 0.9)) == ""
    assert colour_at(shown(play, play.opened_s + 3.0)) == "red"


def test_another_seed_changes_the_gate_while_it_plays(place: Path) -> None:
    path = place / "scene.toml"
    write_scene(path, Scene(seed=1))
    play = Play(path, SETTINGS)
    due_s = play.opened_s + math.pi
    before = shown(play, due_s)
    write_scene(path, Scene(seed=2))
    until(lambda: not np.array_equal(before, shown(play, due_s)))
    write_scene(path, Scene(seed=1))
    until(lambda: np.array_equal(before, shown(play, due_s)))
