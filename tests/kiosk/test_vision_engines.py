"""One suite for every engine, on real faces; and each engine checks the other."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import dlib
import numpy as np
import pytest

from kiosk.errors import ModelError
from kiosk.events import Box
from kiosk.vision import DlibEngine, Engine, Image, read_photograph
from kiosk.vision.finder import load
from kiosk.vision.models import LANDMARKS, MMOD, RESNET, compile_models, model_path
from kiosk.vision.onnx_engine import OnnxEngine
from tests.conftest import ROOT, missing

PEOPLE = ("obama", "biden", "obama2")
SMALLEST_PX = 60


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        model_path(RESNET)
    except ModelError:
        missing("face_recognition_models (run scripts/setup)")
    folder = tmp_path_factory.mktemp("models")
    compile_models(folder)
    return folder


@pytest.fixture(scope="module")
def engines(compiled: Path) -> dict[str, Engine]:
    return {"dlib": DlibEngine(), "onnx": OnnxEngine(compiled, threads=1)}


@pytest.fixture(params=["dlib", "onnx"])
def engine(request: pytest.FixtureRequest, engines: dict[str, Engine]) -> Engine:
    return engines[request.param]


@pytest.fixture(scope="module")
def people(photographs: Path) -> dict[str, Image]:
    return {name: _photograph(photographs / f"{name}.jpg", 480)[:300] for name in PEOPLE}


@pytest.fixture(scope="module")
def faces() -> Path:
    """The ORL pictures and the clip, which may not be passed on, so they are not in the repository."""
    folder = Path(os.environ.get("GERBANG_FACES", ROOT.parent / "shared" / "faces"))
    if not (folder / "orl").is_dir():
        pytest.skip(f"there are no ORL faces in {folder} (say where with GERBANG_FACES)")
    return folder


def test_the_face_in_a_photograph_is_found(engine: Engine, people: dict[str, Image]) -> None:
    for image in people.values():
        ((left, top, width, height),) = engine.detect(image, SMALLEST_PX)
        assert 60 <= width <= 150
        assert abs(width - height) <= 1
        assert 0 <= left <= image.shape[1] - width
        assert 0 <= top <= image.shape[0] - height


@pytest.mark.parametrize("way", ["detect", "detect_hard"])
def test_the_largest_face_comes_first(engine: Engine, people: dict[str, Image], way: str) -> None:
    near, far = people["obama"], cv2.resize(people["biden"], None, fx=0.8, fy=0.8)
    both = np.zeros((300, far.shape[1] + near.shape[1], 3), np.uint8)
    both[: far.shape[0], : far.shape[1]] = far
    both[: near.shape[0], far.shape[1] :] = near
    found = getattr(engine, way)(both, 50)
    assert [box[2] for box in found] == sorted((box[2] for box in found), reverse=True)
    assert [box[0] > far.shape[1] for box in found] == [True, False]


def test_a_face_smaller_than_asked_for_is_left_out(engine: Engine, people: dict[str, Image]) -> None:
    assert engine.detect(people["biden"], 160) == []
    assert engine.detect_hard(people["biden"], 160) == []


def test_a_covered_mouth_hides_a_face_from_the_quick_detector_alone(engine: Engine, people: dict[str, Image]) -> None:
    left, top, width, height = engine.detect(people["biden"], SMALLEST_PX)[0]
    masked = people["biden"].copy()
    masked[top + height * 11 // 20 : top + height, left : left + width] = (200, 190, 160)
    assert engine.detect(masked, SMALLEST_PX) == []
    (found,) = engine.detect_hard(masked, SMALLEST_PX)
    assert abs(found[0] - left) < width / 4
    assert abs(found[1] - top) < height / 4


def test_two_pictures_of_one_person_are_nearer_than_of_two(engine: Engine, people: dict[str, Image]) -> None:
    for embed in (engine.embed, engine.embed_mirrored):
        obama, biden, obama2 = (embed(people[name], _face(engine, people[name])) for name in PEOPLE)
        assert np.linalg.norm(obama - obama2) < 0.5 < np.linalg.norm(obama - biden)


def test_the_mirrored_embedding_cares_less_which_way_a_face_looks(engine: Engine, people: dict[str, Image]) -> None:
    for image in people.values():
        mirrored = np.ascontiguousarray(image[:, ::-1])
        box, mirrored_box = _face(engine, image), _face(engine, mirrored)
        plain = np.linalg.norm(engine.embed(image, box) - engine.embed(mirrored, mirrored_box))
        steady = np.linalg.norm(engine.embed_mirrored(image, box) - engine.embed_mirrored(mirrored, mirrored_box))
        assert steady < plain / 2


def test_alpha_is_left_out(engine: Engine, people: dict[str, Image]) -> None:
    image = people["biden"]
    alpha = np.dstack((image, np.random.default_rng(1).integers(0, 256, image.shape[:2], dtype=np.uint8)))
    box = _face(engine, image)
    assert engine.detect(alpha, SMALLEST_PX) == engine.detect(image, SMALLEST_PX)
    assert engine.detect_hard(alpha, SMALLEST_PX) == engine.detect_hard(image, SMALLEST_PX)
    assert np.array_equal(engine.embed(alpha, box), engine.embed(image, box))


def test_a_grey_picture_shows_the_same_faces(engine: Engine, people: dict[str, Image]) -> None:
    grey = _image(cv2.cvtColor(people["biden"], cv2.COLOR_BGR2GRAY))
    colours = _image(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR))
    box = _face(engine, colours)
    for same in (grey, grey[..., np.newaxis]):
        assert engine.detect(same, SMALLEST_PX) == engine.detect(colours, SMALLEST_PX)
        assert engine.detect_hard(same, SMALLEST_PX) == engine.detect_hard(colours, SMALLEST_PX)
        assert np.array_equal(engine.embed(same, box), engine.embed(colours, box))


@pytest.mark.parametrize(
    "shape", [(0, 0, 3), (0, 640), (480, 0, 4), (1, 1), (7, 7, 3), (2, 900, 3), (900, 2), (39, 50)]
)
def test_a_picture_with_few_pixels_or_none_has_no_faces(engine: Engine, shape: tuple[int, ...]) -> None:
    image = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    for smallest_px in (80, 160):
        assert engine.detect(image, smallest_px) == []
        assert engine.detect_hard(image, smallest_px) == []


def test_no_face_is_embedded_from_a_picture_without_pixels(engine: Engine) -> None:
    with pytest.raises(ValueError, match="without pixels"):
        engine.embed(np.zeros((0, 0, 3), np.uint8), (0, 0, 80, 80))


@pytest.mark.parametrize(
    "image", [np.zeros((90, 90, 3)), np.zeros((90, 90, 2), np.uint8), np.zeros((2, 9, 9, 3), np.uint8)]
)
def test_what_is_no_picture_is_refused(engine: Engine, image: Image) -> None:
    with pytest.raises(ValueError, match="a picture has"):
        engine.detect(image)
    with pytest.raises(ValueError, match="a picture has"):
        engine.detect_hard(image)
    with pytest.raises(ValueError, match="a picture has"):
        engine.embed(image, (0, 0, 80, 80))


@pytest.mark.parametrize("box", [(-60, -60, 100, 100), (5000, 5000, 80, 80), (10, 10, 0, 0), (0, 0, 4000, 4000)])
def test_a_box_over_the_edge_is_embedded_as_what_is_there(engine: Engine, people: dict[str, Image], box: Box) -> None:
    embedding = engine.embed(people["biden"], box)
    assert embedding.shape == (128,)
    assert embedding.dtype == np.float32
    assert np.isfinite(embedding).all()


def test_the_engines_give_the_same_numbers(engines: dict[str, Engine], people: dict[str, Image]) -> None:
    assert engines["dlib"].name == engines["onnx"].name
    for image in people.values():
        _assert_same_numbers(engines, image)


def test_the_engines_give_the_same_numbers_for_the_orl_faces(engines: dict[str, Engine], faces: Path) -> None:
    for image in _orl(faces, every=21):
        _assert_same_numbers(engines, image)


@pytest.mark.parametrize("name", PEOPLE)
def test_the_engines_see_the_same_hard_faces(engines: dict[str, Engine], photographs: Path, name: str) -> None:
    assert _assert_same_boxes(engines, _photograph(photographs / f"{name}.jpg", 300), 50)


def test_the_engines_see_the_same_hard_face_of_the_astronaut(engines: dict[str, Engine]) -> None:
    data = pytest.importorskip("skimage.data", reason="scikit-image, with the astronaut, is not installed")
    image = cv2.resize(data.astronaut()[..., ::-1], (256, 256), interpolation=cv2.INTER_AREA)
    assert _assert_same_boxes(engines, _image(image), 50)


def test_the_engines_see_the_same_hard_faces_of_orl(engines: dict[str, Engine], faces: Path) -> None:
    for image in _orl(faces, every=45):
        assert _assert_same_boxes(engines, image, 80)


def test_the_engines_see_the_same_hard_faces_in_a_film(engines: dict[str, Engine], faces: Path) -> None:
    several = [_assert_same_boxes(engines, frame, 40) for frame in _film(faces / "clip.mp4", every=120)]
    assert max(several) > 1


@pytest.mark.parametrize(("height", "width"), [(40, 40), (41, 300), (300, 41), (90, 160), (161, 97)])
def test_the_engines_lay_out_a_picture_of_any_shape_alike(
    engines: dict[str, Engine], photographs: Path, height: int, width: int
) -> None:
    image = cv2.resize(_photograph(photographs / "obama.jpg", 480), (width, height), interpolation=cv2.INTER_AREA)
    _assert_same_boxes(engines, _image(image), 80)


@pytest.mark.parametrize("left", [0, 10, 5000, 9_000_000])
def test_damaged_landmarks_are_refused_in_one_sentence(compiled: Path, tmp_path: Path, left: int) -> None:
    damaged = tmp_path / "damaged.dat"
    damaged.write_bytes(model_path(LANDMARKS).read_bytes()[:left])
    with pytest.raises(ModelError, match=rf"^the model {damaged} is damaged; run scripts/setup again$"):
        load(dlib.shape_predictor, str(damaged))


def test_models_in_a_folder_whose_name_is_not_utf_8_are_loaded(
    compiled: Path, people: dict[str, Image], tmp_path: Path
) -> None:
    folder = tmp_path / os.fsdecode(b"models\xff")
    folder.symlink_to(compiled)
    engine = OnnxEngine(folder, threads=1)
    image = people["obama"]
    assert len(engine.detect_hard(image, SMALLEST_PX)) == 1
    assert engine.embed(image, _face(engine, image)).shape == (128,)


def test_the_model_that_may_not_be_sold_is_never_opened(compiled: Path, photographs: Path, tmp_path: Path) -> None:
    """In its place stands a pipe, at which whoever opens it waits for ever; dlib's own opening shows nowhere else."""
    models = tmp_path / "face_recognition_models" / "models"
    models.mkdir(parents=True)
    (models.parent / "__init__.py").touch()
    for name in (LANDMARKS, RESNET, MMOD):
        (models / name).symlink_to(model_path(name))
    os.mkfifo(models / "shape_predictor_68_face_landmarks.dat")
    assert str(models) in _run_both_engines(compiled, photographs, PYTHONPATH=str(tmp_path))


