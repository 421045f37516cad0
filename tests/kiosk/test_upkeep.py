"""The rules about the gate itself: parts, keys, the case, the line."""

from dataclasses import replace

import pytest

from drivers.errors import Trouble
from kiosk.events import (
    Ailment,
    CaseChanged,
    Commit,
    Cue,
    Direction,
    FaceSeen,
    Fault,
    FingerKnown,
    KeyPressed,
    Nobody,
    Overdue,
    PartAils,
    PartBack,
    PartLost,
    PartWell,
    Press,
    ServiceCalled,
    Show,
    Sighting,
    Sign,
    Tampering,
)
from kiosk.gate import step
from kiosk.memory import State
from tests.kiosk.test_gate import BOX, POLICY, at, commits, go, known, notes, signs


@pytest.mark.parametrize(
    ("trouble", "finger", "sign"),
    [
        (Trouble.UNPLUGGED, True, Sign.CAMERA_LOST),
        (Trouble.FROZEN, True, Sign.CAMERA_LOST),
        (Trouble.DARK, True, Sign.CAMERA_DARK),
        (Trouble.COVERED, True, Sign.CAMERA_COVERED),
        (Trouble.UNPLUGGED, False, Sign.NEEDS_SERVICE),
        (Trouble.COVERED, False, Sign.NEEDS_SERVICE),
        (Trouble.DARK, False, Sign.TOO_DARK),
    ],
)
def test_each_trouble_of_the_camera_has_its_sign(trouble: Trouble, finger: bool, sign: Sign) -> None:
    _, effects = go(State(), [PartLost(at(0), "camera", "why", trouble)], replace(POLICY, finger=finger))
    assert signs(effects) == [sign]


def test_a_finger_is_served_while_the_camera_is_covered() -> None:
    lost = PartLost(at(0), "camera", "why", Trouble.COVERED)
    state, effects = go(State(), [lost, FingerKnown(at(1), "ani", 90), Nobody(at(9))])
    assert signs(effects) == [Sign.CAMERA_COVERED, Sign.RECORDED, Sign.CAMERA_COVERED]
    _, effects = go(state, [PartBack(at(10), "camera")])
    assert signs(effects) == [Sign.READY]


def test_a_trouble_that_turns_into_another_is_told_again_and_its_end_once() -> None:
    steps = [
        PartLost(at(0), "camera", "taped", Trouble.COVERED),
        PartLost(at(1), "camera", "taped", Trouble.COVERED),
        PartLost(at(2), "camera", "pulled out", Trouble.UNPLUGGED),
        PartBack(at(3), "camera"),
        PartBack(at(4), "camera"),
    ]
    _, effects = go(State(), steps)
    assert notes(effects) == [
        Fault(at(0), "camera", "taped", "covered"),
        Fault(at(2), "camera", "pulled out", "unplugged"),
        Fault(at(3), "camera", "", "unplugged", over=True),
    ]


def test_what_ails_a_part_is_kept_and_disturbs_nobody() -> None:
    ails = PartAils(at(0), "sensor", Ailment.REPLACED, "another model")
    well = PartWell(at(5), "sensor", Ailment.REPLACED)
    state, effects = go(State(), [ails, ails])
    assert state.ails == {("sensor", Ailment.REPLACED)}
    assert not signs(effects)
    assert notes(effects) == [Fault(at(0), "sensor", "another model", "replaced")]
    state, effects = go(state, [well, well])
    assert not state.ails
    assert notes(effects) == [Fault(at(5), "sensor", "", "replaced", over=True)]


@pytest.mark.parametrize(("direction", "sign"), [("in", Sign.KEY_IN), ("out", Sign.KEY_OUT)])
def test_a_key_decides_the_direction_of_one_record(direction: Direction, sign: Sign) -> None:
    steps = [
        KeyPressed(at(0), direction), known(1), known(1.1),
        FingerKnown(at(2), "budi", 90),
    ]  # fmt: skip
    _, effects = go(State(), steps)
    assert signs(effects)[0] is sign
    assert notes(effects) == [Press(at(0), direction)]
    assert [(item.person, item.direction) for item in commits(effects)] == [("ani", direction), ("budi", "in")]


def test_a_key_that_nobody_followed_is_forgotten() -> None:
    state, effects = go(State(), [KeyPressed(at(0), "out"), Nobody(at(9)), Nobody(at(10)), Nobody(at(11))])
    assert signs(effects) == [Sign.KEY_OUT, Sign.READY]
    _, effects = go(state, [FingerKnown(at(12), "ani", 90)])
    assert [item.direction for item in commits(effects)] == ["in"]


