"""Look-alikes: found from both sides, kept until they end, cleared by somebody who looked."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk import clock
from kiosk.config import EyeSettings
from kiosk.enrolment import Enrolled, enrol_person
from kiosk.lookalikes import find_lookalikes
from kiosk.store import Likeness, Person, Store, Template, open_store
from kiosk.store.migrations import migrations

EYE = EyeSettings(threshold=0.45, margin=0.04)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "gerbang.db") as opened:
        yield opened


def face(person: str, *at: float) -> Template:
    embedding = np.zeros(128, dtype=np.float32)
    embedding[: len(at)] = at
    return Template(person, "a-model", embedding)


def enrol(store: Store, person: str, *at: float, replace: bool = False) -> Enrolled:
    who = Person(person, person.title())
    return enrol_person(store.people, who, [face(person, *at)], None, clock.now(), EYE, replace=replace)


def marked(store: Store) -> list[str]:
    return [person.id for person in store.people.all() if person.confirm]


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.floats(-1, 1, width=32)), min_size=1, max_size=12))
def test_likeness_is_mutual(rows: list[tuple[str, float]]) -> None:
    templates = [face(person, at) for person, at in rows]
    found = {
        (person, item.other, item.distance)
        for person, _ in rows
        for item in find_lookalikes(person, [own for own in templates if own.person == person], templates, 0.49)
    }
    assert found == {(other, person, distance) for person, other, distance in found}
    assert all(person != other for person, other, _ in found)


def test_the_nearest_templates_count_and_the_nearest_person_comes_first() -> None:
    others = [face("budi", 0.9), face("budi", 0.4), face("cici", 0.1), face("dedi", 0.6)]
    found = find_lookalikes("ani", [face("ani", 0), face("ani", -1)], others, 0.5)
    assert [item.other for item in found] == ["cici", "budi"]
    assert [item.distance for item in found] == pytest.approx([0.1, 0.4])


def test_templates_of_another_model_and_damaged_ones_say_nothing() -> None:
    other_model = Template("budi", "another-model", face("budi").embedding)
    damaged = face("cici", np.nan)
    assert find_lookalikes("ani", [face("ani")], [other_model, damaged], 0.5) == []
    assert find_lookalikes("ani", [], [face("budi")], 0.5) == []


def test_both_are_marked_and_the_journal_names_them_without_a_template(store: Store) -> None:
    enrol(store, "ani", 0.0)
    enrol(store, "cici", 2.0)
    done = enrol(store, "budi", 0.47)
    [likeness] = done.likenesses
    assert (likeness.person, likeness.other) == ("budi", "ani")
    assert likeness.distance == pytest.approx(0.47)
    assert not done.perhaps_same(likeness)
    assert marked(store) == ["ani", "budi"]
    [entry] = store.journal.since(kind="lookalike")
    assert entry.payload == {"person": "budi", "other": "ani", "distance": 0.47}


def test_one_person_under_two_names_is_perhaps_the_same(store: Store) -> None:
    enrol(store, "ani", 0.0)
    done = enrol(store, "anita", 0.3)
    assert done.perhaps_same(done.likenesses[0])


def test_somebody_unlike_is_not_marked(store: Store) -> None:
    enrol(store, "ani", 0.0)
    assert enrol(store, "budi", 0.5).likenesses == []
    assert marked(store) == []


@pytest.mark.parametrize("who", ["ani", "budi"])
def test_an_erasure_ends_the_mark_of_the_other(store: Store, who: str) -> None:
    enrol(store, "ani", 0.0)
    enrol(store, "budi", 0.2)
    store.people.erase(who, clock.now())
    assert marked(store) == []


def test_new_faces_end_a_likeness_and_may_begin_another(store: Store) -> None:
    for person, at in (("ani", 0.0), ("budi", 0.2), ("cici", 2.0)):
        enrol(store, person, at)
    enrol(store, "budi", 2.1, replace=True)
    assert marked(store) == ["budi", "cici"]
    enrol(store, "ani", 2.2, replace=True)
    assert marked(store) == ["ani", "budi", "cici"]


def test_clearing_frees_both_and_only_a_nearer_face_marks_them_again(store: Store) -> None:
    for person, at in (("ani", 0.0), ("budi", 0.3), ("cici", 0.7)):
        enrol(store, person, at)
    assert marked(store) == ["ani", "budi", "cici"]
    before = store.people.version()
    assert store.people.clear("ani", clock.now()) == ["budi"]
    assert marked(store) == ["budi", "cici"]
    assert store.people.version() > before
    assert store.people.clear("ani", clock.now()) == []
    enrol(store, "ani", -0.1)
    assert marked(store) == ["budi", "cici"]
    enrol(store, "ani", 0.1)
    assert marked(store) == ["ani", "budi", "cici"]
    [entry] = store.journal.since(kind="lookalike_cleared")
    assert entry.payload == {"person": "ani", "others": ["budi"]}


def test_what_is_there_already_is_not_added_twice(store: Store) -> None:
    assert enrol(store, "ani", 0.0).faces == 1
    entries = store.journal.last_number()
    assert enrol(store, "ani", 0.0).faces == 0
    assert (len(store.people.templates()), store.journal.last_number()) == (1, entries)


def test_a_mark_stands_or_falls_with_its_enrolment(store: Store) -> None:
    enrol(store, "ani", 0.0)
    before = store.journal.last_number()
    with pytest.raises(OSError, match="failed"):
        store.people.enrol(
            Person("budi", "Budi"), [face("budi")], None, clock.now(), likenesses=[Likeness("budi", "nobody", 0.1)]
        )
    assert [person.id for person in store.people.all()] == ["ani"]
    assert store.journal.last_number() == before


def test_a_store_from_before_keeps_its_people_and_learns_of_lookalikes(tmp_path: Path) -> None:
    path = tmp_path / "gerbang.db"
    with open_store(path) as store:
        enrol(store, "ani", 0.0)
        store.people.enrol(Person("budi", "Budi"), [], 3, clock.now())
    with sqlite3.connect(path) as db:
        db.execute("DROP TABLE lookalike")
        db.execute("DELETE FROM _sqlite_migrations WHERE name = '0002_lookalikes'")
    db.close()
    with open_store(path) as store:
        assert not migrations.pending(store.db)
        assert store.people.all() == [Person("ani", "Ani", 1), Person("budi", "Budi", 0, (3,))]
        assert len(store.people.templates()) == 1
        enrol(store, "cici", 0.1)
        assert marked(store) == ["ani", "cici"]
        assert all("embedding" not in json.dumps(entry.payload) for entry in store.journal.after(0, 10))
