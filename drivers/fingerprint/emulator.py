"""A fingerprint sensor that speaks the real one's bytes on a pseudo-terminal, so that the real driver runs.

with FingerprintEmulator(model="r503") as emulator:
    emulator.place("ani")
    ...  # whatever speaks to a sensor on emulator.port
    emulator.spoil(Fault(FaultKind.FLIP, "host", seed=7))
"""

import tempfile
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal, Self

from drivers.fingerprint.chip import Chip, Ring
from drivers.fingerprint.faults import Fault, FaultKind, Piece, spoil
from drivers.fingerprint.flash import Flash
from drivers.fingerprint.models import MODELS, ModelName, Timing
from drivers.fingerprint.packets import DATA_AT, HEADER, LARGEST
from drivers.fingerprint.wire import Unplugged, Wire

Teller = Callable[[Literal["hears", "answers"], bytes], None]

_READY: Final = b"\x55"


class FingerprintEmulator:
    """A sensor on a pseudo-terminal, from its making until close(); place() and lift() are the hand.

    memory: a JSON file that outlives the process, settings and templates. capacity: pages. password, 4 bytes, baud
    and the rest are set anew where they are given. timing: True for the model's own, or another one; without it the
    sensor is as fast as it can be. link: what the port is to be called. tell: is told of each packet, and must return
    at once. Raises ValueError for a file that is no memory, OSError for a link that cannot be made.
    """

    def __init__(
        self,
        memory: Path | None = None,
        capacity: int | None = None,
        password: bytes | None = None,
        *,
        model: ModelName = "zfm20",
        baud: int | None = None,
        address: bytes | None = None,
        security_level: int | None = None,
        packet_bytes: int | None = None,
        timing: Timing | bool = False,
        link: Path | None = None,
        tell: Teller = lambda *_: None,
    ) -> None:
        """Plugged in at once."""
        self.model = MODELS[model]
        self.capacity = capacity or self.model.capacity
        self._timing = timing if isinstance(timing, Timing) else self.model.timing if timing else Timing()
        flash = Flash(memory, self.model.template_bytes)
        given = {"password": password and password.hex(), "address": address and address.hex(), "baud": baud}
        given |= {"security_level": security_level, "packet_bytes": packet_bytes}
        flash.set(**{name: value for name, value in given.items() if value is not None})
        self._chip = Chip(flash, self.model, self.capacity, self._timing)
        self._tell = tell
        self._lock = threading.Lock()
        self._faults: dict[str, deque[Fault]] = {"host": deque(), "sensor": deque()}
        self._silent = False
        self._ear, self._arriving = bytearray(), bytearray()
        self._folder = tempfile.TemporaryDirectory(prefix="gerbang-sensor-")
        self._link = link or Path(self._folder.name) / "port"
        self.port = str(self._link)
        self._thread: threading.Thread | None = None
        try:
            self.plug()
        except OSError:
            self._folder.cleanup()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pages(self) -> frozenset[int]:
        """The pages that hold a finger."""
        return frozenset(self._chip.flash.templates)

    @property
    def ring(self) -> Ring | None:
        """What the light ring shows; None while it was told nothing, or where there is none."""
        return self._chip.ring

    @property
    def baud(self) -> int:
        """At which it speaks."""
        return self._chip.flash.settings.baud

    def active_s(self, since_s: float) -> float:
        """Seconds that its work and the bytes on the line took, or ought to, since a moment of time.monotonic()."""
        return self._wire.active_s(since_s)

    def place(self, finger: str, *, smudged: bool = False) -> None:
        """Lay a finger on the glass; a smudged one can't be read."""
        with self._lock:
            self._chip.finger, self._chip.smudged = finger, smudged

    def lift(self) -> None:
        """Take the finger off the glass."""
        with self._lock:
            self._chip.finger = None

    def spoil(self, *faults: Fault) -> None:
        """Each fault befalls one packet: the next ones in its direction, one after the other."""
        for fault in faults:
            self._faults[fault.towards].append(fault)

    def silence(self) -> None:
        """Hear, obey, and answer nothing, until heal()."""
        self._silent = True

    def heal(self) -> None:
        """Take away the silence, and every fault that has not happened yet."""
        self._silent = False
        for queue in self._faults.values():
            queue.clear()

    def plug(self) -> None:
        """Put the sensor on its port, with power; the port has the same name as before."""
        if self._thread is not None:
            return
        self._wire = Wire(self.baud, paced=self._timing.paced)
        try:
            _lay(self._link, self._wire.port)
        except OSError:
            self._wire.hang_up()
            self._wire.close()
            raise
        self._thread = threading.Thread(target=self._run, name="fingerprint-emulator", daemon=True)
        self._thread.start()

    def unplug(self) -> None:
        """Pull the sensor off: the port is gone, and whoever has it open reads an error."""
        if self._thread is None:
            return
        self._wire.hang_up()
        self._thread.join()
        self._thread = None
        with suppress(FileNotFoundError):
            self._link.unlink()

    def close(self) -> None:
        """Unplug for good. May be called twice."""
        self.unplug()
        self._folder.cleanup()

    def _run(self) -> None:
        try:
            self._start()
            while True:
                self._receive(self._wire.hear())
        except Unplugged:
            return
        finally:
            self._wire.close()

    def _start(self) -> None:
        """Power comes: everything but the flash is forgotten, and for a while nothing is heard."""
        self._ear.clear()
        self._arriving.clear()
        with self._lock:
            self._chip.power_on()
        self._wire.baud = self.baud
        self._wire.ignore(self._timing.power_on_s)
        if self.model.ring:
            self._wire.say(_READY)

    def _receive(self, words: bytes) -> None:
        """Bytes come to the sensor, each packet with the fault that awaits it."""
        self._arriving += words
        while self._arriving:
            awaited = bool(self._faults["sensor"])
            part = _front(self._arriving) if awaited else bytes(self._arriving)
            if not part:
                return
            del self._arriving[: len(part)]
            self._convey(part, self._next_fault("sensor") if awaited and _is_packet(part) else None, self._listen)

    def _listen(self, words: bytes) -> None:
        self._ear += words
        while part := _front(self._ear):
            del self._ear[: len(part)]
            if _is_packet(part):
                self._answer(part)

    def _answer(self, packet: bytes) -> None:
        self._tell("hears", packet)
        with self._lock:
            answer = self._chip.hear(packet)
        self._wire.work(answer.work_s)
        for said in answer.packets if not self._silent else ():
            self._tell("answers", said)
            if not self._convey(said, self._next_fault("host"), self._wire.say):
                return
        if answer.restarts:
            self._start()
        self._wire.baud = self.baud

    def _next_fault(self, towards: str) -> Fault | None:
        try:
            return self._faults[towards].popleft()
        except IndexError:  # there is none, or it was healed this moment
            return None

    def _convey(self, packet: bytes, fault: Fault | None, hand_over: Callable[[bytes], None]) -> bool:
        """Whether the sensor is still up after the packet has gone its way."""
        for piece in spoil(packet, fault) if fault else (Piece(0.0, packet),):
            if piece.delay_s:
                self._wire.pause(piece.delay_s)
            hand_over(piece.words)
        if fault and fault.kind is FaultKind.BROWN_OUT:
            self._start()
            return False
        return True


def _front(line: bytes | bytearray) -> bytes:
    """What comes first: a whole packet, or bytes that begin none; nothing until more has come."""
    start = line.find(HEADER)
    if start < 0:
        start = len(line) - line.endswith(HEADER[:1])
    if start:
        return bytes(line[:start])
    if len(line) < DATA_AT:
        return b""
    size = DATA_AT + int.from_bytes(line[DATA_AT - 2 : DATA_AT])
    if not DATA_AT + 3 <= size <= LARGEST:
        return HEADER
    return bytes(line[:size]) if len(line) >= size else b""


def _is_packet(part: bytes) -> bool:
    return part.startswith(HEADER) and len(part) > DATA_AT


def _lay(link: Path, port: str) -> None:
    """Name a port; the name that an emulator left behind is taken over, and nothing else's."""
    if link.is_symlink() and link.readlink().is_relative_to("/dev/pts"):
        link.unlink()
    link.symlink_to(port)
