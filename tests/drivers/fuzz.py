"""People at a sensor whose line is bad: what is laid on the glass, what is spoilt, and what a driver made of it."""

import math
import struct
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from random import Random
from threading import Event
from typing import Any, ClassVar

import serial
from adafruit_fingerprint import Adafruit_Fingerprint

from drivers.errors import SensorError
from drivers.fingerprint import EnrolStep, FingerprintSettings, Touch
from drivers.fingerprint.adafruit import AdafruitSensor
from drivers.fingerprint.emulator import FingerprintEmulator
from drivers.fingerprint.faults import Fault, FaultKind
from drivers.fingerprint.models import Timing
from drivers.fingerprint.templates import score_of, template_of
from tests.drivers.spoiling import Plan, Spoiler, SpoiltUart, line_of

# Page 5 and 21, and 7 and 5, are one bit from each other.
PEOPLE = {0: "ani", 5: "budi", 7: "citra", 21: "dewi", 199: "eko"}
STRANGER = "a stranger"
SLACK_S = 0.05
DELAYS = 1.2  # answers' deadlines: all lateness together, before a look that nothing spoils and that may wait for 2
OPENINGS = 10  # tries to open a sensor, or to find it in step, until its lane gives up
_GIVE_UP = 10  # polls without a fault that fail in a row, until the driver is opened anew
VENDOR_ERRORS = (RuntimeError, struct.error, LookupError, NameError, OSError, ValueError, TypeError)


@dataclass(frozen=True)
class Visit:
    """What lies on the glass. page: whose finger it is, as far as it can be known."""

    finger: str | None
    page: int | None = None
    smudged: bool = False

    @property
    def answer(self) -> int | str:
        """What a driver should find: a page, or in words."""
        if self.finger is None or self.smudged:
            return "nothing"
        return "a stranger" if self.page is None else self.page


@dataclass(frozen=True)
class Span:
    """From when to when, by time.monotonic(), and what happened."""

    began_s: float
    ended_s: float
    story: str = ""


@dataclass(frozen=True)
class Case:
    """What came between two looks that were answered rightly, so that it can be done again.

    number: the lane's; before: who came just before; spoilt: each with its plan; clean: who came until it went well.
    """

    number: int
    before: Visit
    spoilt: tuple[tuple[Visit, Plan], ...]
    clean: tuple[Visit, ...]
    span: Span


@dataclass
class Tally:
    """What was seen. failed: calls that ended otherwise than they should, by how.

    out_of_step: more than one call failed after the last fault. late: from a call's deadline until it came.
    wrong_pages, lost_fingers: of looks and of chores that were done; spoilt_pages: other pages than the one that was
    meant, after chores that failed. gave_up: lanes whose sensor could not be had.
    """

    exchanges: int = 0
    calls: int = 0
    wrong_ids: int = 0
    false_strangers: int = 0
    overrun_s: float = 0.0
    reopened: int = 0
    most_failed_in_a_row: int = 0
    hangs: int = 0
    lost_fingers: int = 0
    wrong_pages: int = 0
    spoilt_pages: int = 0
    chores: int = 0
    chores_done: int = 0
    gave_up: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    out_of_step: list[Case] = field(default_factory=list)
    late: list[Span] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Count another's in."""
        for name, value in vars(other).items():
            mine = getattr(self, name)
            most = name in ("overrun_s", "most_failed_in_a_row")
            setattr(self, name, max(mine, value) if most else mine + value)


def visits(dice: Random) -> Iterator[Visit]:
    """People come, one after the other."""
    while True:
        page = dice.choice(list(PEOPLE))
        yield dice.choices(
            [Visit(PEOPLE[page], page), Visit(STRANGER), Visit(PEOPLE[page], page, smudged=True), Visit(None)],
            [6, 2, 1, 1],
        )[0]


def plan_of(dice: Random, commands: int, delays_s: float) -> Plan:
    """One to three faults at some of so many commands, at least one of which is surely sent; all delays together."""
    plan: dict[int, list[Fault]] = {}
    faults = dice.choice((1, 1, 1, 2, 3))
    for _ in range(faults):
        kind = dice.choice(list(FaultKind))
        delay_s = dice.uniform(0.0, delays_s / faults)
        fault = Fault(kind, dice.choice(("host", "sensor")), dice.getrandbits(32), delay_s)
        plan.setdefault(dice.randrange(commands), []).append(fault)
    return plan


def found(touch: Touch | None) -> int | str:
    """A driver's answer, as Visit has it."""
    if touch is None:
        return "nothing"
    return "a stranger" if touch.page is None else touch.page


