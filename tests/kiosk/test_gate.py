"""The gate's table, row by row, and what people go through at it."""

from collections.abc import Iterable
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from drivers.errors import Trouble
from kiosk.events import (
    Ailment,
    Attendance,
    CaseChanged,
    Commit,
    CommitFailed,
    Committed,
    Cue,
    Effect,
    FaceKnown,
    FaceSeen,
    FaceTooFar,
    FaceUnfit,
    FaceUnknown,
    Fault,
    FingerKnown,
    FingerUnknown,
    KeyPressed,
    Moment,
    Nobody,
    Note,
    Overdue,
    PartAils,
    PartBack,
    PartLost,
    PartWell,
    Press,
    Record,
    Refusal,
    Repeat,
    ServiceCalled,
    SeveralFaces,
    Show,
    Sighting,
    Sign,
    Tampering,
    Tick,
    Unfit,
)
from kiosk.gate import TABLE, step
from kiosk.memory import Phase, Standing, State, Visit
from kiosk.policy import Policy

POLICY = Policy(ZoneInfo("Asia/Makassar"), agreeing_looks=2, finger_after_looks=5)
BOX = (10, 10, 200, 200)
MORNING_S = 1_795_388_400.0  # 2026-11-23 07:00 in Makassar


def at(seconds: float) -> Moment:
    return Moment(MORNING_S + seconds, 1000.0 + seconds)


def known(seconds: float, person: str = "ani", distance: float = 0.3) -> FaceKnown:
    return FaceKnown(at(seconds), BOX, person, distance, 0.7)


def unknown(seconds: float) -> FaceUnknown:
    return FaceUnknown(at(seconds), BOX, 0.62)


def record(seconds: float, person: str = "ani") -> Attendance:
    return Attendance(at(seconds), person, "in", "face", 0.3, 0.7)


def go(state: State, sightings: Iterable[Sighting], policy: Policy = POLICY) -> tuple[State, list[Effect]]:
    """Steps in a row; a commit is answered at once, as by a store that works."""
    done: list[Effect] = []
    for sighting in sightings:
        state, effects = step(state, sighting, policy)
        done += effects
        for effect in effects:
            if isinstance(effect, Commit):
                state, more = step(state, Committed(sighting.at, effect.attendance), policy)
                done += more
    return state, done


def signs(effects: Iterable[Effect]) -> list[Sign]:
    return [effect.cue.sign for effect in effects if isinstance(effect, Show)]


def notes(effects: Iterable[Effect]) -> list[Record]:
    return [effect.record for effect in effects if isinstance(effect, Note)]


def commits(effects: Iterable[Effect]) -> list[Attendance]:
    return [effect.attendance for effect in effects if isinstance(effect, Commit)]


PHASES = {
    Phase.READY: State(),
    Phase.LOOKING: State(Cue(Sign.LOOK), visit=Visit(at(9.9), since=at(9.5))),
    Phase.ASKING: State(Cue(Sign.UNKNOWN_USE_FINGER), visit=Visit(at(9.9), since=at(3), looks=5, asked=True)),
    Phase.ANSWERED: State(
        Cue(Sign.RECORDED, "budi", record(9)), standing=Standing(1012.0, "budi"), visit=Visit(at(9.9), at(9.9))
    ),
}

CLOSER, LOOK, ONE = (Sign.CLOSER,), (Sign.LOOK,), (Sign.ONE_AT_A_TIME,)
CAMERA, SERVICE, RECORDED = (Sign.CAMERA_LOST,), (Sign.NEEDS_SERVICE,), (Sign.RECORDED,)
BAD_FINGER = (Sign.FINGER_UNKNOWN,)

Cell = tuple[tuple[Sign, ...], tuple[type, ...]]


def resting(sign: Sign, *records: type) -> dict[Phase, Cell]:
    """The sign where nobody is there, the records everywhere."""
    return dict.fromkeys(Phase, ((), records)) | {Phase.READY: ((sign,), records)}


# The green of the one before ends first.
RECORDING: dict[Phase, Cell] = dict.fromkeys(Phase, ((), (Attendance,))) | {Phase.ANSWERED: (LOOK, (Attendance,))}

