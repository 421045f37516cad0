"""Guides a person before the camera through an enrolment, in the terminal."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing

from drivers.camera import Frame, open_camera
from drivers.errors import CameraEnded
from kiosk.config import Config
from kiosk.enrolment import Guidance, LiveEnrolment, Pose, Refused
from kiosk.errors import EnrolmentError
from kiosk.store import Template
from kiosk.vision.engine import Engine
from kiosk.vision.eye import closer
from kiosk.vision.quality import Unfit, assess

_ASIDE = 0.75  # a second face narrower than this part of the first stands behind, as at the gate
_FAR = 0.7  # faces are looked for from this part of the smallest that can be taken, to ask those nearer

_ASK = {
    "en": {
        Pose.FRONT: "Look into the camera.",
        Pose.LEFT: "Turn your head a little to your left.",
        Pose.RIGHT: "Turn your head a little to your right.",
        Pose.OTHER: "Look ahead and raise or lower your chin a little, or take a step nearer or back.",
        None: "Thank you, that is all.",
    },
    "id": {
        Pose.FRONT: "Lihat ke kamera.",
        Pose.LEFT: "Tolehkan kepala sedikit ke kiri Anda.",
        Pose.RIGHT: "Tolehkan kepala sedikit ke kanan Anda.",
        Pose.OTHER: "Lihat ke depan, angkat atau turunkan dagu sedikit, atau maju atau mundur selangkah.",
        None: "Terima kasih, sudah selesai.",
    },
}
_SAY: dict[str, dict[Refused | Unfit | str, str]] = {
    "en": {
        "nobody": "Nobody is before the camera.",
        "several": "One person alone, please.",
        "far": "Come nearer.",
        Refused.ANOTHER_PERSON: "This looks like another person than before.",
        Unfit.TOO_DARK: "It is too dark.",
        Unfit.AGAINST_LIGHT: "The light is behind you.",
        Unfit.BLURRED: "Hold still.",
        Unfit.TURNED: "Not so far round.",
        Unfit.OUTSIDE: "Come into the middle.",
    },
    "id": {
        "nobody": "Tidak ada orang di depan kamera.",
        "several": "Satu orang saja.",
        "far": "Lebih dekat.",
        Refused.ANOTHER_PERSON: "Ini tampak seperti orang lain.",
        Unfit.TOO_DARK: "Terlalu gelap.",
        Unfit.AGAINST_LIGHT: "Cahaya ada di belakang Anda.",
        Unfit.BLURRED: "Jangan bergerak.",
        Unfit.TURNED: "Jangan terlalu jauh menoleh.",
        Unfit.OUTSIDE: "Geser ke tengah.",
    },
}


def capture(
    config: Config, engine: Engine, person: str, timeout_s: float, say: Callable[[str], None]
) -> list[Template]:
    """The templates of five good looks at whoever stands there. Raises EnrolmentError and CameraError."""
    session = LiveEnrolment()
    said = ""
    with closing(open_camera(config.camera, config.base)) as camera:
        for frame in _frames(camera.read, timeout_s):
            text = _look(engine, session, frame, config)
            if text != said:
                say(text)
                said = text
            if session.done:
                return session.templates(person, engine.name)
    count = f"{len(session.embeddings)} of {len(session.LOOKS)}"
    raise EnrolmentError(f"nothing was kept: {count} looks were good when the time was over; try again, or --timeout")


def _frames(read: Callable[[], Frame], timeout_s: float) -> Iterator[Frame]:
    """Frames until the time is over, or a replay."""
    end_s = time.monotonic() + timeout_s
    while time.monotonic() < end_s:
        try:
            yield read()
        except CameraEnded:
            return


def _look(engine: Engine, session: LiveEnrolment, frame: Frame, config: Config) -> str:
    """One look, and what to tell the person."""
    say, smallest_px = _SAY[config.site.language], config.eye.min_face_px
    boxes = engine.detect(frame.pixels, _FAR * smallest_px)
    if not boxes:
        return say["nobody"]
    if len(boxes) > 1 and boxes[1][2] > _ASIDE * boxes[0][2]:
        return say["several"]
    if boxes[0][2] < smallest_px:
        return say["far"]
    image, place = closer(frame, boxes[0])
    face = engine.align(image, place)
    quality = assess(image, place, face.landmarks, face.chip)
    embedding = engine.embed_chip_mirrored(face.chip)
    return _words(session.consider(quality, boxes[0], embedding), config.site.language)


def _words(guidance: Guidance, language: str) -> str:
    """How many looks are taken, what is wrong, and what to do next."""
    wrong = _SAY[language].get(guidance.unfit or guidance.refused or "", "")
    count = f"{guidance.taken}/{len(LiveEnrolment.LOOKS)}"
    return " ".join(part for part in (count, wrong, _ASK[language][guidance.ask]) if part)
