"""Which engine sees."""

import logging
from pathlib import Path

from kiosk.config import EngineName
from kiosk.vision.dlib_engine import DlibEngine
from kiosk.vision.engine import Engine
from kiosk.vision.models import MODELS, compiled_model, is_compiled
from kiosk.vision.onnx_engine import OnnxEngine

_log = logging.getLogger(__name__)


def open_engine(name: EngineName, models: Path) -> Engine:
    """The engine of this name, its models compiled into the folder `models` first where they are not there.

    Raises ModelError.
    """
    if name == "dlib":
        return DlibEngine()
    for model in MODELS:
        if not is_compiled(model, models):
            _log.info("preparing the eye's %s in %s, once; this takes a moment", model.kind, models)
            compiled_model(model, models)
    return OnnxEngine(models)
