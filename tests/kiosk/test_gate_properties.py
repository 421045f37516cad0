"""What holds at a gate whatever is seen."""

from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import Trouble
from kiosk.events import (
    Ailment,
    Attendance,
    CaseChanged,
    Commit,
    CommitFailed,
    Committed,
    Direction,
    FaceKnown,
    FaceSeen,
    FaceTooFar,
    FaceUnfit,
    FaceUnknown,
    FingerKnown,
    FingerUnknown,
    KeyPressed,
    Nobody,
    Overdue,
    Part,
    PartAils,
    PartBack,
    PartLost,
    PartWell,
    ServiceCalled,
    SeveralFaces,
    Show,
    Sighting,
    Sign,
    Tick,
    Unfit,
)
from kiosk.gate import step
from kiosk.memory import Phase, State
from kiosk.saying import resting_sign
from tests.kiosk.test_gate import BOX, POLICY, at, commits, go

PEOPLE = st.sampled_from(["ani", "budi", "citra"])
PARTS = st.sampled_from(get_args(Part))


@st.composite
def sightings(draw: st.DrawFn) -> list[Sighting]:
    """Any sightings at all, in the order of time."""
    now = 0.0
    rows: list[Sighting] = []
    for _ in range(draw(st.integers(1, 60))):
        now += draw(st.sampled_from([0.0, 0.03, 0.3, 1.0, 2.5, 30.0, 400.0]))
        when = at(now)
        person, subject = draw(PEOPLE), draw(st.integers(0, 2))
        some: list[Sighting] = [
            Nobody(when), Tick(when), FaceTooFar(when, BOX, subject), FaceSeen(when, BOX, subject),
            SeveralFaces(when, (BOX, BOX)),
            FaceUnfit(when, BOX, draw(st.sampled_from(Unfit)), subject),
            FaceKnown(when, BOX, person, 0.3, 0.8, draw(st.booleans()), subject),
            FaceUnknown(when, BOX, 0.6, subject),
            FingerKnown(when, person, 90),
            FingerUnknown(when), PartLost(when, draw(PARTS), "gone", draw(st.sampled_from(Trouble))),
            PartBack(when, draw(PARTS)),
            PartAils(when, draw(PARTS), draw(st.sampled_from(Ailment)), "why"),
            PartWell(when, draw(PARTS), draw(st.sampled_from(Ailment))),
            KeyPressed(when, draw(st.sampled_from(get_args(Direction)))),
            ServiceCalled(when), CaseChanged(when, draw(st.booleans())),
            Overdue(when, draw(st.sampled_from([None, when]))),
        ]  # fmt: skip
        rows.append(draw(st.sampled_from(some)))
    return rows


@given(sightings(), st.data())
def test_green_always_means_committed_whatever_is_seen(rows: list[Sighting], data: st.DataObject) -> None:
    state, committed = State(), list[Attendance]()
    for sighting in rows:
        waiting = [sighting]
        while waiting:
            state, effects = step(state, waiting.pop(), POLICY)
            for effect in effects:
                if isinstance(effect, Commit) and data.draw(st.booleans()):
                    committed.append(effect.attendance)
                    waiting.append(Committed(sighting.at, effect.attendance))
                elif isinstance(effect, Commit):
                    waiting.append(CommitFailed(sighting.at, effect.attendance, "full"))
                elif isinstance(effect, Show) and effect.cue.sign in (Sign.RECORDED, Sign.REPEATED):
                    assert effect.cue.attendance in committed
        assert not state.pending


@given(sightings())
def test_nobody_is_recorded_twice_within_the_time_of_a_repeat(rows: list[Sighting]) -> None:
    _, effects = go(State(), rows)
    newest: dict[str, Attendance] = {}
    for item in commits(effects):
        before = newest.get(item.person)
        soon = before and item.at.monotonic_s - before.at.monotonic_s < POLICY.repeat_after_s
        assert not soon or (before and before.direction != item.direction), "but for who chose the other direction"
        newest[item.person] = item


@given(sightings())
def test_a_gate_that_is_ready_shows_nothing_of_those_who_left(rows: list[Sighting]) -> None:
    state = State()
    for sighting in rows:
        state, _ = go(state, [sighting])
        if state.phase is Phase.READY:
            assert state.cue.sign is resting_sign(state, POLICY)
            assert state.cue.person is None


@given(sightings())
def test_a_gate_left_alone_comes_to_rest(rows: list[Sighting]) -> None:
    state, _ = go(State(), rows)
    end = rows[-1].at.monotonic_s - 1000.0
    state, _ = go(state, [Nobody(at(end + second)) for second in range(1, 20)])
    assert state.phase is Phase.READY
    assert state.chosen is None
    healthy = not (state.lost.keys() & {"camera", "store"} or state.case_open or state.overdue)
    assert (state.cue.sign is Sign.READY) == healthy
