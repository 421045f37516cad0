"""A driver's line on which chosen commands, or the answers to them, are spoilt."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from drivers.fingerprint.emulator import FingerprintEmulator
from drivers.fingerprint.faults import Fault
from drivers.fingerprint.line import Line
from drivers.fingerprint.packets import COMMAND

Plan = Mapping[int, Sequence[Fault]]


class Spoiler:
    """Tells the emulator to spoil the commands of a plan just before they go out, the next one being number 0."""

    def __init__(self, emulator: FingerprintEmulator) -> None:
        """Nothing is spoilt as yet."""
        self._emulator = emulator
        self.follow({})

    def follow(self, plan: Plan) -> None:
        """From now on, this plan; what an older one left over is dropped."""
        self._emulator.heal()
        self._plan = defaultdict(tuple, plan)
        self._number = -1

    def watch(self, packet: bytes) -> None:
        """A packet is about to go out; zeros that fill up an older one may come before it."""
        words = packet.lstrip(b"\0")
        if words[6] == COMMAND:
            self._number += 1
            self._emulator.spoil(*self._plan[self._number])


class SpoiltLine(Line):
    """Our own line, watched."""

    def __init__(self, port: str, baud: int, spoiler: Spoiler) -> None:
        """As Line is opened."""
        self._spoiler = spoiler
        super().__init__(port, baud)

    def write(self, words: bytes, by_s: float) -> None:
        """As Line does."""
        self._spoiler.watch(words)
        super().write(words, by_s)


class SpoiltUart:
    """A plain serial port, as the vendor's library takes it, watched."""

    def __init__(self, uart: Any, spoiler: Spoiler) -> None:
        """The port is open."""
        self._uart = uart
        self._spoiler = spoiler

    def write(self, words: Sequence[int]) -> None:
        """As a serial port does."""
        self._spoiler.watch(bytes(words))
        self._uart.write(bytes(words))

    def read(self, size: int) -> bytes:
        """As a serial port does."""
        return bytes(self._uart.read(size))


def line_of(spoiler: Spoiler) -> partial[SpoiltLine]:
    """What opens the driver's line."""
    return partial(SpoiltLine, spoiler=spoiler)
