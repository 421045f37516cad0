"""The lights, one by one."""

import time
from collections.abc import Iterator
from contextlib import closing

from drivers.lights import Colour, Pattern, open_lights
from kiosk.doctor.finding import Finding, Result
from kiosk.doctor.round import Patient
from kiosk.doctor.running import judge_held

_SHOWN_S = 0.7


def check(patient: Patient) -> Iterator[Finding]:
    """Each light is lit, and asked for."""
    if patient.gate is not None:
        yield judge_held("lights", patient)
        return
    with closing(open_lights(patient.config.lights, patient.config.gpio)) as lights:
        for colour in Colour:
            lights.show(Pattern(colour))
            if patient.person is None:
                time.sleep(_SHOWN_S)
            seen = patient.person.ask(f"Did you see {colour.value}?") if patient.person else None
            pin = getattr(patient.config.lights, colour.value) if patient.config.lights.driver == "gpio" else None
            yield judge_light(colour, seen, pin)


def judge_light(colour: Colour, seen: bool | None, pin: int | None) -> Finding:
    """seen: what the person said, None where nobody was asked; pin: BCM number, None on a console."""
    name = f"{colour.value} light"
    if seen is None:
        advice = "Look, before the gate itself (gerbang doctor --only lights)."
        return Finding(name, Result.DOUBTFUL, "shown, not asked", advice, {"seen": None})
    if seen:
        return Finding(name, Result.OK, "seen", figures={"seen": True})
    advice = 'No pin is driven: driver = "console" in [lights] prints them in the lines above.'
    if pin is not None:
        advice = f"Look at its wire and resistor (BCM {pin}; gerbang pinout draws it), and which way round the LED is."
    return Finding(name, Result.WRONG, "not seen", advice, {"seen": False})
