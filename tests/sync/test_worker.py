"""The worker over real stores; the district is one in memory that fails on command."""

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.store import Store, open_store
from sync import wire
from sync.couriers import Courier
from sync.couriers.memory import MemoryCourier, Mishap
from sync.couriers.receipts import confirmed
from sync.delays import delay, full_jitter
from sync.errors import CourierError, Refused
from sync.worker import Worker, pack, progress
from tests.sync.journals import by_id, entry, fill, sent
from tests.sync.processes import DEADLINE_S, wait_for


@pytest.fixture
def courier() -> MemoryCourier:
    return MemoryCourier()


def test_all_entries_arrive_in_order_and_unchanged(store: Store, courier: MemoryCourier) -> None:
    fill(store, 25)
    worker = Worker(store, courier, limit=10)
    assert [worker.push() for _ in range(4)] == [10, 10, 5, 0]
    assert list(courier.entries.values()) == sent(store)
    assert store.cursors.get("district") == 25


def test_each_destination_has_a_cursor_of_its_own(store: Store, courier: MemoryCourier) -> None:
    fill(store, 3)
    Worker(store, courier).push()
    assert progress(store, "stick").unsent == 3
    assert progress(store, "district").unsent == 0


def test_progress_tells_the_oldest_unsent(store: Store, courier: MemoryCourier) -> None:
    fill(store, 3)
    Worker(store, courier, limit=1).push()
    now = progress(store, "district")
    assert (now.cursor, now.unsent, now.oldest_unsent) == (1, 2, sent(store)[1]["wall"])
    Worker(store, courier).push()
    assert progress(store, "district").oldest_unsent is None


def test_a_lost_batch_moves_no_cursor(store: Store, courier: MemoryCourier) -> None:
    fill(store, 3)
    courier.plan("lost", "receipt_lost")
    for _ in range(2):
        with pytest.raises(CourierError):
            Worker(store, courier).push()
    assert store.cursors.get("district") == 0


def test_the_cursor_stops_before_the_first_entry_that_a_receipt_leaves_out(
    store: Store, courier: MemoryCourier
) -> None:
    fill(store, 9)
    courier.plan("half", "nothing")
    worker = Worker(store, courier)
    assert worker.push() == 4
    with pytest.raises(Refused):
        worker.push()
    assert store.cursors.get("district") == 4
    assert worker.push() == 5


def test_an_entry_that_is_kept_aside_holds_up_no_other(store: Store, courier: MemoryCourier) -> None:
    fill(store, 5)
    bad = sent(store)[2]
    courier.unreadable.add(bad["id"])
    assert Worker(store, courier).push() == 5
    assert courier.aside == {bad["id"]: bad}


@settings(deadline=None, max_examples=25)
@given(
    count=st.integers(0, 40),
    limit=st.integers(1, 15),
    mishaps=st.lists(st.sampled_from(get_args(Mishap)), max_size=12),
)
def test_whatever_happens_on_the_way_both_ends_have_equal_sets(count: int, limit: int, mishaps: list[Mishap]) -> None:
    with TemporaryDirectory() as folder, open_store(Path(folder) / "gerbang.db") as store:
        fill(store, count)
        courier = MemoryCourier()
        courier.plan(*mishaps)
        worker = Worker(store, courier, limit=limit)
        while progress(store, "district").unsent:
            before = store.cursors.get("district")
            try:
                worker.push()
            except CourierError:
                assert store.cursors.get("district") == before
            assert before <= store.cursors.get("district") <= len(courier.entries)
        assert courier.entries == by_id(sent(store))


@given(st.integers(1, 12), st.sets(st.integers(0, 11)), st.sets(st.integers(0, 11)))
def test_what_is_confirmed_is_all_before_the_first_gap(count: int, received: set[int], aside: set[int]) -> None:
    entries = [entry(number + 1) for number in range(count)]
    receipt = wire.Receipt(
        received=[item["id"] for position, item in enumerate(entries) if position in received],
        aside=[wire.Aside(position=position, why="") for position in aside],
    )
    gaps = set(range(count)) - received - aside
    assert confirmed(wire.Batch(device=entries[0]["device"], entries=entries), receipt) == min(gaps, default=count)


