"""gerbang fingers, forget and enrol --finger, as a technician uses them on emulated sensors."""

import json
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import click
import pytest
from click.testing import CliRunner, Result

from drivers.errors import SensorFull, SensorSilent
from drivers.fingerprint import open_sensor
from drivers.fingerprint.emulator import FingerprintEmulator
from kiosk import clock
from kiosk.commands.enrol import enrol as enrol_command
from kiosk.commands.fingers import fingers
from kiosk.commands.forget import forget
from kiosk.errors import EnrolmentError
from kiosk.store import Finger, Known, Person, SensorSeen, open_store
from tests.kiosk.sensor_desk import Booth, at_work, enrol, settings_of
from tests.waiting import until


class Site:
    """A gate's folder with its store and its sensor."""

    def __init__(self, folder: Path, emulator: FingerprintEmulator) -> None:
        folder.mkdir()
        self.emulator = emulator
        self.store = folder / "gerbang.db"
        self.config = folder / "gerbang.toml"
        self.config.write_text(f'[fingerprint]\ndriver = "adafruit"\nport = "{emulator.port}"\n')

    def run(self, *words: str | Path, verb: click.Command = fingers) -> Result:
        """As in a terminal that nobody watches."""
        return CliRunner().invoke(verb, [*map(str, words), "--config", str(self.config)], catch_exceptions=True)

    def json(self, *words: str | Path, code: int = 0) -> dict[str, object]:
        """What a program is told."""
        result = self.run(*words, "--json")
        assert result.exit_code == code, (result.output, result.exception)
        told: dict[str, object] = json.loads(result.stdout)
        return told

    def enrol(self, *, kept: bool = True, **pages: int) -> dict[int, bytes]:
        """People with the finger of their name."""
        return enrol(self.store, self.emulator, pages, kept=kept)

    def known(self) -> Known:
        with open_store(self.store) as store:
            return store.fingers.known()

    def template(self, page: int) -> bytes:
        """What the sensor holds on a page."""
        sensor = open_sensor(settings_of(self.emulator))
        assert sensor
        try:
            return sensor.read_template(page)
        finally:
            sensor.close()


class Hand:
    """Somebody who does what the prompts say, with one finger, while an enrolment runs in this thread."""

    def __init__(self, emulator: FingerprintEmulator, finger: str) -> None:
        self._emulator, self._finger, self._over = emulator, finger, Event()
        self._thread = Thread(target=self._touch)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._emulator.lift()

    def _touch(self) -> None:
        """On and off, as long as it takes."""
        while not self._over.is_set():
            self._emulator.place(self._finger)
            self._over.wait(0.2)
            self._emulator.lift()
            self._over.wait(0.2)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with FingerprintEmulator(link=tmp_path / "port") as emulator:
        yield Site(tmp_path / "site", emulator)


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Site]:
    """Another gate, whose sensor is on another port."""
    with FingerprintEmulator(link=tmp_path / "other-port") as emulator:
        yield Site(tmp_path / "other", emulator)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text("four words in a row\n")
    return path


def test_fingers_are_listed_with_their_differences(site: Site) -> None:
    site.enrol(ani=5, budi=6)
    site.enrol(citra=7, kept=False)
    _erase_in_sensor(site, 6)
    told = site.json("list")
    assert told["missing"] == [6]
    assert told["sensor"] == {
        "capacity": 200, "packet_bytes": 128, "security_level": 3, "system": 9, "baud": 57600, "ring": False
    }  # fmt: skip
    assert told["fingers"] == [
        {"page": 5, "person": "ani", "name": "Ani", "kept": True, "in_sensor": True},
        {"page": 6, "person": "budi", "name": "Budi", "kept": True, "in_sensor": False},
        {"page": 7, "person": "citra", "name": "Citra", "kept": False, "in_sensor": True},
    ]
    said = site.run("list").output
    assert "Not in the sensor: page 6" in said
    assert "200 pages" in said


