"""From a picture to faces: find, align, embed."""

from kiosk.vision.dlib_engine import DlibEngine
from kiosk.vision.engine import Embedding, Engine, Image
from kiosk.vision.onnx_engine import OnnxEngine
from kiosk.vision.photograph import read_photograph

__all__ = ["DlibEngine", "Embedding", "Engine", "Image", "OnnxEngine", "read_photograph"]
