"""The district's answers, and what lies in its database."""

import json
import sqlite3
from contextlib import closing
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync import wire
from tests.sync.district import InProcess
from tests.sync.journals import DEVICE, OTHER_DEVICE, batch, by_id, entry

_HISTORY = [entry(number) for number in range(1, 9)]


def test_a_receipt_names_every_entry_of_a_good_batch(district: InProcess) -> None:
    sent = [entry(1), entry(2)]
    receipt = district.hand_over(batch(*sent))
    assert receipt == wire.Receipt(received=[item["id"] for item in sent], aside=[])


def test_an_entry_comes_back_exactly_as_it_was_sent(district: InProcess) -> None:
    payload = {
        "b": 1.0,
        "a": 1,
        "ü": "’\u0000\U0001f600",
        "float": 0.1 + 0.2,
        "large": 2**80,
        "null": None,
        "deep": [{}],
    }
    sent = entry(1, payload=payload)
    district.hand_over(batch(sent))
    answer = district.client.get(wire.ENTRIES_PATH, {"device": DEVICE})
    assert answer.content.decode() == f'{{"entries":[{wire.canonical(sent)}],"next":null}}'
    assert wire.Page.model_validate_json(answer.content).entries[0].model_dump() == sent


def test_an_entry_sent_twice_is_kept_once(district: InProcess) -> None:
    sent = entry()
    first = district.hand_over(batch(sent))
    assert district.hand_over(batch(sent, sent)) == first
    assert district.entries() == [sent]


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.sampled_from(_HISTORY), min_size=1, max_size=12), max_size=5))
def test_any_order_repetition_or_loss_of_batches_leads_to_equal_sets(
    district: InProcess, batches: list[list[dict[str, Any]]]
) -> None:
    with closing(sqlite3.connect(district.database)) as db, db:
        db.execute("DELETE FROM district_entry")
    for entries in batches:
        assert district.hand_over(batch(*entries)).aside == []
    sent = by_id([item for entries in batches for item in entries])
    assert by_id(district.entries(limit=3)) == sent
    assert len(district.entries()) == len(sent)


@pytest.mark.parametrize(
    "bad",
    [
        7,
        None,
        "text",
        [],
        {},
        entry(1, number=-1),
        entry(1, hash="f" * 64),
        entry(1, device=OTHER_DEVICE),
        entry(1, extra=1),
        {**entry(1), "payload": {"person": "somebody else"}},
    ],
)
def test_a_bad_entry_is_put_aside_whole_and_stops_no_other(district: InProcess, bad: Any) -> None:
    before, after = entry(1), entry(3)
    receipt = district.hand_over(batch(before, bad, after))
    assert receipt.received == [before["id"], after["id"]]
    assert [item.position for item in receipt.aside] == [1]
    assert district.asides() == [(bad, receipt.aside[0].why)]
    assert district.entries() == [before, after]


def test_half_a_letter_is_put_aside_and_not_lost(district: InProcess) -> None:
    bad = {**entry(1, payload={}), "payload": {"person": "\ud800"}}
    receipt = district.hand_over(batch(bad))
    assert receipt.aside == [wire.Aside(position=0, why="payload: it has no canonical text")]
    assert district.asides()[0][0] == bad


def test_the_same_bad_entry_sent_twice_is_kept_once(district: InProcess) -> None:
    for _ in range(2):
        receipt = district.hand_over(batch({"bad": 1}, {"bad": 1}))
        assert [item.position for item in receipt.aside] == [0, 1]
    assert len(district.asides()) == 1


def test_another_entry_with_a_known_id_is_put_aside_and_overwrites_nothing(district: InProcess) -> None:
    first = entry(1)
    other = entry(1, id=first["id"], payload={"person": "guru-2", "direction": "in", "means": "face"})
    district.hand_over(batch(first))
    receipt = district.hand_over(batch(other))
    assert receipt.received == []
    assert "another entry with this id" in receipt.aside[0].why
    assert district.entries() == [first]
    assert district.asides()[0][0] == other


def test_two_entries_with_one_id_in_a_batch_are_told_apart(district: InProcess) -> None:
    first = entry(1)
    other = entry(2, id=first["id"])
    receipt = district.hand_over(batch(first, other))
    assert receipt.received == [first["id"]]
    assert [item.position for item in receipt.aside] == [1]


def test_both_branches_of_a_fork_are_kept_and_shown_on_one_page(district: InProcess) -> None:
    forked = [entry(1), entry(2), entry(2), entry(3)]
    district.hand_over(batch(*forked))
    assert by_id(district.entries(limit=2)) == by_id(forked)
    assert by_id(district.entries(limit=1)) == by_id(forked)


def test_a_page_says_where_the_next_begins(district: InProcess) -> None:
    sent = [entry(number) for number in (1, 2, 5)]
    district.hand_over(batch(*sent))
    page = district.client.get(f"{wire.ENTRIES_PATH}?device={DEVICE}&limit=2").json()
    assert (page["entries"], page["next"]) == (sent[:2], 2)
    page = district.client.get(f"{wire.ENTRIES_PATH}?device={DEVICE}&after=2").json()
    assert (page["entries"], page["next"]) == (sent[2:], None)