def emulator_for(number: int, answer_s: float) -> FingerprintEmulator:
    """A sensor that answers at once; deaf after a brown-out for as long, against its deadline, as a real one."""
    timing = Timing(power_on_s=answer_s / 3)
    return FingerprintEmulator(model="r503" if number % 2 else "zfm20", timing=timing)


def settings_of(emulator: FingerprintEmulator) -> FingerprintSettings:
    """A driver's, for a sensor."""
    return FingerprintSettings("adafruit", emulator.port)


def enrol_all(emulator: FingerprintEmulator) -> None:
    """Everybody's finger who is not there, on a line without a fault."""
    emulator.heal()
    sensor = AdafruitSensor(settings_of(emulator))
    for page in PEOPLE.keys() - emulator.pages:
        sensor.enrol(page, partial(obey, emulator, PEOPLE[page]))
    sensor.close()


def obey(emulator: FingerprintEmulator, finger: str, step: EnrolStep) -> None:
    """A person who does as the sensor's prompts say."""
    if step is EnrolStep.LIFT:
        emulator.lift()
    else:
        emulator.place(finger)


def wrong_pages(emulator: FingerprintEmulator, expected: Mapping[int, str]) -> set[int]:
    """The pages in use that hold another finger than they should, or should hold none."""
    size = emulator.model.template_bytes
    return {
        page
        for page, template in emulator._chip.flash.templates.items()
        if page not in expected or not score_of(template, template_of(expected[page], 0, size))
    }


class GaveUp(Exception):
    """A sensor can't be had."""


class Ours:
    """Our driver, on a line that can be spoilt. commands: that it sends for each kind of visit."""

    commands: ClassVar = {"nothing": 2, "smudged": 4, "finger": 7}

    def __init__(self, emulator: FingerprintEmulator, answer_s: float) -> None:
        """Opened."""
        self.spoiler = Spoiler(emulator)
        self.limit_s = 2 * answer_s
        self._sensor = AdafruitSensor(settings_of(emulator), answer_s, line_of(self.spoiler))

    def poll(self) -> int | str:
        """What it answers, or the name of its error."""
        try:
            return found(self._sensor.poll())
        except SensorError as error:
            return type(error).__name__

    def close(self) -> None:
        """Let go of the port."""
        self._sensor.close()


class Vendors:
    """The vendor's library alone over a plain serial port, as its examples use it."""

    commands: ClassVar = {"nothing": 1, "smudged": 2, "finger": 4}
    limit_s = math.inf

    def __init__(self, emulator: FingerprintEmulator, answer_s: float) -> None:
        """Opened."""
        self.spoiler = Spoiler(emulator)
        self._uart = serial.Serial(emulator.port, 57600, timeout=answer_s)
        try:
            self._finger: Any = Adafruit_Fingerprint(SpoiltUart(self._uart, self.spoiler))
        except VENDOR_ERRORS:
            self._uart.close()
            raise

    def poll(self) -> int | str:
        """What it answers, or the name of what it raises."""
        try:
            if self._finger.get_image() or self._finger.image_2_tz(1):
                return "nothing"
            return "a stranger" if self._finger.finger_search() else int(self._finger.finger_id)
        except VENDOR_ERRORS as error:
            return type(error).__name__

    def close(self) -> None:
        """Let go of the port."""
        self._uart.close()


def _told(plan: Plan) -> str:
    """A plan in words."""
    faults = [
        f"command {number}: {fault.kind.value} towards {fault.towards}, seed {fault.seed}, {fault.delay_s:.3f} s"
        for number, faults in sorted(plan.items())
        for fault in faults
    ]
    return ", ".join(faults) or "nothing spoilt"


