"""Chores at a sensor whose line is bad: fingers are enrolled, written and erased, and what its pages then hold."""

import time
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from itertools import islice
from random import Random
from threading import Event
from typing import ClassVar

from drivers.errors import SensorError
from drivers.fingerprint.adafruit import AdafruitSensor
from drivers.fingerprint.faults import Fault, FaultKind, spoil
from drivers.fingerprint.packets import COMMAND, DATA_AT, is_sound
from drivers.fingerprint.templates import template_of
from tests.drivers.fuzz import (
    DELAYS,
    OPENINGS,
    PEOPLE,
    GaveUp,
    Tally,
    emulator_for,
    obey,
    plan_of,
    settings_of,
    wrong_pages,
)
from tests.drivers.spoiling import Spoiler, line_of

EMPTY_PAGES = (1, 4, 20, 23, 198)  # each one bit from somebody's
_SEEDS = 2000  # are tried for a flip that passes the sum; one in 200 does


class Liar(Spoiler):
    """Flips bits of a command so that its sum is right all the same, where that can be found."""

    def watch(self, packet: bytes) -> None:
        """As the Spoiler does."""
        words = packet.lstrip(b"\0")
        if words[6] == COMMAND:
            number = self._number + 1
            self._plan[number] = [_believed(words, fault) for fault in self._plan[number]]
        super().watch(packet)


def _believed(packet: bytes, fault: Fault) -> Fault:
    if (fault.kind, fault.towards) != (FaultKind.FLIP, "sensor"):
        return fault
    return next((flip for flip in islice(_flips(fault), _SEEDS) if _passes(packet, flip)), fault)


def _flips(fault: Fault) -> Iterator[Fault]:
    seed = fault.seed
    while True:
        yield replace(fault, seed=seed)
        seed += 1


def _passes(packet: bytes, flip: Fault) -> bool:
    words = spoil(packet, flip)[0].words
    same = words[:6] == packet[:6] and words[7:DATA_AT] == packet[7:DATA_AT]
    return same and words[6] == COMMAND and is_sound(words)


class OutOfStep(Exception):
    """The sensor did not come into step again after a chore: it is opened afresh."""


class Chores:
    """One sensor, which holds everybody before each chore. busy_since_s: as a Lane has it."""

    commands: ClassVar = {"write": 13, "delete": 3, "enrol": 22}

    def __init__(self, number: int, seed: int, answer_s: float, stop: Event) -> None:
        """Nothing is opened as yet."""
        self.tally = Tally()
        self.busy_since_s: float | None = None
        self._number = number
        self._dice = Random(f"{seed}/{number}/chores")
        self._answer_s = answer_s
        self._stop = stop

    def run(self, chores: int) -> None:
        """So many chores."""
        try:
            with emulator_for(self._number, self._answer_s) as emulator:
                self._emulator, self._spoiler = emulator, Liar(emulator)
                while self.tally.chores < chores and not self._stop.is_set():
                    with closing(self._open()) as sensor, suppress(OutOfStep):
                        while self.tally.chores < chores and not self._stop.is_set():
                            self._chore(sensor)
        except GaveUp:
            self.tally.gave_up += 1
        finally:
            self.busy_since_s = None

    def _open(self) -> AdafruitSensor:
        """On a machine that stands still for a while even that can fail. Raises GaveUp."""
        opening = partial(AdafruitSensor, settings_of(self._emulator), self._answer_s, line_of(self._spoiler))
        for _ in range(OPENINGS):
            self.busy_since_s = time.monotonic()
            try:
                return opening()
            except SensorError:
                self.tally.failed["opening for chores"] += 1
        raise GaveUp

    def _chore(self, sensor: AdafruitSensor) -> None:
        """One, and what each page holds after it."""
        kind = self._dice.choice(list(self.commands))
        page = self._dice.choice((*PEOPLE, *EMPTY_PAGES))
        guest = f"guest {self._dice.getrandbits(32)}"
        self._hold(PEOPLE)
        self._spoiler.follow(plan_of(self._dice, self.commands[kind], DELAYS * self._answer_s))
        self.busy_since_s = time.monotonic()
        done = self._do(sensor, kind, page, guest)
        self._settle(sensor)
        self.tally.chores += 1
        self.tally.chores_done += done
        others = {other: name for other, name in PEOPLE.items() if other != page}
        if done:
            self._judge(others if kind == "delete" else others | {page: guest})
        else:
            self.tally.spoilt_pages += len(wrong_pages(self._emulator, others) - {page}) + len(
                others.keys() - self._emulator.pages
            )

    def _do(self, sensor: AdafruitSensor, kind: str, page: int, guest: str) -> bool:
        """Whether the driver said that it is done."""
        try:
            if kind == "write":
                sensor.write_template(page, self._template(guest))
            elif kind == "delete":
                sensor.delete(page)
            else:
                sensor.enrol(page, partial(obey, self._emulator, guest), 2 * self._answer_s)
        except SensorError as error:
            self.tally.failed[f"{kind}: {type(error).__name__}"] += 1
            return False
        return True

    def _settle(self, sensor: AdafruitSensor) -> None:
        """Until all that was said to the sensor is behind it: a line overtakes nothing."""
        self._spoiler.follow({})
        for _ in range(OPENINGS):
            try:
                sensor.count()
            except SensorError:
                self.tally.failed["counting after a chore"] += 1
            else:
                return
        self.tally.failed["in step after a chore"] += 1
        raise OutOfStep

    def _judge(self, expected: Mapping[int, str]) -> None:
        self.tally.lost_fingers += len(expected.keys() - self._emulator.pages)
        self.tally.wrong_pages += len(wrong_pages(self._emulator, expected))

    def _hold(self, people: Mapping[int, str]) -> None:
        with self._emulator._lock:
            self._emulator._chip.flash.keep({page: self._template(name) for page, name in people.items()})

    def _template(self, name: str) -> bytes:
        return template_of(name, 0, self._emulator.model.template_bytes)