def test_fingers_are_listed_without_a_sensor_too(site: Site) -> None:
    site.enrol(ani=5)
    site.emulator.unplug()
    told = site.json("list")
    assert told["sensor"] is None
    assert "there is no port" in str(told["not_asked"])


def test_a_check_ends_well_only_where_every_finger_is_as_it_was_enrolled(site: Site, other: Site) -> None:
    site.enrol(ani=5, budi=6)
    assert site.json("check") == {"pages": {"5": "same", "6": "same"}, "foreign": []}
    _erase_in_sensor(site, 6)
    enrol(other.store, site.emulator, {"wayan": 6, "made": 9})
    assert site.json("check", code=1) == {"pages": {"5": "same", "6": "other"}, "foreign": [9]}
    result = site.run("check")
    assert "page 6, Budi (budi): another finger" in result.output
    assert "1 of 2 fingers" in result.output
    assert "Traceback" not in result.output


def test_a_check_can_keep_the_templates_of_older_enrolments(site: Site) -> None:
    templates = site.enrol(ani=5, kept=False)
    assert site.json("check", code=1)["pages"] == {"5": "unsure"}
    assert site.run("check", "--keep").exit_code == 1
    assert site.known().fingers[5].template is None
    assert site.json("check", "--keep", "--yes")["pages"] == {"5": "same"}
    assert site.known().fingers[5].template == templates[5]


def test_a_check_keeps_no_template_of_a_sensor_in_which_nobody_was_enrolled(site: Site) -> None:
    site.enrol(ani=5, kept=False)
    with open_store(site.store) as store:
        store.fingers.met(SensorSeen(0, 200))
    assert "not the sensor" in str(site.run("check", "--keep").exception)
    assert site.known().fingers[5].template is None


def test_a_new_sensor_is_filled_and_taken_on(site: Site, tmp_path: Path) -> None:
    templates = site.enrol(ani=5, budi=6)
    site.emulator.close()
    with FingerprintEmulator(link=tmp_path / "port", capacity=1000) as site.emulator:
        assert site.json("restore") == {"written": [5, 6], "there": [], "left": {}}
        assert {page: site.template(page) for page in templates} == templates
        assert site.known().sensor == SensorSeen(9, 1000)
        assert site.json("restore") == {"written": [], "there": [5, 6], "left": {}}


def test_another_finger_is_overwritten_only_on_demand_and_after_a_yes(site: Site, other: Site) -> None:
    templates = site.enrol(ani=5)
    _erase_in_sensor(site, 5)
    enrol(other.store, site.emulator, {"wayan": 5})
    theirs = site.template(5)
    assert "another finger lies there" in str(site.json("restore", code=1)["left"])
    assert site.run("restore", "--overwrite").exit_code == 1
    assert site.template(5) == theirs
    assert site.json("restore", "--overwrite", "--yes")["written"] == [5]
    assert site.template(5) == templates[5]


def test_a_finger_without_a_template_can_not_be_brought_back(site: Site) -> None:
    site.enrol(ani=5, kept=False)
    _erase_in_sensor(site, 5)
    assert "enrol the finger again" in str(site.json("restore", code=1)["left"])


def test_fingers_are_copied_to_the_same_pages_of_another_sensor(site: Site, other: Site) -> None:
    templates = site.enrol(ani=5, budi=6)
    assert site.json("copy", "--to", other.emulator.port, "--person", "ani")["written"] == [5]
    assert site.json("copy", "--to", other.emulator.port) == {"written": [6], "there": [5], "left": {}}
    assert {page: other.template(page) for page in other.emulator.pages} == templates


def test_nothing_is_copied_where_another_finger_lies(site: Site, other: Site) -> None:
    site.enrol(ani=5, budi=6)
    other.enrol(wayan=6)
    result = site.run("copy", "--to", other.emulator.port)
    assert isinstance(result.exception, EnrolmentError)
    assert "page 6" in str(result.exception)
    assert other.emulator.pages == {6}


