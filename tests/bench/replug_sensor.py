"""The sensor's half of replug.py: the gate's own threads, and a sensor that goes and comes."""

import ctypes
import gc
import os
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Self

from drivers.camera import Camera
from drivers.errors import CameraEnded
from drivers.fingerprint import EnrolStep, FingerprintSettings, open_sensor
from drivers.fingerprint.emulator import FingerprintEmulator
from kiosk import clock
from kiosk.events import FingerKnown, Part, PartBack, PartLost, Sighting
from kiosk.feeling import Feeling
from kiosk.gallery import Gallery
from kiosk.sightings import Sightings
from kiosk.store import Known, Person, open_store
from kiosk.vision.eye import Eye
from tests.bench.report import Goal, Report
from tests.kiosk.test_sightings import BlindEngine

_PERSON: Final = "ani"
_PAGE: Final = 5
_GIVE_UP_S: Final = 60.0
_KIB_PER_PULL: Final = 4.0  # of the second half: the allocator takes what it needs in steps, early


@dataclass(frozen=True)
class Footprint:
    """What this process holds. memory_kib: resident, once all that can be freed is given back."""

    threads: int
    descriptors: int
    memory_kib: float

    @classmethod
    def now(cls) -> Self:
        """At this moment."""
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        memory_kib = pages * os.sysconf("SC_PAGESIZE") / 1024
        return cls(threading.active_count(), len(list(Path("/proc/self/fd").iterdir())), memory_kib)


class Stream:
    """The sightings as the gate reads them, but for what is told of another part; `read` counts them all."""

    def __init__(self, sightings: Sightings, part: Part) -> None:
        """Nothing read yet."""
        self._sightings = sightings
        self._part = part
        self.read = Counter[type[Sighting]]()

    def wait(self, kind: type[Sighting]) -> bool:
        """Read on to the next of a kind; False where none comes."""
        end_s = time.monotonic() + _GIVE_UP_S
        while time.monotonic() < end_s:
            sighting = self._sightings.next(timeout_s=1.0)
            if sighting is None or getattr(sighting, "part", self._part) != self._part:
                continue
            self.read[type(sighting)] += 1
            if isinstance(sighting, kind):
                return True
        return False


def pull_sensor(pulls: int, report: Report, warm: int, pause_s: float) -> None:
    """Pull the sensor out and put it back so often, with a finger after each; the figures go into the report.

    warm: so many pulls come before; what grows only then is no leak.
    """
    with tempfile.TemporaryDirectory() as folder, FingerprintEmulator() as emulator:
        path = Path(folder) / "gerbang.db"
        settings = FingerprintSettings("adafruit", emulator.port)
        sightings = Sightings(
            Eye(BlindEngine(), Gallery([], 0.45, 0.04), 110),
            _no_camera,
            partial(open_sensor, settings),
            partial(Feeling, settings, open_store=partial(open_store, path)),
            on_frame=lambda _: None,
            pauses_s=(pause_s,),
        )
        sightings.feeling.known = _enrol(path, emulator, settings)
        sightings.start()
        with closing(sightings):
            _pull(warm, pulls, Stream(sightings, "sensor"), emulator, report)


def _no_camera() -> Camera:
    raise CameraEnded("this bench needs no camera")


def _enrol(path: Path, emulator: FingerprintEmulator, settings: FingerprintSettings) -> Known:
    """One person, in the sensor and in the store."""
    sensor = open_sensor(settings)
    assert sensor
    with closing(sensor), open_store(path) as store:
        sensor.enrol(_PAGE, lambda step: emulator.lift() if step is EnrolStep.LIFT else emulator.place(_PERSON))
        finger = sensor.read_template(_PAGE)
        emulator.lift()
        store.people.enrol(Person(_PERSON, _PERSON), [], _PAGE, clock.now(), finger=finger)
        return store.fingers.known()


def _pull(warm: int, pulls: int, stream: Stream, emulator: FingerprintEmulator, report: Report) -> None:
    footprints: list[Footprint] = []
    back_s: list[float] = []
    for number in range(warm + pulls):
        emulator.unplug()
        stream.wait(PartLost)
        since_s = time.monotonic()
        emulator.plug()
        stream.wait(PartBack)
        if number >= warm:
            back_s.append(time.monotonic() - since_s)
        emulator.place(_PERSON)
        stream.wait(FingerKnown)
        emulator.lift()
        footprints.append(Footprint.now())
        if sys.stderr.isatty():
            print(f"\r{number + 1} of {warm + pulls} pulls", end="", file=sys.stderr, flush=True)
    first, last, half = footprints[warm - 1], footprints[-1], footprints[warm + pulls // 2 - 1 :]
    report.add("sensor: pulled out and put back", warm + pulls)
    for what, kind in (("told to be lost", PartLost), ("told to be back", PartBack), ("knew a finger", FingerKnown)):
        report.add(f"sensor: {what}", stream.read[kind])
        report.add(f"sensor: {what} too often, or not", abs(stream.read[kind] - warm - pulls), Goal(0, "most"))
    report.add("sensor: seconds until it was back, median", statistics.median(back_s))
    report.add("sensor: seconds until it was back, longest", max(back_s))
    report.add("sensor: threads leaked", last.threads - first.threads, Goal(0, "most"))
    report.add("sensor: descriptors leaked", last.descriptors - first.descriptors, Goal(0, "most"))
    growth = statistics.linear_regression(range(len(half)), [item.memory_kib for item in half]).slope
    report.add("sensor: KiB of memory more at each pull", growth, Goal(_KIB_PER_PULL, "most"))