# For each sighting, in each phase: the signs that are shown, and the kinds of records that are wanted.
ROWS: dict[Sighting, dict[Phase, Cell]] = {
    Nobody(at(10)): dict.fromkeys(Phase, ((), ())),
    Tick(at(10)): dict.fromkeys(Phase, ((), ())),
    FaceTooFar(at(10), BOX): {
        Phase.READY: (CLOSER, ()),
        Phase.LOOKING: (CLOSER, ()),
        Phase.ASKING: ((), ()),
        Phase.ANSWERED: ((), ()),
    },
    FaceSeen(at(10), BOX): {
        Phase.READY: (LOOK, ()),
        Phase.LOOKING: ((), ()),
        Phase.ASKING: ((), ()),
        Phase.ANSWERED: ((), ()),
    },
    FaceUnfit(at(10), BOX, Unfit.TURNED): dict.fromkeys(Phase, ((), ())),
    SeveralFaces(at(10), (BOX, BOX)): {
        Phase.READY: (ONE, ()),
        Phase.LOOKING: (ONE, ()),
        Phase.ASKING: (ONE, ()),
        Phase.ANSWERED: ((), ()),
    },
    known(10): RECORDING,
    unknown(10): dict.fromkeys(Phase, ((), ())),
    FingerKnown(at(10), "ani", 120): dict.fromkeys(Phase, ((), (Attendance,)))
    | {Phase.ANSWERED: (LOOK, (Attendance,))},
    FingerUnknown(at(10)): dict.fromkeys(Phase, (BAD_FINGER, (Refusal,))),
    Committed(at(10), record(10)): dict.fromkeys(Phase, (RECORDED, ())),
    CommitFailed(at(10), record(10), "disk full"): dict.fromkeys(Phase, (SERVICE, (Fault,))),
    PartLost(at(10), "camera", "unplugged"): {
        Phase.READY: (CAMERA, (Fault,)),
        Phase.LOOKING: (CAMERA, (Fault,)),
        Phase.ASKING: (CAMERA, (Fault,)),
        Phase.ANSWERED: ((), (Fault,)),
    },
    PartLost(at(10), "sensor", "silent"): {
        Phase.READY: ((), (Fault,)),
        Phase.LOOKING: ((), (Fault,)),
        Phase.ASKING: ((Sign.UNKNOWN,), (Fault,)),
        Phase.ANSWERED: ((), (Fault,)),
    },
    PartBack(at(10), "camera"): dict.fromkeys(Phase, ((), ())),
    PartAils(at(10), "sensor", Ailment.FULL, "all 200 pages"): dict.fromkeys(Phase, ((), (Fault,))),
    PartWell(at(10), "sensor", Ailment.FULL): dict.fromkeys(Phase, ((), ())),
    KeyPressed(at(10), "out"): dict.fromkeys(Phase, ((Sign.KEY_OUT,), (Press,))) | {Phase.ANSWERED: ((), (Press,))},
    ServiceCalled(at(10)): dict.fromkeys(Phase, ((Sign.SERVICE_CALLED,), (Press,))),
    CaseChanged(at(10), open=True): resting(Sign.CASE_OPEN, Tampering) | {Phase.ASKING: ((), (Tampering,))},
    Overdue(at(10), at(-400)): resting(Sign.OFFLINE_TOO_LONG) | {Phase.ASKING: ((), ())},
}


@pytest.mark.parametrize("phase", Phase, ids=lambda phase: phase.value)
@pytest.mark.parametrize("sighting", ROWS, ids=lambda sighting: type(sighting).__name__)
def test_every_row_of_the_table(sighting: Sighting, phase: Phase) -> None:
    impatient = replace(POLICY, agreeing_looks=1)
    _, effects = step(PHASES[phase], sighting, impatient)
    expected_signs, expected_records = ROWS[sighting][phase]
    assert tuple(signs(effects)) == expected_signs
    wanted = [*commits(effects), *notes(effects)]
    assert tuple(type(item) for item in wanted) == expected_records


def test_the_table_has_a_rule_for_every_sighting_in_every_phase() -> None:
    assert {type(sighting) for sighting in ROWS} == set(TABLE) == set(Sighting.__subclasses__())
    assert all(set(rules) == set(Phase) for rules in TABLE.values())
    assert {state.phase: phase for phase, state in PHASES.items()} == {phase: phase for phase in Phase}


def test_agreeing_looks_are_recorded_and_green_comes_after_the_commit() -> None:
    looking, nothing = step(State(), known(0), POLICY)
    assert not commits(nothing)
    waiting, wanted = step(looking, known(0.1, distance=0.35), POLICY)
    assert commits(wanted) == [Attendance(at(0.1), "ani", "in", "face", distance=0.35, runner_up=0.7)]
    assert not signs(wanted), "nothing green before the card has it"
    answered, shown = step(waiting, Committed(at(0.2), commits(wanted)[0]), POLICY)
    assert signs(shown) == [Sign.RECORDED]
    assert answered.phase is Phase.ANSWERED


def test_a_failed_commit_shows_no_green() -> None:
    state, effects = step(State(), FingerKnown(at(0), "ani", 100), POLICY)
    state, effects = step(state, CommitFailed(at(0.1), commits(effects)[0], "disk full"), POLICY)
    assert signs(effects) == [Sign.NEEDS_SERVICE]
    assert notes(effects) == [Fault(at(0.1), "store", "disk full")]
    assert "ani" not in state.last