def test_one_enrolment_serves_two_gates(site: Site, other: Site, tmp_path: Path, secret: Path) -> None:
    templates = site.enrol(ani=5, budi=6)
    other.enrol(wayan=0)
    parcel = tmp_path / "fingers.gerbang"
    assert site.json("export", parcel, "--passphrase-file", secret) == {"people": ["ani", "budi"], "fingers": 2}
    with open_store(site.store) as store:
        [entry] = store.journal.since(kind="fingers_exported")
        assert entry.payload == {"people": ["ani", "budi"], "fingers": 2}
    assert parcel.stat().st_mode & 0o777 == 0o600
    assert not any(word in parcel.read_bytes() for word in (b"ani", b"Budi", templates[5][:16]))
    told = other.json("import", parcel, "--passphrase-file", secret)
    assert told == {"taken_in": [{"id": "ani", "pages": [1]}, {"id": "budi", "pages": [2]}], "there_already": []}
    assert (other.template(1), other.template(2)) == (templates[5], templates[6])
    assert other.json("check")["pages"] == {"0": "same", "1": "same", "2": "same"}
    again = other.json("import", parcel, "--passphrase-file", secret)
    assert again == {"taken_in": [], "there_already": ["ani", "budi"]}
    with open_store(other.store) as store:
        assert [entry.payload["person"] for entry in store.journal.since(kind="enrolment")] == ["wayan", "ani", "budi"]


def test_two_people_with_one_id_are_not_made_one(site: Site, other: Site, tmp_path: Path, secret: Path) -> None:
    site.enrol(ani=5)
    with open_store(other.store) as store:
        store.people.enrol(Person("ani", "Anita"), [], None, clock.now())
    parcel = tmp_path / "fingers.gerbang"
    site.json("export", parcel, "--passphrase-file", secret)
    assert "ani is Anita here and Ani there" in str(other.run("import", parcel, "--passphrase-file", secret).exception)
    assert not other.emulator.pages
    told = other.json("import", parcel, "--same", "--passphrase-file", secret)
    assert told["taken_in"] == [{"id": "ani", "pages": [0]}]
    with open_store(other.store) as store:
        assert store.people.get("ani") == Person("ani", "Anita", 0, (0,))


def test_a_finger_of_one_is_not_given_to_another(site: Site, other: Site, tmp_path: Path, secret: Path) -> None:
    [template] = site.enrol(ani=5).values()
    with open_store(other.store) as store:
        store.people.enrol(Person("budi", "Budi"), [], 3, clock.now(), finger=template)
    parcel = tmp_path / "fingers.gerbang"
    site.json("export", parcel, "--passphrase-file", secret)
    assert "is that of budi here" in str(other.run("import", parcel, "--passphrase-file", secret).exception)
    assert not other.emulator.pages


def test_a_parcel_opens_with_its_passphrase_alone(site: Site, other: Site, tmp_path: Path, secret: Path) -> None:
    site.enrol(ani=5)
    parcel, wrong = tmp_path / "fingers.gerbang", tmp_path / "wrong"
    wrong.write_text("four other words here")
    site.json("export", parcel, "--passphrase-file", secret)
    assert "File exists" in str(site.run("export", parcel, "--passphrase-file", secret).exception)
    for file, phrase in ((parcel, wrong), (site.config, secret), (tmp_path / "none", secret)):
        assert isinstance(other.run("import", file, "--passphrase-file", phrase).exception, EnrolmentError)
    assert not other.emulator.pages
    wrong.write_text("short")
    assert "too short" in str(site.run("export", tmp_path / "b", "--passphrase-file", wrong).exception)


def test_an_import_that_has_no_room_changes_nothing(site: Site, tmp_path: Path, secret: Path) -> None:
    site.enrol(ani=5, budi=6)
    parcel = tmp_path / "fingers.gerbang"
    site.json("export", parcel, "--passphrase-file", secret)
    with FingerprintEmulator(link=tmp_path / "small", capacity=1) as small:
        narrow = Site(tmp_path / "narrow", small)
        assert isinstance(narrow.run("import", parcel, "--passphrase-file", secret).exception, SensorFull)
        assert not small.pages
        assert narrow.known() == Known()


