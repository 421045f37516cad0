"""Spoilt packets: what each fault does to the bytes, and what the emulated sensor and its host see of it."""

import time
from collections.abc import Iterator
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.fingerprint.emulator import FingerprintEmulator
from drivers.fingerprint.faults import Fault, FaultKind, Piece, spoil
from drivers.fingerprint.models import Timing
from drivers.fingerprint.packets import ACKNOWLEDGE, COMMAND, DATA, frame
from drivers.fingerprint.templates import template_of
from tests.drivers.sensor_client import Client, client_of
from tests.waiting import until

packets = st.binary(min_size=12, max_size=139)
seeds = st.integers(0, 2**32)
SPOILING = [kind for kind in FaultKind if kind is not FaultKind.DELAY]
TAKE_IMAGE = frame(COMMAND, b"\x01")
NO_FINGER = frame(ACKNOWLEDGE, b"\x02")


def words(pieces: tuple[Piece, ...]) -> bytes:
    return b"".join(piece.words for piece in pieces)


def is_part_of(part: bytes, whole: bytes) -> bool:
    """Whether some run of bytes was left out of the whole."""
    return any(part == whole[:at] + whole[len(whole) - len(part) + at :] for at in range(len(part) + 1))


@given(packets, st.sampled_from(FaultKind), seeds)
def test_the_same_fault_spoils_the_same_packet_in_the_same_way(packet: bytes, kind: FaultKind, seed: int) -> None:
    fault = Fault(kind, seed=seed, delay_s=0.5)
    assert spoil(packet, fault) == spoil(packet, fault)


@given(packets, st.sampled_from(SPOILING), seeds)
def test_a_spoilt_packet_is_another_one(packet: bytes, kind: FaultKind, seed: int) -> None:
    assert words(spoil(packet, Fault(kind, seed=seed))) != packet


@given(packets, seeds)
def test_a_flip_turns_one_to_three_bits(packet: bytes, seed: int) -> None:
    flipped = words(spoil(packet, Fault(FaultKind.FLIP, seed=seed)))
    assert len(flipped) == len(packet)
    assert 1 <= (int.from_bytes(flipped) ^ int.from_bytes(packet)).bit_count() <= 3


@given(packets, seeds)
def test_a_drop_leaves_out_a_run_of_bytes(packet: bytes, seed: int) -> None:
    left = words(spoil(packet, Fault(FaultKind.DROP, seed=seed)))
    assert is_part_of(left, packet)
    assert not left or len(packet) - len(left) <= 4


@given(packets, seeds)
def test_a_duplicate_says_a_run_of_bytes_twice(packet: bytes, seed: int) -> None:
    doubled = words(spoil(packet, Fault(FaultKind.DUPLICATE, seed=seed)))
    assert is_part_of(packet, doubled)
    assert len(doubled) == 2 * len(packet) or len(doubled) - len(packet) <= 4


@given(packets, seeds)
def test_a_delay_changes_no_byte(packet: bytes, seed: int) -> None:
    pieces = spoil(packet, Fault(FaultKind.DELAY, seed=seed, delay_s=0.5))
    assert words(pieces) == packet
    assert [piece.delay_s for piece in pieces] in ([0.5], [0.0, 0.5])


@given(packets, st.sampled_from([FaultKind.TRUNCATE, FaultKind.BROWN_OUT]), seeds)
def test_what_is_cut_off_was_the_end(packet: bytes, kind: FaultKind, seed: int) -> None:
    assert packet.startswith(words(spoil(packet, Fault(kind, seed=seed))))


@given(packets, seeds)
def test_stray_bytes_come_in_between(packet: bytes, seed: int) -> None:
    assert is_part_of(packet, words(spoil(packet, Fault(FaultKind.STRAY, seed=seed))))


def test_every_kind_has_more_than_one_way() -> None:
    for kind in FaultKind:
        assert len({spoil(TAKE_IMAGE, Fault(kind, seed=seed, delay_s=0.5)) for seed in range(20)}) > 3


