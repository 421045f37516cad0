"""What an emulated sensor does with each packet, without the line.

Sources: the facts of the ZFM-20 family's manuals, and the R503's (V1.2) for its ring and its reset.
"""

import hashlib
import secrets
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from drivers.fingerprint.flash import FACTORY_PASSWORD, Flash
from drivers.fingerprint.models import Model, Timing
from drivers.fingerprint.packets import (
    ACKNOWLEDGE,
    COMMAND,
    DATA,
    DATA_AT,
    LAST_DATA,
    Code,
    Instruction,
    frame,
    in_words,
    is_sound,
)
from drivers.fingerprint.ridges import draw
from drivers.fingerprint.templates import score_of, template_of

_BAUD_STEP: Final = 9600
_BLOCK: Final = 256  # pages that one index command tells of
_SCORE_STEP: Final = 25  # each level of security asks for so much more of a match, from 0 at level 1
_FEATURELESS: Final = 4  # fewer greys than this are no picture of a finger
_HAS_PICTURE, _VERIFIED, _PASSED = 8, 4, 2  # bits of the status register


@dataclass(frozen=True)
class Answer:
    """What the sensor says to a packet, after so much work; restarts: whether it then starts anew by itself."""

    packets: tuple[bytes, ...] = ()
    work_s: float = 0.0
    restarts: bool = False


@dataclass(frozen=True)
class Ring:
    """What the light ring was told to show, in the manual's numbers: mode 1 to 6, colour 1 to 7."""

    mode: int
    speed: int
    colour: int
    cycles: int


@dataclass(frozen=True)
class Impression:
    """What lay on the glass when an image was taken."""

    finger: str
    touch: int
    smudged: bool