def test_a_compiled_engine_needs_no_package_to_build_one(compiled: Path, photographs: Path) -> None:
    assert "onnx is not loaded" in _run_both_engines(compiled, photographs)


_BOTH_ENGINES = """
import sys
from pathlib import Path
from typing import Any
from kiosk.vision import DlibEngine, read_photograph
from kiosk.vision.models import RESNET, model_path
from kiosk.vision.onnx_engine import OnnxEngine
image = read_photograph(Path(sys.argv[2]))
for engine in (OnnxEngine(Path(sys.argv[1])), DlibEngine()):
    engine.embed_mirrored(image, engine.detect(image, 100)[0])
    engine.detect_hard(image[::8, ::8])
print(model_path(RESNET), "onnx is loaded" if "onnx" in sys.modules else "onnx is not loaded")
"""


def _run_both_engines(compiled: Path, photographs: Path, **environment: str) -> str:
    command = [sys.executable, "-c", _BOTH_ENGINES, str(compiled), str(photographs / "obama.jpg")]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, env=os.environ | environment, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _photograph(path: Path, long_side: int) -> Image:
    image = read_photograph(path)
    scale = long_side / max(image.shape[:2])
    return _image(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))


def _orl(faces: Path, every: int) -> Iterator[Image]:
    for path in sorted((faces / "orl").glob("s*/*"))[::every]:
        yield _image(cv2.resize(read_photograph(path), None, fx=3, fy=3))


