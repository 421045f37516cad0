"""The sensor's packets, and its words: pure functions over bytes. Source: the manuals of the ZFM-20 and the R503."""

from enum import IntEnum
from typing import Final

HEADER: Final = b"\xef\x01"
ADDRESS: Final = b"\xff\xff\xff\xff"
COMMAND: Final = 0x01
DATA: Final = 0x02
ACKNOWLEDGE: Final = 0x07
LAST_DATA: Final = 0x08
DATA_AT: Final = 9  # header, address, kind and length come before it

_MOST_LENGTH: Final = 256 + 2  # the largest data packet, and its sum
LARGEST: Final = DATA_AT + _MOST_LENGTH

# How long the answers are, on the line; those to index and to count are as long as no other that we ask for.
SHORT_BYTES: Final = 12
COUNT_BYTES: Final = 14
SEARCH_BYTES: Final = 16
INDEX_BYTES: Final = 44


class Instruction(IntEnum):
    """The first byte of a command's data."""

    TAKE_IMAGE = 0x01
    IMAGE_TO_CHARACTERS = 0x02
    MATCH = 0x03
    SEARCH = 0x04
    MAKE_MODEL = 0x05
    STORE = 0x06
    LOAD = 0x07
    UPLOAD_CHARACTERS = 0x08
    DOWNLOAD_CHARACTERS = 0x09
    UPLOAD_IMAGE = 0x0A
    DOWNLOAD_IMAGE = 0x0B
    DELETE = 0x0C
    EMPTY = 0x0D
    SET_PARAMETER = 0x0E
    READ_PARAMETERS = 0x0F
    SET_PASSWORD = 0x12
    VERIFY_PASSWORD = 0x13
    RANDOM = 0x14
    SET_ADDRESS = 0x15
    FAST_SEARCH = 0x1B
    COUNT = 0x1D
    INDEX = 0x1F
    AURA_LIGHT = 0x35
    SOFT_RESET = 0x3D


class Code(IntEnum):
    """What an acknowledgement says: done, or why not."""

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
    LIBRARY_FULL = 0x1F
    WRONG_ADDRESS = 0x20
    PASSWORD_NOT_VERIFIED = 0x21


def in_words(number: int, names: type[IntEnum]) -> str:
    """The name of an instruction or a code, as a person reads it."""
    try:
        return names(number).name.lower().replace("_", " ")
    except ValueError:
        return f"{names.__name__.lower()} {number:02X}"


def _sum(body: bytes) -> bytes:
    return (sum(body) & 0xFFFF).to_bytes(2, "big")


def frame(kind: int, data: bytes, address: bytes = ADDRESS) -> bytes:
    """One packet as it goes over the line, with its length and its sum."""
    body = bytes([kind]) + (len(data) + 2).to_bytes(2, "big") + data
    return HEADER + address + body + _sum(body)


def is_sound(packet: bytes) -> bool:
    """Whether a whole packet's sum is right."""
    return _sum(packet[6:-2]) == packet[-2:]


def has_begun(line: bytes | bytearray, address: bytes = ADDRESS) -> bool:
    """Whether a packet of this address begins on the line."""
    return HEADER + address in line


def take_packet(line: bytearray, address: bytes = ADDRESS) -> bytes | None:
    """Cut the next whole packet off the front of the line, its sum unchecked, or None until more has come.

    What can't begin a packet of this address is dropped from the line.
    """
    prefix = HEADER + address
    while (start := line.find(prefix)) >= 0:
        del line[:start]
        if len(line) < DATA_AT:
            return None
        length = int.from_bytes(line[7:9], "big")
        if not 3 <= length <= _MOST_LENGTH:
            del line[:1]
            continue
        if len(line) < DATA_AT + length:
            return None
        packet = bytes(line[: DATA_AT + length])
        del line[: DATA_AT + length]
        return packet
    del line[: 1 - len(prefix)]  # the tail may be the first bytes of a packet
    return None
