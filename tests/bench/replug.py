"""Camera and sensor are pulled out and put back, at the gate's own threads: does each come back, and what leaks?

The camera is a scene, and its figures are called so: its file says that it is unplugged, and so it can be neither read
nor opened. Each time it is put back, frames must be searched again before it counts.

The pauses between two tries are short and always the same here. The gate's own grow to 5 s for a part that fails again
and again, and it is told to be back only once it has served for as long; so "seconds until it was back" are not the
gate's, but what the parts themselves need.
"""

import argparse
import statistics
import sys
import tempfile
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Final

from drivers.camera import CameraSettings, open_camera
from drivers.camera.scene import Fault, Scene, write_scene
from drivers.fingerprint import FingerprintSettings
from kiosk.events import Nobody, PartBack, PartLost, Sighting
from kiosk.feeling import Feeling
from kiosk.gallery import Gallery
from kiosk.sightings import Sightings
from kiosk.store import open_store
from kiosk.vision.eye import Eye
from tests.bench.replug_sensor import Footprint, Stream, pull_sensor
from tests.bench.report import Goal, Report
from tests.kiosk.test_sightings import BlindEngine

_WARM: Final = 10  # pulls until every cache is filled; what grows then is a leak
_PAUSE_S: Final = 0.05
_KIB_PER_PULL: Final = 4.0


def pull_camera(pulls: int, report: Report, warm: int, pause_s: float) -> None:
    """Pull the camera out and put it back so often, after `warm` pulls more; the figures go into the report."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        scene = folder / "scene.toml"
        write_scene(scene, Scene())
        sightings = Sightings(
            Eye(BlindEngine(), Gallery([], 0.45, 0.04), 110),
            partial(open_camera, CameraSettings("replay", scene.name), folder),
            lambda: None,
            partial(Feeling, FingerprintSettings("none"), open_store=partial(open_store, folder / "gerbang.db")),
            on_frame=lambda _: None,
            pauses_s=(pause_s,),
        )
        sightings.start()
        with closing(sightings):
            _pull(warm, pulls, Stream(sightings, "camera"), scene, report)


def _pull(warm: int, pulls: int, stream: Stream, scene: Path, report: Report) -> None:
    footprints: list[Footprint] = []
    lost_s: list[float] = []
    back_s: list[float] = []
    searched = 0

    def timed(kind: type[Sighting]) -> float:
        since_s = time.monotonic()
        stream.wait(kind)
        return time.monotonic() - since_s

    for number in range(warm + pulls):
        write_scene(scene, Scene(faults=(Fault("unplugged", 0.0),)))
        lost_s.append(timed(PartLost))
        footprints.append(Footprint.now())  # while no frame is on its way
        write_scene(scene, Scene())
        back_s.append(timed(PartBack))
        searched += stream.wait(Nobody)
        if sys.stderr.isatty():
            print(f"\r{number + 1} of {warm + pulls} pulls", end="", file=sys.stderr, flush=True)
    first, last, half = footprints[warm - 1], footprints[-1], warm + pulls // 2
    report.add("scene: pulled out and put back", warm + pulls)
    for what, kind in (("told to be lost", PartLost), ("told to be back", PartBack)):
        report.add(f"scene: {what}", stream.read[kind])
        report.add(f"scene: {what} too often, or not", abs(stream.read[kind] - warm - pulls), Goal(0, "most"))
    report.add("scene: not searched again", warm + pulls - searched, Goal(0, "most"))
    report.add("scene: seconds until it was told to be lost, longest", max(lost_s[warm:]), Goal(2.0, "most"))
    report.add("scene: seconds until it was back, median", statistics.median(back_s[warm:]))
    report.add("scene: seconds until it was back, longest", max(back_s[warm:]))
    report.add("scene: threads leaked", last.threads - first.threads, Goal(0, "most"))
    report.add("scene: descriptors leaked", last.descriptors - first.descriptors, Goal(0, "most"))
    # The least of each half, for now and then a frame's worth is still held when it is measured.
    before, after = (min(item.memory_kib for item in part) for part in (footprints[warm:half], footprints[half:]))
    growth = 2 * (after - before) / pulls
    report.add("scene: KiB of memory more at each pull", growth, Goal(_KIB_PER_PULL, "most"))


def main() -> None:
    """Pull, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one object of JSON last")
    parser.add_argument("--pulls", type=int, default=100, help="of each part, 2 or more (default 100)")
    parser.add_argument("--warm", type=int, default=_WARM, help=f"so many more to warm up, 1 or more (default {_WARM})")
    parser.add_argument(
        "--pause", type=float, default=_PAUSE_S, metavar="SECONDS", help=f"between two tries (default {_PAUSE_S})"
    )
    arguments = parser.parse_args()
    report = Report("replug")
    for pull in (pull_camera, pull_sensor):
        pull(arguments.pulls, report, arguments.warm, arguments.pause)
    report.show(as_json=arguments.json)


if __name__ == "__main__":
    main()
