"""The daemon as a real process whose parts fail: it says what is wrong, serves with what is left, and mends itself."""

from pathlib import Path

import pytest

from drivers.camera.scene import Fault, Scene, write_scene
from kiosk import clock
from kiosk.events import Moment
from kiosk.words import load_words
from tests.kiosk.sensor_desk import Booth
from tests.kiosk.test_daemon import Gate, enrol_thumb, gate
from tests.waiting import until

DAY_S = 86_400.0


@pytest.mark.parametrize(
    ("kind", "sign", "what"),
    [
        ("dark", "camera_dark", "dark"),
        ("covered", "camera_covered", "covered"),
        ("freeze", "camera_lost", "frozen"),
        ("unplugged", "camera_lost", "unplugged"),
    ],
)
def test_a_camera_that_sees_nothing_is_said_and_the_finger_serves(
    tmp_path: Path, kind: str, sign: str, what: str
) -> None:
    with Booth() as emulator:
        running = Gate(tmp_path, f'[fingerprint]\ndriver = "adafruit"\nport = "{emulator.port}"\n')
        enrol_thumb(running, emulator)
        running.start()
        try:
            until(lambda: running.sign() == "ready", "the gate")
            begun_s = clock.now().monotonic_s
            faulty = Fault(kind, at_s=0.0, until_s=DAY_S)  # type: ignore[arg-type]
            write_scene(tmp_path / "scene.toml", Scene(epoch_s=begun_s, faults=(faulty,)))
            until(lambda: running.sign() == sign, f"that the camera is {what}")
            assert load_words().fault("camera", what) in running.state()["notes"]
            emulator.place("thumb")
            until(lambda: "attendance" in running.kinds(), "the record by finger")
            emulator.bare()
            write_scene(tmp_path / "scene.toml", Scene(epoch_s=begun_s))
            until(lambda: running.sign() == "ready", "the camera that sees again")
            assert running.state()["notes"] == []
        finally:
            running.end()
    with running.store() as store:
        entries = [entry for entry in store.journal.since() if entry.kind in ("fault", "mended")]
    told = [(entry.kind, entry.payload["what"]) for entry in entries]
    assert told == [("fault", what), ("mended", what)]


def test_too_long_without_a_line_is_shown(tmp_path: Path) -> None:
    district = '[district]\nurl = "http://127.0.0.1:9"\noffline_after_h = 48\n'
    now = clock.now()
    old = Gate(tmp_path, district)
    with old.store() as store:
        store.journal.append("attendance", {}, Moment(now.wall_s - 3 * DAY_S, now.monotonic_s))
    with gate(tmp_path, district) as running:
        until(lambda: running.sign() == "offline_too_long", "the sign of a gate without a line")
        with running.store() as store:
            store.cursors.advance("district", store.journal.last_number())
        until(lambda: running.sign() == "ready", "the gate that is rid of its records")
