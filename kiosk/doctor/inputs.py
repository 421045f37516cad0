"""Keys and switches: each is tried by hand."""

import time
from collections.abc import Iterator
from contextlib import closing
from queue import Empty, Queue

from drivers.inputs import Change, InputSettings, open_inputs
from kiosk.doctor.finding import Finding, Result
from kiosk.doctor.round import Patient
from kiosk.doctor.running import judge_held

_KEYS = {"key_in": "key IN", "key_out": "key OUT", "service": "service key"}
_CASE_S = 3.0  # far longer than any contact bounces
_PRESS_S = 15.0


def check(patient: Patient) -> Iterator[Finding]:
    """The case's switch as it is, and each key when somebody presses it."""
    settings, news = patient.config.inputs, Queue[Change]()
    if patient.gate is not None and settings.driver != "none":
        yield judge_held("inputs", patient)
        return
    inputs = open_inputs(settings, news.put, patient.config.gpio)
    if inputs is None:
        yield Finding("inputs", Result.NOT_APPLICABLE, "this gate has no keys ([inputs])")
        return
    with closing(inputs):
        if settings.tamper is not None:
            yield judge_case(await_change(news, "tamper", _CASE_S), settings.tamper)
        for key, name in _KEYS.items():
            if getattr(settings, key) is not None:
                yield _try(key, name, settings, patient, news)


def _try(key: str, name: str, settings: InputSettings, patient: Patient, news: Queue[Change]) -> Finding:
    pressed = None
    if patient.person:
        patient.person.say(f"Press the {name} within {_PRESS_S:g} seconds.")
        pressed = await_change(news, key, _PRESS_S) is not None
    return judge_key(name, pressed, getattr(settings, key))


def await_change(news: Queue[Change], name: str, within_s: float) -> bool | None:
    """What the next change of this one says; of a key only that it went down. None where none comes."""
    end_s = time.monotonic() + within_s
    try:
        while True:
            change = news.get(timeout=max(0.0, end_s - time.monotonic()))
            if change.name == name and (change.active or name == "tamper"):
                return change.active
    except Empty:
        return None


def judge_case(is_open: bool | None, pin: int) -> Finding:
    """The case's switch, None where it says nothing. pin: BCM number."""
    if is_open is None:
        return Finding("case", Result.WRONG, "its switch says nothing", _look_at(pin), {"open": None})
    if is_open:
        advice = f"If it is shut, look at its switch (BCM {pin}) and at tamper_opens in [inputs] of gerbang.toml."
        return Finding("case", Result.DOUBTFUL, "open", advice, {"open": True})
    return Finding("case", Result.OK, "shut", figures={"open": False})


def judge_key(name: str, pressed: bool | None, pin: int) -> Finding:
    """pressed: whether a press was felt, None where nobody was asked for one; pin: BCM number."""
    if pressed is None:
        advice = "Press them, before the gate itself (gerbang doctor --only inputs)."
        return Finding(name, Result.DOUBTFUL, "not tried", advice, {"pressed": None})
    if pressed:
        return Finding(name, Result.OK, "felt", figures={"pressed": True})
    return Finding(name, Result.WRONG, "no press was felt", _look_at(pin), {"pressed": False})


def _look_at(pin: int) -> str:
    return f"Look at its two wires: one to BCM {pin} (gerbang pinout draws it), the other to ground."
