"""A ZFM-20, R30x or R503 sensor through Adafruit's library, over a port that checks what it says.

**Who it is.** A page is believed only when two searches name it, the second of them in that page alone: two wrong
bits can pass a packet's sum, but hardly in both. That is not all: an image that was not taken, or was not turned
into characters, leaves another person's in the sensor, which both searches would find. So each step is fenced: the
sensor is asked to count its pages, which is answered at another length, and nothing may come before that. What was
said before is then known to answer this step. And fingers are looked for in the second buffer, because the sensor
takes every number but 1 for it: no two wrong bits turn it into the first.

**What that holds against.** One wrong bit in a packet never passes its sum; two in each packet that do name nobody
else. Three are too many: they turn "no finger" into "done", its sum too, and the image of before is searched, so that
a bare glass is taken for whoever was there last. The sensor does not tell an image's age; to look twice would cost
every person an image's time.

**Why not the vendor's own search.** It reads the parameters each time, a command of which two wrong bits make the
one that empties the sensor, and it knows the first buffer only. Its transfer of templates checks nothing.

**Deadlines.** poll, count, pages, delete and glow take 2 answer_s at most, and so does each look at the glass or other
step of the rest, the bytes of templates apart. Opening takes OPENING_S.
"""

import logging
import math
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Final

from adafruit_fingerprint import Adafruit_Fingerprint

from drivers.errors import (
    EnrolmentFailed,
    FingerTaken,
    NotASensor,
    SensorError,
    SensorFull,
    SensorGarbled,
    SensorLost,
    SensorRefused,
    SensorUnplugged,
)
from drivers.fingerprint.contract import EnrolStep, FingerprintSettings, SensorParameters, Touch
from drivers.fingerprint.line import Line
from drivers.fingerprint.packets import INDEX_BYTES, SEARCH_BYTES, SHORT_BYTES, Code, Instruction, in_words
from drivers.fingerprint.port import ANSWER_S, CheckedPort
from drivers.fingerprint.probe import find_baud
from drivers.fingerprint.ring import DARK, Aura, aura_of
from drivers.lights.contract import Pattern

OPENING_S: Final = 2.0

_log = logging.getLogger(__name__)

_UNREADABLE: Final = (Code.MESSY_IMAGE, Code.TOO_FEW_FEATURES, Code.NO_VALID_IMAGE)
_FIRST, _PROBE = 1, 2  # the sensor's two buffers
_BLOCK: Final = 256  # pages that one index command tells of
_LARGEST_SIZE: Final = 3  # of packets: 32 << 3 bytes
_RING_S: Final = 0.2  # for a command that a sensor without a ring may not even answer
_LOOK_PAUSE_S: Final = 0.05  # between two looks while a person is at work; the sensor itself needs longer

# What the vendor's library was seen to raise on answers that it did not expect.
_VENDOR_ERRORS: Final = (RuntimeError, struct.error, LookupError, NameError, OSError, ValueError, TypeError)


