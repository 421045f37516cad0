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

    def use(self, work: Callable[[Device], None]) -> None:
        """Let the device do something, if it can."""
        if self._failed_s is not None and time.monotonic() - self._failed_s < self._reopen_s:
            return
        try:
            self._device = self._device or self._opener()
            work(self._device)
        except DriverError as error:
            self._failed_s = time.monotonic()
            self._report.fails(error.trouble, str(error))
            self.close()
        else:
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
