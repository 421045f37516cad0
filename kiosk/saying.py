"""What the rules say it with: the sign that a gate rests on, and the ways to show one. Pure, as the rules are."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from drivers.errors import Trouble
from kiosk.events import Cue, Effect, Moment, Show, Sighting, Sign
from kiosk.memory import Chosen, Phase, Standing, State
from kiosk.policy import Policy

Outcome = tuple[State, tuple[Effect, ...]]
Rule = Callable[[State, Any, Policy], Outcome]

_CAMERA_SIGNS = {Trouble.DARK: Sign.CAMERA_DARK, Trouble.COVERED: Sign.CAMERA_COVERED}


def show(state: State, cue: Cue) -> Outcome:
    """Show a sign, once."""
    if cue == state.cue:
        return state, ()
    return replace(state, cue=cue), (Show(cue),)


def answer(state: State, cue: Cue, at: Moment, policy: Policy) -> Outcome:
    """Say it now, whatever stood there, and let it stand."""
    standing = Standing(at.monotonic_s + policy.answer_s, cue.person)
    return replace(state, cue=cue, standing=standing), (Show(cue),)


def rest(state: State, policy: Policy) -> Outcome:
    """Show the sign that the gate rests on."""
    return show(state, Cue(resting_sign(state, policy)))


def resting_sign(state: State, policy: Policy) -> Sign:
    """The sign for a gate that has nothing else to say."""
    finger = policy.finger and "sensor" not in state.lost
    if "store" in state.lost:
        return Sign.NEEDS_SERVICE
    if state.chosen and (finger or "camera" not in state.lost):
        return key_sign(state.chosen)
    if "camera" in state.lost:
        return _without_camera(state.lost["camera"], finger=finger)
    if state.visit and state.visit.asked:
        asking = Sign.CONFIRM_BY_FINGER if state.visit.confirm else Sign.UNKNOWN_USE_FINGER
        return asking if finger else Sign.UNKNOWN
    if state.case_open:
        return Sign.CASE_OPEN
    return Sign.OFFLINE_TOO_LONG if state.overdue else Sign.READY


def key_sign(chosen: Chosen) -> Sign:
    """The sign of a chosen direction."""
    return Sign.KEY_IN if chosen.direction == "in" else Sign.KEY_OUT


def _without_camera(trouble: Trouble, *, finger: bool) -> Sign:
    """A dark gate is no machine to be mended: where there is no finger to be asked for, light is."""
    if finger:
        return _CAMERA_SIGNS.get(trouble, Sign.CAMERA_LOST)
    return Sign.TOO_DARK if trouble is Trouble.DARK else Sign.NEEDS_SERVICE


def then_resting(rule: Rule) -> Rule:
    """The rule, and then the sign that the gate rests on, if it changed anything and nobody is being looked at."""

    def both(state: State, sighting: Sighting, policy: Policy) -> Outcome:
        after, effects = rule(state, sighting, policy)
        if after is state or after.phase is Phase.LOOKING:
            return after, effects
        shown, more = rest(after, policy)
        return shown, effects + more

    return both