def test_after_a_failed_commit_the_same_person_can_try_again_and_the_store_is_well() -> None:
    waiting, wanted = step(State(), FingerKnown(at(0), "ani", 100), POLICY)
    failed, _ = step(waiting, CommitFailed(at(0.1), commits(wanted)[0], "disk full"), POLICY)
    well, effects = go(failed, [FingerKnown(at(5), "ani", 100)])
    assert signs(effects)[-1] is Sign.RECORDED
    assert notes(effects) == [Fault(at(5), "store", "", over=True)]
    _, effects = go(well, [Tick(at(9))])
    assert signs(effects) == [Sign.READY]


def test_looks_that_name_two_people_are_not_believed() -> None:
    _, effects = go(State(), [known(0, "ani"), known(0.1, "budi"), known(0.2, "ani"), known(0.3, "budi")])
    assert not commits(effects)


def test_a_look_that_names_nobody_breaks_the_agreement() -> None:
    _, effects = go(State(), [known(0), unknown(0.1), known(0.2)])
    assert not commits(effects)


def test_who_stays_in_front_of_the_gate_is_told_once() -> None:
    _, effects = go(State(), [known(tenth / 10) for tenth in range(300)])
    assert len(commits(effects)) == 1
    assert signs(effects) == [Sign.RECORDED, Sign.READY]
    assert not notes(effects)


def test_who_comes_again_too_soon_is_told_when_the_first_record_was() -> None:
    state, _ = go(State(), [known(0), known(0.1)])
    state, effects = go(state, [*[Nobody(at(second)) for second in range(1, 30)], known(30), known(30.1)])
    assert not commits(effects)
    assert signs(effects) == [Sign.READY, Sign.REPEATED]
    assert notes(effects) == [Repeat(at(30.1), "ani", "face", at(0.1))]
    assert state.cue.first == at(0.1)


def test_who_comes_again_later_that_day_is_going() -> None:
    state, _ = go(State(), [known(0), known(0.1)])
    _, effects = go(state, [known(8 * 3600), known(8 * 3600 + 0.1)])
    assert [item.direction for item in commits(effects)] == ["out"]


def test_the_next_day_begins_with_coming() -> None:
    state, _ = go(State(), [known(0), known(0.1)])
    _, effects = go(state, [known(24 * 3600), known(24 * 3600 + 0.1)])
    assert [item.direction for item in commits(effects)] == ["in"]


def test_the_next_teacher_is_served_while_the_answer_to_the_first_stands() -> None:
    state, effects = go(State(), [known(0), known(0.1), known(0.2, "budi"), known(0.3, "budi")])
    assert [item.person for item in commits(effects)] == ["ani", "budi"]
    assert state.cue.person == "budi"


def test_after_some_unknown_looks_the_finger_is_asked_for_and_the_refusal_kept_once() -> None:
    _, effects = go(State(), [FaceSeen(at(0), BOX), *[unknown(tenth / 10) for tenth in range(1, 40)]])
    assert signs(effects) == [Sign.LOOK, Sign.UNKNOWN_USE_FINGER]
    assert notes(effects) == [Refusal(at(0.5), "face", 0.62)]


def test_after_some_seconds_without_a_match_the_finger_is_asked_for() -> None:
    sightings = [FaceSeen(at(second / 2), BOX) for second in range(12)]
    _, effects = go(State(), sightings)
    assert signs(effects) == [Sign.LOOK, Sign.UNKNOWN_USE_FINGER]
    assert not notes(effects), "nobody was compared, so nobody was refused"


def test_who_was_named_once_when_patience_ends_is_not_refused() -> None:
    slow = [FaceSeen(at(0), BOX), known(1.5), FaceSeen(at(3), BOX), FaceSeen(at(4.1), BOX)]
    state, effects = go(State(), slow)
    assert signs(effects) == [Sign.LOOK, Sign.UNKNOWN_USE_FINGER]
    assert not notes(effects)
    _, effects = go(state, [known(4.5)])
    assert len(commits(effects)) == 1


def test_patience_does_not_run_while_somebody_is_still_far() -> None:
    _, effects = go(State(), [FaceTooFar(at(second), BOX) for second in range(60)])
    assert signs(effects) == [Sign.CLOSER]


def test_a_face_that_is_known_after_all_is_recorded_while_the_finger_is_asked_for() -> None:
    _, effects = go(State(), [*[unknown(tenth / 10) for tenth in range(8)], known(0.9), known(1.0)])
    assert signs(effects) == [Sign.UNKNOWN_USE_FINGER, Sign.RECORDED]


