"""Plays a row of steps in time, each a level of a light or a sound, until another row takes its place."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from math import inf
from threading import Condition, Thread
from typing import Generic, TypeVar

from drivers.errors import DriverError

Level = TypeVar("Level")


class Player(Generic[Level]):
    """Writes each step's level when it is due. After the last step, a fault and the end comes `rest`.

    The first step of a row is written by whoever asks for it, so that no thread has to wake up first; the others by
    a thread of the player's own, so that nobody waits for them.
    """

    def __init__(self, part: str, write: Callable[[Level], None], rest: Level, error: type[DriverError]) -> None:
        """Nothing is written yet. part: its name in errors; write: raises `error` and nothing else."""
        self._part = part
        self._write = write
        self._rest = rest
        self._error = error
        self._news = Condition()  # guards what follows, and the pins
        self._steps: Iterator[tuple[Level, float]] = iter(())
        self._due_s = inf
        self._fault: DriverError | None = None
        self._closed = False
        self._thread = Thread(target=self._run, name=part, daemon=True)
        self._thread.start()

    def play(self, steps: Iterable[tuple[Level, float]]) -> None:
        """Play steps of (level, seconds) in place of those before; returns at once.

        Raises `error`, also when the steps before could not be played to their end: these are tried all the same.
        """
        with self._news:
            if self._closed:
                raise self._error(f"{self._part}: closed.")
            fault, self._fault = self._fault, None
            self._steps = iter(steps)
            self._advance()
            self._news.notify()
        if fault is not None:
            raise fault

    def close(self) -> None:
        """Rest, and end the thread. May be called twice."""
        with self._news:
            if self._closed:
                return
            self._closed = True
            with suppress(DriverError):  # letting go of the pins matters more than the last word
                self._write(self._rest)
            self._news.notify()
        self._thread.join()

    def _advance(self) -> None:
        level, lasts_s = next(self._steps, (self._rest, inf))
        self._due_s = inf
        try:
            self._write(level)
        except DriverError:
            self._steps = iter(())
            with suppress(DriverError):
                self._write(self._rest)
            raise
        self._due_s = time.monotonic() + lasts_s

    def _run(self) -> None:
        with self._news:
            while not self._closed:
                left_s = self._due_s - time.monotonic()
                if left_s > 0:
                    self._news.wait(min(left_s, threading.TIMEOUT_MAX))
                    continue
                try:
                    self._advance()
                except DriverError as fault:
                    self._fault = fault
