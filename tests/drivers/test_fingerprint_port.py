"""The checked port over a real pseudo-terminal whose far end is in the test's hand."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drivers.errors import NotASensor, SensorBusy, SensorGarbled, SensorSilent, SensorUnplugged, Trouble, WrongPassword
from drivers.fingerprint.line import Line
from drivers.fingerprint.packets import COMMAND, DATA, LAST_DATA, Instruction, frame
from drivers.fingerprint.port import FILLER, CheckedPort
from tests.drivers.far_end import DONE, USUAL, FarEnd, Script, ack, chatter, found, index
from tests.waiting import until

ANSWER_S = 0.2
LATE_S = 0.05
TAKE_IMAGE = frame(COMMAND, b"\x01")
SEARCH = frame(COMMAND, b"\x04\x02\0\0\0\xc8")
LOCKED = ack(b"\x21")


@contextmanager
def port_on(end: FarEnd, answer_s: float = ANSWER_S) -> Iterator[CheckedPort]:
    port = CheckedPort(Line(end.port, 57600), answer_s, 0x01020304)
    try:
        yield port
    finally:
        port.close()


@contextmanager
def scripted(script: Script, answer_s: float = ANSWER_S) -> Iterator[tuple[CheckedPort, FarEnd]]:
    """A port that is in step, and then a far end that follows a script."""
    with FarEnd() as end, port_on(end, answer_s) as port:
        assert image(port) == DONE
        end.heard.clear()
        end.follow(script)
        yield port, end


def image(port: CheckedPort) -> bytes:
    port.write(TAKE_IMAGE)
    return port.read(12)


def commands(end: FarEnd) -> list[int]:
    return [packet[9] for packet in end.heard]


def test_the_vendor_reads_a_whole_packet_after_stray_bytes() -> None:
    with scripted({0x01: [b"\x55\xef" + DONE]}) as (port, _):
        assert image(port) == DONE


def test_the_command_reaches_the_sensor_as_it_was_written() -> None:
    with scripted({}) as (port, end):
        port.write(list(TAKE_IMAGE))
        assert port.read(12) == DONE
        assert end.heard == [TAKE_IMAGE]


def test_data_follows_its_acknowledgement() -> None:
    packets = DONE + frame(DATA, b"loop, ") + frame(LAST_DATA, b"whorl")
    with scripted({0x08: [packets]}) as (port, _):
        port.write(frame(COMMAND, b"\x08\x01"))
        assert port.read(12) == DONE
        assert port.take_data() == b"loop, whorl"
        assert image(port) == DONE


def test_data_that_ends_too_soon_is_no_template() -> None:
    with scripted({0x08: [DONE + frame(DATA, b"loop, ")]}) as (port, end):
        port.write(frame(COMMAND, b"\x08\x01"))
        port.read(12)
        with pytest.raises(SensorSilent):
            port.take_data()
        end.follow({})
        assert image(port) == DONE


def test_data_without_an_end_is_told() -> None:
    with scripted({0x08: [DONE + frame(DATA, bytes(256)) * 70]}) as (port, _):
        port.write(frame(COMMAND, b"\x08\x01"))
        port.read(12)
        with pytest.raises(SensorGarbled, match="does not end"):
            port.take_data()


def test_data_is_sent_in_packets_of_the_sensors_size() -> None:
    with scripted({}) as (port, end):
        port.send_data(bytes(70), 32)
        assert image(port) == DONE
        assert [(packet[6], len(packet) - 11) for packet in end.heard[:3]] == [(DATA, 32), (DATA, 32), (LAST_DATA, 6)]


def test_a_short_refusal_is_filled_out_to_the_length_that_the_vendor_reads() -> None:
    with scripted({0x04: [ack(b"\x09")]}) as (port, _):
        port.write(SEARCH)
        assert port.read(16) == ack(b"\x09\0\0\0\0")


def test_silence_is_told_within_the_deadline() -> None:
    with scripted({0x01: [b""]}) as (port, end):
        began = time.monotonic()
        with pytest.raises(SensorSilent, match=rf"{end.port} is silent \(take image\)"):
            image(port)
        assert time.monotonic() - began >= ANSWER_S


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        pytest.param(DONE[:-1] + b"\xff", "sum is wrong", id="a wrong sum"),
        pytest.param(DONE[:-1], "no whole packet", id="a packet cut short"),
        pytest.param(b"$GPGGA,054512,0057.2,S\r\n", "no whole packet", id="another device"),
        pytest.param(frame(DATA, b"\0"), "data came", id="data"),
        pytest.param(frame(0x05, b"\0"), "kind is unknown", id="an unknown kind"),
        pytest.param(found(7), "another command", id="an answer too long"),
        pytest.param(ack(b"\x02\0"), "another command", id="a refusal too long"),
        pytest.param(ack(b"\x01"), "came to it broken", id="the sensor heard something else"),
    ],
)
def test_a_broken_answer_is_garbled_and_the_next_one_is_in_step(answer: bytes, why: str) -> None:
    with scripted({0x01: [answer]}) as (port, _):
        with pytest.raises(SensorGarbled, match=rf"/dev/pts/\d+ can't be understood \(take image\): .*{why}"):
            image(port)
        assert image(port) == DONE


def test_a_packet_that_stops_is_told_before_the_deadline() -> None:
    with scripted({0x01: [DONE[:-1]]}, answer_s=60.0) as (port, _), pytest.raises(SensorGarbled):
        image(port)


def test_a_good_answer_of_too_few_bytes_belongs_to_another_command() -> None:
    with scripted({0x04: [DONE]}) as (port, _):
        port.write(SEARCH)
        with pytest.raises(SensorGarbled, match="another command"):
            port.read(16)


def test_our_own_words_coming_back_are_no_sensor() -> None:
    with scripted({0x01: [TAKE_IMAGE]}) as (port, _), pytest.raises(NotASensor, match="TX and RX"):
        image(port)


def test_in_the_midst_of_a_call_an_answer_too_many_is_not_passed_over() -> None:
    with scripted({0x01: [DONE + DONE]}) as (port, _):
        with port.within(1.0):
            image(port)
            with pytest.raises(SensorGarbled, match="nobody asked for"):
                image(port)
        assert image(port) == DONE


def test_between_two_calls_an_answer_too_many_is_skipped() -> None:
    refusal = ack(b"\x02")
    with scripted({0x01: [DONE + DONE, refusal]}) as (port, _):
        with port.within(1.0):
            image(port)
        with port.within(1.0):
            assert image(port) == refusal


@pytest.mark.parametrize("late", [DONE, found(7), index(), USUAL[Instruction.COUNT], index() * 2, b"\x55"])
def test_what_answers_an_older_command_late_is_skipped(late: bytes) -> None:
    refusal = ack(b"\x02")
    with scripted({0x01: [b"", refusal], 0x1F: [late + index()]}) as (port, _):
        with pytest.raises(SensorSilent):
            image(port)
        assert image(port) == refusal


def test_a_count_that_comes_late_does_not_find_the_step() -> None:
    counted = USUAL[Instruction.COUNT]
    with scripted({0x1D: [b"", DONE + counted], 0x1F: [index(), counted + index()]}) as (port, end):
        port.write(frame(COMMAND, b"\x1d"))
        with pytest.raises(SensorSilent):
            port.read(14)
        assert image(port) == DONE
        assert image(port) == DONE
        assert commands(end) == [0x1D, 0x1F, 0x1D, 0x01, 0x01]


def test_zeros_fill_up_what_a_sensor_waits_for() -> None:
    with scripted({0x01: [b""], 0x1F: [b"", b""]}) as (port, end):
        with pytest.raises(SensorSilent):
            image(port)
        assert image(port) == DONE
        assert commands(end) == [0x01, 0x1F, 0x1F, 0x1F, 0x1D, 0x01]
    assert b"\xef" not in FILLER


def test_a_sensor_that_has_forgotten_the_password_hears_it_again() -> None:
    with scripted({0x01: [LOCKED], 0x1F: [LOCKED]}) as (port, end):
        assert image(port) == LOCKED
        assert image(port) == DONE
        assert frame(COMMAND, b"\x13\1\2\3\4") in end.heard


def test_a_password_that_has_changed_is_told() -> None:
    with scripted({0x01: [LOCKED], 0x1F: [LOCKED], 0x13: [ack(b"\x13")]}) as (port, _):
        image(port)
        with pytest.raises(WrongPassword, match="wants another password"):
            image(port)


def test_a_sensor_that_answers_one_command_only_is_garbled() -> None:
    with scripted({0x01: [b""], 0x1D: [b""]}) as (port, _):
        with pytest.raises(SensorSilent):
            image(port)
        with pytest.raises(SensorGarbled, match="one command and not the next"):
            image(port)


def test_a_line_that_never_rests_is_told_within_the_deadline() -> None:
    with FarEnd() as end, port_on(end) as port:
        end.follow({command: [b""] * 20 for command in Instruction})
        with chatter(end, b"$GPGGA,"), pytest.raises(SensorGarbled, match="can't be understood"):
            image(port)


def test_a_call_ends_with_its_own_deadline() -> None:
    with scripted({0x01: [b""]}, answer_s=60.0) as (port, _), port.within(ANSWER_S), pytest.raises(SensorSilent):
        image(port)


def test_a_port_that_goes_away_is_unplugged_for_good() -> None:
    with scripted({0x01: [b""]}) as (port, end):
        port.write(TAKE_IMAGE)
        end.hang_up()
        with pytest.raises(SensorUnplugged, match=rf"{end.port} is gone \(take image\): is it still plugged in"):
            port.read(12)
        with pytest.raises(SensorUnplugged, match="open the sensor again"):
            port.write(TAKE_IMAGE)


def test_a_closed_port_is_unplugged() -> None:
    with scripted({}) as (port, _):
        port.close()
        port.close()
        with pytest.raises(SensorUnplugged):
            port.write(TAKE_IMAGE)


def test_a_port_that_takes_no_bytes_is_silent() -> None:
    with FarEnd() as end:
        end.follow({})
        line = Line(end.port, 57600)
        end.deaf.set()
        with pytest.raises(SensorSilent, match="nobody takes bytes"):
            line.write(FILLER * 1000, time.monotonic())
        line.close()


def test_a_second_program_is_told_who_has_the_port() -> None:
    with FarEnd() as end:
        line = Line(end.port, 57600)
        with pytest.raises(
            SensorBusy, match=f"port {end.port} is in use by another program; is the gate running"
        ) as told:
            Line(end.port, 57600)
        assert told.value.trouble is Trouble.BUSY
        line.close()
        Line(end.port, 57600).close()


def test_a_port_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(SensorUnplugged, match=rf"there is no port {tmp_path}/ttyUSB0: plug the sensor in"):
        Line(f"{tmp_path}/ttyUSB0", 57600)


@pytest.mark.parametrize("path", ["/dev/null", "/"])
def test_what_is_not_a_serial_line_is_called_so(path: str) -> None:
    with pytest.raises(SensorUnplugged, match=f"{path} is not a serial line"):
        Line(path, 57600)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open every port")
def test_a_port_without_permission_names_the_group(tmp_path: Path) -> None:
    locked = tmp_path / "ttyS0"
    locked.touch(mode=0)
    with pytest.raises(SensorUnplugged, match="group dialout"):
        Line(str(locked), 57600)


def test_an_impossible_baud_is_named() -> None:
    with FarEnd() as end, pytest.raises(SensorUnplugged, match="can't be set to -1 baud"):
        Line(end.port, -1)


def test_what_comes_meanwhile_is_heard_at_once() -> None:
    with FarEnd() as end:
        line = Line(end.port, 57600)
        end.say(b"\x55")
        until(lambda: line.hear(time.monotonic()) == b"\x55")
        line.close()
