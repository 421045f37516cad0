"""The camera's thread: frames are taken as they come, and passed on while something can be seen in them."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from drivers.camera import Camera, Frame
from drivers.errors import CameraFrozen, Trouble
from kiosk.parts import Report
from kiosk.vision.view import View

FROZEN_S: Final = 2.0
_SILENT_S: Final = FROZEN_S + 0.3  # a driver that keeps its word has raised by then
_OPENING_S: Final = 10.0  # a camera on a bad cable takes 5 s to say so
_REOPEN_S: Final = 10.0  # the first time; each time in vain, twice as long, for most often it is just night
_REOPEN_SELDOM_S: Final = 300.0

_WHY: Final = {
    Trouble.DARK: "the camera sees no light: is it night, or is the lens covered?",
    Trouble.COVERED: "the camera sees no edge anywhere: is something on the lens?",
}


class Filming:
    """What is wrong with the camera is told; a frozen one is opened again at once, one that sees nothing at times."""

    def __init__(
        self,
        see: Callable[[Frame], None],
        stop: threading.Event,
        view: View,
        time_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """`see` is given each frame in which something can be seen, and must return at once.

        view: outlives an opening, so that what was frozen must move before it is believed again.
        """
        self._see = see
        self._stop = stop
        self._view = view
        self._time_s = time_s
        self._reopen_s = _REOPEN_S
        self._due_s: float | None = None

    def use(self, camera: Camera, report: Report) -> None:
        """Take frames until the end. Returns where the camera is to be opened afresh; raises CameraError."""
        opened_s: float | None = None
        while not self._stop.is_set():
            frame = self._next(camera)
            opened_s = opened_s or frame.monotonic_s
            trouble = self._view.judge(frame)
            if trouble is None:
                self._reopen_s = _REOPEN_S
                report.works()
                self._see(frame)
            elif self._is_hopeless(trouble, frame.monotonic_s - opened_s, report):
                return

    def open(self, opener: Callable[[], Camera]) -> Camera:
        """Open the camera. Raises CameraError."""
        with self._awaited(_OPENING_S):
            return opener()

    def is_silent(self) -> bool:
        """Whether the driver takes longer than it should: it may hang in the kernel. Any thread may ask."""
        due_s = self._due_s
        return due_s is not None and self._time_s() > due_s

    def _next(self, camera: Camera) -> Frame:
        with self._awaited(_SILENT_S):
            return camera.read()

    @contextmanager
    def _awaited(self, limit_s: float) -> Iterator[None]:
        self._due_s = self._time_s() + limit_s
        try:
            yield
        finally:
            self._due_s = None

    def _is_hopeless(self, trouble: Trouble, open_s: float, report: Report) -> bool:
        """Tell the trouble; whether to try a fresh opening, for the device itself may be at fault."""
        if trouble is Trouble.FROZEN:
            if open_s < FROZEN_S:  # it was frozen before it was opened again; perhaps it moves now
                return False
            raise CameraFrozen(f"the camera gives the same picture for {FROZEN_S:g} s: it hangs, and is started again")
        report.fails(trouble, _WHY.get(trouble, trouble.value))
        if open_s < self._reopen_s:
            return False
        self._reopen_s = min(2 * self._reopen_s, _REOPEN_SELDOM_S)
        return True
