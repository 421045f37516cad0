"""From a cue to the pins: how long a light or a buzzer takes to turn to another sign, whatever it plays just then."""

import argparse
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import permutations
from typing import Final

import gpiozero
from gpiozero.pins import PinInfo
from gpiozero.pins.mock import MockFactory, MockPin

from drivers.buzzer import Buzzer, BuzzerSettings
from drivers.buzzer.contract import SILENCE
from drivers.buzzer.gpio import BREAK_S, GpioBuzzer
from drivers.lights import Colour, Lights, LightSettings
from drivers.lights.gpio import GpioLights
from kiosk.events import Sign
from kiosk.feedback import FEEDBACK
from tests.bench.report import Goal, Report
from tests.waiting import until

LIGHTS: Final = LightSettings("gpio")
BUZZER: Final = BuzzerSettings("gpio")
SETTLES_S: Final = 0.003  # the old sign plays for so long, and its thread sleeps again
GOAL_MS: Final = 10.0
_WAKINGS: Final = 300


class StampedPin(MockPin):  # type: ignore[misc]
    """A pin in memory that knows when it changed last, and when it was turned on."""

    changed_s = 0.0

    def __init__(self, factory: MockFactory, info: PinInfo) -> None:
        super().__init__(factory, info)
        self.rises_s: list[float] = []

    def _change_state(self, value: bool) -> bool:
        changed = bool(super()._change_state(value))
        if changed:
            self.changed_s = time.perf_counter()
            if value:
                self.rises_s.append(self.changed_s)
        return changed


class Delays:
    """Milliseconds from a call to the last change of a pin that it asked for at once, and until it returned."""

    def __init__(self, pins: list[StampedPin]) -> None:
        self.pins = pins
        self.changes_ms: list[float] = []
        self.returns_ms: list[float] = []
        self.wrong = 0

    def measure(self, change: Callable[[], None], wanted: list[bool]) -> float:
        """Make the change, and look at the pins at once. When it began, on time.perf_counter()'s clock."""
        began_s = time.perf_counter()
        change()
        self.returns_ms.append(1000 * (time.perf_counter() - began_s))
        self.wrong += [bool(pin.state) for pin in self.pins] != wanted
        changed_s = max(pin.changed_s for pin in self.pins)
        if changed_s > began_s:
            self.changes_ms.append(1000 * (changed_s - began_s))
        return began_s


def measure_lights(lights: Lights, pins: list[StampedPin], rounds: int) -> Delays:
    """Every sign after every other. What is wanted of each is that its own light is lit, and no other."""
    delays = Delays(pins)
    for before, after in list(permutations(Sign, 2)) * rounds:
        pattern = FEEDBACK[after].pattern
        lights.show(FEEDBACK[before].pattern)
        time.sleep(SETTLES_S)
        delays.measure(lambda: lights.show(pattern), [colour is pattern.colour for colour in Colour])  # noqa: B023
    return delays


@dataclass(frozen=True)
class Played:
    """begun: a tune from silence; ended: one that sounds breaks off; after_break_ms: until its successor sounds."""

    begun: Delays
    ended: Delays
    after_break_ms: list[float] = field(default_factory=list)


def measure_buzzer(buzzer: Buzzer, pin: StampedPin, rounds: int) -> Played:
    """Every tune after every other. One that sounds breaks off first, so that two beeps are not heard as one."""
    played = Played(Delays([pin]), Delays([pin]))
    tunes = dict.fromkeys(FEEDBACK[sign].tune for sign in Sign)
    for before, tune in list(permutations(tunes, 2)) * rounds:
        buzzer.play(SILENCE)
        buzzer.play(before)
        time.sleep(SETTLES_S)
        pin.rises_s.clear()
        sounding = bool(pin.state)
        delays = played.ended if sounding else played.begun
        began_s = delays.measure(lambda: buzzer.play(tune), [bool(tune.beeps) and not sounding])  # noqa: B023
        if sounding and tune.beeps:
            until(lambda: bool(pin.rises_s), "the new tune")
            played.after_break_ms.append(1000 * (pin.rises_s[0] - began_s))
    return played


def measure_wakings(rounds: int) -> list[float]:
    """The control: milliseconds by which a thread that sleeps for 1 ms in this process sleeps too long."""
    overruns_ms = []
    for _ in range(_WAKINGS * rounds):
        due_s = time.perf_counter() + 0.001
        time.sleep(0.001)
        overruns_ms.append(1000 * (time.perf_counter() - due_s))
    return overruns_ms


@contextmanager
def busy() -> Iterator[None]:
    """Another thread that has always something to do, as the eye has while somebody stands there."""
    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            sum(number * number for number in range(1000))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def add(report: Report, name: str, found_ms: list[float], goal: Goal | None = None) -> None:
    """Half of them, nearly all of them, all of them."""
    centiles = statistics.quantiles(found_ms, n=100, method="inclusive")
    report.add(f"{name}, p50, ms", centiles[49])
    report.add(f"{name}, p99, ms", centiles[98], goal)
    report.add(f"{name}, max, ms", max(found_ms))


def measure(report: Report, rounds: int, beside: str) -> None:
    """Both parts, all pairs of signs."""
    goal = Goal(GOAL_MS, "most")
    factory = gpiozero.Device.pin_factory = MockFactory(pin_class=StampedPin)
    lights, buzzer = GpioLights(LIGHTS), GpioBuzzer(BUZZER)
    shown = measure_lights(lights, [factory.pin(getattr(LIGHTS, colour.value)) for colour in Colour], rounds)
    played = measure_buzzer(buzzer, factory.pin(BUZZER.pin), rounds)
    lights.close()
    buzzer.close()
    add(report, f"{beside}: cue to light", shown.changes_ms, goal)
    add(report, f"{beside}: cue to the old sound's end", played.ended.changes_ms, goal)
    add(report, f"{beside}: cue to a new sound out of silence", played.begun.changes_ms, goal)
    by_design = f"cue to a new sound after an old one, with a break of {1000 * BREAK_S:g} ms by design"
    add(report, f"{beside}: {by_design}", played.after_break_ms)
    every = (shown, played.begun, played.ended)
    returns_ms = [ms for delays in every for ms in delays.returns_ms]
    add(report, f"{beside}: the gate waits for both", returns_ms, goal)
    report.add(f"{beside}: cues", len(returns_ms))
    report.add(f"{beside}: pins not as the cue has them", sum(delays.wrong for delays in every), Goal(0, "most"))
    add(report, f"{beside}: control, a thread wakes late by", measure_wakings(rounds))


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one object of JSON last")
    parser.add_argument("--rounds", type=int, default=3, help="how often each pair of signs is played (default 3)")
    arguments = parser.parse_args()
    report = Report("pins")
    measure(report, arguments.rounds, "quiet")
    with busy():
        measure(report, arguments.rounds, "beside a busy thread")
    report.show(as_json=arguments.json)


if __name__ == "__main__":
    main()