def _film(path: Path, every: int) -> Iterator[Image]:
    film = cv2.VideoCapture(str(path))
    number = 0
    while True:
        ok, frame = film.read()
        if not ok:
            return
        if number % every == 0:
            yield _image(cv2.resize(frame, (320, 180), interpolation=cv2.INTER_AREA))
        number += 1


def _image(pixels: Any) -> Image:
    """For OpenCV's types leave open what its pixels are."""
    return np.asarray(pixels, np.uint8)


def _face(engine: Engine, image: Image) -> Box:
    return engine.detect(image, SMALLEST_PX)[0]


def _assert_same_numbers(engines: dict[str, Engine], image: Image) -> None:
    for box in engines["dlib"].detect(image, SMALLEST_PX):
        assert np.abs(engines["dlib"].embed(image, box) - engines["onnx"].embed(image, box)).max() <= 1e-5
        mirrored = [engine.embed_mirrored(image, box) for engine in engines.values()]
        assert np.abs(mirrored[0] - mirrored[1]).max() <= 1e-5


def _assert_same_boxes(engines: dict[str, Engine], image: Image, smallest_px: int) -> int:
    """How many they are, each within two pixels of the other engine's."""
    expected, found = (engine.detect_hard(image, smallest_px) for engine in engines.values())
    assert len(found) == len(expected)
    assert all(
        abs(a - b) <= 2 for one, other in zip(found, expected, strict=True) for a, b in zip(one, other, strict=True)
    )
    return len(found)
