"""The checked port, and the driver on it, over a real pseudo-terminal whose far end is in the test's hand."""

import os
import select
import struct
import threading
import tty
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import NotASensor, SensorError, SensorLost, SensorRefused
from drivers.fingerprint import FingerprintSettings, Touch
from drivers.fingerprint.adafruit import AdafruitSensor
from drivers.fingerprint.port import (
    ACKNOWLEDGE,
    COMMAND,
    DATA,
    HEADER,
    LAST_DATA,
    CheckedPort,
    frame,
    is_sound,
    take_packet,
)

# The one command that the port sends without asking first whether the line is in step.
VERIFY = frame(COMMAND, b"\x13\0\0\0\0")
DONE = frame(ACKNOWLEDGE, b"\0")
FOUND = frame(ACKNOWLEDGE, b"\0\x00\x07\x00\x64")
PARAMETERS = struct.pack(">BHHHHIHH", 0, 0, 0, 200, 3, 0xFFFFFFFF, 2, 6)
PATIENCE_S = 0.2


class FarEnd:
    """The sensor's side of a line, which says what the test makes it say."""

    def __init__(self) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)

    def say(self, words: bytes) -> None:
        os.write(self._master, words)

    def hear(self) -> bytes:
        return os.read(self._master, 4096)

    def obey(self, script: dict[int, list[bytes]], until: int) -> None:
        """Answer each command by the script, and all else as a sensor without a fault does."""
        replies = {command: iter(answers) for command, answers in script.items()}
        line = bytearray()
        while until not in select.select([self._master, until], [], [])[0]:
            line += self.hear()
            while (packet := take_packet(line)) is not None:
                usual = PARAMETERS if packet[9] == 0x0F else b"\0"
                self.say(frame(ACKNOWLEDGE, next(replies.get(packet[9], iter(())), usual)))

    def hang_up(self) -> None:
        for fd in (self._master, self._slave):
            os.close(fd)
        self._master = self._slave = -1

    def close(self) -> None:
        if self._master >= 0:
            self.hang_up()


@pytest.fixture
def far_end() -> Iterator[FarEnd]:
    end = FarEnd()
    yield end
    end.close()


@pytest.fixture
def port(far_end: FarEnd) -> Iterator[CheckedPort]:
    opened = CheckedPort(far_end.port, timeout_s=PATIENCE_S)
    yield opened
    opened.close()


@contextmanager
def scripted(script: dict[int, list[bytes]]) -> Iterator[AdafruitSensor]:
    """The whole driver on a line whose far end follows a script."""
    end = FarEnd()
    until, stop = os.pipe()
    far_end = threading.Thread(target=end.obey, args=(script, until))
    far_end.start()
    try:
        with closing(AdafruitSensor(FingerprintSettings("adafruit", end.port))) as sensor:
            yield sensor
    finally:
        os.close(stop)
        far_end.join()
        os.close(until)
        end.close()


def found(page: int, score: int) -> bytes:
    return struct.pack(">BHH", 0, page, score)


def packets_in(stream: bytes) -> list[bytes]:
    line, packets = bytearray(stream), []
    while (packet := take_packet(line)) is not None:
        packets.append(packet)
    return packets


def test_a_packet_is_framed_as_the_manual_draws_it() -> None:
    assert frame(COMMAND, b"\x01").hex() == "ef01ffffffff010003010005"


