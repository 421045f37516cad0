"""Every rule of the gate's decision: a table, and the pure function `step` over it.

Everything that decides about a person lives in this file. The rules about the gate's own parts, keys, case and line
are in upkeep.py, and what rules say things with in saying.py. Nothing in them reads a clock, a disk or a pin: time
comes in with each sighting, and what is to be done goes out as effects.

What the gate remembers, and its four phases, are in memory.py.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from drivers.errors import Trouble
from kiosk import upkeep
from kiosk.events import (
    Attendance,
    CaseChanged,
    Commit,
    CommitFailed,
    Committed,
    Cue,
    Direction,
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
    Refusal,
    Repeat,
    ServiceCalled,
    SeveralFaces,
    Sighting,
    Sign,
    Tick,
)
from kiosk.memory import Chosen, Phase, Served, State, Visit
from kiosk.policy import Policy
from kiosk.saying import Outcome, Rule, answer, rest, show, then_resting

_UNFIT_LOOKS = 3  # so many in a row for one reason; a single bad frame is no reason to disturb anybody


def step(state: State, sighting: Sighting, policy: Policy) -> Outcome:
    """The next state, and what is to be done, in order."""
    rested, first = _pass_time(state, sighting.at, policy)
    after, second = TABLE[type(sighting)][rested.phase](rested, sighting, policy)
    return after, first + second


# --- rules, in the order in which a person meets them -------------------------------------------------------------


def _nothing(state: State, _: Sighting, __: Policy) -> Outcome:
    return state, ()


def _face_far(state: State, sighting: FaceTooFar, _: Policy) -> Outcome:
    """Somebody comes; patience does not run yet. Just after a record it is most likely the one served, who leaves."""
    visit = replace(state.visit or Visit(sighting.at), seen=_later(state, sighting.at))
    if state.here:
        return replace(state, visit=visit), ()
    return show(replace(state, visit=visit), Cue(Sign.CLOSER))


def _face_near(state: State, sighting: FaceSeen, policy: Policy) -> Outcome:
    """A face to look at; patience runs from the first. Just after a record it is most likely the one served."""
    visit = _looked_at(state, sighting)
    looking = replace(state, visit=visit)
    guided = len(visit.unfit) >= _UNFIT_LOOKS and state.cue.sign is not Sign.ONE_AT_A_TIME
    if guided or state.here:
        return _ask_if_due(looking, sighting.at, policy) or (looking, ())
    return _ask_if_due(looking, sighting.at, policy) or show(looking, Cue(Sign.LOOK))


def _face_unfit(state: State, sighting: FaceUnfit, policy: Policy) -> Outcome:
    """A face that can't be known so: after a few such looks, say what would help. Patience runs."""
    visit = _looked_at(state, sighting)
    same = tuple(look for look in visit.unfit if look.unfit is sighting.unfit)
    looking = replace(state, visit=replace(visit, unfit=(*same[1 - _UNFIT_LOOKS :], sighting)))
    if due := _ask_if_due(looking, sighting.at, policy):
        return due
    if len(same) + 1 < _UNFIT_LOOKS or state.here:
        return looking, ()
    return show(looking, Cue(Sign(sighting.unfit.value)))


def _behind(state: State, sighting: FaceSeen | FaceTooFar | FaceUnfit, _: Policy) -> Outcome:
    """A face behind a standing answer: the answer stays."""
    return replace(state, visit=_looked_at(state, sighting)), ()


def _still_asked(state: State, sighting: FaceSeen | FaceTooFar | FaceUnfit, policy: Policy) -> Outcome:
    """A face while the finger is asked for, alone again perhaps."""
    asking = replace(state, visit=_looked_at(state, sighting))
    return rest(asking, policy)


def _unless_served(rule: Rule) -> Rule:
    """The rule, but for the face that was served last: as long as it stays, it says nothing new."""

    def but_for_one(state: State, sighting: Any, policy: Policy) -> Outcome:
        if state.served is None or sighting.subject != state.served.subject:
            return rule(state, sighting, policy)
        return _alone_again(state, policy)

    return but_for_one


