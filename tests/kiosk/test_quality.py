"""Is a face worth embedding? Real faces, and what light, cameras and people do to them."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from kiosk.events import Box, Unfit
from kiosk.vision import DlibEngine, Image, read_photograph
from kiosk.vision.photograph import find_faces
from kiosk.vision.quality import Quality, assess

PHOTOGRAPHS = ["obama.jpg", "obama2.jpg", "obama3.jpg", "biden.jpg"]


@pytest.fixture(scope="module")
def engine() -> DlibEngine:
    return DlibEngine()


def shown(path: Path, engine: DlibEngine) -> tuple[Image, Box]:
    """The photograph as a gate's camera would have it: a face of 200 px."""
    image = read_photograph(path)
    width = find_faces(engine, image)[0][2]
    image = cv2.resize(image, None, fx=200 / width, fy=200 / width, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    return image, find_faces(engine, image)[0]


def quality(engine: DlibEngine, image: Image, box: Box) -> Quality:
    face = engine.align(image, box)
    return assess(image, box, face.landmarks, face.chip)


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_a_good_photograph_is_fit(engine: DlibEngine, photographs: Path, name: str) -> None:
    assert quality(engine, *shown(photographs / name, engine)).unfit is None


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_a_dark_picture_is_too_dark(engine: DlibEngine, photographs: Path, name: str) -> None:
    image, box = shown(photographs / name, engine)
    dim = quality(engine, (image * 0.5).astype(np.uint8), box)
    dark = quality(engine, (image * 0.12).astype(np.uint8), box)
    assert dim.unfit is None
    assert dark.unfit in (Unfit.TOO_DARK, Unfit.AGAINST_LIGHT)
    assert dark.light < dim.light


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_a_dark_face_before_a_bright_sky_is_against_the_light(engine: DlibEngine, photographs: Path, name: str) -> None:
    image, (x, y, w, h) = shown(photographs / name, engine)
    sky = np.full_like(image, 250)
    sky[max(0, y - h // 2) : y + h * 2, max(0, x - w // 3) : x + w * 4 // 3] = 0
    behind = np.maximum(sky, (image * 0.22).astype(np.uint8))
    wide = cv2.copyMakeBorder(behind, 0, 0, 300, 300, cv2.BORDER_CONSTANT, value=(250, 250, 250))
    assert quality(engine, np.asarray(wide, dtype=np.uint8), (x + 300, y, w, h)).unfit is Unfit.AGAINST_LIGHT


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_a_face_out_of_focus_is_blurred(engine: DlibEngine, photographs: Path, name: str) -> None:
    image, box = shown(photographs / name, engine)
    soft = np.asarray(cv2.GaussianBlur(image, (0, 0), 5), dtype=np.uint8)
    sharp, blurred = quality(engine, image, box), quality(engine, soft, box)
    assert blurred.unfit is Unfit.BLURRED
    assert blurred.sharpness < sharp.sharpness


@pytest.mark.parametrize("name", PHOTOGRAPHS)
@pytest.mark.parametrize("side", ["left", "top"])
def test_a_face_half_in_the_picture_is_outside(engine: DlibEngine, photographs: Path, name: str, side: str) -> None:
    image, (x, y, w, h) = shown(photographs / name, engine)
    cut, box = (
        (image[:, x + w // 4 :], (-w // 4, y, w, h)) if side == "left" else (image[y + h // 4 :], (x, -h // 4, w, h))
    )
    assert quality(engine, np.ascontiguousarray(cut), box).unfit is Unfit.OUTSIDE


def landmarks(yaw: float, pitch: float = 0.7) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Eyes 100 px apart, the nose beside and below their middle."""
    return np.array(
        [(160, 100), (140, 100), (40, 100), (60, 100), (100 + 100 * yaw, 100 + 100 * pitch)], dtype=np.float64
    )


@pytest.mark.parametrize(
    ("yaw", "pitch", "turned"),
    [(0.0, 0.7, False), (0.2, 0.7, False), (0.4, 0.7, True), (-0.4, 0.7, True), (0.0, 0.3, True)],
)
def test_a_face_that_looks_elsewhere_is_turned(yaw: float, pitch: float, turned: bool) -> None:
    noise = np.random.default_rng(0).integers(60, 200, (300, 300, 3)).astype(np.uint8)
    judged = assess(noise, (50, 50, 150, 150), landmarks(yaw, pitch), noise[:150, :150])
    assert (judged.unfit is Unfit.TURNED) == turned
    assert judged.yaw == pytest.approx(yaw)
    assert judged.pitch == pytest.approx(pitch)
