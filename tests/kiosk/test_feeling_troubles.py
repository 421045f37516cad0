"""What can be wrong with the sensor: found within the driver's deadline, told once, and over by itself when it is."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from drivers.errors import SensorGarbled, Trouble
from drivers.fingerprint import FingerprintSettings, Touch
from drivers.fingerprint.adafruit import AdafruitSensor
from drivers.fingerprint.faults import Fault, FaultKind
from drivers.lights import Colour, Pattern
from kiosk import clock
from kiosk.events import Ailment, PartAils, PartBack, PartLost, PartWell
from tests.kiosk.sensor_desk import Booth, at_work, enrol, settings_of
from tests.waiting import until

FOUND_S = 2.0
HOST_S = 1.0  # that a shared machine may take away meanwhile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gerbang.db"


@pytest.fixture
def port(tmp_path: Path) -> Path:
    return tmp_path / "port"


@pytest.fixture
def booth(port: Path) -> Iterator[Booth]:
    with Booth(link=port) as emulated:
        yield emulated


def noise(kind: FaultKind, count: int) -> list[Fault]:
    return [Fault(kind, "host", seed) for seed in range(count)]


@pytest.mark.parametrize("trouble", [Trouble.UNPLUGGED, Trouble.SILENT, Trouble.GARBLED])
def test_a_sensor_that_fails_is_found_in_time_told_once_and_back_by_itself(
    path: Path, booth: Booth, trouble: Trouble
) -> None:
    enrol(path, booth, {"ani": 5})
    harm: dict[Trouble, Callable[[], None]] = {
        Trouble.UNPLUGGED: booth.unplug,
        Trouble.SILENT: booth.silence,
        Trouble.GARBLED: lambda: booth.spoil(*noise(FaultKind.TRUNCATE, 100)),
    }
    with at_work(path, settings_of(booth)) as desk:
        assert desk.touch(booth, "ani") == "ani"
        since_s = clock.now().monotonic_s
        harm[trouble]()
        lost = desk.wait(PartLost)
        booth.heal()
        booth.plug()
        desk.wait(PartBack)
        assert desk.touch(booth, "ani") == "ani"
    assert lost.trouble is trouble
    assert lost.at.monotonic_s - since_s < FOUND_S + HOST_S
    assert len(desk.all(PartBack)) == 1


def test_one_garbled_answer_is_no_fault(path: Path, booth: Booth) -> None:
    enrol(path, booth, {"ani": 5})
    with at_work(path, settings_of(booth)) as desk:
        for fault in noise(FaultKind.FLIP, 5):
            booth.spoil(fault)
            assert desk.touch(booth, "ani") == "ani"
    assert not desk.all(PartLost)


def test_a_gate_begins_without_its_sensor(path: Path, booth: Booth) -> None:
    enrol(path, booth, {"ani": 5})
    booth.unplug()
    with at_work(path, settings_of(booth)) as desk:
        assert desk.wait(PartLost).trouble is Trouble.UNPLUGGED
        booth.plug()
        desk.wait(PartBack)
        assert desk.touch(booth, "ani") == "ani"


def test_a_sensor_with_another_password_is_told_and_left_alone(path: Path, port: Path) -> None:
    with Booth(link=port, password=b"key!") as booth:
        settings = settings_of(booth)
        with at_work(path, settings) as desk:
            assert desk.wait(PartLost).trouble is Trouble.PASSWORD
        right = replace(settings, password=int.from_bytes(b"key!"))
        with at_work(path, right) as desk:
            assert desk.touch(booth, "somebody") is None


def test_a_sensor_at_another_baud_serves_and_is_told(path: Path, port: Path) -> None:
    with Booth(link=port, baud=9600) as booth:
        enrol(path, booth, {"ani": 5})
        with at_work(path, replace(settings_of(booth), baud=57600)) as desk:
            ail = desk.wait(PartAils)
            assert desk.touch(booth, "ani") == "ani"
        with at_work(path, settings_of(booth)) as desk:
            assert desk.touch(booth, "ani") == "ani"
            assert not desk.all(PartAils)
    assert ail.ailment is Ailment.WRONG_BAUD
    assert "write baud = 9600" in ail.why


def test_a_full_sensor_is_told_until_somebody_is_erased(path: Path, port: Path) -> None:
    with Booth(link=port, capacity=2) as booth:
        enrol(path, booth, {"ani": 0, "budi": 1})
        with at_work(path, settings_of(booth)) as desk:
            assert desk.wait(PartAils).ailment is Ailment.FULL
            desk.erase("budi")
            until(lambda: bool(desk.journal("finger_erased")), "the page is free")
            desk.learn()
            assert desk.wait(PartWell).ailment is Ailment.FULL


def test_another_model_is_told_gets_no_templates_that_it_can_not_read_and_believes_nobody(
    path: Path, tmp_path: Path, port: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Booth(link=port) as ours:
        enrol(path, ours, {"ani": 5})
        enrol(path, ours, {"budi": 6}, kept=False)
        with at_work(path, settings_of(ours)) as desk:
            until(lambda: desk.known().sensor is not None, "the sensor is remembered")
    with Booth(link=port, model="r503") as theirs:
        enrol(tmp_path / "their.db", theirs, {"wayan": 6})
        with at_work(path, settings_of(theirs)) as desk:
            desk.wait(PartAils, 3)
            assert {item.ailment for item in desk.all(PartAils)} == {
                Ailment.REPLACED, Ailment.FINGERS_MISSING, Ailment.FINGERS_UNSURE
            }  # fmt: skip
            assert desk.touch(theirs, "wayan") is None
            looks = theirs.looks
            until(lambda: theirs.looks > looks + 20, "time for every chore")
            assert theirs.pages == {6}
    assert "brought back" not in caplog.text


def test_what_is_foreign_stays_so_while_the_sensor_is_away(path: Path, tmp_path: Path, port: Path) -> None:
    with Booth(link=port) as ours:
        enrol(path, ours, {"ani": 5})
    with Booth(link=port) as theirs:
        enrol(tmp_path / "their.db", theirs, {"wayan": 5})
        with at_work(path, settings_of(theirs)) as desk:
            assert desk.wait(PartAils).ailment is Ailment.FINGERS_FOREIGN
            theirs.unplug()
            desk.wait(PartLost)
            theirs.plug()
            desk.wait(PartBack)
            assert desk.touch(theirs, "wayan") is None
    assert len(desk.all(PartAils)) == 1
    assert not desk.all(PartWell)


class Exchanged(AdafruitSensor):
    """A sensor in whose place another one is put between two looks, on a port that stays: one answer is broken."""

    def __init__(self, settings: FingerprintSettings, page: int, template: bytes) -> None:
        """What the other one holds."""
        super().__init__(settings)
        self._theirs = (page, template)
        self.due = False

    def poll(self) -> Touch | None:
        """As the sensor does, but for the one time."""
        if not self.due:
            return super().poll()
        self.due = False
        self.write_template(*self._theirs)
        raise SensorGarbled("a packet was cut off")


def test_a_sensor_that_is_exchanged_in_a_moment_makes_nobody_somebody_else(
    path: Path, tmp_path: Path, booth: Booth
) -> None:
    with Booth() as theirs:
        [template] = enrol(tmp_path / "their.db", theirs, {"wayan": 5}).values()
    enrol(path, booth, {"ani": 5})
    sensor = Exchanged(settings_of(booth), 5, template)
    with at_work(path, settings_of(booth), lambda: sensor) as desk:
        assert desk.touch(booth, "ani") == "ani"
        until(lambda: desk.known().sensor is not None, "all chores done")
        desk.learn()
        sensor.due = True
        until(lambda: not sensor.due, "another sensor")
        assert desk.touch(booth, "wayan") is None
        assert desk.wait(PartAils).ailment is Ailment.FINGERS_FOREIGN
    assert not desk.all(PartLost)


def test_the_own_sensor_plugged_in_again_ends_what_was_told(path: Path, tmp_path: Path, port: Path) -> None:
    with Booth(link=port, memory=tmp_path / "ours.json") as ours:
        enrol(path, ours, {"ani": 5})
        with at_work(path, settings_of(ours)) as desk:
            until(lambda: desk.known().sensor is not None, "the sensor is remembered")
            desk.learn()
            ours.unplug()
            with Booth(link=port, model="r503"):
                desk.wait(PartAils, 2)
            ours.plug()
            desk.wait(PartWell, 2)
            assert desk.touch(ours, "ani") == "ani"
    assert {item.ailment for item in desk.all(PartWell)} == {Ailment.REPLACED, Ailment.FINGERS_MISSING}


def test_a_larger_sensor_of_the_same_model_is_filled_and_taken_on(path: Path, port: Path) -> None:
    with Booth(link=port) as small:
        enrol(path, small, {"ani": 5, "budi": 6})
        with at_work(path, settings_of(small)) as desk:
            until(lambda: desk.known().sensor is not None, "the sensor is remembered")
    with Booth(link=port, capacity=1000) as large, at_work(path, settings_of(large)) as desk:
        desk.wait(PartWell, 2)
        assert {item.ailment for item in desk.all(PartWell)} == {Ailment.REPLACED, Ailment.FINGERS_MISSING}
        assert desk.touch(large, "budi") == "budi"
        desk.learn()
        assert desk.feeling.known
        assert desk.feeling.known.sensor
        assert desk.feeling.known.sensor.capacity == 1000


def test_an_erasure_does_not_take_somebody_elses_finger(path: Path, tmp_path: Path, port: Path) -> None:
    with Booth(link=port, memory=tmp_path / "ours.json") as ours:
        enrol(path, ours, {"ani": 5})
        ours.unplug()
        with Booth(link=port) as theirs:
            enrol(tmp_path / "their.db", theirs, {"wayan": 5})
            with at_work(path, settings_of(theirs)) as desk:
                desk.erase("ani")
                desk.wait(PartAils, 2)
                assert {item.ailment for item in desk.all(PartAils)} == {
                    Ailment.FINGERS_FOREIGN, Ailment.ERASURES_WAITING
                }  # fmt: skip
                assert theirs.pages == {5}
        ours.plug()
        with at_work(path, settings_of(ours)) as desk:
            until(lambda: not ours.pages, "the page erased in the sensor that was away")


def test_the_ring_shows_what_the_lights_show_and_again_after_the_sensor_was_away(path: Path, port: Path) -> None:
    with Booth(link=port, model="r503") as booth, at_work(path, settings_of(booth)) as desk:
        desk.feeling.show(Pattern(Colour.BLUE))
        until(lambda: booth.ring is not None and booth.ring.colour == 2, "a blue ring")
        booth.unplug()
        desk.wait(PartLost)
        booth.plug()
        desk.feeling.show(Pattern(Colour.RED))
        until(lambda: booth.ring is not None and booth.ring.colour == 1, "a red ring")
