"""A fingerprint sensor that speaks the real one's bytes on a pseudo-terminal, so that the real driver runs.

A finger is a name; its template is drawn from that name, and a few bits differ from one touch to the next.
"""

import hashlib
import json
import os
import secrets
import select
import struct
import tempfile
import threading
import tty
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from drivers.fingerprint.port import ACKNOWLEDGE, ADDRESS, COMMAND, DATA, LAST_DATA, Code, frame, is_sound, take_packet

TEMPLATE_BYTES: Final = 512
_BITS: Final = TEMPLATE_BYTES * 8
_VARYING: Final = 5  # every touch differs from the finger in one bit of 2**5, two touches in 6 % of the bits
_TOLERATED: Final = 0.25  # the share of bits that may differ; two fingers differ in half of them
_BEST_SCORE: Final = 300
_FACTORY_PASSWORD: Final = bytes(4)
_BAUD_N: Final = 6  # 57600 = 9600 x 6
_BLOCK: Final = 256


@dataclass(frozen=True)
class Faults:
    """What is wrong with the line, from one answer on."""

    after: int = 0  # so many answers are still good
    silent: bool = False
    stray: bytes = b""  # comes before every answer
    flipped_bit: int | None = None  # of every answer, counted from its first bit, round its length
    late: bool = False  # an answer comes only once the next command has


def template_of(finger: str, touch: int) -> bytes:
    """The 512 bytes that the sensor makes of one touch of a finger; the same for the same touch."""
    bits = int.from_bytes(hashlib.shake_256(finger.encode()).digest(TEMPLATE_BYTES))
    varied = (1 << _BITS) - 1
    noise = hashlib.shake_256(f"{finger}/{touch}".encode()).digest(TEMPLATE_BYTES * _VARYING)
    for start in range(0, len(noise), TEMPLATE_BYTES):
        varied &= int.from_bytes(noise[start : start + TEMPLATE_BYTES])
    return (bits ^ varied).to_bytes(TEMPLATE_BYTES)


def score_of(one: bytes, other: bytes) -> int:
    """How alike two templates are, 0 to 300; 0 is no match, and two touches of a finger have about 225."""
    differing = (int.from_bytes(one) ^ int.from_bytes(other)).bit_count() / _BITS
    return max(0, round(_BEST_SCORE * (1 - differing / _TOLERATED)))


