"""From a picture to faces: find, align, embed."""

from kiosk.vision.engine import DlibEngine, Embedding, Engine, Image
from kiosk.vision.photograph import read_photograph

__all__ = ["DlibEngine", "Embedding", "Engine", "Image", "read_photograph"]
