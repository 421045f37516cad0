"""What stands before the demo's camera."""

import time
from dataclasses import replace
from pathlib import Path

from drivers.camera.scene import Scene, Visit, write_scene
from kiosk.vision import OnnxEngine, read_photograph
from kiosk.vision.photograph import find_faces


class Stage:
    """What stands before the camera, written down for it as it happens."""

    def __init__(self, path: Path) -> None:
        """An empty gate."""
        self.path = path
        self._began_s = time.monotonic()
        self._scene = Scene(epoch_s=self._began_s)
        self._engine = OnnxEngine(path.parent / "models")
        write_scene(path, self._scene)

    def enters(self, photograph: Path) -> None:
        """The person on a photograph comes nearer, and stays."""
        face = find_faces(self._engine, read_photograph(photograph))[0]
        visit = Visit(str(photograph), face, at_s=round(self._now_s() + 0.3, 2))
        self._write((*self._scene.visits, visit))

    def leaves(self) -> None:
        """Who came last goes."""
        *before, last = self._scene.visits
        self._write((*before, replace(last, leave_s=round(max(self._now_s(), last.at_s), 2))))

    def _now_s(self) -> float:
        return time.monotonic() - self._began_s

    def _write(self, visits: tuple[Visit, ...]) -> None:
        self._scene = replace(self._scene, visits=visits)
        write_scene(self.path, self._scene)