class Lane:
    """One sensor and one driver. busy_since_s: when the call began that has not come back, or None."""

    def __init__(self, number: int, seed: int, driver: type[Ours | Vendors], answer_s: float, stop: Event) -> None:
        """Nothing is opened as yet. stop: ends it after the exchange that it is at."""
        self.tally = Tally()
        self.busy_since_s: float | None = None
        self._stop = stop
        self._number = number
        self._dice = Random(f"{seed}/{number}")
        self._make = driver
        self._answer_s = answer_s
        self._visits = visits(self._dice)
        self._last = Visit(None)
        self._begin()

    def run(self, exchanges: int) -> None:
        """So many spoilt calls, after each few of which calls that nothing spoils must be answered rightly."""
        with self._plugged():
            self._open()
            while self.tally.exchanges < exchanges and not self._stop.is_set():
                failed = False
                looks = self._dice.choice((1, 1, 1, 2, 3))
                for _ in range(looks):
                    visit = next(self._visits)
                    failed = self._look(visit, self._plan_for(visit, DELAYS * self._answer_s / looks))
                    self.tally.exchanges += 1
                self._recover(failed)

    def replay(self, case: Case) -> bool:
        """Do a case again; whether it was out of step again."""
        with self._plugged():
            self._open()
            self._look(case.before, {})
            self._begin()
            failed = False
            for visit, plan in case.spoilt:
                failed = self._look(visit, plan)
            self._visits = chain(case.clean, self._visits)
            self._recover(failed)
        return bool(self.tally.out_of_step or self.tally.gave_up)

    @contextmanager
    def _plugged(self) -> Iterator[None]:
        """A sensor; everybody's finger ought to be in it afterwards. What is within ends where it can't be had."""
        with emulator_for(self._number, self._answer_s) as emulator:
            self._emulator = emulator
            try:
                yield
            except GaveUp:
                self.tally.gave_up += 1
                return
            self._driver.close()
            self._count_pages()

    def _count_pages(self) -> None:
        self.tally.lost_fingers += len(PEOPLE.keys() - self._emulator.pages)
        self.tally.wrong_pages += len(wrong_pages(self._emulator, PEOPLE))

    def _begin(self) -> None:
        self._trail: list[str] = []
        self._spoilt: list[tuple[Visit, Plan]] = []
        self._clean: list[Visit] = []
        self._before = self._last
        self._left_s = time.monotonic()

    def _recover(self, failed: bool) -> None:
        """Calls that nothing spoils, until one is answered rightly."""
        in_a_row = int(failed)
        while self._look(next(self._visits)):
            in_a_row += 1
            if in_a_row == _GIVE_UP:
                self._start_anew()
        if in_a_row > 1:
            span = Span(self._left_s, time.monotonic(), "; ".join(self._trail))
            case = Case(self._number, self._before, tuple(self._spoilt), tuple(self._clean), span)
            self.tally.out_of_step.append(case)
        self._begin()
        self.tally.most_failed_in_a_row = max(self.tally.most_failed_in_a_row, in_a_row)

    def _start_anew(self) -> None:
        """What a person does who has had enough: out and in again, and whoever is missing is enrolled again."""
        self.tally.reopened += 1
        self._driver.close()
        self._emulator.unplug()
        self._emulator.plug()
        self._count_pages()
        self._open()

    def _open(self) -> None:
        """On a machine that stands still for a while even that can fail. Raises GaveUp."""
        self.busy_since_s = time.monotonic()
        for _ in range(OPENINGS):
            try:
                enrol_all(self._emulator)
                self._driver = self._make(self._emulator, self._answer_s)
            except (SensorError, *VENDOR_ERRORS):
                self.tally.failed["opening"] += 1
                self.busy_since_s = time.monotonic()
            else:
                self.busy_since_s = None
                return
        self.busy_since_s = None
        raise GaveUp

    def _plan_for(self, visit: Visit, delays_s: float) -> Plan:
        kind = "nothing" if visit.finger is None else "smudged" if visit.smudged else "finger"
        return plan_of(self._dice, self._driver.commands[kind], delays_s)

    def _look(self, visit: Visit, plan: Plan | None = None) -> bool:
        """Whether the call failed; without a plan nothing is spoilt."""
        if plan is None:
            self._clean.append(visit)
        else:
            self._spoilt.append((visit, plan))
        self._last = visit
        self._emulator.heal()
        if visit.finger is None:
            self._emulator.lift()
        else:
            self._emulator.place(visit.finger, smudged=visit.smudged)
        self._driver.spoiler.follow(plan or {})
        began_s = time.monotonic()
        answer = self._timed_poll()
        told = _told(plan or {})
        self._trail.append(f"{visit.answer} was {answer} after {time.monotonic() - began_s:.3f} s, {told}")
        self.tally.calls += 1
        if answer == visit.answer:
            return False
        self.tally.failed[answer if isinstance(answer, str) else "a wrong page"] += 1
        self.tally.wrong_ids += isinstance(answer, int)
        self.tally.false_strangers += answer == "a stranger" and visit.page is not None
        return True

    def _timed_poll(self) -> int | str:
        self.busy_since_s = time.monotonic()
        due_s = self.busy_since_s + self._driver.limit_s
        answer = self._driver.poll()
        ended_s, self.busy_since_s = time.monotonic(), None
        overrun_s = ended_s - due_s
        self.tally.overrun_s = max(self.tally.overrun_s, overrun_s)
        if overrun_s > SLACK_S:
            self.tally.late.append(Span(due_s, ended_s, "; ".join([*self._trail, f"late by {overrun_s:.3f} s"])))
        return answer