class _Memory:
    """The sensor's flash: templates by page, in a file if there is one."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.templates: dict[int, bytes] = {}
        if path is not None and path.exists():
            try:
                stored = json.loads(path.read_text())
                self.templates = {int(page): bytes.fromhex(template) for page, template in stored.items()}
            except (ValueError, AttributeError, TypeError) as error:
                raise ValueError(f"{path} is not an emulated sensor's memory: delete it") from error

    def write(self, templates: dict[int, bytes]) -> None:
        """Replace all of it, or nothing: a power cut leaves the old file."""
        if self._path is not None:
            draft = self._path.with_name(f"{self._path.name}.new")
            with draft.open("w") as file:
                json.dump({page: template.hex() for page, template in sorted(templates.items())}, file)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._path)
        self.templates = templates


class _Chip:
    """What the sensor does with each packet, without the line. Source: facts of the ZFM-20 family's manuals."""

    def __init__(self, memory: _Memory, capacity: int, password: bytes) -> None:
        self.memory = memory
        self.finger: str | None = None
        self.smudged = False
        self.address = ADDRESS
        self._capacity = capacity
        self._password = password
        self._touches = 0
        self._parameters = {4: _BAUD_N, 5: 3, 6: 2}
        self.power_on()
        self._commands: dict[int, Callable[[bytes], bytes]] = {
            0x01: self._take_image,
            0x02: self._image_to_characters,
            0x03: self._match,
            0x04: self._search,
            0x05: self._make_model,
            0x06: self._store,
            0x07: self._load,
            0x08: self._upload,
            0x09: self._download,
            0x0A: lambda _: bytes([Code.IMAGE_UPLOAD_FAILED]),
            0x0B: lambda _: bytes([Code.CANNOT_RECEIVE]),
            0x0C: self._delete,
            0x0D: self._empty,
            0x0E: self._set_parameter,
            0x0F: self._read_parameters,
            0x12: self._set_password,
            0x13: self._verify_password,
            0x14: lambda _: bytes([Code.DONE]) + secrets.token_bytes(4),
            0x15: self._set_address,
            0x1B: self._search,
            0x1D: lambda _: struct.pack(">BH", Code.DONE, len(self.memory.templates)),
            0x1F: self._index,
            0x35: lambda _: bytes([Code.DONE]),
        }

    def power_on(self) -> None:
        """Forget all but the flash."""
        self._image: bytes | None = None
        self._buffers: dict[int, bytes] = {}
        self._verified = self._password == _FACTORY_PASSWORD
        self._receiving: tuple[int, bytes] | None = None
        self._after = b""  # what follows the acknowledgement

    def hear(self, packet: bytes) -> bytes:
        """The bytes that answer one whole packet; none for data, which the sensor never acknowledges."""
        kind, data = packet[6], packet[9:-2]
        if kind in (DATA, LAST_DATA):
            self._take_data(kind, data if is_sound(packet) else b"")
            return b""
        if kind != COMMAND or not is_sound(packet):
            return frame(ACKNOWLEDGE, bytes([Code.RECEIVE_ERROR]), self.address)
        self._after, self._receiving = b"", None
        answer = self._obey(data[0], data[1:])
        return frame(ACKNOWLEDGE, answer, self.address) + self._after

    def _obey(self, command: int, arguments: bytes) -> bytes:
        if not self._verified and command != 0x13:
            return bytes([Code.PASSWORD_NOT_VERIFIED])
        try:
            return self._commands[command](arguments)
        except (KeyError, struct.error):  # no such command, or not its number of arguments
            return bytes([Code.RECEIVE_ERROR])
        except OSError:  # the file of the memory
            return bytes([Code.FLASH_ERROR])

    def _take_image(self, _: bytes) -> bytes:
        if self.finger is None:
            return bytes([Code.NO_FINGER])
        self._touches += 1
        self._image = b"" if self.smudged else template_of(self.finger, self._touches)
        return bytes([Code.DONE])

    def _image_to_characters(self, arguments: bytes) -> bytes:
        slot = _slot(*struct.unpack(">B", arguments))
        if self._image is None:
            return bytes([Code.NO_VALID_IMAGE])
        if not self._image:
            return bytes([Code.MESSY_IMAGE])
        self._buffers[slot] = self._image
        return bytes([Code.DONE])

    def _match(self, _: bytes) -> bytes:
        score = score_of(self._buffers[1], self._buffers[2]) if len(self._buffers) == 2 else 0
        return struct.pack(">BH", Code.DONE if score else Code.NO_MATCH, score)

    def _search(self, arguments: bytes) -> bytes:
        slot, start, count = struct.unpack(">BHH", arguments)
        probe = self._buffers.get(_slot(slot))
        pages = [page for page in self.memory.templates if probe and start <= page < start + count]
        scores = {page: score_of(probe or b"", self.memory.templates[page]) for page in pages}
        best = max(scores, key=lambda page: (scores[page], -page), default=0)
        if not scores.get(best):
            return struct.pack(">BHH", Code.NOT_FOUND, 0, 0)
        return struct.pack(">BHH", Code.DONE, best, scores[best])

    def _make_model(self, _: bytes) -> bytes:
        if len(self._buffers) < 2 or not score_of(self._buffers[1], self._buffers[2]):
            return bytes([Code.MERGE_FAILED])
        self._buffers[2] = self._buffers[1]
        return bytes([Code.DONE])

    def _store(self, arguments: bytes) -> bytes:
        slot, page = struct.unpack(">BH", arguments)
        if page >= self._capacity:
            return bytes([Code.NO_SUCH_PAGE])
        if (template := self._buffers.get(_slot(slot))) is None:
            return bytes([Code.FLASH_ERROR])
        self.memory.write(self.memory.templates | {page: template})
        return bytes([Code.DONE])

    def _load(self, arguments: bytes) -> bytes:
        slot, page = struct.unpack(">BH", arguments)
        if page >= self._capacity:
            return bytes([Code.NO_SUCH_PAGE])
        if page not in self.memory.templates:
            return bytes([Code.UNREADABLE_PAGE])
        self._buffers[_slot(slot)] = self.memory.templates[page]
        return bytes([Code.DONE])

    def _upload(self, arguments: bytes) -> bytes:
        template = self._buffers.get(_slot(*struct.unpack(">B", arguments)))
        if template is None:
            return bytes([Code.UPLOAD_FAILED])
        size = 32 << self._parameters[6]
        for start in range(0, len(template), size):
            kind = DATA if start + size < len(template) else LAST_DATA
            self._after += frame(kind, template[start : start + size], self.address)
        return bytes([Code.DONE])

    def _download(self, arguments: bytes) -> bytes:
        self._receiving = _slot(*struct.unpack(">B", arguments)), b""
        return bytes([Code.DONE])

    def _take_data(self, kind: int, data: bytes) -> None:
        if self._receiving is None:
            return
        slot, received = self._receiving[0], self._receiving[1] + data
        self._receiving = (slot, received) if kind == DATA else None
        if kind == LAST_DATA and len(received) == TEMPLATE_BYTES:
            self._buffers[slot] = received

    def _delete(self, arguments: bytes) -> bytes:
        start, count = struct.unpack(">HH", arguments)
        if start + count > self._capacity:
            return bytes([Code.DELETE_FAILED])
        kept = {page: t for page, t in self.memory.templates.items() if not start <= page < start + count}
        self.memory.write(kept)
        return bytes([Code.DONE])

    def _empty(self, _: bytes) -> bytes:
        self.memory.write({})
        return bytes([Code.DONE])

    def _set_parameter(self, arguments: bytes) -> bytes:
        number, value = struct.unpack(">BB", arguments)
        allowed = {4: range(1, 13), 5: range(1, 6), 6: range(4)}
        if value not in allowed.get(number, ()):
            return bytes([Code.NO_SUCH_REGISTER])
        self._parameters[number] = value
        return bytes([Code.DONE])

    def _read_parameters(self, _: bytes) -> bytes:
        baud_n, level, size = (self._parameters[number] for number in (4, 5, 6))
        return struct.pack(">BHHHH4sHH", Code.DONE, 0, 0, self._capacity, level, self.address, size, baud_n)

    def _set_password(self, arguments: bytes) -> bytes:
        (self._password,) = struct.unpack(">4s", arguments)
        return bytes([Code.DONE])

    def _verify_password(self, arguments: bytes) -> bytes:
        self._verified = arguments == self._password
        return bytes([Code.DONE if self._verified else Code.WRONG_PASSWORD])

    def _set_address(self, arguments: bytes) -> bytes:
        (self.address,) = struct.unpack(">4s", arguments)
        return bytes([Code.DONE])

    def _index(self, arguments: bytes) -> bytes:
        (block,) = struct.unpack(">B", arguments)
        if block * _BLOCK >= self._capacity:
            return bytes([Code.NO_SUCH_PAGE])
        bits = sum(1 << page % _BLOCK for page in self.memory.templates if page // _BLOCK == block)
        return bytes([Code.DONE]) + bits.to_bytes(_BLOCK // 8, "little")


def _slot(number: int) -> int:
    return 1 if number == 1 else 2  # as the sensor takes every other number


class FingerprintEmulator:
    """A sensor on a pseudo-terminal, from its making until close(); place() and lift() are the hand.

    memory is a JSON file that outlives the process. password is what the sensor wants to hear, 4 bytes.
    """

    def __init__(self, memory: Path | None = None, capacity: int = 200, password: bytes = _FACTORY_PASSWORD) -> None:
        self._chip = _Chip(_Memory(memory), capacity, password)
        self._lock = threading.Lock()
        self._folder = tempfile.TemporaryDirectory(prefix="gerbang-sensor-")
        self.port = str(Path(self._folder.name) / "port")
        self._faults = Faults()
        self._good_answers = 0
        self._held = b""
        self._thread: threading.Thread | None = None
        self.plug()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pages(self) -> frozenset[int]:
        """The pages that hold a finger."""
        return frozenset(self._chip.memory.templates)

    def place(self, finger: str, *, smudged: bool = False) -> None:
        """Lay a finger on the glass; a smudged one can't be read."""
        with self._lock:
            self._chip.finger, self._chip.smudged = finger, smudged

    def lift(self) -> None:
        """Take the finger off the glass."""
        with self._lock:
            self._chip.finger = None

    def fail(self, faults: Faults) -> None:
        """Spoil the line so until heal()."""
        with self._lock:
            self._faults, self._good_answers = faults, faults.after

    def silence(self) -> None:
        """Hear, and answer nothing, until heal()."""
        self.fail(Faults(silent=True))

    def heal(self) -> None:
        """Take every fault away; an answer that is held back still comes with the next one."""
        self.fail(Faults())

    def plug(self) -> None:
        """Put the sensor on its port, with power; the port has the same name as before."""
        if self._thread is not None:
            return
        self._chip.power_on()
        master, slave = os.openpty()  # holding the slave keeps the line up when a client goes
        tty.setraw(slave)
        os.set_blocking(master, False)
        Path(self.port).symlink_to(os.ttyname(slave))
        hangup, self._hangup = os.pipe()
        fds = (master, slave, hangup)
        self._thread = threading.Thread(target=self._run, args=fds, name="fingerprint-emulator", daemon=True)
        self._thread.start()

    def unplug(self) -> None:
        """Pull the sensor off: the port is gone, and whoever has it open reads an error."""
        if self._thread is None:
            return
        os.close(self._hangup)
        self._thread.join()
        self._thread = None
        Path(self.port).unlink()

    def close(self) -> None:
        """Unplug for good. May be called twice."""
        self.unplug()
        self._folder.cleanup()

    def _run(self, master: int, slave: int, hangup: int) -> None:
        try:
            self._serve(master, hangup)
        finally:
            for fd in (master, slave, hangup):
                os.close(fd)

    def _serve(self, master: int, hangup: int) -> None:
        line = bytearray()
        while hangup not in select.select([master, hangup], [], [])[0]:
            line += os.read(master, 4096)
            while (packet := take_packet(line, self._chip.address)) is not None:
                with self._lock:
                    answer = self._spoil(self._chip.hear(packet))
                with suppress(BlockingIOError):  # nobody reads: the bytes are lost, as on a real line
                    os.write(master, answer)

    def _spoil(self, answer: bytes) -> bytes:
        if self._good_answers:
            self._good_answers -= 1
            return answer
        faults = self._faults
        if faults.silent or not answer:
            return b""
        if faults.late:
            self._held, answer = answer, self._held
        else:
            self._held, answer = b"", self._held + answer
        return faults.stray + _flip(answer, faults.flipped_bit)


def _flip(answer: bytes, bit: int | None) -> bytes:
    if bit is None or not answer:
        return answer
    at = bit % (len(answer) * 8)
    flipped = bytearray(answer)
    flipped[at // 8] ^= 0x80 >> at % 8
    return bytes(flipped)