def test_an_import_whose_sensor_fails_is_undone_when_it_is_back(site: Site, tmp_path: Path, secret: Path) -> None:
    site.enrol(ani=5, budi=6, citra=7)
    parcel = tmp_path / "fingers.gerbang"
    site.json("export", parcel, "--passphrase-file", secret)
    with Booth(link=tmp_path / "there") as booth:
        there = Site(tmp_path / "there-site", booth)
        booth.last_store = 2
        assert isinstance(there.run("import", parcel, "--passphrase-file", secret).exception, SensorSilent)
        assert not there.known().fingers
        assert booth.pages == {0, 1}
        booth.heal()
        with at_work(there.store, settings_of(booth)) as desk:
            until(lambda: not booth.pages, "what was begun is erased")
            until(lambda: len(desk.journal("finger_erased")) == 3, "the entries")


def test_a_finger_is_enrolled_with_its_template_and_one_that_fails_leaves_nothing(site: Site) -> None:
    with Hand(site.emulator, "ani"):
        assert site.run("--person", "ani", "--name", "Ani", "--finger", verb=enrol_command).exit_code == 0
    assert site.known().fingers == {0: Finger("ani", site.template(0))}
    with Hand(site.emulator, "ani"):
        result = site.run("--person", "budi", "--name", "Budi", "--finger", verb=enrol_command)
    assert "enrolled already" in str(result.exception)
    assert site.emulator.pages == {0}
    assert site.known().erasures == {}


def test_a_finger_takes_the_place_of_the_one_before(site: Site) -> None:
    site.enrol(ani=5)
    with Hand(site.emulator, "another finger"):
        assert site.run("--person", "ani", "--finger", "--replace", verb=enrol_command).exit_code == 0
    assert site.emulator.pages == {0}
    assert site.known().fingers == {0: Finger("ani", site.template(0))}
    assert site.known().erasures == {}


def test_no_finger_is_enrolled_in_a_full_sensor(tmp_path: Path) -> None:
    with FingerprintEmulator(link=tmp_path / "port", capacity=1) as emulator:
        site = Site(tmp_path / "site", emulator)
        site.enrol(ani=0)
        result = site.run("--person", "budi", "--name", "Budi", "--finger", verb=enrol_command)
    assert isinstance(result.exception, SensorFull)


def test_who_is_forgotten_is_erased_in_the_sensor_at_once(site: Site) -> None:
    site.enrol(ani=5, budi=6)
    assert site.run("--person", "ani", "--yes", verb=forget).exit_code == 0
    assert site.emulator.pages == {6}
    assert site.known().erasures == {}


def test_who_is_forgotten_while_the_sensor_is_away_is_erased_there_when_it_is_back(site: Site) -> None:
    site.enrol(ani=5, budi=6)
    site.emulator.unplug()
    result = site.run("--person", "ani", "--yes", verb=forget)
    assert result.exit_code == 0
    assert "is back" in result.stderr
    assert "page 5" in result.stderr
    site.emulator.plug()
    with at_work(site.store, settings_of(site.emulator)):
        until(lambda: site.emulator.pages == {6}, "the page erased")


def test_a_gate_that_has_the_sensor_erases_who_is_forgotten_and_keeps_the_sensor(site: Site) -> None:
    site.enrol(ani=5, budi=6)
    with at_work(site.store, settings_of(site.emulator)) as desk:
        until(lambda: desk.known().sensor is not None, "the gate has the sensor")
        assert "is the gate running" in str(site.run("check").exception)
        assert "is the gate running" in site.run("--person", "ani", "--yes", verb=forget).stderr
        desk.learn()
        until(lambda: site.emulator.pages == {6}, "the page erased")


def _erase_in_sensor(site: Site, page: int) -> None:
    sensor = open_sensor(settings_of(site.emulator))
    assert sensor
    sensor.delete(page)
    sensor.close()
