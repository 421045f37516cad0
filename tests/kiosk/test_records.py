"""Records and answers: what is kept, and what is said."""

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from kiosk.answers import Answers
from kiosk.events import Attendance, Cue, Fault, Moment, Press, Record, Refusal, Repeat, Sign, Tampering
from kiosk.feedback import FEEDBACK
from kiosk.records import last_attendances, to_payload
from kiosk.store.journal import Entry
from kiosk.words import load_words

AT = Moment(1_795_388_400.0, 500.0)  # 2026-11-23 07:00 in Makassar
ATTENDANCE = Attendance(AT, "ani", "in", "face", 0.31234567, 0.7, None)


def entry(record: Record, boot: str = "this") -> Entry:
    kind, payload = to_payload(record)
    return Entry(
        "id",
        "device",
        1,
        boot,
        "2026-11-22T23:00:00+00:00",
        round(record.at.monotonic_s * 1e9),
        "rtc",
        kind,
        payload,
        "",
    )


@pytest.mark.parametrize(
    ("record", "kind", "payload"),
    [
        (
            ATTENDANCE,
            "attendance",
            {"person": "ani", "direction": "in", "means": "face", "distance": 0.3123, "runner_up": 0.7, "score": None},
        ),
        (Refusal(AT, "face", 0.61), "refusal", {"means": "face", "nearest": 0.61}),
        (Repeat(AT, "ani", "finger", AT), "repeat", {"person": "ani", "means": "finger", "first": AT.wall_s}),
        (
            Fault(AT, "camera", "no camera", "unplugged"),
            "fault",
            {"part": "camera", "what": "unplugged", "why": "no camera"},
        ),
        (Fault(AT, "camera", "", "unplugged", over=True), "mended", {"part": "camera", "what": "unplugged"}),
        (Press(AT, "out"), "key", {"key": "out"}),
        (Tampering(AT, open=True), "case", {"open": True}),
    ],
)
def test_each_record_has_its_kind_and_payload(record: Record, kind: str, payload: dict[str, object]) -> None:
    assert to_payload(record) == (kind, payload)


def test_the_newest_attendance_of_each_person_is_remembered() -> None:
    later = Attendance(Moment(AT.wall_s, 900.0), "ani", "out", "finger", score=80)
    other = Attendance(AT, "budi", "in", "face", 0.3, 0.7)
    last = last_attendances([entry(ATTENDANCE), entry(other), entry(later)], Moment(AT.wall_s, 1000.0), "this")
    assert last["ani"].direction == "out"
    assert last["ani"].at.monotonic_s == 900.0
    assert set(last) == {"ani", "budi"}


@pytest.mark.parametrize(
    "damage",
    [{"payload": {"unreadable": "{"}}, {"payload": {"directign": "in"}}, {"boot": "before", "wall": "yesterday"}],
)
def test_a_damaged_attendance_is_passed_over(damage: dict[str, Any]) -> None:
    last = last_attendances([replace(entry(ATTENDANCE), **damage), entry(ATTENDANCE)], AT, "this")
    assert set(last) == {"ani"}


@pytest.mark.parametrize(("wall_s", "ago_s"), [(60.0, 60.0), (-3600.0, 0.0)])
def test_an_attendance_of_another_boot_lies_as_far_back_as_the_clock_says(wall_s: float, ago_s: float) -> None:
    now = Moment(AT.wall_s + wall_s, 20.0)
    last = last_attendances([entry(ATTENDANCE, boot="before")], now, "this")
    assert now.monotonic_s - last["ani"].at.monotonic_s == pytest.approx(ago_s)


ANSWERS = Answers(load_words("id"), ZoneInfo("Asia/Makassar"), 3.0, FEEDBACK, {"ani": "Bu Ani"})


def test_a_record_is_answered_with_greeting_name_and_time() -> None:
    answer = ANSWERS.to(Cue(Sign.RECORDED, "ani", ATTENDANCE), AT)
    assert (answer.headline, answer.name, answer.detail, answer.time) == (
        "Selamat pagi",
        "Bu Ani",
        "Masuk 07:00",
        "07:00",
    )
    assert (answer.colour, answer.light, answer.sound, answer.stays_s) == ("green", "green", "pip", 3.0)


def test_a_repeat_is_answered_with_the_time_of_the_record_that_stands() -> None:
    answer = ANSWERS.to(Cue(Sign.REPEATED, "ani", ATTENDANCE, first=AT), Moment(AT.wall_s + 120, 620.0))
    assert answer.headline == "Sudah tercatat"
    assert "07:00" in answer.detail


def test_a_person_who_was_erased_meanwhile_is_greeted_without_a_name() -> None:
    assert ANSWERS.to(Cue(Sign.RECORDED, "gone", ATTENDANCE), AT).name == ""