def _alone_again(state: State, policy: Policy) -> Outcome:
    """Only the one who was served is there: nobody waits."""
    resting = replace(state, visit=None)
    return (resting, ()) if resting.standing else rest(resting, policy)


def _several(state: State, sighting: SeveralFaces, _: Policy) -> Outcome:
    """Whose record would it be? One at a time; looks so far do not count."""
    visit = replace(
        state.visit or Visit(sighting.at), seen=_later(state, sighting.at), since=None, looks=0, agreeing=()
    )
    return show(replace(state, visit=visit), Cue(Sign.ONE_AT_A_TIME))


def _several_behind(state: State, sighting: SeveralFaces, _: Policy) -> Outcome:
    visit = replace(state.visit or Visit(sighting.at), seen=_later(state, sighting.at), agreeing=())
    return replace(state, visit=visit), ()


def _face_known(state: State, sighting: FaceKnown, policy: Policy) -> Outcome:
    """One look that names a person; several in a row that agree are believed."""
    if _is_served(state, sighting):
        before = state.here.get(sighting.person, sighting.at)
        here = {**state.here, sighting.person: max(before, sighting.at, key=lambda moment: moment.monotonic_s)}
        return _alone_again(replace(state, here=here, served=_served(state, sighting.subject, sighting.person)), policy)
    if sighting.person in state.pending or (state.standing and state.standing.person == sighting.person):
        return replace(state, visit=None), ()
    visit = _looked_at(state, sighting)
    same = [look for look in visit.agreeing if look.person == sighting.person]
    agreeing = (*same, sighting) if len(same) == len(visit.agreeing) else (sighting,)
    looking = replace(state, visit=replace(visit, looks=visit.looks + 1, agreeing=agreeing, unfit=()))
    if len(agreeing) < policy.agreeing_looks:
        return _ask_if_due(looking, sighting.at, policy) or (looking, ())
    if sighting.confirm:
        return _confirm(looking, policy)
    surest = max(agreeing, key=lambda look: look.distance)
    return _present(
        looking,
        policy,
        Attendance(
            sighting.at,
            sighting.person,
            "in",
            "face",
            distance=surest.distance,
            runner_up=surest.runner_up,
        ),
    )


def _is_served(state: State, sighting: FaceKnown) -> bool:
    """Whether this person has an answer already, and stays; who was served by finger may look like another."""
    if state.served and sighting.subject == state.served.subject:
        return sighting.person == state.served.person or sighting.confirm
    answered = state.standing and state.standing.person == sighting.person
    return sighting.person in state.here or bool(answered and state.cue.sign in (Sign.RECORDED, Sign.REPEATED))


def _served(state: State, subject: int, person: str) -> Served | None:
    """Who is served now: this face, if the eye follows it; else who was before."""
    return Served(subject, person) if subject else state.served


def _confirm(state: State, policy: Policy) -> Outcome:
    """A known face with a look-alike: the finger decides. Nobody was refused."""
    if state.visit is None or state.visit.confirm:
        return state, ()
    asking = replace(state, visit=replace(state.visit, asked=True, confirm=True))
    return (asking, ()) if state.standing else rest(asking, policy)


def _face_unknown(state: State, sighting: FaceUnknown, policy: Policy) -> Outcome:
    """One look that names nobody; after some, the finger is asked for."""
    visit = _looked_at(state, sighting)
    looking = replace(state, visit=replace(visit, looks=visit.looks + 1, agreeing=(), unfit=()))
    return _ask_if_due(looking, sighting.at, policy, sighting.nearest) or (looking, ())


def _finger_known(state: State, sighting: FingerKnown, policy: Policy) -> Outcome:
    """A known finger is believed at any time: the driver searched twice."""
    if sighting.person in state.pending or (state.standing and state.standing.person == sighting.person):
        return state, ()
    return _present(state, policy, Attendance(sighting.at, sighting.person, "in", "finger", score=sighting.score))


