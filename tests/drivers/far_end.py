"""The sensor's side of a line, which says what a test makes it say."""

import os
import select
import struct
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from drivers.fingerprint.packets import ACKNOWLEDGE, COMMAND, Instruction, frame, take_packet

Script = dict[int, list[bytes]]

PARAMETERS = struct.pack(">BHHHHIHH", 0, 0, 0, 200, 3, 0xFFFFFFFF, 2, 6)


def ack(data: bytes) -> bytes:
    """An acknowledgement on the line."""
    return frame(ACKNOWLEDGE, data)


def found(page: int, score: int = 90) -> bytes:
    """A search's answer on the line."""
    return ack(struct.pack(">BHH", 0, page, score))


def index(*pages: int) -> bytes:
    """The answer, on the line, of a sensor that holds these pages below 256."""
    return ack(b"\0" + sum(1 << page for page in pages).to_bytes(32, "little"))


DONE = ack(b"\0")
USUAL = {
    Instruction.READ_PARAMETERS: ack(PARAMETERS),
    Instruction.SEARCH: ack(b"\x09\0\0\0\0"),
    Instruction.COUNT: ack(b"\0\0\0"),
    Instruction.INDEX: index(),
    Instruction.AURA_LIGHT: ack(b"\x1a"),
}


class FarEnd:
    """A sensor without a fault, but for the script: by command, what goes over the line in the place of its answers.

    heard: the packets that came, whole. deaf: where it is set, bytes stay on the line.
    """

    def __init__(self, script: Script | None = None) -> None:
        """Answers at once."""
        self.heard: list[bytes] = []
        self.deaf = threading.Event()
        self.follow(script or {})
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self._until, self._stop = os.pipe()
        self._thread = threading.Thread(target=self._obey)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()

    def follow(self, script: Script) -> None:
        """Take another script."""
        self._script = {command: iter(answers) for command, answers in script.items()}

    def say(self, words: bytes) -> None:
        """Speak without being asked."""
        os.write(self._master, words)

    def hang_up(self) -> None:
        """Go away, port and all. May be called twice."""
        if self._thread.is_alive():
            os.close(self._stop)
            self._thread.join()
            for fd in (self._until, self._master, self._slave):
                os.close(fd)

    def _news(self) -> list[int]:
        ready = select.select([self._until, *([] if self.deaf.is_set() else [self._master])], [], [])[0]
        return ready if not self.deaf.is_set() else select.select([self._until], [], [])[0]

    def _obey(self) -> None:
        line = bytearray()
        while self._until not in self._news():
            line += os.read(self._master, 4096)
            while (packet := take_packet(line)) is not None:
                self.heard.append(packet)
                if packet[6] != COMMAND:
                    continue
                usual = USUAL.get(Instruction(packet[9]), DONE)
                if answer := next(self._script.get(packet[9], iter(())), usual):
                    self.say(answer)


@contextmanager
def chatter(end: FarEnd, words: bytes) -> Iterator[None]:
    """It speaks all the time."""
    hush = threading.Event()

    def talk() -> None:
        while not hush.wait(0.002):
            end.say(words)

    talker = threading.Thread(target=talk)
    talker.start()
    try:
        yield
    finally:
        hush.set()
        talker.join()
