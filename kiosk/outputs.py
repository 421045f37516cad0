"""Where answers go: lights, buzzer and page. One that fails keeps nobody from the others, and is opened again."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from drivers.buzzer import Buzzer
from drivers.errors import DriverError
from drivers.lights import Lights
from kiosk.parts import Report
from kiosk.screen import Screen

_REOPEN_S = 5.0


class _Device(Protocol):
    def close(self) -> None: ...


Device = TypeVar("Device", bound=_Device)


class Mending(Generic[Device]):
    """A device that is opened when it is first used, and again after it failed."""

    def __init__(self, opener: Callable[[], Device], report: Report, reopen_s: float = _REOPEN_S) -> None:
        """Nothing is opened yet; that it fails, and that it works again, is reported. reopen_s: never sooner."""
        self._opener = opener
        self._report = report
        self._reopen_s = reopen_s
        self._device: Device | None = None
        self._failed_s: float | None = None
        self._work: Callable[[Device], None] | None = None

    def use(self, work: Callable[[Device], None]) -> None:
        """Let the device do something: at once, or else when it is mended, if nothing newer is to be done then."""
        self._work = work
        if not self._is_left_alone():
            self._do(work)

    def mend(self) -> None:
        """Try once more what a failing device could not do. To be called now and then."""
        if self._failed_s is not None and self._work and not self._is_left_alone():
            self._do(self._work)

    def _is_left_alone(self) -> bool:
        return self._failed_s is not None and time.monotonic() - self._failed_s < self._reopen_s

    def _do(self, work: Callable[[Device], None]) -> None:
        try:
            self._once(work)
        except DriverError:
            self._again(work)
        else:
            self._well()

    def _again(self, work: Callable[[Device], None]) -> None:
        """What failed may have been the work before this one: a device opened afresh is tried at once."""
        self.close()
        try:
            self._once(work)
        except DriverError as error:
            self._failed_s = time.monotonic()
            self._report.fails(error.trouble, str(error))
            self.close()
        else:
            self._well()

    def _once(self, work: Callable[[Device], None]) -> None:
        self._device = self._device or self._opener()
        work(self._device)

    def _well(self) -> None:
        self._failed_s = None
        self._report.works()

    def close(self) -> None:
        """Let go of the device. May be called twice."""
        device, self._device = self._device, None
        if device:
            with suppress(DriverError):
                device.close()


@dataclass(frozen=True)
class Outputs:
    """All of them."""

    lights: Mending[Lights]
    buzzer: Mending[Buzzer]
    screen: Screen
