"""Which engine sees."""

import logging
from pathlib import Path

from kiosk.config import EngineName
from kiosk.vision.dlib_engine import DlibEngine
from kiosk.vision.engine import Engine
from kiosk.vision.models import MODELS, is_compiled
from kiosk.vision.onnx_engine import OnnxEngine

_log = logging.getLogger(__name__)


def open_engine(name: EngineName, models: Path) -> Engine:
    """The engine of this name, its models compiled into the folder `models` first where they are not there.

    Raises ModelError.
    """
    if name == "dlib":
        return DlibEngine()
    if not all(is_compiled(model, models) for model in MODELS):
        _log.info("preparing the eye in %s, once; this takes some seconds", models)
    return OnnxEngine(models)
