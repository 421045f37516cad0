"""A serial port that hands over whole, checked packets only, in step with what was asked, and never waits for ever.

The vendor's library checks no sum, never finds its way back after a stray byte, and blocks for as long as its
port does. CheckedPort stands in the place of its port and takes care of all three.

**Doubt.** From the moment a command goes out until its answer has come whole, the port is in doubt; an error leaves
it there, for a late answer may be under way, and the sensor may still wait for the rest of a command. The next
command then begins with finding the step: zeros that fill up what the sensor waits for, two commands whose answers
no other command's answer is as long as, and skipping of all that comes before those. A serial line overtakes
nothing, so that what was late is then behind us, however late it was, and a moment's quiet is all that is waited for.

**Deadlines.** One answer, and one finding of the step, take answer_s at most; `within` bounds several commands.
"""

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from drivers.errors import NotASensor, SensorError, SensorGarbled, SensorSilent, WrongPassword
from drivers.fingerprint.line import Line
from drivers.fingerprint.packets import (
    ACKNOWLEDGE,
    COMMAND,
    COUNT_BYTES,
    DATA,
    DATA_AT,
    INDEX_BYTES,
    LARGEST,
    LAST_DATA,
    SHORT_BYTES,
    Code,
    Instruction,
    frame,
    has_begun,
    in_words,
    is_sound,
    take_packet,
)

ANSWER_S: Final = 1.5  # half as long again as the slowest answer, a search of a full memory in 1 s (ZFM-20 manual)
FILLER: Final = bytes(LARGEST)  # completes whatever packet the sensor waits for, and begins none
_GAP_S: Final = 0.1  # within a packet the bytes follow each other; USB adapters hand them on every 16 ms at least
_PAUSE_S: Final = 0.02  # between two answers to questions that wait in the sensor: it looks up what it has at hand
_TRIES: Final = 5  # of finding the step in answer_s: a sensor is deaf for 500 ms once it has power
_MOST_DATA: Final = 0x4000  # ten times the largest template, an R503's
HOW_TO_SET_PASSWORD: Final = "set [fingerprint] password in gerbang.toml, or use another sensor"