class Chip:
    """The sensor between its glass and its line. `finger` and `smudged` are what lies on the glass now."""

    def __init__(self, flash: Flash, model: Model, capacity: int, timing: Timing) -> None:
        """As after power-on. capacity: pages."""
        self.flash = flash
        self.finger: str | None = None
        self.smudged = False
        self._model = model
        self._capacity = capacity
        self._timing = timing
        self._orders = _ORDERS | _RING_ORDERS if model.ring else _ORDERS
        self._touches = 0
        self._drawn: dict[bytes, Impression] = {}  # by the picture's digest: a picture that comes back is known again
        self.power_on()

    @property
    def address(self) -> bytes:
        """To whom it listens."""
        return bytes.fromhex(self.flash.settings.address)

    def power_on(self) -> None:
        """Forget all but the flash."""
        self.ring: Ring | None = None
        self._image: Impression | bytes | None = None
        self._buffers: dict[int, bytes] = {}
        self._verified = self.flash.settings.password == FACTORY_PASSWORD
        self._passed = False
        self._receiving: tuple[int | Literal["image"], bytes] | None = None
        self._following = b""  # the data that comes after the acknowledgement
        self._restarts = False

    def hear(self, packet: bytes) -> Answer:
        """The answer to one whole packet; none to data, which the sensor never acknowledges."""
        kind, data = packet[6], packet[DATA_AT:-2]
        if packet[2:6] != self.address:
            # All but the handshake is for others: so the manuals have it, and so the drivers expect it.
            strange = (kind, data[0]) == (COMMAND, Instruction.VERIFY_PASSWORD) and is_sound(packet)
            return Answer((self._acknowledge(bytes([Code.WRONG_ADDRESS])),) if strange else ())
        if kind in (DATA, LAST_DATA):
            self._take_data(kind, data if is_sound(packet) else b"")
            return Answer()
        if kind != COMMAND or not is_sound(packet):
            return Answer((self._acknowledge(bytes([Code.RECEIVE_ERROR])),))
        self._receiving, self._following = None, b""
        said = self._obey(data[0], data[1:])
        work_s = self._timing.work_s(data[0], said[0], len(self.flash.templates))
        return Answer((self._acknowledge(said), *self._packets(self._following)), work_s, self._restarts)

    def _acknowledge(self, said: bytes) -> bytes:
        return frame(ACKNOWLEDGE, said, self.address)

    def _packets(self, data: bytes) -> list[bytes]:
        size = self.flash.settings.packet_bytes
        starts = range(0, len(data), size)
        kinds = (DATA if start + size < len(data) else LAST_DATA for start in starts)
        return [
            frame(kind, data[start : start + size], self.address) for kind, start in zip(kinds, starts, strict=True)
        ]

    def _obey(self, command: int, arguments: bytes) -> bytes:
        if not self._verified and command != Instruction.VERIFY_PASSWORD:
            return bytes([Code.PASSWORD_NOT_VERIFIED])
        try:
            return self._orders[command](self, arguments)
        except (KeyError, struct.error):  # no such command, or not its number of arguments
            return bytes([Code.RECEIVE_ERROR])
        except OSError:  # the file of the flash
            return bytes([Code.FLASH_ERROR])

    def _take_image(self, _: bytes) -> bytes:
        if self.finger is None:
            return bytes([Code.NO_FINGER])
        self._touches += 1
        self._image = Impression(self.finger, self._touches, self.smudged)
        return bytes([Code.DONE])

    def _image_to_characters(self, arguments: bytes) -> bytes:
        slot = _slot(*struct.unpack(">B", arguments))
        match self._image:
            case None:
                return bytes([Code.NO_VALID_IMAGE])
            case Impression(smudged=True):
                return bytes([Code.MESSY_IMAGE])
            case Impression(finger, touch):
                self._buffers[slot] = template_of(finger, touch, self._model.template_bytes)
            case picture:
                if len(set(picture)) < _FEATURELESS:
                    return bytes([Code.TOO_FEW_FEATURES])
                self._buffers[slot] = hashlib.shake_256(picture).digest(self._model.template_bytes)
        return bytes([Code.DONE])

    def _match(self, _: bytes) -> bytes:
        score = self._score(self._buffers[1], self._buffers[2]) if len(self._buffers) == 2 else 0
        return struct.pack(">BH", Code.DONE if score else Code.NO_MATCH, score)

    def _score(self, one: bytes, other: bytes) -> int:
        score = score_of(one, other)
        return score if score > (self.flash.settings.security_level - 1) * _SCORE_STEP else 0

    def _search(self, arguments: bytes) -> bytes:
        slot, start, count = struct.unpack(">BHH", arguments)
        probe = self._buffers.get(_slot(slot))
        stored = self.flash.templates
        scores = {page: self._score(probe, stored[page]) for page in stored if probe and start <= page < start + count}
        best = max(scores, key=lambda page: (scores[page], -page), default=0)
        self._passed = bool(scores.get(best))
        if not self._passed:
            return struct.pack(">BHH", Code.NOT_FOUND, 0, 0)
        return struct.pack(">BHH", Code.DONE, best, scores[best])

    def _make_model(self, _: bytes) -> bytes:
        if len(self._buffers) < 2 or not self._score(self._buffers[1], self._buffers[2]):
            return bytes([Code.MERGE_FAILED])
        self._buffers[2] = self._buffers[1]
        return bytes([Code.DONE])

    def _store(self, arguments: bytes) -> bytes:
        slot, page = struct.unpack(">BH", arguments)
        if page >= self._capacity:
            return bytes([Code.NO_SUCH_PAGE])
        if (template := self._buffers.get(_slot(slot))) is None:
            return bytes([Code.FLASH_ERROR])
        self.flash.keep({**self.flash.templates, page: template})
        return bytes([Code.DONE])

    def _load(self, arguments: bytes) -> bytes:
        slot, page = struct.unpack(">BH", arguments)
        if page >= self._capacity:
            return bytes([Code.NO_SUCH_PAGE])
        if page not in self.flash.templates:
            return bytes([Code.UNREADABLE_PAGE])
        self._buffers[_slot(slot)] = self.flash.templates[page]
        return bytes([Code.DONE])

    def _upload_characters(self, arguments: bytes) -> bytes:
        template = self._buffers.get(_slot(*struct.unpack(">B", arguments)))
        if template is None:
            return bytes([Code.UPLOAD_FAILED])
        self._following = template
        return bytes([Code.DONE])

    def _download_characters(self, arguments: bytes) -> bytes:
        self._receiving = _slot(*struct.unpack(">B", arguments)), b""
        return bytes([Code.DONE])

    def _upload_image(self, _: bytes) -> bytes:
        match self._image:
            case None:
                return bytes([Code.IMAGE_UPLOAD_FAILED])
            case Impression(finger, touch, smudged) as seen:
                self._following = draw(finger, touch, self._model.picture, smudged=smudged)
                self._drawn[hashlib.sha256(self._following).digest()] = seen
            case picture:
                self._following = picture
        return bytes([Code.DONE])

    def _download_image(self, _: bytes) -> bytes:
        self._receiving = "image", b""
        return bytes([Code.DONE])

    def _take_data(self, kind: int, data: bytes) -> None:
        if self._receiving is None:
            return
        place, received = self._receiving[0], self._receiving[1] + data
        self._receiving = (place, received) if kind == DATA else None
        if kind == DATA:
            return
        width, height = self._model.picture
        if place == "image" and len(received) == width * height // 2:
            self._image = self._drawn.get(hashlib.sha256(received).digest(), received)
        elif place != "image" and len(received) == self._model.template_bytes:
            self._buffers[place] = received

    def _delete(self, arguments: bytes) -> bytes:
        start, count = struct.unpack(">HH", arguments)
        if start + count > self._capacity:
            return bytes([Code.DELETE_FAILED])
        self.flash.keep({page: t for page, t in self.flash.templates.items() if not start <= page < start + count})
        return bytes([Code.DONE])

    def _empty(self, _: bytes) -> bytes:
        self.flash.keep({})
        return bytes([Code.DONE])

    def _set_parameter(self, arguments: bytes) -> bytes:
        match struct.unpack(">BB", arguments):
            case 4, n if n in self._model.bauds:
                self.flash.set(baud=n * _BAUD_STEP)
            case 5, level if 1 <= level <= 5:
                self.flash.set(security_level=level)
            case 6, code if code <= 3:
                self.flash.set(packet_bytes=32 << code)
            case _:
                return bytes([Code.NO_SUCH_REGISTER])
        return bytes([Code.DONE])

    def _read_parameters(self, _: bytes) -> bytes:
        settings = self.flash.settings
        status = bool(self._image) * _HAS_PICTURE | self._verified * _VERIFIED | self._passed * _PASSED
        words = (status, self._model.system, self._capacity, settings.security_level, self.address)
        packet_code = settings.packet_bytes.bit_length() - 6
        return struct.pack(">BHHHH4sHH", Code.DONE, *words, packet_code, settings.baud // _BAUD_STEP)

    def _set_password(self, arguments: bytes) -> bytes:
        (password,) = struct.unpack(">4s", arguments)
        self.flash.set(password=password.hex())
        return bytes([Code.DONE])

    def _verify_password(self, arguments: bytes) -> bytes:
        (password,) = struct.unpack(">4s", arguments)
        self._verified = password.hex() == self.flash.settings.password
        return bytes([Code.DONE if self._verified else Code.WRONG_PASSWORD])

    def _random(self, _: bytes) -> bytes:
        return bytes([Code.DONE]) + secrets.token_bytes(4)

    def _set_address(self, arguments: bytes) -> bytes:
        (address,) = struct.unpack(">4s", arguments)
        self.flash.set(address=address.hex())
        return bytes([Code.DONE])

    def _count(self, _: bytes) -> bytes:
        return struct.pack(">BH", Code.DONE, len(self.flash.templates))

    def _index(self, arguments: bytes) -> bytes:
        (block,) = struct.unpack(">B", arguments)
        if block * _BLOCK >= self._capacity:
            return bytes([Code.NO_SUCH_PAGE])
        bits = sum(1 << page % _BLOCK for page in self.flash.templates if page // _BLOCK == block)
        return bytes([Code.DONE]) + bits.to_bytes(_BLOCK // 8, "little")

    def _aura_light(self, arguments: bytes) -> bytes:
        ring = Ring(*struct.unpack(">BBBB", arguments))
        if not (1 <= ring.mode <= 6 and 1 <= ring.colour <= 7):
            return bytes([Code.RECEIVE_ERROR])
        self.ring = ring
        return bytes([Code.DONE])

    def _soft_reset(self, _: bytes) -> bytes:
        self._restarts = True
        return bytes([Code.DONE])


def _slot(number: int) -> int:
    return 1 if number == 1 else 2  # as the sensor takes every other number


_ORDERS: Final[dict[int, Callable[[Chip, bytes], bytes]]] = {
    Instruction.TAKE_IMAGE: Chip._take_image,
    Instruction.IMAGE_TO_CHARACTERS: Chip._image_to_characters,
    Instruction.MATCH: Chip._match,
    Instruction.SEARCH: Chip._search,
    Instruction.MAKE_MODEL: Chip._make_model,
    Instruction.STORE: Chip._store,
    Instruction.LOAD: Chip._load,
    Instruction.UPLOAD_CHARACTERS: Chip._upload_characters,
    Instruction.DOWNLOAD_CHARACTERS: Chip._download_characters,
    Instruction.UPLOAD_IMAGE: Chip._upload_image,
    Instruction.DOWNLOAD_IMAGE: Chip._download_image,
    Instruction.DELETE: Chip._delete,
    Instruction.EMPTY: Chip._empty,
    Instruction.SET_PARAMETER: Chip._set_parameter,
    Instruction.READ_PARAMETERS: Chip._read_parameters,
    Instruction.SET_PASSWORD: Chip._set_password,
    Instruction.VERIFY_PASSWORD: Chip._verify_password,
    Instruction.RANDOM: Chip._random,
    Instruction.SET_ADDRESS: Chip._set_address,
    Instruction.FAST_SEARCH: Chip._search,
    Instruction.COUNT: Chip._count,
    Instruction.INDEX: Chip._index,
}
_RING_ORDERS: Final[dict[int, Callable[[Chip, bytes], bytes]]] = {
    Instruction.AURA_LIGHT: Chip._aura_light,
    Instruction.SOFT_RESET: Chip._soft_reset,
}


def describe(packet: bytes) -> str:
    """A packet in a few words, without what a template or picture holds."""
    kind, data = packet[6], packet[DATA_AT:-2]
    if not is_sound(packet):
        return "a packet whose sum is wrong"
    if kind in (DATA, LAST_DATA):
        return f"{len(data)} bytes of data{', the last' if kind == LAST_DATA else ''}"
    name = in_words(data[0], Instruction if kind == COMMAND else Code)
    return f"{name} {data[1:].hex(' ', -2)}".rstrip()
