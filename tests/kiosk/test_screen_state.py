"""The state of the page, as a value."""

import asyncio

from kiosk.answers import Answer
from kiosk.events import Sign
from kiosk.screen.state import State
from kiosk.screen.streams import Streams

READY = Answer("ready", None, "Silakan lihat ke kamera")
RECORDED = Answer("recorded", "green", "Selamat pagi", name="Siti", stays_s=3.0)


def test_an_answer_leaves_when_its_time_is_over_and_takes_the_name_along() -> None:
    state = State().shown(RECORDED, now_s=100.0)
    assert state.settled(102.9) is state
    assert state.settled(103.0).answer is None


def test_an_answer_without_a_time_stays() -> None:
    state = State().shown(READY, now_s=100.0)
    assert state.settled(1e9) is state


def test_the_next_answer_does_not_inherit_the_time_of_the_one_before() -> None:
    state = State().shown(RECORDED, now_s=100.0).shown(READY, now_s=101.0)
    assert state.settled(103.0).answer == READY


def test_every_change_has_the_next_number_and_what_changes_nothing_has_none() -> None:
    state = State().shown(READY, 0.0).with_faults(frozenset({"camera"}), ("Kamera terputus",)).with_unsent(3)
    assert state.number == 3
    assert state.with_faults(frozenset({"camera"}), ("Kamera terputus",)).with_unsent(3) is state


def test_a_browser_learns_how_much_longer_an_answer_stays() -> None:
    told = State().shown(RECORDED, now_s=100.0).as_json(now_s=101.5)
    assert told["left_s"] == 1.5
    assert told["fills"] is True


def test_guidance_stands_beside_the_picture() -> None:
    told = State().shown(READY, 0.0).as_json(0.0)
    assert (told["fills"], told["left_s"]) == (False, None)


def test_what_must_be_done_fills_the_page_for_as_long_as_it_holds() -> None:
    for sign in (Sign.UNKNOWN_USE_FINGER, Sign.UNKNOWN, Sign.NEEDS_SERVICE):
        assert State().shown(Answer(sign.value, "red", "…"), 0.0).as_json(9e9)["fills"] is True


def test_a_silent_gate_sends_a_comment_now_and_then() -> None:
    async def second() -> str:
        events = Streams(heartbeat_s=0.01).events(State, lambda state: str(state.number))
        await anext(events)
        text = await anext(events)
        await events.aclose()
        return text

    assert asyncio.run(second()).startswith(": ")


def test_a_reader_that_stood_still_finds_the_newest_states_and_not_all() -> None:
    async def read() -> list[str]:
        streams = Streams()
        events = streams.events(State, lambda state: str(state.number))
        await anext(events)
        for number in range(1, 1001):
            streams.spread(State(number))
        texts = [await anext(events)]
        while not texts[-1].startswith("data: 1000"):
            texts.append(await anext(events))
        await events.aclose()
        return texts

    assert len(asyncio.run(read())) < 100