def test_the_devices_are_listed_with_what_they_sent(district: InProcess) -> None:
    district.hand_over(batch(entry(1), entry(2, wall="2026-09-22T06:00:00+08:00")))
    district.hand_over(batch(entry(1, device=OTHER_DEVICE), device=OTHER_DEVICE))
    first, second = (wire.Device(**item) for item in district.client.get("/api/v1/devices").json())
    assert (first.device, first.entries, first.last_wall) == (DEVICE, 2, "2026-09-21T22:46:40+00:00")
    assert (second.device, second.entries) == (OTHER_DEVICE, 1)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"{", 400),
        (b"\xff", 400),
        (b'{"device": NaN}', 400),
        (b"[" * 100_000, 400),
        (b"[" * 300 + b"]" * 300, 400),
        (b"9" * 10_000, 400),
        (b"[]", 422),
        ({"device": "x", "entries": [1]}, 422),
        ({"device": DEVICE, "entries": []}, 422),
        ({"device": DEVICE, "entries": [1] * (wire.MAX_BATCH + 1)}, 422),
        (b" " * (wire.MAX_BODY_BYTES + 1), 413),
    ],
)
def test_a_body_that_is_no_batch_is_a_problem(district: InProcess, body: Any, status: int) -> None:
    _assert_problem(district.post(body), status)
    assert district.asides() == []


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nowhere", 404),
        ("/api/v1/nowhere", 404),
        ("/api/v1/", 404),
        ("/api/v1/docs", 404),
        ("/api/v1/entries", 422),
        ("/api/v1/entries?device=x", 422),
        (f"/api/v1/entries?device={DEVICE}&after=-1", 422),
        (f"/api/v1/entries?device={DEVICE}&limit=501", 422),
    ],
)
def test_a_wrong_question_is_a_problem(district: InProcess, path: str, status: int) -> None:
    _assert_problem(district.client.get(path), status)


def test_every_other_error_is_a_problem_too(district: InProcess) -> None:
    _assert_problem(district.client.get("/", headers={"host": "elsewhere.example"}), 400)
    _assert_problem(district.client.post(wire.ENTRIES_PATH, b"{}", content_type="text/plain"), 415)
    deletion = district.client.delete(wire.ENTRIES_PATH)
    _assert_problem(deletion, 405)
    assert set(deletion["Allow"].split(", ")) == {"GET", "POST"}


def test_a_database_that_fails_is_said_to_come_back_and_nothing_is_received(district: InProcess) -> None:
    with closing(sqlite3.connect(district.database)) as db, db:
        db.execute("ALTER TABLE district_entry RENAME TO district_gone")
    try:
        answer = district.post(batch(entry()).model_dump())
        _assert_problem(answer, 503)
        assert int(answer["Retry-After"]) > 0
        _assert_problem(district.client.get("/healthz"), 503)
        _assert_problem(district.client.get("/"), 500)
    finally:
        with closing(sqlite3.connect(district.database)) as db, db:
            db.execute("ALTER TABLE district_gone RENAME TO district_entry")
    assert district.client.get("/healthz").json() == {"status": "ok"}


def test_the_description_names_messages_and_problems(district: InProcess) -> None:
    described = district.client.get("/api/v1/openapi.json").json()
    post = described["paths"][wire.ENTRIES_PATH]["post"]
    assert wire.PROBLEM_TYPE in post["responses"]["422"]["content"]
    assert {"Batch", "Entry", "Receipt", "Page", "Problem"} <= set(described["components"]["schemas"])


def test_the_page_shows_attendance_in_the_schools_own_time(district: InProcess) -> None:
    district.hand_over(
        batch(
            entry(1, kind="start", payload={"timezone": "Asia/Makassar"}),
            entry(2),
            entry(3, payload={"person": "guru-2", "direction": "out", "means": "finger"}),
            entry(4, kind="refusal", payload={"means": "face"}),
            {"bad": 1},
        )
    )
    page = district.client.get("/").content.decode()
    assert "22-09-2026 06:46:40" in page
    assert "WITA" in page
    for word in ("guru-1", "masuk", "wajah", "guru-2", "pulang", "sidik jari", DEVICE):
        assert word in page
    assert '<strong id="refusals">1</strong>' in page
    assert '<strong id="asides">1</strong>' in page


def test_the_page_says_that_nothing_came_yet(district: InProcess) -> None:
    assert "Belum ada kehadiran" in district.client.get("/").content.decode()


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"person": "<script>alert(1)</script>", "direction": {"in": 1}, "means": 7},
        {"person": ["guru-1"], "direction": None, "means": "<b>"},
    ],
)
@pytest.mark.parametrize("zone", [None, 7, "", "Mars/Olympus", "../../etc/passwd", "/etc/passwd", "\u0000", "x" * 5000])
def test_the_page_stands_whatever_a_device_says(district: InProcess, payload: dict[str, Any], zone: Any) -> None:
    district.hand_over(batch(entry(1, kind="start", payload={"timezone": zone}), entry(2, payload=payload)))
    answer = district.client.get("/")
    assert answer.status_code == 200
    assert "21-09-2026 22:46:40" in answer.content.decode()
    assert "<script" not in answer.content.decode()


def test_every_answer_forbids_scripts_frames_and_keeping(district: InProcess) -> None:
    for path in ("/", "/healthz", "/api/v1/devices", "/nowhere"):
        answer = district.client.get(path)
        assert "default-src 'none'" in answer["Content-Security-Policy"]
        assert answer["X-Frame-Options"] == "DENY"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Cache-Control"] == "no-store"


def _assert_problem(answer: Any, status: int) -> None:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == wire.PROBLEM_TYPE
    document = wire.Problem(**json.loads(answer.content))
    assert document.status == status
    assert document.title