@pytest.fixture
def emulator() -> Iterator[FingerprintEmulator]:
    with FingerprintEmulator() as emulated:
        yield emulated


@pytest.fixture
def client(emulator: FingerprintEmulator) -> Iterator[Client]:
    with client_of(emulator) as opened:
        yield opened


@pytest.mark.parametrize("kind", SPOILING)
@pytest.mark.parametrize("seed", [1, 5, 6])
def test_a_fault_befalls_exactly_the_next_answer(
    client: Client, emulator: FingerprintEmulator, kind: FaultKind, seed: int
) -> None:
    fault = Fault(kind, "host", seed)
    expected = words(spoil(NO_FINGER, fault))
    assert client.ask(0x01) == b"\x02"
    emulator.spoil(fault)
    client.line.write(TAKE_IMAGE)
    assert client.line.read(len(expected)) == expected
    assert client.ask(0x1D) == b"\0\0\0"
    assert client.line.in_waiting == 0


def test_faults_come_one_after_the_other(client: Client, emulator: FingerprintEmulator) -> None:
    faults = [Fault(FaultKind.FLIP, seed=seed) for seed in range(5)]
    emulator.spoil(*faults)
    for fault in faults:
        client.line.write(TAKE_IMAGE)
        assert client.line.read(12) == words(spoil(NO_FINGER, fault))
    assert client.ask(0x01) == b"\x02"


def test_each_data_packet_is_one_packet(client: Client, emulator: FingerprintEmulator) -> None:
    emulator.place("ani")
    client.capture(1)
    whole = [Fault(FaultKind.DELAY), Fault(FaultKind.DELAY)]
    emulator.spoil(*whole, Fault(FaultKind.TRUNCATE, seed=1))
    assert client.ask(0x08, 1) == b"\0"
    first = client.packet()[1]
    rest = client.line.read(139)
    assert len(first) == 128
    assert rest.count(frame(DATA, b"")[:7]) == 2  # the second one's head, cut off by the third's


def test_a_delayed_answer_comes_after_the_delay(client: Client, emulator: FingerprintEmulator) -> None:
    emulator.spoil(Fault(FaultKind.DELAY, delay_s=0.2))
    began_s = time.monotonic()
    assert client.ask(0x01) == b"\x02"
    assert time.monotonic() - began_s >= 0.2


def test_a_late_answer_comes_before_that_to_the_next_command(client: Client, emulator: FingerprintEmulator) -> None:
    emulator.spoil(Fault(FaultKind.DELAY, delay_s=0.1))
    client.line.write(TAKE_IMAGE)
    assert client.ask(0x1D) == b"\x02"
    assert client.packet()[1] == b"\0\0\0"


def test_a_command_that_is_spoilt_is_not_obeyed(client: Client, emulator: FingerprintEmulator) -> None:
    client.enrol(emulator, "ani", 3)
    empty = frame(COMMAND, b"\x0d")
    seed = next(n for n in range(100) if spoil(empty, Fault(FaultKind.FLIP, seed=n))[0].words[:9] == empty[:9])
    emulator.spoil(Fault(FaultKind.FLIP, "sensor", seed))
    assert client.send(empty) == b"\x01"
    assert emulator.pages == {3}
    assert client.ask(0x1D) == b"\0\0\x01"


def test_a_command_cut_short_swallows_the_next(client: Client, emulator: FingerprintEmulator) -> None:
    seed = next(n for n in range(100) if len(words(spoil(TAKE_IMAGE, Fault(FaultKind.TRUNCATE, seed=n)))) == 10)
    emulator.spoil(Fault(FaultKind.TRUNCATE, "sensor", seed))
    client.line.write(TAKE_IMAGE)
    assert client.ask(0x1D) == b"\x01"  # two bytes of the second are the first one's sum
    assert client.ask(0x1D) == b"\0\0\0"


