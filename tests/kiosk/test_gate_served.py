"""Who was served is left in peace, and leaves no sign behind."""

from dataclasses import replace

import pytest

from kiosk.events import (
    CommitFailed,
    FaceSeen,
    FaceUnfit,
    FaceUnknown,
    FingerKnown,
    Nobody,
    Repeat,
    SeveralFaces,
    Sighting,
    Sign,
    Unfit,
)
from kiosk.gate import step
from kiosk.memory import Phase, State
from tests.kiosk.test_gate import BOX, POLICY, at, commits, go, known, notes, signs, unknown


def test_who_was_served_by_finger_and_stays_is_left_in_peace() -> None:
    refused = [replace(unknown(tenth / 10), subject=7) for tenth in range(10)]
    stays = [
        sighting
        for tenth in range(11, 300)
        for sighting in (FaceSeen(at(tenth / 10), BOX, 7), replace(unknown(tenth / 10), subject=7))
    ]
    state, effects = go(State(), [*refused, FingerKnown(at(1), "ani", 88), *stays])
    assert signs(effects) == [Sign.UNKNOWN_USE_FINGER, Sign.RECORDED, Sign.READY]
    assert len(notes(effects)) == 1
    _, effects = go(state, [Nobody(at(40)), *[replace(unknown(41 + tenth / 10), subject=8) for tenth in range(9)]])
    assert signs(effects) == [Sign.UNKNOWN_USE_FINGER], "the next one is asked again"


@pytest.mark.parametrize("aside", ["turned", "unknown"])
def test_who_was_served_by_face_and_looks_aside_is_left_in_peace(aside: str) -> None:
    served = [replace(known(tenth / 10), subject=7) for tenth in range(5)]
    looks: list[Sighting] = []
    for tenth in range(5, 200):
        when = at(tenth / 10)
        looks.append(FaceSeen(when, BOX, 7))
        looks.append(FaceUnfit(when, BOX, Unfit.TURNED, 7) if aside == "turned" else FaceUnknown(when, BOX, 0.6, 7))
    state, effects = go(State(), [*served, *looks, replace(known(20.5), subject=7)])
    assert signs(effects) == [Sign.RECORDED, Sign.READY]
    assert not notes(effects)
    assert state.phase is Phase.READY


def test_a_colleague_who_stood_beside_leaves_no_wrong_sign() -> None:
    served = [replace(known(tenth / 10), subject=7) for tenth in range(40)]
    beside = [SeveralFaces(at(4 + tenth / 10), (BOX, BOX)) for tenth in range(10)]
    state, effects = go(State(), [*served, *beside, replace(known(5.1), subject=7)])
    assert signs(effects) == [Sign.RECORDED, Sign.READY, Sign.ONE_AT_A_TIME, Sign.READY]
    assert state.cue.sign is Sign.READY


def test_looks_behind_the_answer_show_that_the_person_never_left() -> None:
    blurred = [FaceUnfit(at(tenth / 10), BOX, Unfit.BLURRED) for tenth in range(5, 27)]
    _, effects = go(State(), [known(0), known(0.1), *blurred, *[known(tenth / 10) for tenth in range(27, 60)]])
    assert signs(effects) == [Sign.RECORDED, Sign.READY]
    assert not notes(effects)


def test_a_machine_that_takes_long_for_a_look_records_all_the_same_and_once() -> None:
    sightings: list[Sighting] = []
    for tenth in range(300):
        sightings.append(FaceSeen(at(tenth / 10), BOX, 7))
        if tenth % 22 == 21:
            sightings.append(replace(known(tenth / 10 - 2.2), subject=7))
    _, effects = go(State(), sightings)
    assert len(commits(effects)) == 1
    assert not [record for record in notes(effects) if isinstance(record, Repeat)]


def test_who_comes_again_and_again_is_noted_once_for_a_record() -> None:
    state, _ = go(State(), [known(0), known(0.1)])
    shown: list[Sign] = []
    noted = []
    for time in range(10, 200, 10):
        state, effects = go(state, [Nobody(at(time - 1)), known(time), known(time + 0.1), Nobody(at(time + 4))])
        shown += signs(effects)
        noted += notes(effects)
    assert shown.count(Sign.REPEATED) == 19
    assert len(noted) == 1


def test_two_who_stand_where_one_was_asked_are_told_one_at_a_time() -> None:
    asked = [unknown(tenth / 10) for tenth in range(8)]
    _, effects = go(State(), [*asked, SeveralFaces(at(1), (BOX, BOX)), FaceSeen(at(1.2), BOX)])
    assert signs(effects) == [Sign.UNKNOWN_USE_FINGER, Sign.ONE_AT_A_TIME, Sign.UNKNOWN_USE_FINGER]


def test_a_look_alike_who_was_confirmed_is_not_asked_again() -> None:
    alike = [replace(known(tenth / 10), confirm=True, subject=7) for tenth in range(5)]
    other = [replace(known(2 + tenth / 10, "ina"), confirm=True, subject=7) for tenth in range(30)]
    _, effects = go(State(), [*alike, FingerKnown(at(1), "ani", 90), *other])
    assert signs(effects) == [Sign.CONFIRM_BY_FINGER, Sign.RECORDED, Sign.READY]


def test_after_a_failed_commit_the_face_is_not_taken_for_served() -> None:
    waiting, wanted = step(State(), replace(known(0), subject=7), replace(POLICY, agreeing_looks=1))
    failed, _ = step(waiting, CommitFailed(at(0.1), commits(wanted)[0], "full"), POLICY)
    _, effects = go(failed, [replace(known(4 + tenth / 10), subject=7) for tenth in range(3)])
    assert len(commits(effects)) == 1
