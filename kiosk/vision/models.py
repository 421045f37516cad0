"""Where dlib's models lie, and the ONNX models that are compiled from them once and kept.

The sources are in the package face_recognition_models, found without importing it, which would need pkg_resources.
Its 68-point model, which may not be used in a commercial product (davisking/dlib-models, README), is never opened.

A compiled model is a file `<kind>-<source>-<builder>-<content>.onnx`: the first sixteen letters of the SHA-256 of
dlib's file, of our code that builds from it, and of the compiled model itself. So a model of another source or
builder is never taken for this one, and a damaged one is seen and built again.
"""

import fcntl
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import file_digest, sha256
from importlib.util import find_spec
from pathlib import Path

from kiosk.errors import ModelError
from kiosk.vision.dat import parse_network
from kiosk.vision.folding import UnknownNetwork

LANDMARKS = "shape_predictor_5_face_landmarks.dat"
RESNET = "dlib_face_recognition_resnet_model_v1.dat"
MMOD = "mmod_human_face_detector.dat"

Progress = Callable[[str, float], None]  # which model, and how much of it is done, from 0 to 1

_BUILDER = ("serialised.py", "dat.py", "folding.py", "networks.py")
_LETTERS = 16

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Model:
    """A network that is compiled from a file of dlib's, and from no other: its weights decide who is recognised."""

    kind: str  # embedder | detector
    source: str  # a file among face_recognition_models', or a path
    source_sha256: str


EMBEDDER = Model("embedder", RESNET, "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30")
DETECTOR = Model("detector", MMOD, "4cb19393e2fbaf2b1609a9319ad5386618c886a6234ec1b971f3e87c85d87fe6")
MODELS = (EMBEDDER, DETECTOR)


def model_path(name: str) -> Path:
    """The file of a model. Raises ModelError where it is not installed."""
    spec = find_spec("face_recognition_models")
    if spec is None or not spec.submodule_search_locations:
        raise ModelError("the faces' models are not installed: run scripts/setup")
    path = Path(spec.submodule_search_locations[0]) / "models" / name
    if not path.is_file():
        raise ModelError(f"the model {path} is missing: run scripts/setup")
    return path


def compile_models(folder: Path, progress: Progress = lambda kind, part: None) -> None:
    """Compiles what the folder lacks, so that the first start is as quick as all others. Raises ModelError."""
    for model in MODELS:
        progress(model.kind, 0)
        if _kept(model, folder) is None:
            built = _build(model)
            progress(model.kind, 0.5)
            try:
                _keep(model, built, folder)
            except OSError as error:
                raise ModelError(f"no compiled model can be kept in {folder}: {error.strerror}") from error
        progress(model.kind, 1)


def is_compiled(model: Model, folder: Path) -> bool:
    """Whether the folder has this model, whole and of this source and builder."""
    return _kept(model, folder) is not None


def compiled_model(model: Model, folder: Path) -> Path | bytes:
    """A model in ONNX, whole and of this source and builder; compiled first where the folder lacks it.

    A folder that can't be written to delays each start, but stops none: then it is the model itself that is returned,
    else its file. Raises ModelError.
    """
    kept = _kept(model, folder)
    if kept is not None:
        return kept
    built = _build(model)
    try:
        return _keep(model, built, folder)
    except OSError as error:
        _log.warning("the compiled %s can't be kept in %s: %s", model.kind, folder, error.strerror)
        return built


def _kept(model: Model, folder: Path) -> Path | None:
    for path in folder.glob(f"{_stem(model)}-*.onnx"):
        try:
            with path.open("rb") as file:
                content = file_digest(file, "sha256").hexdigest()
        except OSError as error:
            _log.warning("the compiled model %s can't be read: %s", path, error.strerror)
            continue
        if path == _place(model, content, folder):
            return path
        _log.warning("the compiled model %s is damaged, and is compiled again", path)
    return None


def _build(model: Model) -> bytes:
    path = model_path(model.source)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"the model {path} can't be read: {error.strerror}; run scripts/setup again") from error
    if sha256(data).hexdigest() != model.source_sha256:
        raise ModelError(f"the model {path} is damaged, or not the one that we know; run scripts/setup again")
    from kiosk.vision import networks  # with it comes onnx, which takes time and memory, and is needed only here

    build = networks.build_embedder if model.kind == "embedder" else networks.build_detector
    try:
        return build(parse_network(data, path))
    except UnknownNetwork as error:
        raise ModelError(f"the model {path} is of another kind: {error}; run scripts/setup again") from error


def _keep(model: Model, built: bytes, folder: Path) -> Path:
    """Writes it whole or not at all, and removes what it replaces, the rest of an interrupted write too."""
    folder.mkdir(parents=True, exist_ok=True)
    place = _place(model, sha256(built).hexdigest(), folder)
    with _alone_in(folder) as folder_fd:
        half = place.with_suffix(".half")
        try:
            with half.open("wb") as file:
                file.write(built)
                file.flush()
                os.fsync(file.fileno())
            half.replace(place)
        finally:
            half.unlink(missing_ok=True)
        for old in folder.glob(f"{model.kind}-*"):
            if old != place:
                old.unlink()
        os.fsync(folder_fd)
    return place


@contextmanager
def _alone_in(folder: Path) -> Iterator[int]:
    """Only one process at a time writes here; a process that is killed lets go."""
    folder_fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder_fd, fcntl.LOCK_EX)
        yield folder_fd
    finally:
        os.close(folder_fd)


def _place(model: Model, content_sha256: str, folder: Path) -> Path:
    return folder / f"{_stem(model)}-{content_sha256[:_LETTERS]}.onnx"


def _stem(model: Model) -> str:
    return f"{model.kind}-{model.source_sha256[:_LETTERS]}-{_builder()[:_LETTERS]}"


def _builder() -> str:
    """Our version of the builder is its code, so that nobody can forget to raise a number."""
    code = (Path(__file__).with_name(name).read_bytes() for name in _BUILDER)
    return sha256(b"".join(code)).hexdigest()