def _finger_unknown(state: State, sighting: FingerUnknown, policy: Policy) -> Outcome:
    after, shown = answer(state, Cue(Sign.FINGER_UNKNOWN), sighting.at, policy)
    return after, (*shown, Note(Refusal(sighting.at, "finger")))


def _committed(state: State, sighting: Committed, policy: Policy) -> Outcome:
    """It is on the card: now, and not before, the light turns green."""
    done = sighting.attendance
    kept = replace(
        state,
        pending=state.pending - {done.person},
        last={**state.last, done.person: done},
        here={**state.here, done.person: sighting.at},
        lost={part: trouble for part, trouble in state.lost.items() if (part, trouble) != ("store", Trouble.BROKEN)},
    )
    after, shown = answer(kept, Cue(Sign.RECORDED, done.person, done), sighting.at, policy)
    if kept.lost != state.lost:
        shown = (*shown, Note(Fault(sighting.at, "store", "", over=True)))
    return after, shown


def _commit_failed(state: State, sighting: CommitFailed, policy: Policy) -> Outcome:
    """Nothing was recorded, and nothing green is shown; the person may try again when the answer is over."""
    person = sighting.attendance.person
    failed = replace(state, pending=state.pending - {person}, served=None, lost={**state.lost, "store": Trouble.BROKEN})
    after, shown = answer(failed, Cue(Sign.NEEDS_SERVICE, sighting.attendance.person), sighting.at, policy)
    if "store" in state.lost:
        return after, shown
    return after, (*shown, Note(Fault(sighting.at, "store", sighting.why)))


def _wait(state: State, sighting: Sighting, policy: Policy) -> Outcome:
    """Nothing new, but patience runs."""
    return _ask_if_due(state, sighting.at, policy) or (state, ())


def _every(rule: Rule) -> dict[Phase, Rule]:
    return dict.fromkeys(Phase, rule)


def _faces(rule: Rule) -> dict[Phase, Rule]:
    """A rule for a face that nobody was asked about yet."""
    rules = {**_every(rule), Phase.ASKING: _still_asked, Phase.ANSWERED: _behind}
    return {phase: _unless_served(row) for phase, row in rules.items()}


def _upkeep(rule: Rule) -> dict[Phase, Rule]:
    """A rule about the gate itself: what it rests on may change, but an answer that stands is left to stand."""
    return {**_every(then_resting(rule)), Phase.ANSWERED: rule}


TABLE: Mapping[type[Sighting], Mapping[Phase, Rule]] = {
    Nobody: {**_every(_nothing), Phase.LOOKING: _wait},
    Tick: {**_every(_nothing), Phase.LOOKING: _wait},
    FaceTooFar: _faces(_face_far),
    FaceSeen: _faces(_face_near),
    FaceUnfit: _faces(_face_unfit),
    SeveralFaces: {**_every(_several), Phase.ANSWERED: _several_behind},
    FaceKnown: _every(_face_known),
    FaceUnknown: _every(_unless_served(_face_unknown)),
    FingerKnown: _every(_finger_known),
    FingerUnknown: _every(_finger_unknown),
    Committed: _every(_committed),
    CommitFailed: _every(_commit_failed),
    PartLost: _upkeep(upkeep.part_lost),
    PartBack: _upkeep(upkeep.part_back),
    PartAils: _every(upkeep.part_ails),
    PartWell: _every(upkeep.part_well),
    KeyPressed: _every(upkeep.key_pressed),
    ServiceCalled: _every(upkeep.service_called),
    CaseChanged: _upkeep(upkeep.case_changed),
    Overdue: _upkeep(upkeep.overdue),
}


# --- what the rules are made of ------------------------------------------------------------------------------------


