"""Camera and finger threads: one ordered stream, from parts that fail and come back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from drivers.camera import Camera, Frame
from drivers.errors import CameraEnded, CameraError
from drivers.fingerprint import FingerprintSensor, FingerprintSettings, open_sensor
from drivers.fingerprint.emulator import FingerprintEmulator
from kiosk import clock
from kiosk.events import Box, FingerKnown, FingerUnknown, Nobody, PartBack, PartLost, Sighting
from kiosk.feeling import Feeling
from kiosk.gallery import Gallery
from kiosk.sightings import Sightings, Slot
from kiosk.store import Finger, Known, open_store
from kiosk.vision import Embedding, Engine, Image
from kiosk.vision.engine import AlignedFace
from kiosk.vision.eye import Eye

BLACK = np.zeros((48, 64, 3), dtype=np.uint8)
STRIPES = np.tile(np.arange(64, dtype=np.uint8) // 16 % 2, (48, 1))[..., np.newaxis]


class BlindEngine(Engine):
    """An engine for frames in which there is nobody; it may be told to fail."""

    name = "blind"
    broken = False

    def detect(self, image: Image, smallest_px: float = 80) -> list[Box]:
        """No face anywhere."""
        if self.broken:
            raise ZeroDivisionError("an error of our own")
        return []

    def detect_hard(self, image: Image, smallest_px: float = 80) -> list[Box]:
        """No face here either."""
        return []

    def align(self, image: Image, box: Box) -> AlignedFace:
        """Never asked for."""
        raise AssertionError

    def embed_chips(self, chips: Image) -> Embedding:
        """Never asked for."""
        raise AssertionError


class Studio:
    """Cameras that give black frames until they are told to fail, and know whether they were closed."""

    def __init__(self) -> None:
        self.error: CameraError | None = None
        self.opened = 0
        self.closed = 0
        self._number = 0

    def open(self) -> Camera:
        if self.error:
            raise self.error
        self.opened += 1
        return self

    def read(self) -> Frame:
        Event().wait(0.005)
        if self.error:
            raise self.error
        self._number += 1
        return Frame(BLACK + np.uint8(self._number % 2 * 100) * STRIPES, clock.now().monotonic_s, self._number)

    def close(self) -> None:
        self.closed += 1


@contextmanager
def running(
    studio: Studio,
    open_sensor: Callable[[], FingerprintSensor | None] = lambda: None,
    engine: BlindEngine | None = None,
    fingers: dict[int, Finger] | None = None,
) -> Iterator[Sightings]:
    eye = Eye(engine or BlindEngine(), Gallery([], 0.45, 0.04), 110)
    feel = partial(Feeling, FingerprintSettings(), open_store=lambda: open_store(Path("never written")))
    sightings = Sightings(eye, studio.open, open_sensor, feel, on_frame=lambda _: None)
    sightings.feeling.known = Known(fingers or {}, sensor=None)
    sightings.start()
    try:
        yield sightings
    finally:
        sightings.close()


def first(sightings: Sightings, kind: type[Sighting]) -> Sighting:
    """The next sighting of a kind; others are passed over."""
    for _ in range(10_000):
        sighting = sightings.next(timeout_s=10)
        if isinstance(sighting, kind):
            return sighting
    raise AssertionError(f"no {kind.__name__} was seen")


def test_a_slot_holds_one_frame_and_the_newest_wins() -> None:
    slot = Slot[Frame]()
    for number in range(1, 4):
        slot.put(Frame(BLACK, 0.0, number))
    taken = slot.take(0.0)
    assert taken
    assert taken.number == 3
    assert slot.take(0.0) is None


def test_frames_become_sightings_with_the_time_of_the_frame() -> None:
    with running(Studio()) as sightings:
        before = clock.now()
        seen = first(sightings, Nobody)
    assert before.monotonic_s - 1 < seen.at.monotonic_s <= clock.now().monotonic_s
    assert abs((seen.at.wall_s - before.wall_s) - (seen.at.monotonic_s - before.monotonic_s)) < 0.05


def test_a_camera_that_fails_is_said_once_and_once_more_when_it_is_back() -> None:
    studio = Studio()
    with running(studio) as sightings:
        first(sightings, Nobody)
        studio.error = CameraError("the camera is unplugged")
        lost = first(sightings, PartLost)
        studio.error = None
        back = first(sightings, PartBack)
        first(sightings, Nobody)
    assert isinstance(lost, PartLost)
    assert (lost.part, lost.why) == ("camera", "the camera is unplugged")
    assert isinstance(back, PartBack)
    assert studio.opened == studio.closed == 2


def test_a_gate_begins_without_a_camera() -> None:
    studio = Studio()
    studio.error = CameraError("no camera")
    with running(studio) as sightings:
        first(sightings, PartLost)
        studio.error = None
        first(sightings, Nobody)


def test_a_replay_that_is_over_is_not_opened_again() -> None:
    studio = Studio()
    with running(studio) as sightings:
        first(sightings, Nobody)
        studio.error = CameraEnded("the replay is over")
        first(sightings, PartLost)
        studio.error = None
        while isinstance(sightings.next(timeout_s=0.2), Nobody):
            pass
        assert sightings.next(timeout_s=1.0) is None
    assert studio.opened == 1


def test_an_error_of_our_own_reaches_the_reader() -> None:
    engine = BlindEngine()
    with running(Studio(), engine=engine) as sightings:
        first(sightings, Nobody)
        engine.broken = True
        with pytest.raises(ZeroDivisionError):
            first(sightings, PartLost)


def test_fingers_are_people_or_unknown_and_count_once_while_they_lie_there() -> None:
    with FingerprintEmulator() as emulator:
        settings = FingerprintSettings("adafruit", emulator.port)
        sensor = open_sensor(settings)
        assert sensor
        emulator.place("ani")
        sensor.enrol(5, lambda step: emulator.lift() if step.name == "LIFT" else emulator.place("ani"))
        template = sensor.read_template(5)
        sensor.close()
        emulator.lift()
        with running(Studio(), lambda: open_sensor(settings), fingers={5: Finger("ani", template)}) as sightings:
            emulator.place("ani")
            known = first(sightings, FingerKnown)
            emulator.lift()
            first(sightings, Nobody)
            emulator.place("a stranger")
            first(sightings, FingerUnknown)
            emulator.lift()
    assert isinstance(known, FingerKnown)
    assert known.person == "ani"
    assert known.score > 0


def test_a_sensor_that_is_unplugged_is_lost_and_comes_back() -> None:
    with FingerprintEmulator() as emulator:
        settings = FingerprintSettings("adafruit", emulator.port)
        with running(Studio(), lambda: open_sensor(settings)) as sightings:
            emulator.place("a stranger")
            first(sightings, FingerUnknown)
            emulator.unplug()
            lost = first(sightings, PartLost)
            emulator.plug()
            back = first(sightings, PartBack)
    assert isinstance(lost, PartLost)
    assert isinstance(back, PartBack)
    assert lost.part == back.part == "sensor"
