"""The messages themselves."""

import json
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kiosk.store import Store
from sync import wire
from tests.sync.journals import entry, fill

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(_JSON)
def test_a_canonical_text_reads_back_as_the_same_text(value: Any) -> None:

    try:
        text = wire.canonical(value)
    except ValueError:
        return
    assert wire.canonical(json.loads(text)) == text


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", {"deep": ["\udfff"]}])
def test_what_has_no_canonical_text_says_so(value: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # json's and str's own sentences
        wire.canonical(value)


def test_the_kiosk_and_the_wire_agree_on_the_hash(store: Store) -> None:
    fill(store, 3)
    for kept in store.journal.after(0, 10):
        assert wire.digest(asdict(kept)) == kept.hash == kept.digest()


def test_an_entry_of_a_real_journal_is_well_formed(store: Store) -> None:
    fill(store, 1)
    (kept,) = store.journal.after(0, 10)
    assert wire.Entry.model_validate(asdict(kept)).model_dump() == asdict(kept)


@pytest.mark.parametrize(
    "change",
    [
        {"id": "7"},
        {"id": "0B7C1D52-6C5F-4B7E-9A35-3F1F6F2F8A01"},
        {"number": 0},
        {"number": "1"},
        {"number": True},
        {"number": 2**53},
        {"wall": "2026-09-21T22:46:40"},
        {"wall": "2026-02-30T22:46:40+00:00"},
        {"wall": "9999-12-31T23:59:59+00:00"},
        {"wall": "2026-09-21T22:46:40+99:00"},
        {"monotonic_ns": -1},
        {"trust": "much"},
        {"kind": "Attendance"},
        {"kind": "attendance\n"},
        {"payload": []},
        {"previous": "0"},
        {"name": "a person's"},
    ],
)
def test_a_malformed_entry_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        wire.Entry.model_validate(entry(1, **change))


def test_a_batch_takes_what_is_no_entry_so_that_it_stops_no_other() -> None:
    assert wire.Batch(device=entry()["device"], entries=[1, None, "x"]).entries == [1, None, "x"]