@pytest.mark.parametrize("phase", Phase, ids=lambda phase: phase.value)
def test_the_finger_is_accepted_at_any_time(phase: Phase) -> None:
    _, effects = go(PHASES[phase], [FingerKnown(at(10), "ani", 88)])
    assert commits(effects) == [Attendance(at(10), "ani", "in", "finger", score=88)]
    assert signs(effects)[-1] is Sign.RECORDED


def test_face_and_then_finger_is_one_record() -> None:
    state, effects = go(State(), [known(0), known(0.1), FingerKnown(at(0.5), "ani", 88)])
    assert len(commits(effects)) == 1
    state, effects = go(state, [FingerKnown(at(10), "ani", 88)])
    assert signs(effects)[-1] is Sign.REPEATED


@pytest.mark.parametrize("unfit", Unfit, ids=lambda unfit: unfit.value)
def test_what_would_help_is_said_after_a_few_looks(unfit: Unfit) -> None:
    poor = [FaceUnfit(at(tenth / 10), BOX, unfit) for tenth in range(20)]
    seen = [FaceSeen(look.at, BOX) for look in poor]
    sightings = [sighting for pair in zip(seen, poor, strict=True) for sighting in pair]
    state, effects = go(State(), sightings)
    assert signs(effects) == [Sign.LOOK, Sign(unfit.value)]
    _, effects = go(state, [known(2.1), FaceSeen(at(2.2), BOX), known(2.3)])
    assert signs(effects) == [Sign.LOOK, Sign.RECORDED]


def test_one_bad_frame_disturbs_nobody() -> None:
    _, effects = go(State(), [FaceSeen(at(0), BOX), FaceUnfit(at(0), BOX, Unfit.BLURRED), known(0.1), known(0.2)])
    assert signs(effects) == [Sign.LOOK, Sign.RECORDED]


def test_who_can_not_be_seen_well_is_asked_for_the_finger_in_the_end() -> None:
    _, effects = go(State(), [FaceUnfit(at(tenth / 10), BOX, Unfit.TOO_DARK) for tenth in range(60)])
    assert signs(effects) == [Sign.TOO_DARK, Sign.UNKNOWN_USE_FINGER]
    assert not notes(effects)


def test_a_look_alike_is_confirmed_by_finger_and_nobody_is_refused() -> None:
    alike = [replace(known(tenth / 10), confirm=True) for tenth in range(30)]
    state, effects = go(State(), alike)
    assert signs(effects) == [Sign.CONFIRM_BY_FINGER]
    assert not commits(effects)
    assert not notes(effects)
    _, effects = go(state, [FingerKnown(at(3), "ani", 90)])
    assert [(item.person, item.means) for item in commits(effects)] == [("ani", "finger")]


def test_a_look_alike_without_a_sensor_is_sent_to_the_operator() -> None:
    alike = [replace(known(tenth / 10), confirm=True) for tenth in range(9)]
    _, effects = go(State(), alike, replace(POLICY, finger=False))
    assert signs(effects) == [Sign.UNKNOWN]
    assert not commits(effects)


def test_without_a_sensor_nobody_is_asked_for_a_finger() -> None:
    lookers = [unknown(tenth / 10) for tenth in range(8)]
    _, never = go(State(), lookers, replace(POLICY, finger=False))
    _, lost = go(State(lost={"sensor": Trouble.SILENT}), lookers)
    assert signs(never) == signs(lost) == [Sign.UNKNOWN]


def test_a_lost_camera_asks_for_the_finger_and_is_back_when_it_is_back() -> None:
    state, effects = go(State(), [PartLost(at(0), "camera", "unplugged"), PartLost(at(1), "camera", "unplugged")])
    assert signs(effects) == [Sign.CAMERA_LOST]
    assert notes(effects) == [Fault(at(0), "camera", "unplugged", "broken")]
    state, effects = go(state, [PartBack(at(9), "camera"), PartBack(at(10), "camera")])
    assert signs(effects) == [Sign.READY]
    assert notes(effects) == [Fault(at(9), "camera", "", over=True)]


def test_a_gate_without_camera_and_finger_needs_service() -> None:
    _, effects = go(State(), [PartLost(at(0), "sensor", "silent"), PartLost(at(1), "camera", "unplugged")])
    assert signs(effects) == [Sign.NEEDS_SERVICE]


def test_after_a_restart_a_repeat_is_still_a_repeat() -> None:
    state = State(last={"ani": record(-60)})
    _, effects = go(state, [known(0), known(0.1)])
    assert signs(effects) == [Sign.REPEATED]


def test_who_leaves_after_being_served_is_not_asked_to_come_nearer() -> None:
    state, _ = go(State(), [known(tenth / 10) for tenth in range(40)])
    _, effects = go(state, [FaceTooFar(at(4.2), BOX), FaceTooFar(at(4.8), BOX), Nobody(at(9))])
    assert not signs(effects)
    assert state.cue.sign is Sign.READY
