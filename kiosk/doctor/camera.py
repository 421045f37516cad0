"""The camera: a picture with the face drawn in, whether it is sharp, and whether the light is good."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import cv2

from drivers.camera import CameraSettings
from drivers.errors import CameraError, Trouble
from kiosk.doctor.film import Film, from_camera, from_gate, searched_px, shoot
from kiosk.doctor.finding import Finding, Result, joined
from kiosk.doctor.round import Patient
from kiosk.doctor.running import faults_of, judge_part
from kiosk.screen.preview import WIDTH_PX
from kiosk.vision.engine import Image
from kiosk.vision.quality import Unfit

_SLOW_FPS = 5.0
# As in kiosk/vision/quality.py: a sharp face has 0.019 at the least, and below 0.0125 nobody is known surely.
_FACE_SHARP, _FACE_BLURRED = 0.019, 0.0125
# The middle of six photographs and of the drawn gate has 0.05 to 0.2, and 0.002 to 0.016 when it is blurred by 1.5 px.
_MIDDLE_SHARP = 0.02
_DIM, _BRIGHT = 45.0, 215.0  # mean grey levels of a picture in which a face is hard to see
_GLARE = 225.0  # of a face
_GREEN, _INK = (80, 220, 80), (30, 20, 20)
_LENS = (
    "Wipe the lens; then turn it (or move the camera) until hair and eyelashes at an arm's length are sharp in the"
    " picture. Then look again (gerbang doctor --only camera)."
)
_LAMP = "Let a lamp shine on the faces from the front, or from where the camera hangs."
_AGAIN = "Stand an arm's length before the camera, look into it, and try again (gerbang doctor --only camera)."
_TROUBLES = {
    Trouble.FROZEN: ("gives the same picture again and again", "Unplug it, and plug it in again; look at its cable."),
    Trouble.DARK: ("sees nothing but dark", f"Take the cap off the lens. {_LAMP}"),
    Trouble.COVERED: ("is covered", "Take away what is on the lens: tape, film, a sticker, dirt."),
    Trouble.UNPLUGGED: (
        "is gone",
        "Look at its cable, at both ends, and at [camera] in gerbang.toml; then start anew.",
    ),
    Trouble.BROKEN: ("fails", "Look at its cable and at [camera] in gerbang.toml; another program may have it."),
}


def check(patient: Patient) -> Iterator[Finding]:
    """A few seconds of pictures, and what is to be said of them."""
    config = patient.config
    if patient.lacks("camera"):
        sentences = {trouble.value: sentence for trouble, (_, sentence) in _TROUBLES.items()}
        yield from _blind(judge_part("camera", faults_of(config), sentences, lacks=True))
        return
    frames = from_camera(config) if patient.gate is None else from_gate(config.screen.listen)
    scale = 1.0 if patient.gate is None else WIDTH_PX / searched_px(config.camera)
    try:
        with closing(frames):
            film = shoot(frames, config.eye.min_face_px * scale)
    except CameraError as error:
        advice = _TROUBLES.get(error.trouble, _TROUBLES[Trouble.BROKEN])[1]
        yield from _blind(Finding("camera", Result.WRONG, str(error), advice, {"trouble": error.trouble.value}))
        return
    rate = judge_rate(film)
    if patient.gate is not None:  # it judges its camera's frames itself, and shows but a few of them, small and coarse
        film = replace(film, trouble=None)
        rate = Finding("camera", Result.OK, "as the running gate shows it")
    yield joined("camera", judge_view(film), rate, judge_face(film, config.camera), keep(film, patient.picture))
    yield judge_focus(film)
    yield judge_light(film)


def _blind(finding: Finding) -> Iterator[Finding]:
    yield finding
    for name in ("focus", "light"):
        yield Finding(name, Result.NOT_APPLICABLE, "no picture to look at")


def judge_view(film: Film) -> Finding:
    """Whether it sees at all."""
    height, width = film.picture.shape[:2]
    figures = {"width_px": width, "height_px": height, "trouble": film.trouble.value if film.trouble else None}
    if film.trouble is None:
        return Finding("camera", Result.OK, f"{width} x {height}", figures=figures)
    found, advice = _TROUBLES[film.trouble]
    result = Result.DOUBTFUL if film.trouble is Trouble.DARK else Result.WRONG  # at night that is no fault of its own
    return Finding("camera", result, found, advice, figures)


def judge_rate(film: Film) -> Finding:
    """Frames a second."""
    figures = {"fps": round(film.fps, 1)}
    found = f"{film.fps:.0f} pictures a second"
    if film.fps >= _SLOW_FPS:
        return Finding("camera", Result.OK, found, figures=figures)
    advice = "In the dark a camera takes longer for each picture; else try another USB port, or a smaller width_px."
    return Finding("camera", Result.DOUBTFUL, f"only {found}", advice, figures)


def judge_face(film: Film, settings: CameraSettings) -> Finding:
    """Whether a face was seen, and the right way up."""
    if film.face:
        width = film.face.box[2]
        return Finding("camera", Result.OK, f"a face {width} px wide", figures={"face_px": width})
    if not film.turn:
        return Finding("camera", Result.DOUBTFUL, "no face seen", _AGAIN, {"face_px": None})
    rotation = needed_rotation(film.turn, settings)
    found = "a face is seen only when the picture is turned"
    advice = f"Set rotation = {rotation} in [camera] of gerbang.toml."
    return Finding("camera", Result.WRONG, found, advice, {"face_px": None, "rotation": rotation})


def needed_rotation(turn: int, settings: CameraSettings) -> int:
    """The setting that shows faces upright, where this turn of the picture does: it is turned first, then mirrored."""
    return (settings.rotation + (-turn if settings.mirror else turn)) % 360


def judge_focus(film: Film) -> Finding:
    """Whether it is sharp: the face, or without one the middle of the picture."""
    if film.trouble:
        return Finding("focus", Result.NOT_APPLICABLE, "nothing to be seen")
    if film.face is None:
        figures = {"sharpness": round(film.sharpness, 4), "of": "middle"}
        if film.sharpness >= _MIDDLE_SHARP:
            return Finding("focus", Result.OK, "the middle of the picture is sharp", figures=figures)
        return Finding("focus", Result.DOUBTFUL, "the middle of the picture has no sharp edge", _LENS, figures)
    sharpness = film.face.quality.sharpness
    figures = {"sharpness": round(sharpness, 4), "of": "face"}
    if sharpness < _FACE_BLURRED:
        return Finding("focus", Result.WRONG, "the face is blurred", _LENS, figures)
    if sharpness < _FACE_SHARP:
        return Finding("focus", Result.DOUBTFUL, "the face is not quite sharp", _LENS, figures)
    return Finding("focus", Result.OK, "the face is sharp", figures=figures)


def judge_light(film: Film) -> Finding:
    """Whether the light is good: on the face, or without one in the whole picture."""
    level = film.face.quality.light if film.face else film.light
    figures = {"light": round(level), "of": "face" if film.face else "picture"}
    if film.face is None:
        if level < _DIM:
            return Finding("light", Result.DOUBTFUL, "it is dim", _LAMP, figures)
        if level > _BRIGHT:
            advice = "Turn the camera away from the sky, a lamp or a white wall in the sun."
            return Finding("light", Result.DOUBTFUL, "it is very bright", advice, figures)
        return Finding("light", Result.OK, "neither dim nor glaring", figures=figures)
    if film.face.quality.unfit is Unfit.AGAINST_LIGHT:
        advice = f"Turn the camera away from the window, the door or the sky, or hang a curtain. {_LAMP}"
        return Finding("light", Result.WRONG, "the light is behind the face", advice, figures)
    if film.face.quality.unfit is Unfit.TOO_DARK:
        return Finding("light", Result.WRONG, "the face is too dark", _LAMP, figures)
    if level > _GLARE:
        advice = "Give the face shade: the sun or a lamp is too strong on it."
        return Finding("light", Result.DOUBTFUL, "the face is nearly white", advice, figures)
    return Finding("light", Result.OK, "the face is well lit", figures=figures)


def keep(film: Film, path: Path) -> Finding:
    """Save the picture with the face drawn in."""
    data = cv2.imencode(".jpg", drawn(film))[1].tobytes()
    try:
        path.write_bytes(data)
    except OSError as error:
        found = f"the picture can't be kept in {path}: {error.strerror}"
        return Finding("camera", Result.DOUBTFUL, found, "Name another file: --picture FILE.")
    return Finding("camera", Result.OK, f"see {path}", figures={"picture": str(path)})


def drawn(film: Film) -> Image:
    """The picture with a frame around the face, and its figures."""
    picture = film.picture.copy()
    if film.face is None:
        return picture
    left, top, width, height = film.face.box
    quality, below = film.face.quality, picture.shape[0]
    said = f"{width} px  light {quality.light:.0f}  sharpness {quality.sharpness:.3f}"
    cv2.rectangle(picture, (left, top), (left + width, top + height), _GREEN, 2)
    cv2.rectangle(picture, (0, below - 24), (picture.shape[1], below), _INK, cv2.FILLED)
    cv2.putText(picture, said, (8, below - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.5, _GREEN, 1, cv2.LINE_AA)
    return picture
