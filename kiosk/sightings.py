"""Camera and finger threads -> one ordered stream of what was seen.

Each thread owns its device (see parts.py), and ends with `close`. Anything else that ends a thread is handed to the
reader of the stream, so that the process ends and is started afresh.
"""

import logging
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from drivers.camera import Camera, Frame
from drivers.errors import Trouble
from drivers.fingerprint import FingerprintSensor
from kiosk import clock
from kiosk.events import Moment, Sighting
from kiosk.feeling import Feeling
from kiosk.filming import Filming
from kiosk.parts import PAUSES_S, Report, Tell, keep
from kiosk.vision.eye import Eye, Portrait
from kiosk.vision.view import View

_log = logging.getLogger(__name__)
_POLL_S = 0.1
_CLOSE_S = 1.2  # a thread that hangs in its device by then is left to the end of the process

Item = TypeVar("Item")


class Slot(Generic[Item]):
    """Holds one item: the newest wins, and nobody waits to put one in."""

    def __init__(self) -> None:
        """Empty."""
        self._item: Item | None = None
        self._filled = threading.Condition()

    def put(self, item: Item) -> None:
        """Put an item in place of the one that is there."""
        with self._filled:
            self._item = item
            self._filled.notify()

    def take(self, timeout_s: float) -> Item | None:
        """The item, which is then gone; None when none came in time."""
        with self._filled:
            self._filled.wait_for(lambda: self._item is not None, timeout_s)
            item, self._item = self._item, None
            return item


class Sightings:
    """The stream. `feeling.known`, whose finger is on which page, may be swapped at any time."""

    def __init__(
        self,
        eye: Eye,
        open_camera: Callable[[], Camera],
        open_sensor: Callable[[], FingerprintSensor | None],
        feel: Callable[[Tell, threading.Event], Feeling],
        on_frame: Callable[[Frame], None],
        pauses_s: tuple[float, ...] = PAUSES_S,
    ) -> None:
        """feel: makes what the sensor's thread does; pauses_s: see parts.keep.

        on_frame: is given each frame that shows something, and must return at once.
        """
        self._eye = eye
        self._open_camera = open_camera
        self._open_sensor = open_sensor
        self._on_frame = on_frame
        self._pauses_s = pauses_s
        self._frames = Slot[Frame]()
        self._portraits = Slot[Portrait]()
        self._stream: SimpleQueue[Sighting | BaseException] = SimpleQueue()
        self._camera = Report("camera", self.tell)
        self._sensor = Report("sensor", self.tell)
        self._filmed = self._searched = self._recognised = 0
        self._stop = threading.Event()
        self._filming = Filming(self._see, self._stop, View(eye.min_face_px))
        self.feeling = feel(self.tell, self._stop)
        self._threads = [
            threading.Thread(target=self._guarded, args=(work,), name=work.__name__.strip("_"), daemon=True)
            for work in (self._film, self._watch, self._recognise, self._feel)
        ]

    @property
    def counts(self) -> dict[str, int]:
        """How many frames were filmed and searched, and how many faces recognised, since the start."""
        return {"filmed": self._filmed, "searched": self._searched, "recognised": self._recognised}

    def start(self) -> None:
        """Begin to look and feel."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End the threads; each closes its device."""
        self._stop.set()
        deadline_s = clock.now().monotonic_s + _CLOSE_S
        for thread in self._threads:
            if thread.is_alive():
                thread.join(timeout=max(0.0, deadline_s - clock.now().monotonic_s))
        _log.info("frames filmed %(filmed)d, searched %(searched)d, faces recognised %(recognised)d", self.counts)

    def tell(self, sighting: Sighting) -> None:
        """Put a sighting of another part into the stream. Any thread may."""
        self._stream.put(sighting)

    def next(self, timeout_s: float) -> Sighting | None:
        """The next sighting; None when nothing was seen in time. Raises what ended a thread."""
        try:
            item = self._stream.get(timeout=timeout_s)
        except Empty:
            return None
        if isinstance(item, BaseException):
            raise item
        return item

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - a thread that ends must end the process, whatever it was
            self._stream.put(error)

    def _film(self) -> None:
        """The camera's thread."""
        keep(self._camera, lambda: self._filming.open(self._open_camera), self._filming.use, self._stop, self._pauses_s)

    def _see(self, frame: Frame) -> None:
        self._filmed += 1
        self._frames.put(frame)
        self._on_frame(frame)

    def _watch(self) -> None:
        """The thread that searches frames for faces."""
        while not self._stop.is_set():
            frame = self._frames.take(_POLL_S)
            if frame is None:
                if self._filming.is_silent():
                    self._camera.fails(Trouble.FROZEN, "the camera's driver does not come back: is its cable firm?")
                continue
            now = clock.now()
            at = Moment(now.wall_s - (now.monotonic_s - frame.monotonic_s), frame.monotonic_s)
            sighting, portrait = self._eye.watch(frame, at)
            self._searched += 1
            self._stream.put(sighting)
            if portrait:
                self._portraits.put(portrait)

    def _recognise(self) -> None:
        """The thread that knows faces."""
        while not self._stop.is_set():
            portrait = self._portraits.take(_POLL_S)
            if portrait:
                self._stream.put(self._eye.recognise(portrait))
                self._recognised += 1

    def _feel(self) -> None:
        """The sensor's thread."""
        keep(self._sensor, self._open_sensor, self.feeling.use, self._stop, self._pauses_s)
