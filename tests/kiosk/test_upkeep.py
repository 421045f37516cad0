"""The rules about the gate itself: parts, keys, the case, the line."""

from dataclasses import replace

import pytest

from drivers.errors import Trouble
from kiosk.events import (
    Ailment,
    CaseChanged,
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
    Sign,
    Tampering,
)
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


def test_a_call_for_service_is_kept_and_answered() -> None:
    _, effects = go(State(), [ServiceCalled(at(0)), Nobody(at(9))])
    assert signs(effects) == [Sign.SERVICE_CALLED, Sign.READY]
    assert notes(effects) == [Press(at(0), "service")]


def test_an_opened_case_is_kept_and_shown_until_it_is_closed() -> None:
    steps = [CaseChanged(at(0), open=False), CaseChanged(at(1), open=True), CaseChanged(at(2), open=True)]
    state, effects = go(State(), steps)
    assert signs(effects) == [Sign.CASE_OPEN]
    assert notes(effects) == [Tampering(at(1), open=True)]
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