def _pass_time(state: State, at: Moment, policy: Policy) -> Outcome:
    """What time alone changes: answers end, people leave."""
    here = {
        person: seen for person, seen in state.here.items() if at.monotonic_s - seen.monotonic_s <= policy.gone_after_s
    }
    visit = state.visit
    if visit and at.monotonic_s - visit.seen.monotonic_s > policy.gone_after_s:
        visit = None
    over = state.standing is not None and at.monotonic_s >= state.standing.until_s
    chosen = state.chosen if state.chosen and at.monotonic_s < state.chosen.until_s else None
    rested = replace(state, here=here, visit=visit, chosen=chosen, standing=None if over else state.standing)
    changed = over or visit is not state.visit or (chosen is not state.chosen and visit is None)
    if rested.standing or not changed:
        return rested, ()
    return rest(rested, policy)


def _later(state: State, at: Moment) -> Moment:
    """When a face was last there: a look that took long to judge does not turn the time back."""
    seen = state.visit.seen if state.visit else at
    return max(seen, at, key=lambda moment: moment.monotonic_s)


def _looked_at(state: State, sighting: FaceSeen | FaceTooFar | FaceUnfit | FaceKnown | FaceUnknown) -> Visit:
    """The visit with this face, begun now if need be."""
    visit = state.visit or Visit(sighting.at)
    since = visit.since or sighting.at
    return replace(visit, seen=_later(state, sighting.at), since=since, subject=sighting.subject or visit.subject)


def _ask_if_due(state: State, at: Moment, policy: Policy, nearest: float | None = None) -> Outcome | None:
    """Patience is over: ask for the finger, once in a visit. Whose looks named nobody, was refused."""
    visit = state.visit
    if state.standing or visit is None or visit.asked or visit.since is None:
        return None
    waited_s = at.monotonic_s - visit.since.monotonic_s
    if visit.looks < policy.finger_after_looks and waited_s < policy.finger_after_s:
        return None
    asking = replace(state, visit=replace(visit, asked=True))
    after, shown = rest(asking, policy)
    refused = visit.looks > 0 and not visit.agreeing
    return after, (*shown, Note(Refusal(at, "face", nearest))) if refused else shown


def _present(state: State, policy: Policy, attendance: Attendance) -> Outcome:
    """The person is known: record it, or say that it stands already."""
    last = state.last.get(attendance.person)
    soon = last is not None and attendance.at.monotonic_s - last.at.monotonic_s < policy.repeat_after_s
    if last and soon and (state.chosen is None or state.chosen.direction == last.direction):
        return _repeat(state, policy, attendance, last)
    attendance = replace(attendance, direction=_direction(last, attendance.at, policy, state.chosen))
    served = _served(state, state.visit.subject if state.visit else 0, attendance.person)
    waiting = replace(state, visit=None, chosen=None, served=served, pending=state.pending | {attendance.person})
    if state.cue.attendance is None:
        return waiting, (Commit(attendance),)
    looking, shown = show(
        waiting, Cue(Sign.LOOK)
    )  # the green of the one before is not for this one, however slow the card
    return looking, (*shown, Commit(attendance))


def _repeat(state: State, policy: Policy, attendance: Attendance, last: Attendance) -> Outcome:
    """Say it each time the person comes; note it once for each record."""
    answered = replace(
        state,
        visit=None,
        chosen=None,
        here={**state.here, attendance.person: attendance.at},
        served=_served(state, state.visit.subject if state.visit else 0, attendance.person),
        repeated={**state.repeated, attendance.person: last},
    )
    cue = Cue(Sign.REPEATED, attendance.person, last, first=last.at)
    after, shown = answer(answered, cue, attendance.at, policy)
    if state.repeated.get(attendance.person) == last:
        return after, shown
    return after, (*shown, Note(Repeat(attendance.at, attendance.person, attendance.means, last.at)))


def _direction(last: Attendance | None, at: Moment, policy: Policy, chosen: Chosen | None) -> Direction:
    """As chosen; else a local day's first record is a coming, each later one a going. The district judges the day."""
    if chosen:
        return chosen.direction
    if last is None:
        return "in"
    day, last_day = (datetime.fromtimestamp(moment.wall_s, policy.zone).date() for moment in (at, last.at))
    return "out" if day == last_day else "in"