def test_every_single_flipped_bit_of_a_search_reply_is_caught() -> None:
    for bit in range(len(FOUND) * 8):
        flipped = bytearray(FOUND)
        flipped[bit // 8] ^= 1 << bit % 8
        assert not [packet for packet in packets_in(bytes(flipped)) if is_sound(packet)]


@given(st.binary(max_size=256), st.binary(max_size=64), st.integers(1, 9))
def test_a_packet_is_found_however_its_bytes_arrive(data: bytes, noise: bytes, step: int) -> None:
    packet = frame(DATA, data or b"\0")
    stream = noise.replace(HEADER, b"") + packet
    line = bytearray()
    found = []
    for start in range(0, len(stream), step):
        line += stream[start : start + step]
        if (taken := take_packet(line)) is not None:
            found.append(taken)
    assert found == [packet]


@given(st.binary(max_size=2048))
def test_a_line_full_of_noise_is_never_kept_for_ever(noise: bytes) -> None:
    line = bytearray(noise)
    while take_packet(line) is not None:
        continue
    assert len(line) < 9 + 258


def test_a_length_that_no_packet_has_is_skipped() -> None:
    assert packets_in(HEADER + b"\xff\xff\xff\xff\x07\xff\xff" + DONE) == [DONE]


def test_another_sensors_packet_is_skipped() -> None:
    assert packets_in(frame(ACKNOWLEDGE, b"\0", b"\0\0\0\1") + DONE) == [DONE]


def test_the_vendor_reads_a_whole_packet_after_stray_bytes(port: CheckedPort, far_end: FarEnd) -> None:
    port.write(VERIFY)
    far_end.say(b"\x55\xef" + DONE)
    assert port.read(len(DONE)) == DONE


def test_the_command_reaches_the_sensor_as_it_was_written(port: CheckedPort, far_end: FarEnd) -> None:
    port.write(list(VERIFY))
    assert far_end.hear() == VERIFY


def test_a_data_packet_can_be_read_in_parts(port: CheckedPort, far_end: FarEnd) -> None:
    packet = frame(LAST_DATA, b"whorl")
    port.write(VERIFY)
    far_end.say(packet)
    assert port.read(9) + port.read(5) + port.read(2) == packet


def test_data_packets_are_sent_without_emptying_the_line(port: CheckedPort, far_end: FarEnd) -> None:
    far_end.say(DONE)
    port.write(frame(LAST_DATA, b"whorl"))
    assert port.read(len(DONE)) == DONE


def test_what_was_said_before_the_command_does_not_answer_it(port: CheckedPort, far_end: FarEnd) -> None:
    refusal = frame(ACKNOWLEDGE, b"\x13")
    far_end.say(DONE)
    port.write(VERIFY)
    far_end.say(refusal)
    assert port.read(len(refusal)) == refusal


def test_a_short_refusal_is_filled_out_to_the_length_that_the_vendor_reads(port: CheckedPort, far_end: FarEnd) -> None:
    port.write(VERIFY)
    far_end.say(frame(ACKNOWLEDGE, b"\x09"))
    assert port.read(len(FOUND)) == frame(ACKNOWLEDGE, b"\x09\0\0\0\0")


def test_silence_is_a_lost_sensor(port: CheckedPort, far_end: FarEnd) -> None:
    port.write(VERIFY)
    with pytest.raises(SensorLost, match=rf"{far_end.port} is silent \(verify password\)"):
        port.read(12)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        pytest.param(DONE[:-1] + b"\xff", "sum is wrong", id="a wrong sum"),
        pytest.param(DONE[:-1], "no whole packet", id="a packet cut short"),
        pytest.param(b"$GPGGA,054512,0057.2,S\r\n", "no whole packet", id="another device"),
        pytest.param(frame(0x05, b"\0"), "kind is unknown", id="an unknown kind"),
        pytest.param(FOUND, "another command", id="an answer too long"),
        pytest.param(frame(ACKNOWLEDGE, b"\x02\0"), "another command", id="a refusal too long"),
    ],
)
def test_a_broken_answer_is_not_taken_for_silence(port: CheckedPort, far_end: FarEnd, answer: bytes, why: str) -> None:
    port.write(VERIFY)
    far_end.say(answer)
    with pytest.raises(SensorError, match=why) as caught:
        port.read(12)
    assert not isinstance(caught.value, SensorLost)


def test_a_good_answer_of_too_few_bytes_belongs_to_another_command(port: CheckedPort, far_end: FarEnd) -> None:
    port.write(VERIFY)
    far_end.say(DONE)
    with pytest.raises(SensorError, match="another command"):
        port.read(len(FOUND))


def test_our_own_words_coming_back_are_no_sensor(port: CheckedPort, far_end: FarEnd) -> None:
    port.write(VERIFY)
    far_end.say(far_end.hear())
    with pytest.raises(NotASensor, match="TX and RX"):
        port.read(12)


def test_a_line_that_never_rests_is_no_sensors(far_end: FarEnd) -> None:
    hush = threading.Event()

    def chatter() -> None:
        while not hush.wait(0.002):
            far_end.say(b"$GPGGA,")

    def verify() -> None:
        with closing(CheckedPort(far_end.port, timeout_s=PATIENCE_S)) as port:
            port.write(VERIFY)
            port.read(12)

    talker = threading.Thread(target=chatter)
    talker.start()
    try:
        with pytest.raises(SensorError, match=r"never quiet|can't be understood"):
            verify()
    finally:
        hush.set()
        talker.join()


