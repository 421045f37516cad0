"""Keys and switches: however they bounce, a press is one change, and the case's state is never in doubt."""

import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from queue import Queue

import gpiozero
import pytest
from gpiozero.pins.mock import MockFactory
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import InputError
from drivers.inputs import Change, InputSettings, open_inputs
from drivers.inputs.debounce import Debouncer
from tests.drivers.pins import LostPin, SwitchedPin, pins_in_memory
from tests.waiting import until

KEYS = InputSettings("gpio", key_in=5, key_out=6, service=13)
DEBOUNCE_S = 0.5  # far longer than any test needs for its bounces
MS = st.integers(0, 200)


@pytest.fixture
def pins() -> Iterator[MockFactory]:
    """Pins in memory, in place of the computer's."""
    with pins_in_memory() as factory:
        yield factory


def taken(told: "Queue[Change]") -> tuple[str, bool]:
    change = told.get(timeout=60)
    return change.name, change.active


def test_without_a_driver_or_without_a_pin_there_are_none() -> None:
    assert open_inputs(InputSettings(), print) is None
    assert open_inputs(InputSettings(key_in=5), print) is None
    assert open_inputs(InputSettings("gpio"), print) is None


def test_each_key_is_told_by_its_name_down_and_up(pins: MockFactory) -> None:
    told: Queue[Change] = Queue()
    inputs = open_inputs(KEYS, told.put)
    assert inputs
    for number, name in ((5, "key_in"), (6, "key_out"), (13, "service")):
        pins.pin(number).drive_low()
        assert taken(told) == (name, True)
        pins.pin(number).drive_high()
        assert taken(told) == (name, False)
    inputs.close()
    assert told.empty()


def test_a_bouncing_press_is_one_change_at_the_edge_that_stays(pins: MockFactory) -> None:
    told: Queue[Change] = Queue()
    inputs = open_inputs(InputSettings("gpio", key_in=5, debounce_s=DEBOUNCE_S), told.put)
    assert inputs
    for _ in range(50):
        pins.pin(5).drive_low()
        pins.pin(5).drive_high()
    before_s = time.monotonic()
    pins.pin(5).drive_low()
    after_s = time.monotonic()
    change = told.get(timeout=60)
    assert (change.name, change.active) == ("key_in", True)
    assert before_s <= change.monotonic_s <= after_s
    assert time.monotonic() >= after_s + DEBOUNCE_S
    inputs.close()
    assert told.empty()


def test_a_spark_on_a_long_wire_is_no_press(pins: MockFactory) -> None:
    told: Queue[Change] = Queue()
    inputs = open_inputs(InputSettings("gpio", key_in=5, key_out=6, debounce_s=0.3), told.put)
    assert inputs
    pins.pin(5).drive_low()
    pins.pin(5).drive_high()
    pins.pin(6).drive_low()
    assert taken(told) == ("key_out", True)  # later than the spark, and nothing was told of that
    inputs.close()
    assert told.empty()


def test_a_key_that_is_held_down_is_one_press(pins: MockFactory) -> None:
    told: Queue[Change] = Queue()
    inputs = open_inputs(InputSettings("gpio", key_in=5, key_out=6, debounce_s=0.01), told.put)
    assert inputs
    pins.pin(5).drive_low()
    assert taken(told) == ("key_in", True)
    for _ in range(5):
        pins.pin(6).drive_low()
        assert taken(told) == ("key_out", True)
        pins.pin(6).drive_high()
        assert taken(told) == ("key_out", False)
    inputs.close()


@pytest.mark.parametrize("tamper_opens", [True, False])
@pytest.mark.parametrize("open_first", [True, False])
def test_how_the_case_is_is_told_at_the_start_and_from_then_on(
    pins: MockFactory, tamper_opens: bool, open_first: bool
) -> None:
    told: Queue[Change] = Queue()
    pins.pin_class = SwitchedPin
    switch = pins.pin(19)
    switch.turn(closed=open_first != tamper_opens)
    inputs = open_inputs(InputSettings("gpio", tamper=19, tamper_opens=tamper_opens), told.put)
    assert inputs
    assert taken(told) == ("tamper", open_first)
    switch.turn(closed=open_first == tamper_opens)
    assert taken(told) == ("tamper", not open_first)
    inputs.close()
    assert told.empty()


def test_a_key_that_sticks_at_the_start_is_no_press(pins: MockFactory) -> None:
    told: Queue[Change] = Queue()
    pins.pin_class = SwitchedPin
    pins.pin(5).turn(closed=True)
    inputs = open_inputs(InputSettings("gpio", key_in=5, tamper=19), told.put)
    assert inputs
    assert taken(told) == ("tamper", True)
    pins.pin(5).turn(closed=False)
    assert taken(told) == ("key_in", False)
    inputs.close()


def test_a_pin_that_is_lost_is_told_when_it_is_asked_for_and_the_others_go_on(pins: MockFactory) -> None:
    told: Queue[Change] = Queue()
    pins.pin_class = LostPin
    lost = pins.pin(5)
    inputs = open_inputs(InputSettings("gpio", key_in=5, key_out=6), told.put)
    assert inputs
    inputs.check()
    lost.lost = True
    with pytest.raises(InputError, match="key_in: the pins don't answer"):
        inputs.check()  # though nobody touched the key
    pins.pin(6).drive_low()
    assert taken(told) == ("key_out", True)
    inputs.close()


