"""Which baud does the sensor speak? Each is tried with one short question, the configured one first and last.

The others come from the fast ones on: sensors leave their factories at 57600 or 115200.
"""

import time
from typing import Final, get_args

from drivers.errors import NotASensor, SensorError, SensorGarbled, SensorSilent, WrongPassword
from drivers.fingerprint.contract import Baud
from drivers.fingerprint.line import Line
from drivers.fingerprint.packets import (
    ACKNOWLEDGE,
    COMMAND,
    DATA_AT,
    Code,
    Instruction,
    frame,
    is_sound,
    take_packet,
)
from drivers.fingerprint.port import FILLER, HOW_TO_SET_PASSWORD

_DEAF_S: Final = 0.75  # for the configured baud: a ZFM-20 hears nothing for 500 ms once it has power
_TRY_S: Final = 0.12  # one question and its answer; at 9600 baud their bytes take 30 ms
_LAST_S: Final = 0.3  # for the configured baud once more, after the others
_TEXT: Final = 0.9  # the share of printable bytes from which on it is text
_SOME: Final = 16  # as many bytes are needed to say so


def find_baud(line: Line, password: int) -> int:
    """Tune the line to the sensor's baud, its password said; the baud. Takes 1.7 s at most.

    Raises SensorSilent, SensorGarbled, NotASensor, WrongPassword, SensorUnplugged.
    """
    bauds: tuple[int, ...] = get_args(Baud)
    others = [baud for baud in reversed(bauds) if baud != line.baud]
    plan = [(line.baud, _DEAF_S), *((baud, _TRY_S) for baud in others), (line.baud, _LAST_S)]
    noise = b""
    for baud, share_s in plan:
        line.retune(baud)
        code, heard = _knock(line, password, time.monotonic() + share_s)
        if code == Code.WRONG_PASSWORD:
            raise WrongPassword(f"the sensor on {line.port} wants another password: {HOW_TO_SET_PASSWORD}")
        if code == Code.DONE:
            return baud
        if code is not None:
            raise NotASensor(
                f"what answers on {line.port} at {baud} baud refuses the password with code {code:02X}:"
                " use a sensor of the ZFM-20, R30x or R503 family"
            )
        noise = noise or heard
    raise _nothing(line, noise)


def _knock(line: Line, password: int, by_s: float) -> tuple[int | None, bytes]:
    """The code with which the password is answered at this baud, None where nothing can be believed; what came."""
    words = ask = frame(COMMAND, bytes([Instruction.VERIFY_PASSWORD]) + password.to_bytes(4, "big"))
    all_heard = b""
    heard = bytearray()
    while time.monotonic() < by_s:
        line.write(words, by_s)
        try_s = min(time.monotonic() + line.bytes_s(len(words)) + _TRY_S, by_s)
        while news := line.hear(try_s):
            heard += news
            all_heard += news
            while (packet := take_packet(heard)) is not None:
                if is_sound(packet) and packet[6] == COMMAND:
                    raise NotASensor(
                        f"our own words come back on {line.port}: TX and RX are joined, or it is another line"
                    )
                if is_sound(packet) and packet[6] == ACKNOWLEDGE and packet[DATA_AT] != Code.RECEIVE_ERROR:
                    return packet[DATA_AT], all_heard
        words = FILLER + ask
    return None, all_heard


def _nothing(line: Line, noise: bytes) -> SensorError:
    if not noise:
        return SensorSilent(f"the sensor on {line.port} is silent at every baud: check its power and its wires")
    if len(noise) >= _SOME and sum(32 <= byte < 127 or byte in b"\r\n" for byte in noise) >= _TEXT * len(noise):
        return NotASensor(f"what is plugged in at {line.port} sends text, as a modem or a GPS does, and is no sensor")
    return SensorGarbled(
        f"what comes from {line.port} can't be understood at any baud: check its wires, and that it is the sensor's"
    )
