"""The hand at an emulated sensor: what a person types, a line at a time, and what is said to that."""

from collections.abc import Callable
from itertools import count
from typing import Final

from drivers.fingerprint.emulator import FingerprintEmulator
from drivers.fingerprint.faults import Fault, FaultKind

HELP: Final = """\
place NAME      lay a finger on the glass; every name is a finger of its own
smudge NAME     lay it there so that it can't be read
lift            take it off
flip | drop | duplicate | delay | truncate | stray | brown-out  [host | sensor] [TIMES] [SECONDS s]
                spoil the next packets to the host, or to the sensor; a delay is one of 1 s, or as told: delay 0.5s
silence         let the sensor answer nothing
heal            end the silence, and take back the faults that did not happen yet
unplug, plug    pull the sensor off its port, put it back
ring            what its light ring shows
pages           which pages hold a finger
help            this
quit            end"""

_DELAY_S: Final = 1.0
_MOST_FAULTS: Final = 10_000
_MODES: Final = ("breathing", "flashing", "on", "off", "slowly on", "slowly off")
_COLOURS: Final = ("red", "blue", "purple", "green", "yellow", "cyan", "white")
_KINDS: Final = {kind.value: kind for kind in FaultKind}


class Misunderstood(ValueError):
    """What was typed is no command; the message says what to type instead."""


class Hand:
    """Does as it is told, with one emulated sensor."""

    def __init__(self, emulator: FingerprintEmulator) -> None:
        """No two faults of one hand are alike."""
        self._emulator = emulator
        self._seeds = count()

    def obey(self, line: str) -> str:
        """What was done, in a few words; nothing for an empty line. Raises Misunderstood."""
        words = line.split()
        if not words:
            return ""
        verb, rest = words[0], words[1:]
        if verb in ("place", "smudge"):
            return self._lay(" ".join(rest), smudged=verb == "smudge")
        if verb in _KINDS:
            return self._spoil(_KINDS[verb], rest)
        order = self._orders().get(verb)
        if order is None or rest:
            raise Misunderstood(f"{line.strip()!r} is not understood; help lists what is")
        return order()

    def _orders(self) -> dict[str, Callable[[], str]]:
        return {
            "lift": self._lift,
            "silence": self._silence,
            "heal": self._heal,
            "unplug": self._unplug,
            "plug": self._plug,
            "ring": self._ring,
            "pages": self._pages,
            "help": lambda: HELP,
        }

    def _lay(self, name: str, *, smudged: bool) -> str:
        if not name:
            raise Misunderstood("whose finger? Type for example: place ani")
        self._emulator.place(name, smudged=smudged)
        return f"{name} is on the glass{', smudged' if smudged else ''}"

    def _lift(self) -> str:
        self._emulator.lift()
        return "the glass is bare"

    def _silence(self) -> str:
        self._emulator.silence()
        return "silent"

    def _heal(self) -> str:
        self._emulator.heal()
        return "no fault is left"

    def _unplug(self) -> str:
        self._emulator.unplug()
        return f"unplugged: {self._emulator.port} is gone"

    def _plug(self) -> str:
        self._emulator.plug()
        return f"plugged in: {self._emulator.port} is there"

    def _ring(self) -> str:
        if not self._emulator.model.ring:
            return f"a {self._emulator.model.name} has no ring"
        ring = self._emulator.ring
        if ring is None:
            return "dark"
        times = f", {ring.cycles} times" if ring.cycles else ""
        return f"{_COLOURS[ring.colour - 1]}, {_MODES[ring.mode - 1]}, speed {ring.speed}{times}"

    def _pages(self) -> str:
        pages = sorted(self._emulator.pages)
        return f"{len(pages)} of {self._emulator.capacity}: {', '.join(map(str, pages))}".rstrip(": ")

    def _spoil(self, kind: FaultKind, words: list[str]) -> str:
        towards, times, delay_s = "host", 1, _DELAY_S
        for word in words:
            if word in ("host", "sensor"):
                towards = word
            elif word.isdecimal() and 1 <= int(word) <= _MOST_FAULTS:
                times = int(word)
            elif kind is FaultKind.DELAY and (seconds := _seconds(word)) is not None:
                delay_s = seconds
            else:
                raise Misunderstood(f"{word!r} is not understood; type for example: {kind.value} host 3")
        for _ in range(times):
            seed = next(self._seeds)
            self._emulator.spoil(Fault(kind, "sensor" if towards == "sensor" else "host", seed, delay_s))
        return f"{kind.value}: the next {f'{times} packets' if times > 1 else 'packet'} to the {towards}"


def _seconds(word: str) -> float | None:
    """0.5 of 0.5s; None for anything else."""
    try:
        seconds = float(word.removesuffix("s"))
    except ValueError:
        return None
    return seconds if word.endswith("s") and 0 <= seconds <= 60 else None
