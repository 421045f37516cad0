"""Fingers in the store: sealed, erased for good, and what of them is still in a sensor that is away."""

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from sqlite_utils import Database

from kiosk import clock
from kiosk.errors import StoreError
from kiosk.store import Erasure, Finger, Person, SensorSeen, Store, open_store
from kiosk.store.fingers import mark_of
from kiosk.store.migrations import migrations

ANI, BUDI = Person("ani", "Ani Rahayu"), Person("budi", "Budi")
TEMPLATE = bytes(range(256)) * 2


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gerbang.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with open_store(path) as opened:
        yield opened


def enrol(store: Store, person: Person = ANI, page: int = 7, template: bytes | None = TEMPLATE) -> None:
    store.people.enrol(person, [], page, clock.now(), finger=template)


def test_a_finger_is_kept_with_its_template_sealed_and_not_in_the_journal(store: Store, path: Path) -> None:
    enrol(store)
    enrol(store, BUDI, 3, None)
    assert store.fingers.known().fingers == {3: Finger("budi"), 7: Finger("ani", TEMPLATE)}
    assert TEMPLATE[:32] not in path.read_bytes()
    assert mark_of(TEMPLATE) not in json.dumps([entry.payload for entry in store.journal.since()])


def test_the_key_of_fingers_is_not_made_anew(path: Path) -> None:
    with open_store(path) as store:
        enrol(store)
    path.with_name("gerbang.db.key").unlink()
    with pytest.raises(StoreError, match="key"):
        open_store(path)


def test_a_damaged_template_hides_no_other_finger(store: Store) -> None:
    enrol(store)
    enrol(store, BUDI, 3)
    store.db.execute("UPDATE finger SET sealed = zeroblob(length(sealed)) WHERE page = 7")
    assert store.fingers.known().fingers == {3: Finger("budi", TEMPLATE), 7: Finger("ani", damaged=True)}


def test_a_draft_of_a_key_that_a_power_cut_left_is_in_nobodys_way(path: Path) -> None:
    path.with_name(f"gerbang.db.key.{os.getpid()}").write_bytes(b"")
    with open_store(path) as store:
        enrol(store)


def test_fingers_are_those_of_one_moment_whatever_another_program_writes(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrol(store)
    other = sqlite3.connect(path, timeout=0, isolation_level=None)
    read = store.db.execute

    def erase_between(sql: str, parameters: Sequence[object] = ()) -> sqlite3.Cursor:
        if "FROM erasure" in sql:
            with suppress(sqlite3.OperationalError):  # where it has to wait
                other.execute("INSERT INTO erasure (page, person) VALUES (7, 'ani')")
        return read(sql, parameters)

    monkeypatch.setattr(store.db, "execute", erase_between)
    known = store.fingers.known()
    other.close()
    assert not known.fingers.keys() & known.erasures.keys()


def test_an_erasure_leaves_no_template_and_a_page_that_stays_taken_until_it_is_erased(store: Store, path: Path) -> None:
    enrol(store, page=0)
    sealed = bytes(store.db.execute("SELECT sealed FROM finger").fetchone()[0])
    store.people.erase("ani", clock.now(), left=[0])
    assert sealed not in path.read_bytes()
    assert store.fingers.known().fingers == {}
    assert store.fingers.known().erasures == {0: Erasure("ani", mark_of(TEMPLATE))}
    assert store.fingers.free_page(200) == 1
    version = store.people.version()
    store.fingers.erased([0], clock.now())
    assert store.fingers.free_page(200) == 0
    assert store.people.version() > version
    assert [(entry.kind, entry.payload) for entry in store.journal.since()][1:] == [
        ("erasure", {"person": "ani", "faces": 0, "fingers": 1, "left_in_sensor": 1}),
        ("finger_erased", {"person": "ani", "page": 0}),
    ]


def test_an_erasure_is_witnessed_once(store: Store) -> None:
    enrol(store)
    store.people.erase("ani", clock.now(), left=[7])
    for _ in range(2):
        store.fingers.erased([7], clock.now())
    assert len(list(store.journal.since(kind="finger_erased"))) == 1


def test_what_was_intended_is_to_be_erased_unless_it_is_enrolled_or_forgone(store: Store) -> None:
    store.fingers.intend({page: Erasure("ani") for page in (1, 2, 3)})
    enrol(store, page=1)
    store.fingers.forgo([2])
    assert store.fingers.known().erasures == {3: Erasure("ani")}


def test_people_with_fingers_are_taken_in_together_or_not_at_all(store: Store) -> None:
    enrol(store, page=7)
    with pytest.raises(StoreError):
        store.people.take_in([(BUDI, {1: b"one"}), (Person("citra", "Citra"), {7: b"two"})], clock.now())
    assert [person.id for person in store.people.all()] == ["ani"]
    store.people.take_in([(BUDI, {1: b"one", 2: b"two"})], clock.now())
    assert store.people.get("budi") == Person("budi", "Budi", 0, (1, 2))
    assert [entry.payload["person"] for entry in store.journal.since(kind="enrolment")] == ["ani", "budi"]


def test_a_template_is_kept_for_a_finger_that_had_none(store: Store) -> None:
    enrol(store, template=None)
    version = store.people.version()
    store.fingers.keep(7, TEMPLATE)
    store.fingers.keep(8, TEMPLATE)
    assert store.fingers.known().fingers == {7: Finger("ani", TEMPLATE)}
    assert store.people.version() == version + 1


def test_the_sensor_is_remembered(store: Store, path: Path) -> None:
    assert store.fingers.known().sensor is None
    store.fingers.met(SensorSeen(9, 200))
    store.fingers.met(SensorSeen(0, 1000))
    with open_store(path) as again:
        assert again.fingers.known().sensor == SensorSeen(0, 1000)


def test_a_store_of_the_version_before_keeps_its_fingers(path: Path) -> None:
    older = Database(path)
    migrations.apply(older, stop_before="0003_fingers")
    older.execute("INSERT INTO person (id, name, added) VALUES ('ani', 'Ani', '2026-01-01')")
    older.execute("INSERT INTO finger (page, person) VALUES (7, 'ani')")
    older.conn.commit()
    older.close()
    with open_store(path) as store:
        assert store.fingers.known().fingers == {7: Finger("ani")}
