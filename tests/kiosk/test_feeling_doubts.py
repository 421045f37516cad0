"""What is done in a sensor by itself, where a wrong bit, another sensor or a damaged store may stand behind it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from drivers.errors import SensorRefused, SensorSilent
from drivers.fingerprint import FingerprintSensor, FingerprintSettings, open_sensor
from drivers.fingerprint.adafruit import AdafruitSensor
from drivers.fingerprint.faults import Fault, FaultKind
from drivers.fingerprint.packets import COMMAND, DATA_AT, Instruction, frame
from drivers.lights import Colour, Pattern
from kiosk import clock
from kiosk.events import Ailment, FingerUnknown, PartAils, PartLost, PartWell, Sighting
from kiosk.feeling import Ring
from kiosk.sensor_pages import Ailments, SensorPages
from kiosk.store import Known, SensorSeen, open_store
from tests.kiosk.sensor_desk import Booth, at_work, enrol, settings_of

CHORES = 12


class Astray(Booth):
    """An emulated sensor to which a command comes with other bits, or after which its answer is broken."""

    def __init__(self, link: Path, model: str = "zfm20") -> None:
        self.instead: Callable[[bytes], bytes] | None = None
        self.spoilt: Instruction | None = None
        self.lit = 0
        super().__init__(link=link, model=model)

    def _answer(self, packet: bytes) -> None:
        if self.instead and packet[DATA_AT] == Instruction.STORE:
            packet, self.instead = self.instead(packet), None
        if self.spoilt == packet[DATA_AT]:
            self.spoilt = None
            self.spoil(Fault(FaultKind.TRUNCATE, "host", 1))
        self.lit += packet[DATA_AT] == Instruction.AURA_LIGHT
        super()._answer(packet)


@dataclass
class Opening:
    """One opening of a sensor over a store, with a clock of its own."""

    sensor: FingerprintSensor
    store: Path
    seen: list[Sighting] = field(default_factory=list)
    now_s: float = 0.0

    def __post_init__(self) -> None:
        settings = FingerprintSettings("adafruit")
        ailments = Ailments(self.seen.append)
        self.pages = SensorPages(self.sensor, settings, ailments, partial(open_store, self.store), lambda: self.now_s)
        self.learn()

    def learn(self) -> None:
        self.pages.take(known(self.store))

    def work(self) -> None:
        """Every chore that is due."""
        for _ in range(CHORES):
            self.pages.do_a_chore()

    def ails(self) -> set[Ailment]:
        """What is told and not over."""
        told = {item.ailment for item in self.seen if isinstance(item, PartAils)}
        return told - {item.ailment for item in self.seen if isinstance(item, PartWell)}


@contextmanager
def opened(booth: Booth, store: Path) -> Iterator[Opening]:
    sensor = open_sensor(settings_of(booth))
    assert sensor
    try:
        yield Opening(sensor, store)
    finally:
        sensor.close()


def known(store: Path) -> Known:
    with open_store(store) as opened_store:
        return opened_store.fingers.known()


def erase(store: Path, person: str) -> None:
    with open_store(store) as opened_store:
        found = opened_store.people.get(person)
        assert found
        opened_store.people.erase(person, clock.now(), left=found.pages)


def journal(store: Path, kind: str) -> list[object]:
    with open_store(store) as opened_store:
        return [entry.payload for entry in opened_store.journal.since(kind=kind)]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "gerbang.db"


@pytest.fixture
def port(tmp_path: Path) -> Path:
    return tmp_path / "port"


@pytest.fixture
def booth(port: Path) -> Iterator[Astray]:
    with Astray(port) as emulated:
        yield emulated


def lose(booth: Booth, page: int) -> None:
    sensor = open_sensor(settings_of(booth))
    assert sensor
    sensor.delete(page)
    sensor.close()


def test_a_finger_that_was_brought_back_to_a_wrong_page_makes_nobody_somebody_else(store: Path, booth: Astray) -> None:
    templates = enrol(store, booth, {"ani": 3, "budi": 7})
    with opened(booth, store) as opening:
        opening.work()
        assert opening.pages.person(7) == "budi"
        opening.sensor.delete(3)
        opening.learn()
        booth.instead = lambda packet: frame(COMMAND, bytes([Instruction.STORE, packet[DATA_AT + 1], 0, 7]))
        opening.work()
        assert booth.instead is None
        assert opening.sensor.read_template(7) == templates[3]
        assert opening.pages.person(7) is None
        assert Ailment.FINGERS_FOREIGN in opening.ails()


def test_after_a_refusal_the_pages_are_listed_anew(store: Path, booth: Astray) -> None:
    enrol(store, booth, {"ani": 3, "budi": 7})
    with opened(booth, store) as opening:
        opening.work()
        opening.sensor.delete(3)
        opening.learn()
        booth.instead = lambda packet: frame(COMMAND, bytes([Instruction.STORE, packet[DATA_AT + 1], 0, 9]))
        opening.work()
        told = [item.why for item in opening.seen if isinstance(item, PartAils)]
        assert any("page 9" in why for why in told)


def test_a_damaged_template_is_nobodys_and_told(store: Path, booth: Astray) -> None:
    enrol(store, booth, {"ani": 5, "budi": 6})
    with open_store(store) as opened_store:
        opened_store.db.execute("UPDATE finger SET sealed = zeroblob(600) WHERE page = 5")
    with opened(booth, store) as opening:
        opening.work()
        assert (opening.pages.person(5), opening.pages.person(6)) == (None, "budi")
        assert opening.ails() == {Ailment.FINGERS_UNSURE}


def test_a_finger_without_a_template_counts_where_every_other_one_was_compared(
    store: Path, tmp_path: Path, booth: Astray
) -> None:
    enrol(store, booth, {"ani": 5, "budi": 6})
    enrol(store, booth, {"citra": 7}, kept=False)
    with opened(booth, store) as opening:
        assert opening.pages.person(7) is None
        opening.work()
        assert opening.pages.person(7) == "citra"
    booth.unplug()
    with Booth(link=tmp_path / "port") as theirs:
        enrol(tmp_path / "their.db", theirs, {"wayan": 7})
        with opened(theirs, store) as opening:
            opening.work()
            assert opening.pages.person(7) is None
            assert theirs.pages == {7}
        with opened(theirs, store) as opening:
            opening.work()
            assert opening.pages.person(7) is None


def test_where_no_template_is_kept_a_finger_counts_in_the_sensor_that_is_remembered_and_that_is_told(
    store: Path, booth: Astray
) -> None:
    enrol(store, booth, {"ani": 5}, kept=False)
    with opened(booth, store) as opening:
        assert opening.pages.person(5) is None
        opening.work()
        assert opening.pages.person(5) == "ani"
        assert opening.ails() == {Ailment.FINGERS_UNSURE}
    with open_store(store) as opened_store:
        opened_store.fingers.met(SensorSeen(9, 1000))
    with opened(booth, store) as opening:
        opening.work()
        assert opening.pages.person(5) is None


@pytest.mark.parametrize("model", ["zfm20", "r503"])
def test_an_erasure_waits_for_the_sensor_that_is_away(store: Path, port: Path, booth: Astray, model: str) -> None:
    enrol(store, booth, {"ani": 5})
    with opened(booth, store) as opening:
        opening.work()
    booth.unplug()
    erase(store, "ani")
    with Booth(link=port, model=model) as theirs, opened(theirs, store) as opening:
        opening.work()
        assert Ailment.ERASURES_WAITING in opening.ails()
        assert known(store).erasures.keys() == {5}
        assert known(store).sensor == SensorSeen(9, 200)
        assert not journal(store, "finger_erased")
    booth.plug()
    with opened(booth, store) as opening:
        opening.work()
        assert not booth.pages
        assert journal(store, "finger_erased") == [{"person": "ani", "page": 5}]


@pytest.mark.parametrize("spoilt", [Instruction.DELETE, Instruction.LOAD, Instruction.UPLOAD_CHARACTERS])
def test_an_erasure_whose_answer_broke_is_tried_again_after_a_while(
    store: Path, booth: Astray, spoilt: Instruction
) -> None:
    enrol(store, booth, {"ani": 3, "budi": 4})
    with opened(booth, store) as opening:
        opening.work()
        erase(store, "ani")
        opening.learn()
        booth.spoilt = spoilt
        opening.work()
        assert known(store).erasures
        opening.now_s = 61.0
        opening.work()
        assert booth.pages == {4}
        assert not known(store).erasures


def test_a_page_that_was_not_read_for_a_broken_answer_is_read_after_a_while(store: Path, booth: Astray) -> None:
    enrol(store, booth, {"ani": 3})
    with opened(booth, store) as opening:
        booth.spoilt = Instruction.UPLOAD_CHARACTERS
        opening.work()
        assert known(store).sensor is None
        opening.now_s = 61.0
        opening.work()
        assert known(store).sensor == SensorSeen(9, 200)


@pytest.mark.parametrize("chore", [Instruction.UPLOAD_CHARACTERS, Instruction.STORE])
def test_a_sensor_that_falls_silent_in_a_chore_is_told_at_once(store: Path, booth: Astray, chore: Instruction) -> None:
    enrol(store, booth, {"ani": 3})
    if chore is Instruction.STORE:
        lose(booth, 3)
    with opened(booth, store) as opening:

        def fall_silent(packet: bytes) -> bytes:
            booth.silence()
            return packet

        if chore is Instruction.STORE:
            booth.instead = fall_silent
        else:
            booth.silence()
        with pytest.raises(SensorSilent):
            opening.work()


def test_a_ring_that_falls_silent_is_told_at_once_and_one_that_was_dark_is_lit_again(store: Path, port: Path) -> None:
    with Astray(port, "r503") as booth, opened(booth, store) as opening:
        sensor, ring = opening.sensor, Ring(opening.sensor)
        ring.show(Pattern(Colour.BLUE))
        booth.silence()
        with pytest.raises(SensorSilent):
            sensor.count()
        booth.heal()
        lit = booth.lit
        ring.show(Pattern(Colour.BLUE))
        ring.show(Pattern(Colour.BLUE))
        assert booth.lit == lit + 1
        booth.silence()
        with pytest.raises(SensorSilent):
            ring.show(Pattern(Colour.RED))


class Listless(AdafruitSensor):
    """A sensor that never lists its pages."""

    def pages(self) -> frozenset[int]:
        raise SensorRefused("the sensor refused to list its pages")


def test_a_sensor_that_fails_in_the_same_way_again_is_told_whatever_it_answers_between(
    store: Path, booth: Astray
) -> None:
    enrol(store, booth, {"ani": 3})
    with at_work(store, settings_of(booth), lambda: Listless(settings_of(booth))) as desk:
        booth.place("ani")
        assert "list its pages" in desk.wait(PartLost).why
        desk.wait(FingerUnknown)