def test_a_change_during_which_the_pin_could_not_be_read_is_told_late_and_the_fault_too(pins: MockFactory) -> None:
    told: Queue[Change] = Queue()
    pins.pin_class = LostPin
    lost = pins.pin(5)
    inputs = open_inputs(InputSettings("gpio", key_in=5, debounce_s=0.01), told.put)
    assert inputs
    lost.lost = True
    before_s = time.monotonic()
    lost.drive_low()
    after_s = time.monotonic()
    until(lambda: lost.refused > 1, "a second reading")
    lost.lost = False
    change = told.get(timeout=60)
    assert (change.name, change.active) == ("key_in", True)
    assert before_s <= change.monotonic_s <= after_s
    with pytest.raises(InputError, match="key_in: the pins don't answer"):
        inputs.check()
    inputs.check()
    inputs.close()


def test_a_case_whose_contact_never_rests_is_open(pins: MockFactory) -> None:
    told: Queue[Change] = Queue()
    inputs = open_inputs(InputSettings("gpio", tamper=19, key_in=5, tamper_opens=False, debounce_s=0.02), told.put)
    assert inputs
    assert taken(told) == ("tamper", False)
    chatters = threading.Event()

    def chatter() -> None:
        while not chatters.wait(0.001):
            for pin in (pins.pin(19), pins.pin(5)):
                pin.drive_low()
                pin.drive_high()

    thread = threading.Thread(target=chatter)
    thread.start()
    change = told.get(timeout=60)
    chatters.set()
    thread.join()
    assert (change.name, change.active) == ("tamper", True)
    assert taken(told) == ("tamper", False)
    inputs.close()
    assert told.empty()


def test_closing_lets_go_of_the_pins_and_of_the_thread(pins: MockFactory) -> None:
    threads = threading.active_count()
    for _ in range(3):
        inputs = open_inputs(KEYS, print)
        assert inputs
        inputs.close()
        inputs.close()
    until(lambda: threading.active_count() == threads)


def test_a_pin_that_another_part_holds_is_named_and_the_others_are_let_go(pins: MockFactory) -> None:
    other = gpiozero.LED(13)
    with pytest.raises(InputError, match=r"service on pin 13.*in use"):
        open_inputs(KEYS, print)
    other.close()
    inputs = open_inputs(KEYS, print)
    assert inputs
    inputs.close()


@given(st.lists(MS, max_size=30), st.booleans())
def test_changes_alternate_and_end_in_the_real_state_whatever_the_edges(gaps_ms: list[int], first: bool) -> None:
    debouncer = Debouncer("key_in", 0.05, active=first)
    real, now_s, told = first, 0.0, [first]
    edges = [0.0]

    def settle(until_s: float) -> None:
        if debouncer.due_s <= until_s and (change := debouncer.settle(real)):
            told.append(change.active)
            assert change.monotonic_s == edges[-1]

    for gap_ms in gaps_ms:
        now_s += gap_ms / 1000
        settle(now_s)
        real = not real
        edges.append(now_s)
        debouncer.edge(now_s)
    settle(float("inf"))
    assert all(one != other for one, other in pairwise(told))
    assert told[-1] == real


@given(st.lists(st.integers(0, 49), max_size=60))
def test_edges_that_follow_each_other_too_soon_are_at_most_one_change(gaps_ms: list[int]) -> None:
    debouncer = Debouncer("key_in", 0.05, active=False)
    now_s, real, changes = 0.0, False, 0
    for gap_ms in gaps_ms:
        now_s += gap_ms / 1000
        assert debouncer.due_s > now_s
        real = not real
        debouncer.edge(now_s)
    changes += debouncer.settle(real) is not None
    assert changes == real


CHATTER_MS = st.lists(st.integers(0, 49), min_size=40, max_size=200)


@given(CHATTER_MS, st.booleans(), st.booleans())
def test_what_never_rests_is_told_within_the_limit_and_in_the_end_as_it_is(
    gaps_ms: list[int], first: bool, last: bool
) -> None:
    debouncer = Debouncer("tamper", 0.05, first, in_doubt=True)
    now_s, told = 0.0, [first]
    for gap_ms in gaps_ms:
        now_s += gap_ms / 1000
        if debouncer.due_s <= now_s and (change := debouncer.settle(False)):
            told.append(change.active)
            assert change.active
            assert now_s >= 0.5
        debouncer.edge(now_s)
    if not first and now_s >= 0.55:
        assert told == [False, True]
    while debouncer.due_s < float("inf"):
        if change := debouncer.settle(last):
            told.append(change.active)
    assert told[-1] == last


@given(CHATTER_MS)
def test_a_key_that_never_rests_is_never_told(gaps_ms: list[int]) -> None:
    debouncer = Debouncer("key_in", 0.05, active=False)
    now_s = 0.0
    for gap_ms in gaps_ms:
        now_s += gap_ms / 1000
        assert debouncer.due_s > now_s
        debouncer.edge(now_s)


def test_a_contact_that_has_rested_is_in_no_doubt_when_it_moves_again() -> None:
    debouncer = Debouncer("tamper", 0.05, active=False, in_doubt=True)
    for at_s in (0.0, 10.0):
        debouncer.edge(at_s)
        assert debouncer.due_s == at_s + 0.05
        assert debouncer.settle(False) is None
