"""The store: what is green is on the card, and nothing that fails changes anything."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk import clock
from kiosk.errors import StoreError, StoreFull, StoreNewer
from kiosk.events import Moment
from kiosk.store import Finger, Keeper, Person, Store, Template, open_store
from kiosk.store.journal import FIRST_PREVIOUS
from kiosk.store.sealing import Sealer, load_key

ANI = Person("ani", "Ani Rahayu")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gerbang.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with open_store(path) as opened:
        yield opened


def face(value: float, person: str = "ani") -> Template:
    return Template(person, "a-model", np.full(128, value, dtype=np.float32))


def test_entries_are_numbered_and_chained_by_hash(store: Store) -> None:
    entries = [store.journal.append("attendance", {"person": f"p{n}"}, clock.now()) for n in range(5)]
    assert [entry.number for entry in entries] == [1, 2, 3, 4, 5]
    assert [entry.previous for entry in entries] == [FIRST_PREVIOUS, *[entry.hash for entry in entries[:-1]]]
    assert all(entry.hash == entry.digest() for entry in entries)
    assert store.journal.after(0, 10) == entries
    assert store.journal.after(3, 1) == entries[3:4]


def test_a_changed_entry_no_longer_fits_its_hash(store: Store) -> None:
    store.journal.append("attendance", {"person": "ani"}, clock.now())
    store.db.execute("UPDATE entry SET payload = ?", [json.dumps({"person": "budi"})])
    [entry] = store.journal.after(0, 10)
    assert entry.hash != entry.digest()


@given(
    st.dictionaries(
        st.text(max_size=9), st.none() | st.text() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    )
)
def test_what_was_written_is_read_back_and_still_fits_its_hash(payload: dict[str, object]) -> None:
    path = Path("/dev/shm") / f"gerbang-test-{os.getpid()}.db"
    try:
        with open_store(path) as store:
            written = store.journal.append("scan", payload, clock.now())
            [*_, read] = store.journal.after(written.number - 1, 1)
        assert read == written
        assert read.digest() == written.hash
    finally:
        for file in path.parent.glob(f"{path.name}*"):
            file.unlink()


def test_a_moment_is_kept_on_both_clocks(store: Store) -> None:
    at = Moment(1_795_388_400.25, 12.5)
    entry = store.journal.append("start", {}, at)
    assert entry.moment == at
    assert entry.wall == "2026-11-22T23:00:00.250000+00:00"


def test_the_journal_is_read_from_a_day_and_by_kind(store: Store) -> None:
    for hour, kind in enumerate(["start", "attendance", "refusal", "attendance"]):
        store.journal.append(kind, {}, Moment(3600.0 * hour, 1.0))
    since = datetime.fromtimestamp(3600, UTC)
    assert [entry.number for entry in store.journal.since(since)] == [2, 3, 4]
    assert [entry.number for entry in store.journal.since(since, "attendance")] == [2, 4]
    assert len(list(store.journal.since())) == 4


def test_two_programs_write_one_unbroken_chain(path: Path) -> None:
    with open_store(path) as gate, open_store(path) as operator:
        for number in range(10):
            (gate if number % 2 else operator).journal.append("scan", {"n": number}, clock.now())
        entries = gate.journal.after(0, 100)
    assert [entry.previous for entry in entries[1:]] == [entry.hash for entry in entries[:-1]]
    assert len({entry.device for entry in entries}) == 1


def test_what_was_committed_survives_a_kill(path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from kiosk import clock; from kiosk.store import open_store\n"
        "store = open_store(Path(sys.argv[1]))\n"
        "while True: print(store.journal.append('scan', {}, clock.now()).id, flush=True)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        green = [process.stdout.readline().strip() for _ in range(20)]
        process.send_signal(signal.SIGKILL)
        green += [line.strip() for line in process.stdout if line.endswith("\n")]
    with open_store(path) as store:
        kept = store.journal.after(0, 100_000)
    assert {entry.id for entry in kept} >= set(green)
    assert [entry.previous for entry in kept[1:]] == [entry.hash for entry in kept[:-1]]


def test_people_are_enrolled_with_faces_and_fingers(store: Store) -> None:
    store.people.enrol(ANI, [face(1), face(2)], 7, clock.now())
    store.people.enrol(Person("budi", "Budi"), [], 3, clock.now())
    assert store.people.all() == [Person("ani", "Ani Rahayu", 2, (7,)), Person("budi", "Budi", 0, (3,))]
    assert store.fingers.known().fingers == {7: Finger("ani"), 3: Finger("budi")}
    assert [float(item.embedding[0]) for item in store.people.templates()] == [1, 2]
    assert store.fingers.free_page(10, taken=[0, 1]) == 2
    assert store.fingers.free_page(2, taken=[0, 1]) is None


def test_faces_are_added_or_replaced(store: Store) -> None:
    store.people.enrol(ANI, [face(1)], None, clock.now())
    store.people.enrol(ANI, [face(2)], None, clock.now())
    assert len(store.people.templates()) == 2
    store.people.enrol(ANI, [face(3)], None, clock.now(), replace=True)
    assert [float(item.embedding[0]) for item in store.people.templates()] == [3]


def test_every_change_of_the_people_raises_their_version(store: Store) -> None:
    versions = [store.people.version()]
    store.people.enrol(ANI, [face(1)], None, clock.now())
    versions.append(store.people.version())
    store.people.erase("ani", clock.now())
    versions.append(store.people.version())
    assert versions == sorted(set(versions))


def test_a_person_who_does_not_fit_changes_nothing(store: Store) -> None:
    store.people.enrol(ANI, [], 7, clock.now())
    with pytest.raises(StoreError):
        store.people.enrol(Person("budi", "Budi"), [face(1, "budi")], 7, clock.now())
    assert [person.id for person in store.people.all()] == ["ani"]
    assert store.journal.last_number() == 1


def test_an_erasure_is_total_and_witnessed(store: Store, path: Path) -> None:
    store.people.enrol(ANI, [face(1.25)], 7, clock.now())
    sealed = bytes(store.db.execute("SELECT sealed FROM template").fetchone()[0])
    assert sealed in path.read_bytes()
    store.people.erase("ani", clock.now())
    assert store.people.all() == []
    assert store.people.templates() == []
    assert sealed not in path.read_bytes()
    assert b"Ani Rahayu" not in path.read_bytes()
    [*_, erasure] = store.journal.since(kind="erasure")
    assert erasure.payload == {"person": "ani", "faces": 1, "fingers": 1, "left_in_sensor": 0}


def test_templates_are_sealed_and_never_in_the_journal(store: Store, path: Path) -> None:
    template = Template("ani", "a-model", np.arange(128, dtype=np.float32))
    store.people.enrol(ANI, [template], None, clock.now())
    assert template.embedding.tobytes() not in path.read_bytes()
    assert path.with_name("gerbang.db.key").stat().st_mode & 0o777 == 0o600
    assert all("embedding" not in json.dumps(entry.payload) for entry in store.journal.after(0, 10))


def test_a_template_opens_only_for_its_person_and_with_its_key() -> None:
    sealed = Sealer(b"k" * 32).seal(b"face", "ani")
    assert Sealer(b"k" * 32).open(sealed, "ani") == b"face"
    for key, person in ((b"k", "budi"), (b"x", "ani")):
        with pytest.raises(StoreError, match="key"):
            Sealer(key * 32).open(sealed, person)


def test_a_damaged_template_is_left_out_and_hides_no_other(store: Store) -> None:
    store.people.enrol(ANI, [face(1), face(2)], None, clock.now())
    store.db.execute("UPDATE template SET sealed = zeroblob(length(sealed)) WHERE id = 1")
    assert [float(item.embedding[0]) for item in store.people.templates()] == [2]
    store.db.execute("UPDATE template SET sealed = zeroblob(length(sealed))")
    with pytest.raises(StoreError, match="key"):
        store.people.templates()


def test_a_lost_key_is_said_and_not_made_anew(path: Path) -> None:
    with open_store(path) as store:
        store.people.enrol(ANI, [face(1)], None, clock.now())
    key = path.with_name("gerbang.db.key")
    key.unlink()
    with pytest.raises(StoreError, match="key"):
        open_store(path)
    assert not key.exists()


def test_a_damaged_key_is_said(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"short")
    with pytest.raises(StoreError, match="damaged"):
        load_key(tmp_path / "key", create=True)


def test_a_cursor_never_goes_back(store: Store) -> None:
    assert store.cursors.get("district") == 0
    store.cursors.advance("district", 8)
    store.cursors.advance("district", 5)
    store.cursors.advance("stick", 2)
    assert (store.cursors.get("district"), store.cursors.get("stick")) == (8, 2)


def test_a_store_from_a_newer_version_is_refused_and_not_touched(path: Path) -> None:
    with open_store(path) as store:
        store.db.table("_sqlite_migrations").insert(
            {"migration_set": "gerbang", "name": "9999_future", "applied_at": "2030"}
        )
    before = path.read_bytes()
    with pytest.raises(StoreNewer, match="newer Gerbang"):
        open_store(path)
    assert path.read_bytes() == before


def test_a_file_that_is_no_store_is_refused_and_not_touched(path: Path) -> None:
    path.write_bytes(b"this is a letter to the head of the school" * 100)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="not a Gerbang store"):
        open_store(path)
    assert path.read_bytes() == before


def test_programs_that_make_a_store_at_the_same_time_make_one(path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from kiosk.store import open_store\n"
        "sys.stdin.readline(); print(open_store(Path(sys.argv[1])).device)"
    )
    command = [sys.executable, "-c", program, str(path)]
    makers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    for maker in makers:
        assert maker.stdin
        maker.stdin.write("go\n")
        maker.stdin.flush()
    assert len({maker.communicate()[0] for maker in makers}) == 1
    assert [maker.returncode for maker in makers] == [0] * 6


@pytest.mark.parametrize("damage", ["'{'", "CAST(x'7b22706572ff' AS TEXT)", "'[1]'", "''"])
def test_a_damaged_entry_says_so_and_hides_no_other(store: Store, damage: str) -> None:
    for person in ("ani", "budi", "citra"):
        store.journal.append("attendance", {"person": person}, clock.now())
    store.db.execute(f"UPDATE entry SET payload = {damage} WHERE number = 2")
    first, second, third = store.journal.since()
    assert "unreadable" in second.payload
    assert second.digest() != second.hash
    assert (first.payload["person"], third.payload["person"]) == ("ani", "citra")


def test_a_reader_who_takes_a_break_keeps_nobody_from_committing(store: Store, path: Path) -> None:
    for number in range(1200):
        store.journal.append("scan", {"n": number, "text": "x" * 200}, clock.now())
    reader = store.journal.since()
    next(reader)
    with open_store(path, busy_s=0.0) as gate:
        gate.journal.append("attendance", {"person": "ani"}, clock.now())
    assert [entry.payload.get("person") for entry in reader][-1] == "ani"


def test_a_key_without_its_store_is_no_new_beginning(path: Path) -> None:
    with open_store(path):
        pass
    for harm in (lambda: path.write_bytes(b""), path.unlink):
        harm()
        with pytest.raises(StoreError, match="bring the store back"):
            open_store(path)
    assert not path.exists()


def test_a_store_whose_own_tables_are_damaged_is_one_sentence(path: Path) -> None:
    with open_store(path) as store:
        store.db.execute("ALTER TABLE _sqlite_migrations RENAME COLUMN applied_at TO gone")
    with pytest.raises(StoreError, match=r"damaged|failed"):
        open_store(path)


def test_a_card_that_became_read_only_can_still_be_read(small_disk: Path) -> None:
    path = small_disk / "gerbang.db"
    with open_store(path) as store:
        store.people.enrol(ANI, [face(1)], None, clock.now())
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with open_store(path, create=False) as store:
        assert [person.id for person in store.people.all()] == ["ani"]
        assert [entry.kind for entry in store.journal.since()] == ["enrolment"]
        with pytest.raises(StoreError):
            store.journal.append("scan", {}, clock.now())
    with pytest.raises(StoreError):
        open_store(path)


def test_a_missing_store_is_made_only_where_it_may_be(path: Path) -> None:
    with pytest.raises(StoreError, match="no store"):
        open_store(path, create=False)
    assert not path.exists()
    with pytest.raises(StoreError, match="folder"):
        open_store(Path("/proc/nowhere/gerbang.db"))


def _append_for_ever(keeper: Keeper) -> None:
    while True:
        keeper.append("scan", {"text": "x" * 500}, clock.now())


def test_a_full_disk_is_one_sentence_and_the_store_works_again_when_there_is_room(path: Path) -> None:
    keeper = Keeper(path)
    db = keeper.get().db
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    db.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StoreFull, match="room"):
        _append_for_ever(keeper)
    kept = keeper.get().journal.last_number()
    keeper.append("scan", {}, clock.now())
    assert keeper.get().journal.last_number() == kept + 1
    keeper.close()


def test_a_store_held_by_another_program_is_one_sentence(store: Store, path: Path) -> None:
    with open_store(path) as other:
        other.db.execute("PRAGMA busy_timeout=1")
        store.db.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another program"):
            other.journal.append("scan", {}, clock.now())
        store.db.execute("ROLLBACK")
