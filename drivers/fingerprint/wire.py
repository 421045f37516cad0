"""The sensor's end of a pseudo-terminal: bytes take the time of their baud, and at another baud are other bytes."""

import fcntl
import os
import select
import struct
import time
import tty
from collections import deque
from typing import Final

_BITS: Final = 10  # of a byte on the line: start, eight of data, stop
_PIECE: Final = 8  # bytes that come at once, as from the buffer of a UART
_ROOM_S: Final = 0.2  # how long to wait for a reader whose buffer is full
_SPANS: Final = 4096  # of activity that are remembered
_TCGETS2: Final = 0x802C542A  # Linux's own way to read a terminal's speed, which knows every baud
_TERMIOS2: Final = struct.Struct("=4I20s2I")


class Unplugged(Exception):
    """The wire has been pulled off."""


class Wire:
    """Where the sensor hears and speaks. One thread uses it; hang_up() alone may come from another.

    Raises Unplugged from every wait once it is hung up. paced: whether bytes take their time.
    """

    def __init__(self, baud: int, *, paced: bool) -> None:
        """port is the name of the host's end."""
        self.baud = baud
        self._paced = paced
        self._master, self._slave = os.openpty()  # holding the host's end keeps the line up when a program goes
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.port = os.ttyname(self._slave)
        self._rest, self._hangup = os.pipe()
        self._due_s = 0.0
        self._spans: deque[tuple[float, float]] = deque(maxlen=_SPANS)

    def hear(self) -> bytes:
        """What the host says next, as soon as it has come over the line."""
        while not (words := self._read(None)):
            continue
        self._due_s = time.monotonic()
        self.work(len(words) * self._byte_s())
        return words

    def say(self, words: bytes) -> None:
        """Say it to the host, in pieces where the line has a pace; what nobody reads is lost."""
        size = _PIECE if self._paced else max(1, len(words))
        for start in range(0, len(words), size):
            piece = words[start : start + size]
            self.work(len(piece) * self._byte_s())
            self._write(as_heard(piece, self.baud, self._host_baud()))

    def work(self, seconds: float) -> None:
        """Something takes its time, from the end of what was before on: late waking does not add up."""
        if seconds:
            self._spans.append((self._due_s, self._due_s + seconds))
            self._due_s += seconds
            self._wait()

    def pause(self, seconds: float) -> None:
        """Time goes by that is nobody's work."""
        self._due_s = time.monotonic() + seconds
        self._wait()

    def ignore(self, seconds: float) -> None:
        """Time goes by, and what the host says meanwhile is lost."""
        self._due_s = time.monotonic() + seconds
        while (left_s := self._due_s - time.monotonic()) > 0:
            self._read(left_s)

    def active_s(self, since_s: float) -> float:
        """Seconds of work and of bytes on the line since a moment of time.monotonic(), as they ought to be."""
        return sum(max(0.0, end - max(start, since_s)) for start, end in tuple(self._spans))

    def hang_up(self) -> None:
        """Pull it off: whoever waits on it is told."""
        os.close(self._hangup)

    def close(self) -> None:
        """Free it, once it is hung up."""
        for fd in (self._master, self._slave, self._rest):
            os.close(fd)

    def _byte_s(self) -> float:
        return _BITS / self.baud if self._paced else 0.0

    def _wait(self) -> None:
        while (left_s := self._due_s - time.monotonic()) > 0:
            self._check(select.select([self._rest], [], [], left_s)[0])

    def _read(self, timeout_s: float | None) -> bytes:
        ready = select.select([self._master, self._rest], [], [], timeout_s)[0]
        self._check(ready)
        return as_heard(os.read(self._master, 4096), self._host_baud(), self.baud) if ready else b""

    def _write(self, words: bytes) -> None:
        while words:
            try:
                words = words[os.write(self._master, words) :]
            except BlockingIOError:
                ready, room, _ = select.select([self._rest], [self._master], [], _ROOM_S)
                self._check(ready)
                if not room:
                    return

    def _check(self, ready: list[int]) -> None:
        if self._rest in ready:
            raise Unplugged

    def _host_baud(self) -> int:
        settings = fcntl.ioctl(self._slave, _TCGETS2, bytes(_TERMIOS2.size))
        return int(_TERMIOS2.unpack(settings)[-1])


def as_heard(words: bytes, sent_baud: int, heard_baud: int) -> bytes:
    """What a receiver at another baud makes of some bytes: it samples the middle of what it takes for bits."""
    if sent_baud == heard_baud:
        return words
    if not (sent_baud and heard_baud):
        return b""
    levels = [1, *(level for byte in words for level in (0, *(byte >> bit & 1 for bit in range(8)), 1))]
    ratio = sent_baud / heard_baud
    heard, free = bytearray(), 0.0
    for edge in range(1, len(levels)):
        if edge >= free and levels[edge - 1] and not levels[edge]:
            samples = (int(edge + (1.5 + bit) * ratio) for bit in range(8))
            heard.append(sum((levels[at] if at < len(levels) else 1) << bit for bit, at in enumerate(samples)))
            free = edge + 9.5 * ratio
    return bytes(heard)
