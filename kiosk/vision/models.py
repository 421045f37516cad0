"""Where dlib's models lie: in the package face_recognition_models, found without importing it.

Importing it would need pkg_resources; and its 68-point model, which may not be used in a commercial product
(davisking/dlib-models, README), is never opened.
"""

from importlib.util import find_spec
from pathlib import Path

from kiosk.errors import ModelError

LANDMARKS = "shape_predictor_5_face_landmarks.dat"
RESNET = "dlib_face_recognition_resnet_model_v1.dat"


def model_path(name: str) -> Path:
    """The file of a model. Raises ModelError where it is not installed."""
    spec = find_spec("face_recognition_models")
    if spec is None or not spec.submodule_search_locations:
        raise ModelError("the faces' models are not installed: run scripts/setup")
    path = Path(spec.submodule_search_locations[0]) / "models" / name
    if not path.is_file():
        raise ModelError(f"the model {path} is missing: run scripts/setup")
    return path
