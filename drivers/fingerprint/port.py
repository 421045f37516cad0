"""A serial line that hands over whole, checked packets only, and never waits for ever.

The vendor's library checks no sum, never finds its way back after a stray byte, and blocks for as long as its
port does. CheckedPort stands in the place of its port and takes care of all three.
"""

import errno
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from typing import Any, Final

import serial

from drivers.errors import NotASensor, SensorError, SensorLost

HEADER: Final = b"\xef\x01"
ADDRESS: Final = b"\xff\xff\xff\xff"
COMMAND: Final = 0x01
DATA: Final = 0x02
ACKNOWLEDGE: Final = 0x07
LAST_DATA: Final = 0x08

ANSWER_TIMEOUT_S: Final = 2.0  # twice the datasheet's slowest answer, a search of a full memory in 1 s
_TICK_S: Final = 0.05  # how long a line is silent before it counts as quiet; a byte takes 0.2 ms
_DATA_AT: Final = 9  # header, address, kind and length come before it
_MOST_LENGTH: Final = 256 + 2  # the largest data packet, and its sum

_VERIFY_PASSWORD: Final = 0x13
_READ_PARAMETERS: Final = 0x0F
_PARAMETERS_BYTES: Final = 28  # no other answer is as long

_COMMANDS: Final = {
    0x01: "take image",
    0x02: "image to characters",
    0x03: "match",
    0x04: "search",
    0x05: "make model",
    0x06: "store",
    0x07: "load",
    0x08: "upload characters",
    0x09: "download characters",
    0x0A: "upload image",
    0x0B: "download image",
    0x0C: "delete",
    0x0D: "empty",
    0x0E: "set parameter",
    0x0F: "read parameters",
    0x13: "verify password",
    0x1B: "fast search",
    0x1D: "count",
    0x1F: "index",
    0x35: "aura light",
}


class Code(IntEnum):
    """What an acknowledgement says: done, or why not. Source: the manuals of the ZFM-20 family."""

    DONE = 0x00
    RECEIVE_ERROR = 0x01
    NO_FINGER = 0x02
    IMAGE_FAILED = 0x03
    MESSY_IMAGE = 0x06
    TOO_FEW_FEATURES = 0x07
    NO_MATCH = 0x08
    NOT_FOUND = 0x09
    MERGE_FAILED = 0x0A
    NO_SUCH_PAGE = 0x0B
    UNREADABLE_PAGE = 0x0C
    UPLOAD_FAILED = 0x0D
    CANNOT_RECEIVE = 0x0E
    IMAGE_UPLOAD_FAILED = 0x0F
    DELETE_FAILED = 0x10
    EMPTY_FAILED = 0x11
    WRONG_PASSWORD = 0x13
    NO_VALID_IMAGE = 0x15
    FLASH_ERROR = 0x18
    NO_SUCH_REGISTER = 0x1A
    WRONG_ADDRESS = 0x20
    PASSWORD_NOT_VERIFIED = 0x21


def _sum(body: bytes) -> bytes:
    return (sum(body) & 0xFFFF).to_bytes(2, "big")


def frame(kind: int, data: bytes, address: bytes = ADDRESS) -> bytes:
    """One packet as it goes over the line, with its length and its sum."""
    body = bytes([kind]) + (len(data) + 2).to_bytes(2, "big") + data
    return HEADER + address + body + _sum(body)


def is_sound(packet: bytes) -> bool:
    """Whether a whole packet's sum is right."""
    return _sum(packet[6:-2]) == packet[-2:]


def take_packet(line: bytearray, address: bytes = ADDRESS) -> bytes | None:
    """Cut the next whole packet off the front of the line, its sum unchecked, or None until more has come.

    What can't begin a packet of this address is dropped from the line.
    """
    prefix = HEADER + address
    while (start := line.find(prefix)) >= 0:
        del line[:start]
        if len(line) < _DATA_AT:
            return None
        length = int.from_bytes(line[7:9], "big")
        if not 3 <= length <= _MOST_LENGTH:
            del line[:1]
            continue
        if len(line) < _DATA_AT + length:
            return None
        packet = bytes(line[: _DATA_AT + length])
        del line[: _DATA_AT + length]
        return packet
    del line[: 1 - len(prefix)]  # the tail may be the first bytes of a packet
    return None


