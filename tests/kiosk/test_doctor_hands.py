"""The doctor at lights, buzzer and keys, on pins in memory, with somebody who looks, listens and presses."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from queue import Queue

import pytest
from gpiozero.pins.mock import MockFactory

from drivers.buzzer import BuzzerSettings
from drivers.inputs import Change, InputSettings
from drivers.lights import Colour, LightSettings
from kiosk.config import Config
from kiosk.doctor import Finding, Patient, Person, Result, examine
from kiosk.doctor.buzzer import judge_buzzer
from kiosk.doctor.inputs import await_change, judge_case, judge_key
from kiosk.doctor.lights import judge_light
from tests.drivers.pins import SwitchedPin, driven, pins_in_memory

OK, WRONG, DOUBTFUL = Result.OK, Result.WRONG, Result.DOUBTFUL
LIGHTS = LightSettings("gpio")


@pytest.fixture
def pins() -> Iterator[MockFactory]:
    """Pins in memory, in place of the computer's."""
    with pins_in_memory() as factory:
        yield factory


def findings(name: str, config: Config, person: Person | None = None) -> list[Finding]:
    return examine(name, Patient(config, None, Path("unused.jpg"), person), None)


def test_each_light_is_lit_alone_while_it_is_asked_for_and_all_are_dark_at_the_end(pins: MockFactory) -> None:
    asked: list[tuple[str, set[str]]] = []

    def lit() -> set[str]:
        return {colour.value for colour in Colour if driven(pins.pin(getattr(LIGHTS, colour.value)))}

    def look(question: str) -> bool:
        asked.append((question, lit()))
        return "red" not in question

    found = findings("lights", Config(lights=LIGHTS), Person(look, print))
    assert asked == [(f"Did you see {colour}?", {colour}) for colour in ("green", "red", "blue")]
    assert [(item.name, item.result) for item in found] == [
        ("green light", OK), ("red light", WRONG), ("blue light", OK)
    ]  # fmt: skip
    assert "BCM 27" in found[1].advice
    assert lit() == set()


def test_lights_that_can_not_be_driven_are_one_cross() -> None:
    [finding] = findings("lights", Config(lights=LIGHTS))
    assert (finding.name, finding.result) == ("lights", WRONG)
    assert "no GPIO pins" in finding.found


def test_the_buzzer_sounds_before_it_is_asked_for_and_is_silent_at_the_end(pins: MockFactory) -> None:
    sounded: list[int] = []

    def listen(_: str) -> bool:
        sounded.append(sum(state.state for state in pins.pin(18).states))
        return True

    [finding] = findings("buzzer", Config(buzzer=BuzzerSettings("gpio")), Person(listen, print))
    assert finding.result is OK
    assert sounded[0] >= 2, "two beeps"
    assert not driven(pins.pin(18))


def test_what_was_not_seen_or_heard_tells_where_to_look() -> None:
    assert judge_light(Colour.RED, None, 27).result is DOUBTFUL
    assert "console" in judge_light(Colour.RED, False, None).advice
    assert "BCM 18" in judge_buzzer(False, 18).advice
    assert "console" in judge_buzzer(False, None).advice
    assert judge_buzzer(None, 18).result is DOUBTFUL


def test_each_key_is_felt_when_it_is_pressed(pins: MockFactory) -> None:
    keys = {"IN": 5, "OUT": 6}
    settings = InputSettings("gpio", key_in=5, key_out=6, tamper=12, debounce_s=0.01)
    said: list[str] = []

    def press(text: str) -> None:
        said.append(text)
        number = next(pin for name, pin in keys.items() if name in text.split())
        pins.pin(number).turn(closed=True)

    pins.pin_class = SwitchedPin
    pins.pin(12).turn(closed=True)  # it opens with the case
    found = findings("inputs", Config(inputs=settings), Person(lambda _: True, press))
    assert [(item.name, item.found) for item in found] == [("case", "shut"), ("key IN", "felt"), ("key OUT", "felt")]
    assert {item.result for item in found} == {OK}
    assert len(said) == 2


def test_keys_are_not_waited_for_where_nobody_is_there(pins: MockFactory) -> None:
    settings = InputSettings("gpio", service=13, tamper=12, tamper_opens=False, debounce_s=0.01)
    found = findings("inputs", Config(inputs=settings))
    assert [(item.name, item.found) for item in found] == [("case", "shut"), ("service key", "not tried")]


def test_keys_that_say_nothing_tell_where_to_look() -> None:
    assert "BCM 5" in judge_key("key IN", False, 5).advice
    assert "BCM 12" in judge_case(None, 12).advice
    assert judge_case(True, 12).result is DOUBTFUL
    [finding] = findings("inputs", Config())
    assert finding.result is Result.NOT_APPLICABLE


@pytest.mark.parametrize("name", ["lights", "buzzer", "inputs"])
def test_what_a_running_gate_holds_is_left_alone_but_may_be_known_to_fail(name: str) -> None:
    config = Config(inputs=InputSettings("gpio", key_in=5))
    patient = Patient(config, {"faults": []}, Path("unused.jpg"))
    [finding] = examine(name, patient, None)
    assert finding.result is Result.NOT_APPLICABLE
    assert "held by the running gate" in finding.found
    [finding] = examine(name, replace(patient, gate={"faults": [name]}), None)
    assert finding.result is WRONG


def test_a_key_that_is_let_go_is_no_press_and_another_key_is_not_this_one() -> None:
    news: Queue[Change] = Queue()
    for change in (Change("key_in", False, 1.0), Change("key_out", True, 2.0)):
        news.put(change)
    assert await_change(news, "key_in", 0.0) is None
    news.put(Change("key_in", True, 3.0))
    assert await_change(news, "key_in", 0.0) is True
