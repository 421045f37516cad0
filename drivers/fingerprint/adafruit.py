"""A ZFM-20, R30x or R503 sensor through Adafruit's library, over a port that checks what it says."""

import logging
import math
import struct
import time
from collections.abc import Callable
from typing import Any, Final

from adafruit_fingerprint import Adafruit_Fingerprint

from drivers.errors import EnrolmentFailed, NotASensor, SensorError, SensorLost, SensorRefused
from drivers.fingerprint.contract import EnrolStep, FingerprintSettings, Touch
from drivers.fingerprint.port import ANSWER_TIMEOUT_S, CheckedPort, Code

_log = logging.getLogger(__name__)

_UNREADABLE: Final = (Code.MESSY_IMAGE, Code.TOO_FEW_FEATURES, Code.NO_VALID_IMAGE)
_INDEX: Final = 0x1F
_INDEX_REPLY_BYTES: Final = 44
_BLOCK: Final = 256  # pages that one index command tells of
_LOOK_PAUSE_S: Final = 0.05  # between two looks while a person is at work; the sensor itself needs longer

_MEANINGS: Final = {int(code): code.name.lower().replace("_", " ") for code in Code}

# What the vendor's library was seen to raise on answers that it did not expect.
_VENDOR_ERRORS: Final = (RuntimeError, struct.error, LookupError, NameError, OSError, ValueError, TypeError)


