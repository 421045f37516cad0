"""The rules about the gate itself: its parts, its keys, its case and its line. Pure, as all rules are."""

from dataclasses import replace

from kiosk.events import (
    CaseChanged,
    Cue,
    Fault,
    KeyPressed,
    Note,
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
from kiosk.memory import Chosen, State
from kiosk.policy import Policy
from kiosk.saying import Outcome, answer, key_sign, rest, show


def part_lost(state: State, sighting: PartLost, _: Policy) -> Outcome:
    """A part does not serve, or fails in another way than before."""
    part, trouble = sighting.part, sighting.trouble
    if state.lost.get(part) is trouble:
        return state, ()
    visit = None if part == "camera" else state.visit
    after = replace(state, lost={**state.lost, part: trouble}, visit=visit)
    return after, (Note(Fault(sighting.at, part, sighting.why, trouble.value)),)


def part_back(state: State, sighting: PartBack, _: Policy) -> Outcome:
    """A part serves again."""
    trouble = state.lost.get(sighting.part)
    if trouble is None:
        return state, ()
    after = replace(state, lost={part: why for part, why in state.lost.items() if part != sighting.part})
    return after, (Note(Fault(sighting.at, sighting.part, "", trouble.value, over=True)),)


def part_ails(state: State, sighting: PartAils, _: Policy) -> Outcome:
    """Something is to be mended at a part; the people at the gate are served all the same."""
    ail = (sighting.part, sighting.ailment)
    if ail in state.ails:
        return state, ()
    fault = Fault(sighting.at, sighting.part, sighting.why, sighting.ailment.value)
    return replace(state, ails=state.ails | {ail}), (Note(fault),)


def part_well(state: State, sighting: PartWell, _: Policy) -> Outcome:
    """It is mended."""
    ail = (sighting.part, sighting.ailment)
    if ail not in state.ails:
        return state, ()
    fault = Fault(sighting.at, sighting.part, "", sighting.ailment.value, over=True)
    return replace(state, ails=state.ails - {ail}), (Note(fault),)


def key_pressed(state: State, sighting: KeyPressed, policy: Policy) -> Outcome:
    """The next record has this direction, whatever the day would make of it; who stands there is looked at anew."""
    chosen = Chosen(sighting.direction, sighting.at.monotonic_s + policy.key_s)
    after = replace(state, chosen=chosen, served=None, here={})
    note = Note(Press(sighting.at, sighting.direction))
    if state.standing:
        return after, (note,)
    shown, signs = show(after, Cue(key_sign(chosen))) if state.visit else rest(after, policy)
    return shown, (*signs, note)


def service_called(state: State, sighting: ServiceCalled, policy: Policy) -> Outcome:
    """The call is kept, and goes to the district as every entry does."""
    after, shown = answer(state, Cue(Sign.SERVICE_CALLED), sighting.at, policy)
    return after, (*shown, Note(Press(sighting.at, "service")))


def case_changed(state: State, sighting: CaseChanged, _: Policy) -> Outcome:
    """The case was opened, or closed."""
    if sighting.open == state.case_open:
        return state, ()
    return replace(state, case_open=sighting.open), (Note(Tampering(sighting.at, sighting.open)),)


def overdue(state: State, sighting: Overdue, _: Policy) -> Outcome:
    """What is recorded waits too long for a line; nobody at the gate need do anything about it."""
    late = sighting.since is not None
    return (state, ()) if late == state.overdue else (replace(state, overdue=late), ())