def test_a_port_that_goes_away_is_a_lost_sensor(port: CheckedPort, far_end: FarEnd) -> None:
    port.write(VERIFY)
    far_end.hang_up()
    with pytest.raises(SensorLost, match="still plugged in"):
        port.read(12)
    with pytest.raises(SensorLost, match="still plugged in"):
        port.write(VERIFY)


def test_a_closed_port_is_a_lost_sensor(port: CheckedPort) -> None:
    port.close()
    port.close()
    with pytest.raises(SensorLost):
        port.write(VERIFY)


def test_a_second_program_is_told_who_has_the_port(port: CheckedPort, far_end: FarEnd) -> None:
    with pytest.raises(SensorLost, match=f"port {far_end.port} is in use by another program; is the gate running"):
        CheckedPort(far_end.port)
    port.close()
    CheckedPort(far_end.port).close()


def test_a_port_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(SensorLost, match=rf"there is no port {tmp_path}/ttyUSB0: plug the sensor in"):
        CheckedPort(f"{tmp_path}/ttyUSB0")


@pytest.mark.parametrize("path", ["/dev/null", "/"])
def test_what_is_not_a_serial_line_is_called_so(path: str) -> None:
    with pytest.raises(SensorLost, match=f"{path} is not a serial line"):
        CheckedPort(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open every port")
def test_a_port_without_permission_names_the_group(tmp_path: Path) -> None:
    locked = tmp_path / "ttyS0"
    locked.touch(mode=0)
    with pytest.raises(SensorLost, match="group dialout"):
        CheckedPort(str(locked))


def test_an_impossible_baud_is_named(far_end: FarEnd) -> None:
    with pytest.raises(SensorLost, match="can't be set to -1 baud"):
        CheckedPort(far_end.port, baud=-1)


def test_two_searches_that_disagree_are_not_believed(caplog: pytest.LogCaptureFixture) -> None:
    with scripted({0x04: [found(5, 90), found(21, 90)]}) as sensor:
        assert sensor.poll() is None
    assert "disagreed" in caplog.text


def test_a_finger_that_only_one_search_finds_is_not_believed() -> None:
    with scripted({0x04: [found(5, 90), b"\x09\0\0\0\0"]}) as sensor:
        assert sensor.poll() is None


def test_the_lower_score_of_two_searches_counts() -> None:
    with scripted({0x04: [found(5, 90), found(5, 70)]}) as sensor:
        assert sensor.poll() == Touch(5, 70)


def test_a_not_found_that_is_cut_short_is_understood() -> None:
    with scripted({0x04: [b"\x09", b"\x09"]}) as sensor:
        assert sensor.poll() == Touch(None)


def test_a_page_that_the_sensor_does_not_have_is_not_believed() -> None:
    with scripted({0x04: [found(200, 90)]}) as sensor, pytest.raises(SensorError, match="found page 200"):
        sensor.poll()


def test_a_refusal_names_the_port_the_command_and_the_code() -> None:
    with (
        scripted({0x01: [b"\x01"]}) as sensor,
        pytest.raises(SensorRefused, match=r"on /dev/pts/\d+ refused to take an image: code 01, receive error"),
    ):
        sensor.poll()


def test_a_code_that_no_manual_knows_is_still_a_refusal() -> None:
    with scripted({0x02: [b"\xee"]}) as sensor:
        with pytest.raises(SensorRefused, match="code EE"):
            sensor.poll()
        assert sensor.capacity == 200


def test_what_the_vendor_raises_becomes_ours() -> None:
    refused_parameters = [PARAMETERS, b"\x01"]
    with (
        scripted({0x0F: refused_parameters}) as sensor,
        pytest.raises(SensorError, match="failed to search") as caught,
    ):
        sensor.poll()
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_a_page_that_stays_after_its_deletion_is_told() -> None:
    index = b"\0" + bytes([1 << 7]) + bytes(31)
    with (
        scripted({0x0C: [b"\x10"], 0x1F: [index]}) as sensor,
        pytest.raises(SensorRefused, match="still holds page 7"),
    ):
        sensor.delete(7)


def test_an_empty_page_whose_deletion_is_refused_is_no_error() -> None:
    with scripted({0x0C: [b"\x10"], 0x1F: [bytes(33)]}) as sensor:
        sensor.delete(7)


def test_a_first_command_that_is_lost_does_not_end_the_opening() -> None:
    with scripted({0x13: [b"\x01"]}) as sensor:
        assert sensor.capacity == 200
