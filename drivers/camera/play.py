"""A scene's file while it plays: another program may rewrite it, and the gate follows."""

import logging
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from drivers.camera.contract import CameraSettings
from drivers.camera.figure import Box, Figure
from drivers.camera.scene import Fault, Scene, Visit, read_scene
from drivers.camera.stage import SWAY, Stage
from drivers.errors import CameraEnded, CameraError, CameraFrozen, CameraUnplugged

_LOOK_S = 0.1  # between two looks at the file
_SILENCE_S = 2.0  # after which a camera that gives nothing says so, as real ones do

_Key = tuple[str, Box, int]

_log = logging.getLogger(__name__)


class Play:
    """The reel of a scene: its frames at any time, from the newest good version of its file."""

    def __init__(self, path: Path, settings: CameraSettings, began_s: float | None = None) -> None:
        """Read the scene, and begin it unless it says when it began, or `began_s` does. Raises CameraError."""
        self.fps = float(settings.fps)
        self._path = path
        self._figures: dict[_Key, Figure] = {}
        self._stamp = _stamp(path)
        self.opened_s = time.monotonic()
        self.began_s = began_s or self.opened_s
        self._scene = read_scene(path)
        if (fault := self._scene.fault_at(self._since_s(self.opened_s))) and fault.kind == "unplugged":
            raise _unplugged(path)
        self._cast(self._scene)
        self._stage = Stage(*settings.size, self._scene.seed)
        self._size = settings.size
        self._bad = False
        self.opened_s = self._looked_s = time.monotonic()
        self.began_s = began_s or self.opened_s

    def picture(self, due_s: float) -> NDArray[np.uint8] | None:
        """The frame that is due at a time.monotonic(). Raises CameraEnded, and what a fault of the scene asks for."""
        self._look()
        since_s = self._since_s(due_s)
        if self._scene.is_over(since_s):
            raise CameraEnded(f"The scene {self._path} is over.")
        return self._draw(since_s, self._scene.fault_at(since_s))

    def close(self) -> None:
        """Nothing is held."""

    def _since_s(self, at_s: float) -> float:
        """How long after the scene's beginning that is."""
        return at_s - (self.began_s if self._scene.epoch_s is None else self._scene.epoch_s)

    def _draw(self, since_s: float, fault: Fault | None) -> NDArray[np.uint8] | None:
        kind = fault.kind if fault else None
        if fault and kind == "silent":
            if since_s - max(fault.at_s, self._since_s(self.opened_s)) > _SILENCE_S:
                raise CameraFrozen(f"The scene {self._path} gives no frames.")
            return None
        if kind == "unplugged":
            raise _unplugged(self._path)
        if fault and kind == "freeze":
            since_s = fault.at_s
        people = ((visit, self._figures[_key(visit)]) for visit in self._scene.visits)
        return self._stage.draw(people, since_s, kind if kind in ("dark", "covered") else None)

    def _look(self) -> None:
        """Take the file's new version, if there is one and it is good."""
        if time.monotonic() - self._looked_s < _LOOK_S:
            return
        self._looked_s = time.monotonic()
        try:
            stamp = _stamp(self._path)
            if stamp != self._stamp or self._bad:  # a bad one may need only its photo
                self._take(read_scene(self._path))
                self._stamp = stamp
        except CameraError as fault:
            if not self._bad:
                _log.warning("%s The scene before goes on.", fault)
            self._bad = True

    def _take(self, scene: Scene) -> None:
        seed = self._scene.seed
        self._scene = self._cast(scene)
        if scene.seed != seed:
            self._stage = Stage(*self._size, scene.seed)
        if self._bad:
            _log.info("The scene %s is good again.", self._path)
        self._bad = False

    def _cast(self, scene: Scene) -> Scene:
        """Cut the figures of all visits, keeping those that are cut already. Raises CameraError."""
        figures: dict[_Key, Figure] = {}
        for number, visit in enumerate(scene.visits, 1):
            key = _key(visit)
            try:
                figures[key] = figures.get(key) or self._figures.get(key) or self._cut(visit)
            except ValueError as cause:
                raise CameraError(f"The scene {self._path} is wrong: visit {number}: {cause}.") from cause
        self._figures = figures
        return scene

    def _cut(self, visit: Visit) -> Figure:
        return Figure(self._path.parent / visit.photo, visit.face, visit.near_px * (1 + SWAY))


def _unplugged(path: Path) -> CameraUnplugged:
    return CameraUnplugged(f"The scene {path} says that its camera is unplugged.")


def _key(visit: Visit) -> _Key:
    return visit.photo, visit.face, visit.near_px


def _stamp(path: Path) -> tuple[int, int, int]:
    """What changes when a file is rewritten or replaced. Raises CameraError."""
    try:
        status = path.stat()
    except OSError as cause:
        raise CameraError(f"The scene {path} can't be read ({cause.strerror}).") from cause
    return status.st_mtime_ns, status.st_ino, status.st_size