def test_who_came_and_presses_the_key_for_going_is_recorded_again_and_not_told_to_wait() -> None:
    state, _ = go(State(), [FingerKnown(at(0), "ani", 90), Nobody(at(5))])
    state, effects = go(state, [KeyPressed(at(6), "out"), FingerKnown(at(7), "ani", 90), Nobody(at(12))])
    assert [item.direction for item in commits(effects)] == ["out"]
    _, effects = go(state, [KeyPressed(at(13), "out"), FingerKnown(at(14), "ani", 90)])
    assert not commits(effects), "the same direction again is a repeat"
    assert Sign.REPEATED in signs(effects)


def test_a_key_does_not_reach_the_next_person_by_way_of_a_repeat() -> None:
    state, _ = go(State(), [FingerKnown(at(0), "budi", 90), FingerKnown(at(400), "ani", 90), Nobody(at(404))])
    steps = [KeyPressed(at(410), "in"), FingerKnown(at(411), "ani", 90), FingerKnown(at(414), "budi", 90)]
    _, effects = go(state, steps)
    assert [(item.person, item.direction) for item in commits(effects)] == [("budi", "out")]


def test_who_was_served_and_presses_a_key_is_looked_at_anew() -> None:
    first = [known(0), known(0.1), Nobody(at(4)), replace(known(4.1), subject=1), replace(known(4.2), subject=1)]
    state, _ = go(State(), first)
    steps = [KeyPressed(at(5), "out"), replace(known(8.1), subject=1), replace(known(8.2), subject=1)]
    _, effects = go(state, steps)
    assert [(item.person, item.direction) for item in commits(effects)] == [("ani", "out")]


@pytest.mark.parametrize("before", [[FaceSeen(at(0), BOX)], [PartLost(at(0), "camera", "dark", Trouble.DARK)]])
def test_a_key_is_seen_to_be_taken(before: list[Sighting]) -> None:
    _, effects = go(State(), [*before, KeyPressed(at(1), "out")])
    assert signs(effects)[-1] is Sign.KEY_OUT


def test_the_green_of_the_one_before_ends_when_the_next_is_being_recorded() -> None:
    state, _ = go(State(), [FingerKnown(at(0), "ani", 90)])
    assert state.cue.sign is Sign.RECORDED
    _, effects = step(state, FingerKnown(at(1), "budi", 90), POLICY)
    shown, commit = effects
    assert isinstance(shown, Show)
    assert shown.cue == Cue(Sign.LOOK)
    assert isinstance(commit, Commit)


def test_a_record_is_no_cure_for_faces_that_stay_sealed() -> None:
    sealed = PartLost(at(0), "store", "another key", Trouble.SEALED)
    state, effects = go(State(), [sealed, FingerKnown(at(1), "ani", 90), Nobody(at(9))])
    assert signs(effects) == [Sign.NEEDS_SERVICE, Sign.RECORDED, Sign.NEEDS_SERVICE]
    assert notes(effects) == [Fault(at(0), "store", "another key", "sealed")]
    assert state.lost == {"store": Trouble.SEALED}


def test_a_call_for_service_is_kept_and_answered() -> None:
    _, effects = go(State(), [ServiceCalled(at(0)), Nobody(at(9))])
    assert signs(effects) == [Sign.SERVICE_CALLED, Sign.READY]
    assert notes(effects) == [Press(at(0), "service")]


def test_an_opened_case_is_kept_and_shown_until_it_is_closed() -> None:
    steps = [CaseChanged(at(0), open=False), CaseChanged(at(1), open=True), CaseChanged(at(2), open=True)]
    state, effects = go(State(), steps)
    assert signs(effects) == [Sign.CASE_OPEN]
    assert notes(effects) == [Tampering(at(0), open=False), Tampering(at(1), open=True)], (
        "how it is at first, is kept too"
    )
    state, effects = go(state, [FingerKnown(at(3), "ani", 90), Nobody(at(9))])
    assert signs(effects) == [Sign.RECORDED, Sign.CASE_OPEN], "attendance goes on"
    _, effects = go(state, [CaseChanged(at(10), open=False)])
    assert signs(effects) == [Sign.READY]
    assert notes(effects) == [Tampering(at(10), open=False)]


def test_too_long_without_a_line_is_shown_while_nobody_is_there() -> None:
    state, effects = go(State(), [Overdue(at(0), at(-1e6)), Overdue(at(1), at(-1e6)), FaceSeen(at(2), BOX)])
    assert signs(effects) == [Sign.OFFLINE_TOO_LONG, Sign.LOOK]
    assert not notes(effects), "that the line was away, the entries themselves tell"
    state, effects = go(state, [Nobody(at(9))])
    assert signs(effects) == [Sign.OFFLINE_TOO_LONG]
    _, effects = go(state, [Overdue(at(10), None)])
    assert signs(effects) == [Sign.READY]
