"""The compiled models: made once, whole or not at all, and made again whenever they can't be trusted."""

import logging
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from kiosk.errors import ModelError
from kiosk.vision.models import DETECTOR, EMBEDDER, MODELS, Model, compile_models, compiled_model, model_path
from kiosk.vision.onnx_engine import OnnxEngine
from tests.conftest import ROOT, missing

Damage = Callable[[bytes], bytes]

COMPILE = """
import sys
from pathlib import Path
from kiosk.vision.models import compile_models
compile_models(Path(sys.argv[1]), lambda kind, part: print(kind, part, flush=True))
"""


@pytest.fixture(autouse=True, scope="module")
def _sources() -> None:
    try:
        for model in MODELS:
            model_path(model.source)
    except ModelError:
        missing("face_recognition_models (run scripts/setup)")


@pytest.fixture
def own_detector(tmp_path: Path) -> Model:
    """The detector, from a copy of its file that a test may change."""
    copy = tmp_path / "own.dat"
    shutil.copy(model_path(DETECTOR.source), copy)
    return replace(DETECTOR, source=str(copy))


def test_a_model_is_compiled_once(tmp_path: Path) -> None:
    first = compiled_model(DETECTOR, tmp_path)
    assert isinstance(first, Path)
    made = first.stat()
    assert compiled_model(DETECTOR, tmp_path) == first
    assert first.stat() == made
    assert _names(tmp_path) == [first.name]


def test_the_folder_is_made_where_it_is_missing(tmp_path: Path) -> None:
    compile_models(tmp_path / "a" / "b")
    assert len(_names(tmp_path / "a" / "b")) == len(MODELS)


def test_progress_goes_from_nothing_to_all_of_each_model(tmp_path: Path) -> None:
    heard: list[tuple[str, float]] = []
    compile_models(tmp_path, lambda kind, part: heard.append((kind, part)))
    assert heard == [(model.kind, part) for model in MODELS for part in (0, 0.5, 1)]
    heard.clear()
    compile_models(tmp_path, lambda kind, part: heard.append((kind, part)))
    assert heard == [(model.kind, part) for model in MODELS for part in (0, 1)]


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-1], lambda data: b"", lambda data: data[:5000] + b"\0" + data[5001:]]
)
def test_a_damaged_compiled_model_is_compiled_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: Damage
) -> None:
    place = compiled_model(DETECTOR, tmp_path)
    assert isinstance(place, Path)
    whole = place.read_bytes()
    place.write_bytes(damage(whole))
    assert compiled_model(DETECTOR, tmp_path) == place
    assert place.read_bytes() == whole
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_a_model_of_another_source_takes_the_place_of_the_one_before(tmp_path: Path, own_detector: Model) -> None:
    folder = tmp_path / "models"
    before = compiled_model(own_detector, folder)
    other = _changed_weight(own_detector)
    after = compiled_model(other, folder)
    assert isinstance(after, Path)
    assert after != before
    assert _names(folder) == [after.name]


def test_a_model_of_another_builder_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    """The builder is its code: here a copy of the kiosk, with one more line."""
    folder, newer = tmp_path / "models", tmp_path / "newer"
    shutil.copytree(ROOT / "kiosk", newer / "kiosk")
    shutil.copytree(ROOT / "drivers", newer / "drivers")
    with (newer / "kiosk" / "vision" / "networks.py").open("a") as code:
        code.write("\n# a newer version\n")
    compile_models(folder)
    before = _names(folder)
    _finish(_start(folder, newer))
    assert len(_names(folder)) == len(before)
    assert not set(_names(folder)) & set(before)


def test_a_half_that_an_interruption_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "detector-0123456789abcdef-0123456789abcdef-0123456789abcdef.half").write_bytes(b"half")
    place = compiled_model(DETECTOR, tmp_path)
    assert isinstance(place, Path)
    assert _names(tmp_path) == [place.name]


def test_a_killed_compiler_leaves_nothing_that_is_taken_for_a_model(tmp_path: Path) -> None:
    for tries in range(3):
        folder = tmp_path / str(tries)
        folder.mkdir()
        process = _start(folder)
        _wait_for_a_half(folder, process)
        process.kill()
        process.communicate()
        assert all(_is_whole(folder / name) for name in _names(folder) if name.endswith(".onnx"))
        compile_models(folder)
        assert len(_names(folder)) == len(MODELS)
        assert all(_is_whole(folder / name) for name in _names(folder))


def test_two_compile_at_once(tmp_path: Path) -> None:
    for process in [_start(tmp_path), _start(tmp_path)]:
        _finish(process)
    assert len(_names(tmp_path)) == len(MODELS)
    assert all(_is_whole(tmp_path / name) for name in _names(tmp_path))


def test_a_full_card_keeps_no_half_of_a_model(small_disk: Path) -> None:
    with pytest.raises(ModelError, match=f"no compiled model can be kept in {small_disk}: No space left"):
        compile_models(small_disk)
    assert _names(small_disk) == []


def test_an_engine_works_where_nothing_can_be_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    OnnxEngine(tmp_path / "file" / "models")
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    with pytest.raises(ModelError, match="no compiled model can be kept"):
        compile_models(tmp_path / "file" / "models")


@pytest.mark.parametrize(
    "damage", [lambda data: data[:100_000], lambda data: b"", lambda data: data[:999] + b"\0" + data[1000:]]
)
def test_a_damaged_source_is_refused(tmp_path: Path, own_detector: Model, damage: Damage) -> None:
    """Even if only a weight is another: weights decide who is recognised."""
    source = Path(own_detector.source)
    source.write_bytes(damage(source.read_bytes()))
    with pytest.raises(ModelError, match=rf"the model {source} is damaged.*run scripts/setup again$"):
        compiled_model(own_detector, tmp_path / "models")
    assert not (tmp_path / "models").exists()


def test_a_source_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"of another kind.*run scripts/setup again$"):
        compiled_model(replace(EMBEDDER, source=DETECTOR.source, source_sha256=DETECTOR.source_sha256), tmp_path)
    with pytest.raises(ModelError, match=r"of another kind.*run scripts/setup again$"):
        compiled_model(replace(DETECTOR, source=EMBEDDER.source, source_sha256=EMBEDDER.source_sha256), tmp_path)


def test_a_missing_source_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none.dat is missing: run scripts/setup"):
        compiled_model(replace(DETECTOR, source=str(tmp_path / "none.dat")), tmp_path)


def test_a_kept_model_needs_no_source(tmp_path: Path, own_detector: Model) -> None:
    place = compiled_model(own_detector, tmp_path / "models")
    Path(own_detector.source).unlink()
    assert compiled_model(own_detector, tmp_path / "models") == place


def _changed_weight(model: Model) -> Model:
    source = Path(model.source)
    data = bytearray(source.read_bytes())
    data[1000] ^= 1  # the lowest byte of a float
    source.write_bytes(data)
    return replace(model, source_sha256=sha256(data).hexdigest())


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _is_whole(path: Path) -> bool:
    return path.stem.endswith(sha256(path.read_bytes()).hexdigest()[:16])


def _start(folder: Path, code: Path = ROOT) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", COMPILE, str(folder)]
    return subprocess.Popen(command, cwd=code, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _finish(process: "subprocess.Popen[str]") -> None:
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said


def _wait_for_a_half(folder: Path, process: "subprocess.Popen[str]") -> None:
    """Without a pause, for a half is there for some milliseconds alone."""
    while process.poll() is None and not any(path.suffix == ".half" for path in folder.iterdir()):
        pass