def test_a_batch_ends_where_the_body_is_full_but_holds_one_entry_at_least(store: Store) -> None:
    fill(store, 20)
    entries = store.journal.after(0, 20)
    one = len(wire.canonical(pack(store.device, entries, 0).entries).encode())
    assert len(pack(store.device, entries, 0).entries) == 1
    assert len(pack(store.device, entries, 10 * one).entries) in (9, 10)
    assert len(pack(store.device, entries, 100 * one).entries) == 20


@given(st.integers(1, 10_000), st.integers(), st.floats(0.01, 10), st.floats(10, 5000))
def test_a_delay_lies_within_the_bound_of_its_try(failures: int, seed: int, base_s: float, cap_s: float) -> None:
    wait_s = full_jitter(failures, Random(seed), base_s, cap_s)
    assert 0 <= wait_s <= cap_s
    assert wait_s <= base_s * 2.0 ** min(failures - 1, 1000)


@given(st.integers(1, 100), st.integers(), st.none() | st.floats(0, 3600))
def test_nobody_comes_before_the_district_asked_for_it(failures: int, seed: int, retry_after_s: float | None) -> None:
    assert delay(failures, Random(seed), retry_after_s) >= (retry_after_s or 0)


def test_delays_are_spread_over_their_whole_bound() -> None:
    rng = Random(1)
    waits = [full_jitter(20, rng, cap_s=900) for _ in range(1000)]
    assert min(waits) < 90
    assert max(waits) > 810


@contextmanager
def running(
    path: Path, courier: Courier, *, base_s: float = 0.001, cap_s: float = 0.01
) -> Iterator[Callable[[], None]]:
    """A worker that runs in a thread, over a store of its own; to be called to stop it."""
    stop = Event()

    def work() -> None:
        with open_store(path) as store:
            Worker(store, courier, base_s=base_s, cap_s=cap_s).run(stop)

    def end() -> None:
        stop.set()
        thread.join(DEADLINE_S)
        assert not thread.is_alive()

    thread = Thread(target=work)
    thread.start()
    try:
        yield end
    finally:
        end()


def test_an_entry_that_comes_while_the_worker_runs_arrives(store: Store, courier: MemoryCourier) -> None:
    with running(store.path, courier):
        for _ in range(3):
            fill(store, 1)
            wait_for(lambda: len(courier.entries) == store.journal.last_number())


@pytest.mark.parametrize("retry_after_s", [None, 3600.0])
def test_a_stop_ends_any_wait_at_once(store: Store, courier: MemoryCourier, retry_after_s: float | None) -> None:
    fill(store, 1)
    courier.plan("lost", retry_after_s=retry_after_s)
    with running(store.path, courier, base_s=1e9, cap_s=1e9) as end:
        wait_for(lambda: courier.batches)
        end()
    assert courier.entries == {}


def test_a_fault_is_logged_once_and_once_more_when_it_is_over(
    store: Store, courier: MemoryCourier, caplog: pytest.LogCaptureFixture
) -> None:
    fill(store, 1)
    courier.plan("lost", "lost", "receipt_lost", "lost", "lost")
    with caplog.at_level(logging.INFO, "sync"), running(store.path, courier):
        wait_for(lambda: courier.entries and len(caplog.messages) == 2)
    assert caplog.messages == [
        "the batch was lost on the way; we go on trying",
        "the records go through again",
    ]


def test_a_store_that_fails_for_a_while_does_not_end_the_worker(
    store: Store, courier: MemoryCourier, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "sync"), running(store.path, courier):
        _sql(store.path, "ALTER TABLE cursor RENAME TO gone")
        wait_for(lambda: caplog.messages)
        _sql(store.path, "ALTER TABLE gone RENAME TO cursor")
        fill(store, 1)
        wait_for(lambda: len(courier.entries) == 1)
    assert len(caplog.messages) == 2
    assert str(store.path) in caplog.messages[0]


def _sql(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path, timeout=DEADLINE_S)) as db, db:
        db.execute(statement)
