"""The sensor's thread: fingers are known once each, a page is believed once it was read back, and troubles are told."""

from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from drivers.fingerprint import Touch, open_sensor
from kiosk.events import Ailment, FingerKnown, PartAils, PartLost, PartWell
from kiosk.feeling import Glass
from kiosk.sensor_pages import Ailments, SensorPages
from kiosk.store import Known, open_store
from tests.kiosk.sensor_desk import Booth, at_work, enrol, settings_of
from tests.waiting import until


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gerbang.db"


@pytest.fixture
def booth() -> Iterator[Booth]:
    with Booth() as emulated:
        yield emulated


@pytest.mark.parametrize(
    ("looks", "shown"),
    [
        ([Touch(5), Touch(5), Touch(5)], 1),
        ([Touch(5), None, Touch(5)], 1),  # a finger that moves is unreadable for a moment
        ([Touch(5), None, None, Touch(5)], 2),
        ([Touch(5), Touch(None), None, None], 1),  # and unlike itself while it is taken off
        ([Touch(5), Touch(None), Touch(None)], 2),
        ([Touch(None), Touch(5)], 2),
        ([Touch(5), Touch(6)], 2),
        ([None, None], 0),
    ],
)
def test_a_finger_counts_once_while_it_lies_there(looks: list[Touch | None], shown: int) -> None:
    glass = Glass()
    assert sum(glass.shows(look) for look in looks) == shown


@pytest.mark.parametrize("kept", [True, False])
def test_fingers_are_people_or_unknown(path: Path, booth: Booth, kept: bool) -> None:
    enrol(path, booth, {"ani": 5, "budi": 6}, kept=kept)
    with at_work(path, settings_of(booth)) as desk:
        until(lambda: desk.known().sensor is not None, "the sensor is remembered")
        assert [desk.touch(booth, finger) for finger in ("ani", "a stranger", "budi")] == ["ani", None, "budi"]
    assert all(known.score > 0 for known in desk.all(FingerKnown))
    assert not desk.all(PartLost)
    assert {item.ailment for item in desk.all(PartAils)} == (set() if kept else {Ailment.FINGERS_UNSURE})


def test_a_finger_that_is_erased_while_the_gate_runs_is_unknown(path: Path, booth: Booth) -> None:
    enrol(path, booth, {"ani": 5})
    with at_work(path, settings_of(booth)) as desk:
        assert desk.touch(booth, "ani") == "ani"
        desk.feeling.known = Known()
        until(lambda: bool(desk.all(PartAils)), "the foreign page")
        assert desk.touch(booth, "ani") is None


def test_a_finger_that_lies_there_before_anybody_is_known_is_a_strangers(path: Path, booth: Booth) -> None:
    enrol(path, booth, {"ani": 5})
    with at_work(path, settings_of(booth)) as desk:
        desk.feeling.known = None
        assert desk.touch(booth, "somebody") is None


def test_a_sensor_with_other_fingers_on_the_same_pages_makes_nobody_somebody_else(path: Path, tmp_path: Path) -> None:
    with Booth(link=tmp_path / "port") as ours:
        enrol(path, ours, {"ani": 5, "budi": 6})
    with Booth(link=tmp_path / "port") as theirs:
        enrol(tmp_path / "their.db", theirs, {"wayan": 5})
        with at_work(path, settings_of(theirs)) as desk:
            assert desk.touch(theirs, "wayan") is None
            ail = desk.wait(PartAils)
            until(lambda: theirs.pages == {5, 6}, "budi's finger back on its empty page")
            assert desk.touch(theirs, "budi") == "budi"
    assert Ailment.FINGERS_FOREIGN in {item.ailment for item in desk.all(PartAils)}
    assert ail.part == "sensor"
    assert "page 5" in next(item.why for item in desk.all(PartAils) if item.ailment is Ailment.FINGERS_FOREIGN)


def test_missing_fingers_are_brought_back_and_known_again(path: Path, tmp_path: Path) -> None:
    with Booth(link=tmp_path / "port") as ours:
        templates = enrol(path, ours, {"ani": 5, "budi": 6})
    with Booth(link=tmp_path / "port") as fresh, at_work(path, settings_of(fresh)) as desk:
        assert desk.wait(PartAils).ailment is Ailment.FINGERS_MISSING
        assert desk.wait(PartWell).ailment is Ailment.FINGERS_MISSING
        assert fresh.pages == templates.keys()
        assert desk.touch(fresh, "ani") == "ani"
    assert len(desk.all(PartAils)) == 1


def test_the_erased_are_erased_in_a_sensor_that_was_away(path: Path, booth: Booth) -> None:
    enrol(path, booth, {"ani": 5, "budi": 6})
    with at_work(path, settings_of(booth)) as desk:
        desk.erase("ani")
        until(lambda: booth.pages == {6}, "the page erased")
        until(lambda: desk.journal("finger_erased") == [{"person": "ani", "page": 5}], "the entry")
        desk.learn()
        assert desk.feeling.known
        assert not desk.feeling.known.erasures
        assert desk.touch(booth, "ani") is None
    assert not desk.all(PartAils)


def test_after_a_broken_answer_a_page_is_read_again_for_the_sensor_may_be_another(path: Path, booth: Booth) -> None:
    templates = enrol(path, booth, {"ani": 5, "budi": 6})
    sensor = open_sensor(settings_of(booth))
    assert sensor
    pages = SensorPages(sensor, settings_of(booth), Ailments(lambda _: None), partial(open_store, path))
    with closing(sensor), open_store(path) as store:
        pages.take(store.fingers.known())
        assert pages.person(5) == "ani"
        sensor.delete(5)
        sensor.write_template(5, templates[6])
        pages.doubt()
        assert pages.person(5) is None
        sensor.write_template(5, templates[5])
        assert pages.person(5) is None
        pages.doubt()
        assert pages.person(5) == "ani"


def test_a_page_that_can_not_be_read_is_nobodys_and_is_tried_again(path: Path, booth: Booth) -> None:
    templates = enrol(path, booth, {"ani": 5})
    sensor = open_sensor(settings_of(booth))
    assert sensor
    pages = SensorPages(sensor, settings_of(booth), Ailments(lambda _: None), partial(open_store, path))
    with closing(sensor), open_store(path) as store:
        pages.take(store.fingers.known())
        sensor.delete(5)
        assert pages.person(5) is None
        sensor.write_template(5, templates[5])
        assert pages.person(5) == "ani"
