"""Fingers in the sensor that are not those of the enrolled, and sensors that are not the gate's own."""

from pathlib import Path

import pytest

from drivers.errors import EnrolmentFailed
from drivers.fingerprint import EnrolStep, open_sensor
from drivers.fingerprint.emulator import FingerprintEmulator
from kiosk import clock
from kiosk.commands.enrol import enrol as enrol_command
from kiosk.commands.forget import forget
from kiosk.errors import EnrolmentError
from kiosk.store import Erasure, Person, SensorSeen, open_store
from tests.kiosk.sensor_desk import enrol, settings_of
from tests.kiosk.test_fingers_command import Hand, Site, other, site

__all__ = ["other", "site"]  # fixtures, found by their names


def journal(site: Site, kind: str) -> list[object]:
    with open_store(site.store) as store:
        return [entry.payload for entry in store.journal.since(kind=kind)]


def test_a_strangers_finger_is_named_erased_after_a_yes_and_its_owner_can_enrol(site: Site, tmp_path: Path) -> None:
    site.enrol(ani=5)
    enrol(tmp_path / "their.db", site.emulator, {"wayan": 9})
    with Hand(site.emulator, "wayan"):
        result = site.run("--person", "wayan", "--name", "Wayan", "--finger", verb=enrol_command)
    assert isinstance(result.exception, EnrolmentFailed)
    assert "gerbang fingers erase --page 9" in str(result.exception)
    assert site.run("erase", "--page", "9").exit_code == 1
    assert site.emulator.pages == {5, 9}
    assert site.json("erase", "--foreign", "--yes") == {"erased": [9]}
    assert journal(site, "fingers_removed") == [{"pages": [9], "given_up": []}]
    with Hand(site.emulator, "wayan"):
        result = site.run("--person", "wayan", "--name", "Wayan", "--finger", verb=enrol_command)
    assert result.exit_code == 0


def test_another_finger_on_the_page_of_an_enrolled_one_is_foreign_and_the_own_one_stays(
    site: Site, tmp_path: Path
) -> None:
    site.enrol(ani=5, budi=6)
    sensor = open_sensor(settings_of(site.emulator))
    assert sensor
    sensor.delete(6)
    sensor.close()
    enrol(tmp_path / "their.db", site.emulator, {"wayan": 6})
    assert "as it was enrolled" not in site.run("check").output
    assert isinstance(site.run("erase", "--page", "5", "--yes").exception, EnrolmentError)
    assert isinstance(site.run("erase", "--page", "77", "--yes").exception, EnrolmentError)
    assert site.json("erase", "--foreign", "--yes") == {"erased": [6]}
    assert site.emulator.pages == {5}
    assert site.json("erase", "--foreign", "--yes") == {"erased": []}


def test_an_erasure_that_waits_for_a_sensor_that_is_no_more_is_given_up(site: Site) -> None:
    with open_store(site.store) as store:
        store.fingers.intend({5: Erasure("ani", "a mark")})
    assert site.json("erase", "--page", "5", "--yes") == {"erased": [5]}
    assert site.known().erasures == {}
    assert journal(site, "fingers_removed") == [{"pages": [5], "given_up": [5]}]
    assert not journal(site, "finger_erased")


@pytest.mark.parametrize("model", ["zfm20", "r503"])
def test_who_is_forgotten_while_another_sensor_is_in_is_still_to_be_erased(
    site: Site, tmp_path: Path, model: str
) -> None:
    site.enrol(ani=5)
    site.emulator.unplug()
    with FingerprintEmulator(link=tmp_path / "port", model=model):  # type: ignore[arg-type]
        result = site.run("--person", "ani", "--yes", verb=forget)
    assert "page 5" in result.stderr
    assert site.known().erasures.keys() == {5}


def test_who_is_forgotten_without_a_template_takes_nobodys_finger_along(site: Site, tmp_path: Path) -> None:
    site.enrol(kept=False, ani=5)
    with open_store(site.store) as store:
        store.fingers.met(SensorSeen(9, 200))
    site.emulator.unplug()
    with FingerprintEmulator(link=tmp_path / "port", model="r503") as theirs:
        enrol(tmp_path / "their.db", theirs, {"wayan": 5})
        site.run("--person", "ani", "--yes", verb=forget)
        assert theirs.pages == {5}
    assert site.known().erasures.keys() == {5}


def test_who_is_forgotten_and_lies_in_no_page_is_gone_where_the_sensor_holds_the_others(site: Site) -> None:
    site.enrol(ani=5, budi=6)
    sensor = open_sensor(settings_of(site.emulator))
    assert sensor
    sensor.delete(5)
    sensor.close()
    assert not site.run("--person", "ani", "--yes", verb=forget).stderr
    assert site.known().erasures == {}


@pytest.mark.parametrize("kept", [True, False])
def test_a_finger_takes_its_own_place(site: Site, kept: bool) -> None:
    site.enrol(kept=kept, ani=0)
    with Hand(site.emulator, "ani"):
        assert site.run("--person", "ani", "--finger", "--replace", verb=enrol_command).exit_code == 0
    assert site.emulator.pages == {1}
    assert site.known().fingers[1].template == site.template(1)
    assert site.known().erasures == {}


def test_a_finger_of_another_does_not_take_somebodys_place(site: Site) -> None:
    site.enrol(ani=0, budi=1)
    with Hand(site.emulator, "budi"):
        result = site.run("--person", "ani", "--finger", "--replace", verb=enrol_command)
    assert "enrolled already, at page 1" in str(result.exception)
    assert site.emulator.pages == {0, 1}


def test_a_finger_that_another_has_is_not_taken_in(site: Site, other: Site, tmp_path: Path) -> None:
    secret, parcel = tmp_path / "secret", tmp_path / "fingers.gerbang"
    secret.write_text("four words in a row")
    site.enrol(citra=0)
    sensor = open_sensor(settings_of(other.emulator))
    assert sensor
    for finger in ("somebody", "citra"):  # so that it is another touch of citra's finger
        other.emulator.place(finger)
        sensor.poll()
    sensor.enrol(0, lambda step: other.emulator.lift() if step is EnrolStep.LIFT else other.emulator.place("citra"))
    template = sensor.read_template(0)
    sensor.close()
    with open_store(other.store) as store:
        store.people.enrol(Person("budi", "Budi"), [], 0, clock.now(), finger=template)
    assert template != site.template(0)
    other.json("export", parcel, "--passphrase-file", secret)
    result = site.run("import", parcel, "--passphrase-file", secret)
    assert "a finger of budi as that of page 0, citra" in str(result.exception)
    assert site.emulator.pages == {0}
    assert site.known().erasures == {}


def test_a_copy_is_witnessed(site: Site, other: Site) -> None:
    site.enrol(ani=5, budi=6)
    site.json("copy", "--to", other.emulator.port)
    site.json("copy", "--to", other.emulator.port)
    assert journal(site, "fingers_copied") == [{"people": ["ani", "budi"], "fingers": 2}]


def test_what_can_not_be_compared_is_not_kept_from_a_sensor_that_lacks_others(site: Site, tmp_path: Path) -> None:
    site.enrol(ani=5)
    site.enrol(kept=False, citra=7)
    site.emulator.unplug()
    with FingerprintEmulator(link=tmp_path / "port") as theirs:
        enrol(tmp_path / "their.db", theirs, {"wayan": 7})
        assert isinstance(site.run("check", "--keep", "--yes").exception, EnrolmentError)
        assert "--page" in str(site.run("restore").exception)
        assert theirs.pages == {7}
    assert site.known().fingers[7].template is None