def test_a_command_that_comes_twice_is_answered_twice(client: Client, emulator: FingerprintEmulator) -> None:
    seed = next(n for n in range(100) if len(words(spoil(TAKE_IMAGE, Fault(FaultKind.DUPLICATE, seed=n)))) == 24)
    emulator.spoil(Fault(FaultKind.DUPLICATE, "sensor", seed))
    assert client.send(TAKE_IMAGE) == b"\x02"
    assert client.packet()[1] == b"\x02"


def test_a_command_written_byte_by_byte_is_one_packet(client: Client, emulator: FingerprintEmulator) -> None:
    emulator.spoil(Fault(FaultKind.DROP, "sensor", next(n for n in range(100) if not spoil_all(n))))
    for byte in TAKE_IMAGE:
        client.line.write(bytes([byte]))
    assert client.ask(0x1D) == b"\0\0\0"


def spoil_all(seed: int) -> bytes:
    return words(spoil(TAKE_IMAGE, Fault(FaultKind.DROP, seed=seed)))


@pytest.mark.parametrize("towards", ["host", "sensor"])
def test_a_brown_out_forgets_the_password_and_the_buffers(towards: Literal["host", "sensor"]) -> None:
    with FingerprintEmulator(password=b"gate", model="r503") as emulator, client_of(emulator) as client:
        assert client.ask(0x13, *b"gate") == b"\0"
        emulator.place("ani")
        client.capture(1)
        fault = Fault(FaultKind.BROWN_OUT, towards, seed=3)
        emulator.spoil(fault)
        client.line.write(TAKE_IMAGE)
        cut = words(spoil(frame(ACKNOWLEDGE, b"\0"), fault)) if towards == "host" else b""
        assert client.line.read(len(cut) + 1) == cut + b"\x55"
        assert client.ask(0x01) == b"\x21"
        assert client.ask(0x13, *b"gate") == b"\0"
        assert client.ask(0x08, 1) == b"\x0d"


def test_a_sensor_that_browned_out_is_deaf_for_a_while_and_then_says_so() -> None:
    with FingerprintEmulator(model="r503", timing=Timing(power_on_s=0.3)) as emulator, client_of(emulator) as client:
        until(client.is_answered, "an answer after power-on")
        emulator.spoil(Fault(FaultKind.BROWN_OUT, "sensor", seed=3))
        client.line.write(TAKE_IMAGE)
        client.line.write(TAKE_IMAGE)
        assert client.line.read(1) == b"\x55"
        assert client.line.in_waiting == 0
        assert client.ask(0x01) == b"\x02"


def test_a_brown_out_in_an_upload_ends_it(client: Client, emulator: FingerprintEmulator) -> None:
    emulator.place("ani")
    client.capture(1)
    fault = Fault(FaultKind.BROWN_OUT, seed=2)
    cut = words(spoil(frame(DATA, template_of("ani", 1)[:128]), fault))
    emulator.spoil(Fault(FaultKind.DELAY), fault)
    assert client.ask(0x08, 1) == b"\0"
    assert client.line.read(len(cut)) == cut
    assert client.ask(0x01) == b"\0"
    assert client.ask(0x08, 1) == b"\x0d"


def test_a_silent_sensor_hears_and_obeys_until_it_is_healed() -> None:
    with FingerprintEmulator() as emulator, client_of(emulator, timeout_s=0.1) as client:
        emulator.silence()
        client.line.write(frame(COMMAND, b"\x0e\x05\x01"))
        assert client.line.read(1) == b""
        emulator.heal()
        client.line.timeout = 20.0
        assert client.ask(0x0F)[7:9] == b"\x00\x01"


def test_healing_takes_faults_away_that_did_not_happen(client: Client, emulator: FingerprintEmulator) -> None:
    emulator.spoil(Fault(FaultKind.FLIP, "host"), Fault(FaultKind.DROP, "sensor"))
    emulator.heal()
    assert client.ask(0x01) == b"\x02"
