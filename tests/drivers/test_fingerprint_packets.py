"""The sensor's packets, as the manuals draw them, found in whatever comes over a line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.fingerprint.packets import (
    COMMAND,
    DATA,
    HEADER,
    LARGEST,
    Code,
    Instruction,
    frame,
    has_begun,
    in_words,
    is_sound,
    take_packet,
)
from tests.drivers.far_end import DONE, ack, found

# What makes a sensor lose a finger, by the length of the command.
LOSING = {1: Instruction.EMPTY, 4: Instruction.STORE, 5: Instruction.DELETE}


def packets_in(stream: bytes) -> list[bytes]:
    line, packets = bytearray(stream), []
    while (packet := take_packet(line)) is not None:
        packets.append(packet)
    return packets


def test_a_packet_is_framed_as_the_manual_draws_it() -> None:
    assert frame(COMMAND, b"\x01").hex() == "ef01ffffffff010003010005"


def test_every_single_flipped_bit_of_a_search_reply_is_caught() -> None:
    answer = found(7, 100)
    for bit in range(len(answer) * 8):
        flipped = bytearray(answer)
        flipped[bit // 8] ^= 1 << bit % 8
        assert not [packet for packet in packets_in(bytes(flipped)) if is_sound(packet)]


@given(st.binary(max_size=256), st.binary(max_size=64), st.integers(1, 9))
def test_a_packet_is_found_however_its_bytes_arrive(data: bytes, noise: bytes, step: int) -> None:
    packet = frame(DATA, data or b"\0")
    stream = noise.replace(HEADER, b"") + packet
    line = bytearray()
    taken = []
    for start in range(0, len(stream), step):
        line += stream[start : start + step]
        if (whole := take_packet(line)) is not None:
            taken.append(whole)
    assert taken == [packet]


@given(st.binary(max_size=2048))
def test_a_line_full_of_noise_is_never_kept_for_ever(noise: bytes) -> None:
    line = bytearray(noise)
    while take_packet(line) is not None:
        continue
    assert len(line) < LARGEST


def test_a_length_that_no_packet_has_is_skipped() -> None:
    assert packets_in(HEADER + b"\xff\xff\xff\xff\x07\xff\xff" + DONE) == [DONE]


def test_another_sensors_packet_is_skipped() -> None:
    assert packets_in(frame(0x07, b"\0", b"\0\0\0\1") + DONE) == [DONE]


def test_a_packet_begins_with_its_address() -> None:
    assert has_begun(b"\x55" + DONE[:6])
    assert not has_begun(DONE[:5])
    assert not has_begun(b"\x55" * 20)


@pytest.mark.parametrize("asked", ["01", "0202", "1d", "1f00", "0402000000c8", "040200070001", "1300000000"])
def test_two_wrong_bits_never_make_a_command_that_loses_a_finger(asked: str) -> None:
    words = bytes.fromhex(asked)
    assert LOSING.get(len(words)) not in two_bits_from(words)


def test_two_wrong_bits_make_the_vendors_search_empty_the_sensor() -> None:
    """It asks for the parameters each time; that is why the driver searches by itself."""
    assert Instruction.EMPTY in two_bits_from(bytes([Instruction.READ_PARAMETERS]))


def two_bits_from(words: bytes) -> set[int]:
    """The commands that a sensor may hear in the place of one, for its sum is right."""
    packet = frame(COMMAND, words)
    bits = [(at, 1 << bit) for at in range(6, len(packet)) for bit in range(8)]
    heard = set()
    for number, (one, mask) in enumerate(bits):
        for other, other_mask in bits[:number]:
            flipped = bytearray(packet)
            flipped[one] ^= mask
            flipped[other] ^= other_mask
            if is_sound(bytes(flipped)) and flipped[6:9] == packet[6:9]:
                heard.add(flipped[9])
    return heard


def test_codes_and_commands_have_names_for_people() -> None:
    assert in_words(0x0B, Code) == "no such page"
    assert in_words(0x04, Instruction) == "search"
    assert in_words(0xEE, Code) == "code EE"


def test_an_acknowledgement_is_sound() -> None:
    assert is_sound(ack(b"\x09"))
