"""gerbang people: who is enrolled, who looks like whom, and the operator's word that it is well."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kiosk import clock
from kiosk.commands.people import people
from kiosk.errors import EnrolmentError
from kiosk.store import Likeness, Person, open_store


@pytest.fixture
def site(tmp_path: Path) -> Path:
    config = tmp_path / "gerbang.toml"
    config.touch()
    with open_store(tmp_path / "gerbang.db") as store:
        for person in ("ani", "ina", "budi"):
            likenesses = [Likeness("ina", "ani", 0.47)] if person == "ina" else []
            store.people.enrol(Person(person, person.title()), [], None, clock.now(), likenesses=likenesses)
    return config


def run(site: Path, *words: str) -> Result:
    return CliRunner().invoke(people, [*words, "--config", str(site)])


def test_lookalikes_are_listed_with_each_other(site: Path) -> None:
    lines = {line.split()[0]: line.split()[-1] for line in run(site).stdout.splitlines() if line.strip()}
    assert (lines["ani"], lines["ina"], lines["budi"]) == ("ina", "ani", "0")


def test_programs_learn_who_is_to_be_confirmed(site: Path) -> None:
    rows = json.loads(run(site, "--json").stdout)
    assert {row["id"]: row["confirm"] for row in rows} == {"ani": True, "ina": True, "budi": False}


def test_a_cleared_person_is_known_by_face_alone_again(site: Path) -> None:
    rows = json.loads(run(site, "--cleared", "ina", "--json").stdout)
    assert not any(row["confirm"] for row in rows)
    assert "nothing is to be cleared" in str(run(site, "--cleared", "ina").exception)


@pytest.mark.parametrize("person", ["budi", "nobody"])
def test_who_has_no_lookalike_can_not_be_cleared(site: Path, person: str) -> None:
    result = run(site, "--cleared", person)
    assert isinstance(result.exception, EnrolmentError)
    assert person in str(result.exception)
