"""A finger laid on the glass, to the driver's answer: against the time of the bytes and of the sensor's own work.

The emulated sensor takes a real one's time at 57600 baud, and keeps account of it. The finger comes at any moment,
also while a bare glass is being looked at; what the person waits is held against the one exchange that knows him.
"""

import argparse
import statistics
import sys
import tempfile
import threading
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import get_args

from drivers.fingerprint import EnrolStep, FingerprintSensor, FingerprintSettings, open_sensor
from drivers.fingerprint.emulator import FingerprintEmulator
from drivers.fingerprint.models import ModelName
from tests.bench.report import Goal, Report
from tests.waiting import until

FINGERS = 10
PAUSE_S = 0.02  # between two looks, as the gate's own thread does it
RATIO = Goal(1.3, "most")


@dataclass(frozen=True)
class Answer:
    """waited_s: from the finger on the glass; look_s: of the look that found it; own_s: of bytes and sensor in that."""

    page: int | None
    waited_s: float
    look_s: float
    own_s: float


class Person:
    """Lays a finger on the glass at some moment, and notes which."""

    def __init__(self, emulator: FingerprintEmulator, finger: str, after_s: float) -> None:
        self._emulator = emulator
        self._finger = finger
        self.laid_s = 0.0
        self._timer = threading.Timer(after_s, self._lay)
        self._timer.start()

    def _lay(self) -> None:
        self.laid_s = time.monotonic()
        self._emulator.place(self._finger)

    def leave(self) -> None:
        self._timer.join()
        self._emulator.lift()


def enrol(memory: Path, model: ModelName) -> None:
    """Fill a sensor's memory, as fast as can be."""
    with FingerprintEmulator(memory, model=model) as emulator, closing(opened(emulator.port)) as sensor:
        for page in range(FINGERS):

            def obey(step: EnrolStep, finger: str = f"finger {page}") -> None:
                emulator.lift() if step is EnrolStep.LIFT else emulator.place(finger)

            sensor.enrol(page, obey)


def wait_for_touch(emulator: FingerprintEmulator, sensor: FingerprintSensor, person: Person) -> Answer:
    """Look again and again, as the gate does."""
    while True:
        began_s = time.monotonic()
        touch = sensor.poll()
        ended_s = time.monotonic()
        if touch:
            return Answer(touch.page, ended_s - person.laid_s, ended_s - began_s, emulator.active_s(began_s))
        time.sleep(PAUSE_S)


def opened(port: str) -> FingerprintSensor:
    sensor = open_sensor(FingerprintSettings("adafruit", port))
    assert sensor is not None
    return sensor


def measure(report: Report, model: ModelName, touches: int, folder: Path) -> None:
    """So many touches on one model."""
    dice = Random(model)
    answers: list[Answer] = []
    wrong = 0
    memory = folder / model
    enrol(memory, model)
    with FingerprintEmulator(memory, model=model, timing=True) as emulator, closing(opened(emulator.port)) as sensor:
        for number in range(touches):
            print(f"\r{model}: touch {number + 1} of {touches} ", end="", file=sys.stderr, flush=True)
            until(lambda: sensor.poll() is None, "a bare glass")
            page = dice.randrange(FINGERS)
            person = Person(emulator, f"finger {page}", dice.uniform(0.1, 0.4))
            answers.append(wait_for_touch(emulator, sensor, person))
            wrong += answers[-1].page != page
            person.leave()
        print(file=sys.stderr)
    add(report, model, answers, wrong)


def add(report: Report, model: ModelName, answers: list[Answer], wrong: int) -> None:
    for name, centile in (("median", 50), ("p95", 95)):
        waited_s = centile_of([answer.waited_s for answer in answers], centile)
        beyond_ms = 1000 * centile_of([answer.look_s - answer.own_s for answer in answers], centile)
        ratio = centile_of([answer.waited_s / answer.own_s for answer in answers], centile)
        report.add(f"{model}, finger to answer, {name}, s", waited_s)
        report.add(f"{model}, the driver's share of it, {name}, ms", beyond_ms)
        report.add(f"{model}, finger to answer over bytes and sensor, {name}", ratio, RATIO)
    report.add(f"{model}, bytes and sensor alone, s", statistics.median(answer.own_s for answer in answers))
    report.add(f"{model}, wrong answers", wrong, Goal(0, "most"))


def centile_of(values: list[float], centile: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[centile - 1] if len(values) > 1 else values[0]


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one object of JSON last")
    parser.add_argument("--touches", type=int, default=40, help="on each model (default 40)")
    arguments = parser.parse_args()
    report = Report("finger")
    with tempfile.TemporaryDirectory(prefix="gerbang-") as folder:
        for model in get_args(ModelName):
            measure(report, model, arguments.touches, Path(folder))
    report.show(as_json=arguments.json)


if __name__ == "__main__":
    main()
