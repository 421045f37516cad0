"""The buzzer."""

import time
from collections.abc import Iterator
from contextlib import closing

from drivers.buzzer import open_buzzer
from kiosk.doctor.finding import Finding, Result
from kiosk.doctor.round import Patient
from kiosk.doctor.running import judge_held
from kiosk.events import Sign

_PLAYED_S = 1.0


def check(patient: Patient) -> Iterator[Finding]:
    """A tune is played, and asked for."""
    if patient.gate is not None:
        yield judge_held("buzzer", patient)
        return
    settings = patient.config.buzzer
    with closing(open_buzzer(settings, patient.config.gpio)) as buzzer:
        buzzer.play(patient.config.feedback[Sign.REPEATED].tune)
        time.sleep(_PLAYED_S)
        heard = patient.person.ask("Did you hear the buzzer?") if patient.person else None
    yield judge_buzzer(heard, settings.pin if settings.driver == "gpio" else None)


def judge_buzzer(heard: bool | None, pin: int | None) -> Finding:
    """heard: what the person said, None where nobody was asked; pin: BCM number, None on a console."""
    if heard is None:
        advice = "Listen, before the gate itself (gerbang doctor --only buzzer)."
        return Finding("buzzer", Result.DOUBTFUL, "played, not asked", advice, {"heard": None})
    if heard:
        return Finding("buzzer", Result.OK, "heard", figures={"heard": True})
    advice = 'No pin is driven: driver = "console" in [buzzer] prints it in the lines above.'
    if pin is not None:
        advice = f"Look at its wires (BCM {pin}; gerbang pinout draws it), + and -, and the sticker over its hole."
    return Finding("buzzer", Result.WRONG, "not heard", advice, {"heard": False})
