"""The engine of the gate: dlib's own networks in onnxruntime, some twenty times as fast, the same numbers."""

import ctypes
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from kiosk.errors import ModelError
from kiosk.events import Box
from kiosk.vision.engine import HOG_SMALLEST_PX, AlignedFace, Embedding, Engine, Image
from kiosk.vision.finder import Finder, by_size, for_hard, unscaled
from kiosk.vision.mmod import Mmod
from kiosk.vision.models import DETECTOR, EMBEDDER, compiled_model

_M_MMAP_THRESHOLD = -3  # glibc's malloc.h
_LARGE_BLOCK_BYTES = 2**20  # above what one embedding asks for, so that its speed stays the same


class OnnxEngine(Engine):
    """HOG detector and landmarks of dlib's; its MMOD detector and its ResNet in onnxruntime."""

    name = "dlib-resnet-v1"  # as DlibEngine's: what one has enrolled, the other knows

    def __init__(self, cache_folder: Path, threads: int | None = None) -> None:
        """Loads the models, and compiles them first where the folder lacks them. Raises ModelError.

        `threads`: how many work on one face; onnxruntime's own choice, all cores, if None.
        """
        _give_large_blocks_back()
        self._cache_folder = cache_folder
        self._threads = threads or 0
        self._finder = Finder()
        self._embedder = _session(compiled_model(EMBEDDER, cache_folder), self._threads)

    def detect(self, image: Image, smallest_px: float = HOG_SMALLEST_PX) -> list[Box]:
        """See Engine."""
        return self._finder.detect(image, smallest_px)

    def detect_hard(self, image: Image, smallest_px: float = HOG_SMALLEST_PX) -> list[Box]:
        """See Engine. Raises ModelError, for the detector is loaded when it is first needed."""
        prepared = for_hard(image, smallest_px)
        if prepared is None:
            return []
        colours, scale = prepared
        return by_size([unscaled(box, scale) for box in self._hard_detector.detect(colours)])

    def align(self, image: Image, box: Box) -> AlignedFace:
        """See Engine."""
        return self._finder.align(image, box)

    def embed_chips(self, chips: Image) -> Embedding:
        """See Engine."""
        (embeddings,) = self._embedder.run(["embeddings"], {"chips": chips})
        return np.asarray(embeddings, dtype=np.float32)

    @cached_property
    def _hard_detector(self) -> Mmod:
        return Mmod(_session(compiled_model(DETECTOR, self._cache_folder), self._threads))


def _session(model: Path | bytes, threads: int) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.enable_cpu_mem_arena = False  # an arena keeps the most that was ever needed
    options.enable_mem_pattern = False  # nor is it worth while for a detector whose pictures differ in size
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # an idle gate must cost no time
    if isinstance(model, Path) and not _is_utf_8(model):
        model = _content(model)
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _is_utf_8(path: Path) -> bool:
    """Whether onnxruntime can be given this name."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"the compiled model {path} can't be read: {error.strerror}") from error


def _give_large_blocks_back() -> None:
    """Makes the C library return each large block to the system once it is free.

    By itself it keeps them from the second one on: 140 MB after the detector has seen a picture of 640x480, which is
    half of what the whole gate may use. Where the C library is not glibc, it stays as it is.
    """
    with suppress(AttributeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE_BLOCK_BYTES)