class CheckedPort:
    """The serial port of one sensor, which the vendor's library takes as its uart. One thread owns it.

    timeout_s is how long one packet may take to come. Raises SensorLost where the port can't be had.
    """

    def __init__(self, port: str, baud: int = 57600, timeout_s: float = ANSWER_TIMEOUT_S) -> None:
        self.port = port
        self._timeout_s = timeout_s
        self._serial = _open(port, baud, timeout_s)
        self._line = bytearray()
        self._packet = bytearray()
        self._command = "opening"
        self._in_doubt = True

    def write(self, packet: Sequence[int]) -> int:
        """Send one packet; before a command, the line is emptied of whatever still answers an older one."""
        sent = bytes(packet)
        if sent[6] == COMMAND:
            self._begin(sent[_DATA_AT])
        with self._losses():
            return int(self._serial.write(sent))

    def read(self, size: int) -> bytes:
        """The next `size` bytes of a checked packet; a refusal is filled out with zeros to that size.

        Raises SensorLost on silence, SensorError on a broken packet or one that answers something else.
        """
        if not self._packet:
            packet = self._receive()
            self._packet += packet if packet[6] != ACKNOWLEDGE else self._fit(packet, size)
            self._in_doubt = False
        part = bytes(self._packet[:size])
        del self._packet[:size]
        return part

    def close(self) -> None:
        """Let go of the port. May be called twice."""
        self._serial.close()

    def _begin(self, command: int) -> None:
        self._command = _COMMANDS.get(command, f"command {command:02X}")
        if not self._serial.is_open:
            raise SensorLost(f"port {self.port} has been closed: open the sensor again")
        with self._losses():
            if self._in_doubt:
                self._settle()
            if self._in_doubt and command != _VERIFY_PASSWORD:  # whose user asks for the parameters next
                self._realign()
            self._serial.reset_input_buffer()
            while self._serial.in_waiting:  # a flush may leave what the kernel has not yet handed on
                self._serial.read(self._serial.in_waiting)
        self._line.clear()
        self._packet.clear()
        self._in_doubt = True  # until a good answer has come

    def _settle(self) -> None:
        """Wait for quiet: the late answer to a command that failed must not answer the next one."""
        deadline = time.monotonic() + self._timeout_s
        while self._hear():
            if time.monotonic() > deadline:
                raise SensorError(f"the line {self.port} is never quiet: is it the sensor's, and is the baud right?")

    def _realign(self) -> None:
        """Ask what is answered at a length of its own, and skip until then: later still is no answer late."""
        self._line.clear()
        self._serial.write(frame(COMMAND, bytes([_READ_PARAMETERS])))
        while len(self._receive()) != _PARAMETERS_BYTES:
            continue

    def _hear(self) -> bytes:
        """What has come, waiting for a first byte no longer than a tick."""
        return bytes(self._serial.read(max(1, self._serial.in_waiting)))

    def _receive(self) -> bytes:
        deadline = time.monotonic() + self._timeout_s
        heard = overdue = False
        while (packet := take_packet(self._line)) is None:
            if overdue:
                raise self._broken("no whole packet came") if heard else self._silent()
            overdue = time.monotonic() > deadline  # one look more, for a program that was itself kept waiting
            with self._losses():
                news = self._hear()
            heard = heard or bool(news)
            self._line += news
        return self._check(packet)

    def _check(self, packet: bytes) -> bytes:
        if not is_sound(packet):
            raise self._broken("a packet's sum is wrong")
        if packet[6] == COMMAND:
            raise NotASensor(f"our own words come back on {self.port}: TX and RX are joined, or it is another line")
        if packet[6] not in (DATA, ACKNOWLEDGE, LAST_DATA):
            raise self._broken("a packet's kind is unknown")
        return packet

    def _fit(self, packet: bytes, size: int) -> bytes:
        """Sensors cut a refusal short, and the vendor's library reads by length: so it gets its length."""
        refused = packet[_DATA_AT] != Code.DONE
        if len(packet) == size:
            return packet
        if refused and len(packet) < size:
            return frame(ACKNOWLEDGE, packet[_DATA_AT:-2].ljust(size - _DATA_AT - 2, b"\0"))
        raise self._broken("the answer belongs to another command")

    @contextmanager
    def _losses(self) -> Iterator[None]:
        try:
            yield
        except SensorError:
            raise  # ours, though SensorLost is an OSError too
        except (OSError, termios.error) as error:
            raise SensorLost(
                f"the sensor's port {self.port} is gone ({self._command}): is it still plugged in?"
            ) from error

    def _silent(self) -> SensorLost:
        return SensorLost(
            f"the sensor on {self.port} is silent ({self._command}): check its power, its wires and the baud"
        )

    def _broken(self, what: str) -> SensorError:
        return SensorError(
            f"the sensor on {self.port} can't be understood ({self._command}): {what}; check its wires and the baud"
        )


def _open(port: str, baud: int, timeout_s: float) -> Any:
    try:
        return serial.Serial(port, baud, timeout=min(_TICK_S, timeout_s), write_timeout=timeout_s, exclusive=True)
    except (OSError, termios.error, ValueError, OverflowError) as error:
        raise SensorLost(_why_closed(port, baud, error)) from error


def _why_closed(port: str, baud: int, error: Exception) -> str:
    match getattr(error, "errno", None):
        case errno.ENOENT | errno.ENODEV | errno.ENXIO:
            return f"there is no port {port}: plug the sensor in, or set [fingerprint] port in gerbang.toml"
        case errno.EACCES | errno.EPERM:
            return f"port {port} may not be opened: add this user to the group dialout"
        case errno.EAGAIN | errno.EBUSY:
            return f"port {port} is in use by another program; is the gate running?"
    if isinstance(error, ValueError | OverflowError):
        return f"port {port} can't be set to {baud} baud: set [fingerprint] baud in gerbang.toml"
    return f"{port} is not a serial line: set [fingerprint] port in gerbang.toml to the sensor's"
