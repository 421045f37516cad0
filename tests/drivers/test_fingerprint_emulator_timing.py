"""The emulated sensor's time: of its work, of its bytes, of its silence; and its baud."""

import time
from collections.abc import Iterator
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.fingerprint.contract import Baud
from drivers.fingerprint.emulator import FingerprintEmulator
from drivers.fingerprint.models import MODELS, ModelName, Timing
from drivers.fingerprint.packets import COMMAND, frame
from drivers.fingerprint.wire import as_heard
from tests.drivers.sensor_client import Client, client_of
from tests.waiting import until

BAUDS = sorted(get_args(Baud))
TAKE_IMAGE = frame(COMMAND, b"\x01")


@pytest.fixture
def paced() -> Iterator[FingerprintEmulator]:
    """A sensor at 9600 baud whose bytes take their time, and whose work takes none."""
    with FingerprintEmulator(baud=9600, timing=Timing(paced=True)) as emulated:
        yield emulated


def took_s(client: Client, *command: int) -> float:
    began_s = time.monotonic()
    client.ask(*command)
    return time.monotonic() - began_s


def test_bytes_take_the_time_of_their_baud(paced: FingerprintEmulator) -> None:
    with client_of(paced, 9600) as client:
        assert took_s(client, 0x01) >= (12 + 12) * 10 / 9600
        assert took_s(client, 0x0F) >= (12 + 28) * 10 / 9600


def test_an_answer_comes_in_pieces(paced: FingerprintEmulator) -> None:
    with client_of(paced, 9600) as client:
        client.line.write(TAKE_IMAGE)
        pieces = 0
        left = 12
        while left:
            left -= len(client.line.read(max(1, client.line.in_waiting)))
            pieces += 1
        assert pieces >= 2


def test_the_sensors_own_time_is_that_of_its_command() -> None:
    timing = Timing(image_s=0.2, bare_s=0.05, features_s=0.1)
    with FingerprintEmulator(timing=timing) as emulator, client_of(emulator) as client:
        assert took_s(client, 0x01) >= 0.05
        emulator.place("ani")
        assert took_s(client, 0x01) >= 0.2
        assert took_s(client, 0x02, 1) >= 0.1


def test_a_search_takes_longer_where_there_is_more_to_search() -> None:
    timing = MODELS["zfm20"].timing
    assert timing.work_s(0x04, 0, 1000) > timing.work_s(0x04, 0, 10) > timing.work_s(0x1D, 0, 1000)


@pytest.mark.parametrize(("model", "image_s", "silence_s"), [("zfm20", 1.0, 0.5), ("r503", 0.2, 0.05)])
def test_no_work_takes_longer_than_the_manual_says(model: ModelName, image_s: float, silence_s: float) -> None:
    timing = MODELS[model].timing
    assert timing.work_s(0x01, 2, 0) < timing.work_s(0x01, 0, 0) < image_s
    assert timing.work_s(0x02, 0, 0) < 0.5
    assert timing.work_s(0x04, 0, 500) < 1.0
    assert timing.power_on_s == silence_s


def test_it_accounts_for_its_time(paced: FingerprintEmulator) -> None:
    with client_of(paced, 9600) as client:
        began_s = time.monotonic()
        client.ask(0x01)
        assert paced.active_s(began_s) == pytest.approx((12 + 12) * 10 / 9600)
        client.ask(0x0F)
        assert paced.active_s(began_s) == pytest.approx((12 + 12 + 12 + 28) * 10 / 9600)
        assert paced.active_s(time.monotonic()) == 0


def test_after_power_on_it_is_deaf_for_a_while() -> None:
    began_s = time.monotonic()
    with FingerprintEmulator(timing=Timing(power_on_s=0.5)) as emulator, client_of(emulator) as client:
        until(client.is_answered, "an answer")
        assert time.monotonic() - began_s >= 0.5


def test_two_bauds_understand_each_other_only_where_they_are_the_same() -> None:
    for own in BAUDS:
        with FingerprintEmulator(baud=own) as emulator:
            for other in BAUDS:
                with client_of(emulator, other, timeout_s=20.0 if own == other else 0.02) as client:
                    client.line.write(TAKE_IMAGE)
                    assert (client.line.read(12)[-3:] == b"\x02\0\x0c") == (own == other)


def test_a_new_baud_holds_from_the_next_command_on() -> None:
    with FingerprintEmulator() as emulator:
        with client_of(emulator) as client:
            assert client.ask(0x0E, 4, 12) == b"\0"
        with client_of(emulator, 115200) as client:
            assert client.ask(0x01) == b"\x02"
        emulator.unplug()
        emulator.plug()
        with client_of(emulator, 115200) as client:
            assert client.ask(0x01) == b"\x02"
        assert emulator.baud == 115200


def test_an_r503_has_fewer_bauds() -> None:
    with FingerprintEmulator(model="r503") as emulator, client_of(emulator) as client:
        assert client.ask(0x0E, 4, 3) == b"\x1a"


@given(st.binary(max_size=40), st.sampled_from(BAUDS))
def test_at_the_same_baud_bytes_are_what_they_are(words: bytes, baud: int) -> None:
    assert as_heard(words, baud, baud) == words


@given(st.binary(max_size=40), st.sampled_from(BAUDS))
def test_a_baud_that_is_nearly_right_is_right(words: bytes, baud: int) -> None:
    assert as_heard(words, baud, round(baud * 1.02)) == words
    assert as_heard(words, baud, round(baud * 0.98)) == words


@pytest.mark.parametrize(("sent", "heard"), [(57600, 9600), (9600, 57600), (57600, 38400), (28800, 57600)])
def test_at_another_baud_they_are_others(sent: int, heard: int) -> None:
    assert TAKE_IMAGE not in as_heard(TAKE_IMAGE, sent, heard)
    assert as_heard(TAKE_IMAGE, sent, heard) == as_heard(TAKE_IMAGE, sent, heard)


def test_a_uart_at_half_the_baud_hears_every_other_bit_and_at_twice_each_bit_two_times() -> None:
    # The bits of AA come as 0, 1, 0, 1 ...: the third, fifth and seventh are 0, then the line is at rest.
    assert as_heard(b"\xaa", 19200, 9600) == b"\xf8"
    # Start, 1 and 0 of 01 come as 00, 11, 00: the second half of the start is heard as the first bit.
    assert as_heard(b"\x01", 9600, 19200) == b"\x06"


def test_a_line_that_is_hung_up_carries_nothing() -> None:
    assert as_heard(TAKE_IMAGE, 0, 57600) == b""