class AdafruitSensor:
    """The sensor on a serial port, found at its baud and asked for its parameters at once. One thread owns it.

    answer_s is how long one answer may take. Raises SensorLost, SensorGarbled, NotASensor.
    """

    def __init__(
        self,
        settings: FingerprintSettings,
        answer_s: float = ANSWER_S,
        open_line: Callable[[str, int], Line] = Line,
    ) -> None:
        over_s = time.monotonic() + OPENING_S
        self._name = settings.port
        self._call_s = 2 * answer_s
        self._glowing: Aura | None = None
        line = open_line(settings.port, settings.baud)
        try:
            baud = find_baud(line, settings.password)
            self._port = CheckedPort(line, answer_s, settings.password)
            with self._port.within(over_s - time.monotonic()):
                self._vendor = self._greet(settings.password)
            ring = settings.ring and self._has_ring(over_s)
            self.parameters = self._read_parameters(baud, ring)
        except BaseException:
            line.close()
            raise
        _log.info("fingerprint sensor on %s: room for %d fingers, %d baud", self._name, self.capacity, baud)

    @property
    def capacity(self) -> int:
        """How many fingers it can hold, as the sensor itself says."""
        return self.parameters.capacity

    def poll(self) -> Touch | None:
        """Look at the glass once: None where no readable finger lies on it. Raises SensorError."""
        with self._port.within(self._call_s):
            if not self._capture(_PROBE):
                return None
            touch = self._recognise(_PROBE)
        if touch is None:
            self._port.doubt()
            _log.warning("two searches on %s disagreed; neither is believed", self._name)
        return touch

    def enrol(
        self,
        page: int,
        prompt: Callable[[EnrolStep], None],
        timeout_s: float = 20.0,
        *,
        own: frozenset[int] = frozenset(),
    ) -> None:
        """Store the finger of two touches at `page`; `prompt` is called before each step.

        timeout_s is for each step; own: pages on which the finger may lie already. Raises FingerTaken,
        EnrolmentFailed, other SensorErrors.
        """
        self._check_page(page)
        prompt(EnrolStep.TOUCH)
        self._wait(lambda: self._capture(_FIRST), timeout_s, "no readable finger came")
        self._refuse_known(_FIRST, {page, *own})
        prompt(EnrolStep.LIFT)
        self._wait(self._is_bare, timeout_s, "the finger was not lifted")
        prompt(EnrolStep.TOUCH_AGAIN)
        self._wait(lambda: self._capture(_PROBE), timeout_s, "no readable finger came again")
        before = self.pages()
        with self._port.within(self._call_s):
            if self._ask("join the two touches", self._vendor.create_model, Code.MERGE_FAILED) != Code.DONE:
                raise EnrolmentFailed("the two touches differ: start again, with the same finger, laid flat")
            self._fence()
        self._store(page, before)
        with self._port.within(self._call_s):
            touch = self._recognise(_PROBE)
        if touch is None or touch.page not in {page, *own}:
            raise SensorRefused(f"the sensor on {self._name} does not find page {page} again: enrol it once more")

    def delete(self, page: int) -> None:
        """Erase one page and read back that it alone is gone; an empty one is no error. Raises SensorError."""
        self._check_page(page)
        with self._port.within(self._call_s):
            before = self._pages()
            self._ask(f"delete page {page}", lambda: self._vendor.delete_model(page), Code.DELETE_FAILED)
            after = self._pages()
        if page in after:
            raise SensorRefused(f"the sensor on {self._name} still holds page {page}: delete it again")
        self._compare(before - {page}, after)

    def count(self) -> int:
        """How many pages hold a finger. Raises SensorError."""
        with self._port.within(self._call_s):
            return self._fence()

    def pages(self) -> frozenset[int]:
        """The pages that hold a finger. Raises SensorError."""
        with self._port.within(self._call_s):
            return self._pages()

    def read_template(self, page: int) -> bytes:
        """The template of one page, read twice, for a wrong bit might name another page. Raises SensorError."""
        self._check_page(page)
        template, again = self._load(page), self._load(page)
        if template != again:
            raise SensorGarbled(f"the sensor on {self._name} gave page {page} in two ways: read it again")
        return template

    def write_template(self, page: int, template: bytes, *, unless_known: bool = False) -> None:
        """Put a template on a page and read it back; where that fails, the page is then emptied, if it can be.

        unless_known: before that, refuse a finger that another page has. Raises EnrolmentFailed for such a one,
        SensorRefused where the sensor did not take it as it was, SensorLost at once, other SensorErrors.
        """
        self._check_page(page)
        before = self.pages()
        self._send(template)
        if unless_known:
            self._refuse_known(_PROBE, {page})
        try:
            self._store(page, before)
            if self.read_template(page) != template:
                raise SensorRefused(
                    f"the sensor on {self._name} did not keep the template of page {page} as it was:"
                    " it must come from a sensor of the same model"
                )
        except SensorLost:  # nobody is there to empty it, and each try would take its whole deadline
            raise
        except SensorError:
            with suppress(SensorError):
                self.delete(page)
            raise

    def glow(self, pattern: Pattern) -> None:
        """Show a pattern of the lights on the sensor's own ring; nothing where it has none. Raises SensorError."""
        aura = aura_of(pattern)
        if not self.parameters.ring or aura == self._glowing:
            return
        with self._port.within(self._call_s):
            self._light(aura)

    def close(self) -> None:
        """Let go of the port. May be called twice."""
        self._port.close()

    def _greet(self, password: int) -> Any:
        try:
            return Adafruit_Fingerprint(self._port, tuple(password.to_bytes(4, "big")))
        except SensorError:
            raise
        except _VENDOR_ERRORS as error:
            raise NotASensor(
                f"the sensor on {self._name} does not tell its parameters:"
                " use a sensor of the ZFM-20, R30x or R503 family"
            ) from error

    def _read_parameters(self, baud: int, ring: bool) -> SensorParameters:
        size, capacity = int(self._vendor.data_packet_size), int(self._vendor.library_size)
        if not capacity or size > _LARGEST_SIZE:
            raise NotASensor(
                f"the sensor on {self._name} says that it has {capacity} pages and packets of size {size}:"
                " use a sensor of the ZFM-20, R30x or R503 family"
            )
        level, system = int(self._vendor.security_level), int(self._vendor.system_id)
        return SensorParameters(capacity, 32 << size, level, system, baud, ring)

    def _has_ring(self, over_s: float) -> bool:
        for _ in range(2):  # a spoilt packet is no refusal
            try:
                with self._port.within(min(_RING_S, over_s - time.monotonic())):
                    return self._light(DARK, *range(0x100)) == Code.DONE
            except SensorUnplugged:
                raise
            except SensorError:
                continue
        return False

    def _light(self, aura: Aura, *expected: int) -> int:
        code = self._ask("light its ring", lambda: self._vendor.set_led(**asdict(aura)), *expected)
        self._glowing = aura
        return code

    def _take_image(self) -> int:
        code = self._ask("take an image", self._vendor.get_image, Code.NO_FINGER, Code.IMAGE_FAILED)
        self._fence()
        return code

    def _is_bare(self) -> bool:
        return self._take_image() == Code.NO_FINGER

    def _capture(self, buffer: int) -> bool:
        """Take the finger on the glass into a buffer; False where none lies there that can be read."""
        if self._take_image() != Code.DONE:
            return False
        code = self._ask("read the image", lambda: self._vendor.image_2_tz(buffer), *_UNREADABLE)
        self._fence()
        return code == Code.DONE

    def _fence(self) -> int:
        """Make sure that the command before was answered once; how many pages hold a finger."""
        self._ask("count its pages", self._vendor.count_templates)
        return int(self._vendor.template_count)

    def _recognise(self, buffer: int) -> Touch | None:
        """Whose finger is in a buffer; None where two searches disagree."""
        first = self._search(buffer, 0, self.capacity)
        self._fence()
        where = (0, self.capacity) if first.page is None else (first.page, 1)
        second = self._search(buffer, *where)
        return Touch(first.page, min(first.score, second.score)) if first.page == second.page else None

    def _search(self, buffer: int, start: int, count: int) -> Touch:
        reply = self._exchange("search", struct.pack(">BBHH", Instruction.SEARCH, buffer, start, count), SEARCH_BYTES)
        if reply[0] == Code.NOT_FOUND:
            return Touch(None)
        page, score = struct.unpack(">HH", bytes(reply[1:5]))
        if page >= self.capacity:
            raise SensorGarbled(f"the sensor on {self._name} found page {page}, which it does not have: try again")
        return Touch(page, score)

    def _refuse_known(self, buffer: int, pages: set[int]) -> None:
        """A finger on two pages would be two people's."""
        with self._port.within(self._call_s):
            touch = self._recognise(buffer)
        if touch is None:
            raise EnrolmentFailed("the sensor is not sure whether it knows this finger: start again")
        if touch.page is not None and touch.page not in pages:
            raise FingerTaken(f"this finger is enrolled already, at page {touch.page}: use another one", touch.page)

    def _store(self, page: int, before: frozenset[int]) -> None:
        """Put the second buffer on a page, and see that since `before` no other page came or went."""
        with self._port.within(self._call_s):
            self._ask(f"store page {page}", lambda: self._vendor.store_model(page, _PROBE))
            self._compare(before | {page}, self._pages())

    def _compare(self, expected: frozenset[int], pages: frozenset[int]) -> None:
        """Two wrong bits on the way to the sensor can name another page."""
        if pages != expected:
            wrong = ", ".join(map(str, sorted(pages ^ expected)))
            raise SensorRefused(
                f"the sensor on {self._name} did not do with page {wrong} what it was told;"
                " another page may have been overwritten: gerbang fingers check"
            )

    def _load(self, page: int) -> bytes:
        """A page into the second buffer, and out of the sensor."""
        with self._port.within(self._call_s):
            code = self._ask(f"load page {page}", lambda: self._vendor.load_model(page, _PROBE), Code.UNREADABLE_PAGE)
            if code != Code.DONE:
                raise SensorRefused(f"page {page} of the sensor on {self._name} holds no finger: enrol it first")
            self._fence()
            self._exchange("upload", bytes([Instruction.UPLOAD_CHARACTERS, _PROBE]), SHORT_BYTES)
            return self._port.take_data()

    def _send(self, template: bytes) -> None:
        """A template into the second buffer."""
        with self._port.within(self._call_s):
            self._exchange("download", bytes([Instruction.DOWNLOAD_CHARACTERS, _PROBE]), SHORT_BYTES)
            self._port.send_data(template, self.parameters.packet_bytes)
            self._fence()

    def _pages(self) -> frozenset[int]:
        blocks = range(math.ceil(self.capacity / _BLOCK))
        return frozenset(page for block in blocks for page in self._index(block) if page < self.capacity)

    def _index(self, block: int) -> list[int]:
        """The pages in use of one block; the vendor's own listing keeps silent when a block is refused."""
        reply = self._exchange("list its pages", bytes([Instruction.INDEX, block]), INDEX_BYTES)
        return [block * _BLOCK + bit for bit in range(_BLOCK) if reply[1 + bit // 8] >> bit % 8 & 1]

    def _exchange(self, what: str, command: bytes, size: int) -> list[int]:
        """The whole answer to a command for which the vendor has no words: done, or a search that found nothing."""
        reply: list[int] = []

        def ask() -> int:
            self._vendor._send_packet(list(command))
            reply.extend(self._vendor._get_packet(size))
            return reply[0]

        self._ask(what, ask, *([Code.NOT_FOUND] if command[0] == Instruction.SEARCH else []))
        return reply

    def _ask(self, what: str, command: Callable[[], int], *expected: int) -> int:
        """The confirmation code of one command: done, or one of the expected."""
        try:
            code = command()
        except SensorError:
            self._glowing = None
            raise
        except _VENDOR_ERRORS as error:
            raise SensorError(f"the sensor on {self._name} failed to {what}: {error}") from error
        if code in (Code.DONE, *expected):
            return code
        if code == Code.LIBRARY_FULL:
            raise self._full()
        self._glowing = None
        self._port.doubt()
        raise SensorRefused(
            f"the sensor on {self._name} refused to {what}: code {code:02X}, {in_words(code, Code)}; try again"
        )

    def _wait(self, until: Callable[[], bool], timeout_s: float, otherwise: str) -> None:
        deadline = time.monotonic() + timeout_s
        while True:
            with self._port.within(self._call_s):
                if until():
                    return
            if time.monotonic() > deadline:
                raise EnrolmentFailed(f"{otherwise} within {timeout_s:g} s: start again")
            time.sleep(_LOOK_PAUSE_S)

    def _check_page(self, page: int) -> None:
        if 0 <= page < self.capacity:
            return
        if page == self.capacity and self.count() == self.capacity:
            raise self._full()
        raise SensorRefused(f"the sensor on {self._name} has pages 0 to {self.capacity - 1}, not {page}")

    def _full(self) -> SensorFull:
        return SensorFull(f"the sensor on {self._name} holds {self.capacity} fingers and no more: delete one first")