class AdafruitSensor:
    """The sensor on a serial port, opened and asked for its capacity at once. One thread owns it.

    timeout_s is how long one answer may take. Raises SensorLost, NotASensor.
    """

    def __init__(self, settings: FingerprintSettings, timeout_s: float = ANSWER_TIMEOUT_S) -> None:
        self._settings = settings
        self._port = CheckedPort(settings.port, settings.baud, timeout_s)
        try:
            self._vendor = self._shake_hands()
        except BaseException:
            self._port.close()
            raise
        _log.info("fingerprint sensor on %s: room for %d fingers", settings.port, self.capacity)

    @property
    def capacity(self) -> int:
        """How many fingers it can hold, as the sensor itself says."""
        return int(self._vendor.library_size)

    def poll(self) -> Touch | None:
        """Look at the glass once: None where no readable finger lies on it. Raises SensorError.

        The search is made twice: two wrong bits can pass a sum, but not twice with the same page.
        """
        if not self._capture(slot=1):
            return None
        first, second = self._search(), self._search()
        if first.page != second.page:
            _log.warning("two searches on %s disagreed; neither is believed", self._settings.port)
            return None
        return Touch(first.page, min(first.score, second.score))

    def enrol(self, page: int, prompt: Callable[[EnrolStep], None], timeout_s: float = 20.0) -> None:
        """Store the finger of two touches at `page`; `prompt` is called before each step.

        timeout_s is for each step. Raises EnrolmentFailed, other SensorErrors.
        """
        self._check_page(page)
        prompt(EnrolStep.TOUCH)
        self._wait(lambda: self._capture(slot=1), timeout_s, "no readable finger came")
        self._refuse_known(page)
        prompt(EnrolStep.LIFT)
        self._wait(self._is_bare, timeout_s, "the finger was not lifted")
        prompt(EnrolStep.TOUCH_AGAIN)
        self._wait(lambda: self._capture(slot=2), timeout_s, "no readable finger came again")
        if self._ask("join the two touches", self._vendor.create_model, Code.MERGE_FAILED) != Code.DONE:
            raise EnrolmentFailed("the two touches differ: start again, with the same finger, laid flat")
        self._ask(f"store page {page}", lambda: self._vendor.store_model(page))

    def _refuse_known(self, page: int) -> None:
        """A finger on two pages would be two people's."""
        known = self._search().page
        if known not in (None, page):
            raise EnrolmentFailed(f"this finger is enrolled already, at page {known}: use another one")

    def delete(self, page: int) -> None:
        """Erase one page and read back that it is gone; an empty one is no error. Raises SensorError."""
        self._check_page(page)
        self._ask(f"delete page {page}", lambda: self._vendor.delete_model(page), Code.DELETE_FAILED)
        if page in self.pages():
            raise SensorRefused(f"the sensor on {self._settings.port} still holds page {page}: delete it again")

    def pages(self) -> frozenset[int]:
        """The pages that hold a finger. Raises SensorError."""
        blocks = range(math.ceil(self.capacity / _BLOCK))
        return frozenset(page for block in blocks for page in self._index(block) if page < self.capacity)

    def close(self) -> None:
        """Let go of the port. May be called twice."""
        self._port.close()

    def _shake_hands(self) -> Any:
        try:
            return self._greet()
        except SensorError:
            # The first command is lost where a program that died left half a command in the sensor's ear.
            return self._greet()

    def _greet(self) -> Any:
        port, baud = self._settings.port, self._settings.baud
        try:
            return Adafruit_Fingerprint(self._port)
        except (SensorLost, NotASensor):
            raise
        except SensorError as error:
            raise NotASensor(
                f"what answers on {port} is not a fingerprint sensor at {baud} baud:"
                " check [fingerprint] port and baud in gerbang.toml"
            ) from error
        except _VENDOR_ERRORS as error:
            raise NotASensor(
                f"the sensor on {port} refuses the factory's password: set it back, or use another sensor"
            ) from error

    def _take_image(self) -> int:
        return self._ask("take an image", self._vendor.get_image, Code.NO_FINGER, Code.IMAGE_FAILED)

    def _is_bare(self) -> bool:
        return self._take_image() == Code.NO_FINGER

    def _capture(self, slot: int) -> bool:
        """Take the finger on the glass into a buffer; False where none lies there that can be read."""
        if self._take_image() != Code.DONE:
            return False
        code = self._ask("read the image", lambda: self._vendor.image_2_tz(slot), *_UNREADABLE)
        return code == Code.DONE

    def _search(self) -> Touch:
        if self._ask("search", self._vendor.finger_search, Code.NOT_FOUND) == Code.NOT_FOUND:
            return Touch(None)
        page = int(self._vendor.finger_id)
        if page >= self.capacity:
            raise SensorError(f"the sensor on {self._settings.port} found page {page}, which it does not have")
        return Touch(page, int(self._vendor.confidence))

    def _index(self, block: int) -> list[int]:
        """The pages in use of one block; the vendor's own listing keeps silent when a block is refused."""
        reply: list[int] = []

        def command() -> int:
            self._vendor._send_packet([_INDEX, block])
            reply.extend(self._vendor._get_packet(_INDEX_REPLY_BYTES))
            return reply[0]

        self._ask("list its pages", command)
        return [block * _BLOCK + bit for bit in range(_BLOCK) if reply[1 + bit // 8] >> bit % 8 & 1]

    def _ask(self, what: str, command: Callable[[], int], *expected: int) -> int:
        """The confirmation code of one command: done, or one of the expected."""
        try:
            code = command()
        except SensorError:
            raise
        except _VENDOR_ERRORS as error:
            raise SensorError(f"the sensor on {self._settings.port} failed to {what}: {error}") from error
        if code in (Code.DONE, *expected):
            return code
        why = _MEANINGS.get(code, "see its manual")
        raise SensorRefused(f"the sensor on {self._settings.port} refused to {what}: code {code:02X}, {why}")

    def _wait(self, until: Callable[[], bool], timeout_s: float, otherwise: str) -> None:
        deadline = time.monotonic() + timeout_s
        while not until():
            if time.monotonic() > deadline:
                raise EnrolmentFailed(f"{otherwise} within {timeout_s:g} s: start again")
            time.sleep(_LOOK_PAUSE_S)

    def _check_page(self, page: int) -> None:
        if not 0 <= page < self.capacity:
            raise SensorRefused(f"the sensor on {self._settings.port} has pages 0 to {self.capacity - 1}, not {page}")