class CheckedPort:
    """The serial port of one sensor, which the vendor's library takes as its uart. One thread owns it.

    answer_s: how long one answer may take. password: what the sensor wants to hear once it has lost its power.
    """

    def __init__(self, line: Line, answer_s: float = ANSWER_S, password: int = 0) -> None:
        self._line = line
        self._answer_s = answer_s
        self._gap_s = min(_GAP_S, answer_s / 2)
        self._password = password.to_bytes(4, "big")
        self._over_s = math.inf
        self._first = True
        self._heard = bytearray()
        self._noisy = False
        self._in_doubt = True

    @contextmanager
    def within(self, limit_s: float) -> Iterator[None]:
        """Everything in here is one call, and over after limit_s: by then what still waits raises."""
        self._over_s, self._first = time.monotonic() + limit_s, True
        try:
            yield
        finally:
            self._over_s, self._first = math.inf, True

    def write(self, packet: Sequence[int]) -> int:
        """Send one packet; before a command, whatever still answers an older one is got rid of.

        Raises SensorGarbled where, in the midst of a call, more answers came than commands went.
        """
        sent = bytes(packet)
        if sent[6] == COMMAND:
            self._begin(sent[DATA_AT])
        self._line.write(sent, self._by())
        return len(sent)

    def read(self, size: int) -> bytes:
        """The acknowledgement, a refusal filled out with zeros to `size`, which a good one has by itself.

        Raises SensorSilent, SensorGarbled, SensorUnplugged; NotASensor where our own words come back.
        """
        packet = self._receive(self._by())
        if packet[6] != ACKNOWLEDGE:
            raise self._garbled("data came where an answer was due")
        fitted = self._fit(packet, size)
        self._in_doubt = packet[DATA_AT] == Code.PASSWORD_NOT_VERIFIED
        return fitted

    def take_data(self) -> bytes:
        """What the data packets hold that follow an acknowledgement. Raises as read does."""
        data = b""
        self._in_doubt = True
        while (packet := self._receive(self._by()))[6] == DATA:
            data += packet[DATA_AT:-2]
            self._over_s += self._line.bytes_s(len(packet))
            if len(data) > _MOST_DATA:
                raise self._garbled("its data does not end")
        if packet[6] != LAST_DATA:
            raise self._garbled("an acknowledgement came in the midst of data")
        self._in_doubt = False
        return data + packet[DATA_AT:-2]

    def send_data(self, data: bytes, packet_bytes: int) -> None:
        """Send data packets of at most so many bytes; a sensor acknowledges none. Raises SensorUnplugged."""
        for start in range(0, len(data), packet_bytes):
            kind = DATA if start + packet_bytes < len(data) else LAST_DATA
            packet = frame(kind, data[start : start + packet_bytes])
            self._over_s += self._line.bytes_s(len(packet))
            self._line.write(packet, self._by())

    def doubt(self) -> None:
        """An answer was whole and yet makes no sense: the next command finds the step first."""
        self._in_doubt = True

    def close(self) -> None:
        """Let go of the port. May be called twice."""
        self._line.close()

    def _by(self) -> float:
        return min(time.monotonic() + self._answer_s, self._over_s)

    def _begin(self, command: int) -> None:
        self._line.doing = in_words(command, Instruction)
        first, self._first = self._first, math.isinf(self._over_s)
        self._heard += self._line.hear(0.0)
        if not self._in_doubt and has_begun(self._heard):
            self._in_doubt = True
            if not first:
                raise self._garbled("an answer came that nobody asked for")
        if self._in_doubt:
            self._find_step(self._by())
        self._in_doubt = True

    def _find_step(self, by_s: float) -> None:
        """Ask for what is answered at lengths of their own, and skip all else: an old answer comes before."""
        self._heard.clear()
        self._noisy = False
        ask = words = _ask(Instruction.INDEX, b"\0")
        while True:
            self._line.write(words, by_s)
            packet = self._skip_to(INDEX_BYTES, min(self._try_by(words), by_s))
            if packet is not None and len(packet) == INDEX_BYTES:
                break
            if time.monotonic() >= by_s:
                raise self._garbled("no whole packet came") if self._noisy else self._silent()
            words = FILLER + ask
            if packet is not None:
                self._unlock(by_s)
                words = ask
        self._line.write(_ask(Instruction.COUNT), by_s)
        if self._skip_to(COUNT_BYTES, by_s) is None:
            raise self._garbled("it answers one command and not the next")
        self._await_quiet(by_s)

    def _await_quiet(self, by_s: float) -> None:
        """Both answers may have been to the questions of an earlier try; those to the later ones follow at once."""
        quiet_s = self._line.bytes_s(INDEX_BYTES * 2) + _PAUSE_S
        while self._line.hear(min(time.monotonic() + quiet_s, self._over_s)):
            if time.monotonic() >= by_s:
                raise self._garbled("it does not stop speaking")
        self._heard.clear()

    def _unlock(self, by_s: float) -> None:
        """Say the password to a sensor that has forgotten that it heard it. Raises WrongPassword."""
        words = _ask(Instruction.VERIFY_PASSWORD, self._password)
        self._line.write(words, by_s)
        packet = self._skip_to(SHORT_BYTES, min(self._try_by(words), by_s))
        if packet is not None and packet[DATA_AT] == Code.WRONG_PASSWORD:
            raise WrongPassword(f"the sensor on {self._line.port} wants another password: {HOW_TO_SET_PASSWORD}")

    def _try_by(self, words: bytes) -> float:
        return time.monotonic() + self._line.bytes_s(len(words)) + self._answer_s / _TRIES

    def _skip_to(self, size: int, by_s: float) -> bytes | None:
        """The next sound acknowledgement of that size, or one that asks for the password; None where none comes."""
        late = False
        while True:
            packet = take_packet(self._heard)
            if packet is None:
                if late:
                    return None
                news = self._line.hear(by_s)
                self._heard += news
                self._noisy = self._noisy or bool(news)
                late = not news or time.monotonic() >= by_s
            elif not is_sound(packet):
                self._heard[:0] = packet[2:]  # a good one may begin in what was taken for its data
            elif packet[6] == ACKNOWLEDGE and (len(packet) == size or packet[DATA_AT] == Code.PASSWORD_NOT_VERIFIED):
                return packet

    def _receive(self, by_s: float) -> bytes:
        heard, late = bool(self._heard), False
        while (packet := take_packet(self._heard)) is None:
            if late:
                raise self._garbled("no whole packet came") if heard else self._silent()
            gap_s = time.monotonic() + self._gap_s if has_begun(self._heard) else math.inf
            news = self._line.hear(min(by_s, gap_s))
            self._heard += news
            heard = heard or bool(news)
            late = not news or time.monotonic() >= by_s
        return self._check(packet)

    def _check(self, packet: bytes) -> bytes:
        if not is_sound(packet):
            raise self._garbled("a packet's sum is wrong")
        if packet[6] == COMMAND:
            raise NotASensor(
                f"our own words come back on {self._line.port} ({self._line.doing}):"
                " TX and RX are joined, or it is another line"
            )
        if packet[6] not in (DATA, ACKNOWLEDGE, LAST_DATA):
            raise self._garbled("a packet's kind is unknown")
        if packet[6] == ACKNOWLEDGE and packet[DATA_AT] == Code.RECEIVE_ERROR:
            raise self._garbled("the sensor says that the command came to it broken")
        return packet

    def _fit(self, packet: bytes, size: int) -> bytes:
        """Sensors cut a refusal short, and the vendor's library reads by length: so it gets its length."""
        refused = packet[DATA_AT] != Code.DONE
        if len(packet) == size:
            return packet
        if refused and len(packet) < size:
            return frame(ACKNOWLEDGE, packet[DATA_AT:-2].ljust(size - DATA_AT - 2, b"\0"))
        raise self._garbled("the answer belongs to another command")

    def _silent(self) -> SensorSilent:
        return SensorSilent(
            f"the sensor on {self._line.port} is silent ({self._line.doing}): check its power, its wires and the baud"
        )

    def _garbled(self, what: str) -> SensorError:
        return SensorGarbled(
            f"the sensor on {self._line.port} can't be understood ({self._line.doing}): {what};"
            " check its wires and the baud"
        )


def _ask(instruction: Instruction, arguments: bytes = b"") -> bytes:
    return frame(COMMAND, bytes([instruction]) + arguments)
