"""The driver on a line whose far end follows a script: what it believes, and what it says of what it doesn't."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from drivers.errors import EnrolmentFailed, SensorError, SensorFull, SensorGarbled, SensorRefused, SensorSilent
from drivers.fingerprint import FingerprintSettings, Touch
from drivers.fingerprint.adafruit import AdafruitSensor
from drivers.fingerprint.packets import COMMAND, DATA, LAST_DATA, Instruction, frame, is_sound
from tests.drivers.far_end import DONE, USUAL, FarEnd, Script, ack, found, index

COUNTED = USUAL[Instruction.COUNT]
NOBODY = USUAL[Instruction.SEARCH]
ANSWER_S = 0.2


@contextmanager
def scripted(script: Script) -> Iterator[tuple[AdafruitSensor, FarEnd]]:
    """A sensor that is open, and from then on follows a script."""
    with FarEnd() as end:
        sensor = AdafruitSensor(FingerprintSettings("adafruit", end.port), ANSWER_S)
        assert sensor.count() == 0
        end.heard.clear()
        end.follow(script)
        try:
            yield sensor, end
        finally:
            sensor.close()


def seen(sensor: AdafruitSensor) -> Touch | SensorError | None:
    try:
        return sensor.poll()
    except SensorError as error:
        return error


def test_the_second_search_is_of_the_page_that_the_first_one_found() -> None:
    with scripted({0x04: [found(7), found(7)]}) as (sensor, end):
        assert sensor.poll() == Touch(7, 90)
        searches = [packet[9:-2].hex() for packet in end.heard if packet[9] == 0x04]
        assert searches == ["0402000000c8", "040200070001"]


def test_two_searches_that_disagree_are_not_believed(caplog: pytest.LogCaptureFixture) -> None:
    with scripted({0x04: [found(5), found(21)]}) as (sensor, _):
        assert sensor.poll() is None
    assert "disagreed" in caplog.text


@pytest.mark.parametrize("searches", [[found(5), NOBODY], [NOBODY, found(5)]])
def test_a_finger_that_only_one_search_finds_is_not_believed(searches: list[bytes]) -> None:
    with scripted({0x04: searches}) as (sensor, _):
        assert sensor.poll() is None


def test_the_lower_score_of_two_searches_counts() -> None:
    with scripted({0x04: [found(5, 90), found(5, 70)]}) as (sensor, _):
        assert sensor.poll() == Touch(5, 70)


def test_a_not_found_that_is_cut_short_is_understood() -> None:
    with scripted({0x04: [ack(b"\x09"), ack(b"\x09")]}) as (sensor, _):
        assert sensor.poll() == Touch(None)


def test_a_page_that_the_sensor_does_not_have_is_not_believed() -> None:
    with scripted({0x04: [found(200)]}) as (sensor, _), pytest.raises(SensorGarbled, match="found page 200"):
        sensor.poll()


def test_no_two_wrong_bits_in_a_search_name_somebody_else() -> None:
    """Of all pairs that pass the sum, those that leave a page which the sensor has."""
    bits = itertools.combinations(range(48, len(found(5)) * 8), 2)
    passed = [spoilt for pair in bits if is_sound(spoilt := flipped(found(5), pair)) and spoilt[:10] == found(5)[:10]]
    wrong = {spoilt for spoilt in passed if int.from_bytes(spoilt[10:12]) not in (5, *range(200, 0x10000))}
    assert wrong
    for spoilt in wrong:
        with scripted({0x04: [spoilt, NOBODY]}) as (sensor, _):
            assert sensor.poll() is None


def flipped(packet: bytes, bits: tuple[int, ...]) -> bytes:
    number = int.from_bytes(packet)
    for bit in bits:
        number ^= 1 << len(packet) * 8 - 1 - bit
    return number.to_bytes(len(packet))


# Each way in which who was there before is still in the sensor, and would be found by both searches.
STALE = {
    "the image's answer comes twice, and the features' command is lost": {0x01: [DONE * 2], 0x02: [b""]},
    "the image's answer comes twice, and no features were found": {0x01: [DONE * 2], 0x02: [ack(b"\x06")]},
    "an answer of before comes late, and no finger lies there": {0x01: [DONE + ack(b"\x02")]},
    "an answer of before comes late, and the image's command is lost": {0x01: [b""], 0x1D: [DONE + COUNTED]},
    "the features' answer comes twice": {0x02: [DONE * 2]},
    "the fence's answer comes twice": {0x1D: [COUNTED * 2]},
    "the fence is not answered": {0x1D: [b""]},
    "the fence is answered as something else": {0x1D: [DONE]},
}


@pytest.mark.parametrize("script", STALE.values(), ids=STALE.keys())
def test_who_was_there_before_is_never_named(script: Script) -> None:
    with scripted(script | {0x04: [found(5), found(5)]}) as (sensor, end):
        assert isinstance(seen(sensor), SensorError)
        end.follow({0x04: [found(7), found(7)]})
        assert sensor.poll() == Touch(7, 90)


@pytest.mark.parametrize("code", [0x06, 0x07, 0x15])
def test_a_finger_that_can_not_be_read_is_not_searched_for(code: int) -> None:
    with scripted({0x02: [ack(bytes([code]))], 0x04: [found(5), found(5)]}) as (sensor, end):
        assert sensor.poll() is None
        assert 0x04 not in [packet[9] for packet in end.heard]


def test_a_refusal_names_the_port_the_command_and_the_code() -> None:
    with (
        scripted({0x01: [ack(b"\x0e")]}) as (sensor, _),
        pytest.raises(SensorRefused, match=r"on /dev/pts/\d+ refused to take an image: code 0E, cannot receive"),
    ):
        sensor.poll()


def test_a_code_that_no_manual_knows_is_still_a_refusal() -> None:
    with scripted({0x02: [ack(b"\xee")]}) as (sensor, _):
        with pytest.raises(SensorRefused, match="code EE"):
            sensor.poll()
        assert sensor.poll() == Touch(None)


def test_what_the_vendor_raises_becomes_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted({}) as (sensor, _):
        monkeypatch.setattr(sensor._vendor, "address", "none")
        with pytest.raises(SensorError, match="failed to take an image") as caught:
            sensor.poll()
        assert isinstance(caught.value.__cause__, TypeError)


def test_a_page_that_stays_after_its_deletion_is_told() -> None:
    with (
        scripted({0x0C: [ack(b"\x10")], 0x1F: [index(7), index(7)]}) as (sensor, _),
        pytest.raises(SensorRefused, match="still holds page 7"),
    ):
        sensor.delete(7)


def test_an_empty_page_whose_deletion_is_refused_is_no_error() -> None:
    with scripted({0x0C: [ack(b"\x10")]}) as (sensor, _):
        sensor.delete(7)


def test_a_deletion_that_takes_another_page_is_told() -> None:
    with (
        scripted({0x1F: [index(5, 7), index()]}) as (sensor, _),
        pytest.raises(SensorRefused, match="page 5 what it was told"),
    ):
        sensor.delete(7)


def test_a_sensor_that_says_it_is_full_is_full() -> None:
    data = frame(LAST_DATA, b"whorl")
    with scripted({0x06: [ack(b"\x1f")], 0x08: [DONE + data]}) as (sensor, _), pytest.raises(SensorFull):
        sensor.write_template(7, b"whorl")


def test_a_template_that_reads_in_two_ways_is_not_believed() -> None:
    uploads = [DONE + frame(DATA, b"loop, ") + frame(LAST_DATA, word) for word in (b"whorl", b"arch")]
    with scripted({0x08: uploads}) as (sensor, _), pytest.raises(SensorGarbled, match="page 7 in two ways"):
        sensor.read_template(7)


def test_a_template_that_comes_back_otherwise_is_refused_and_its_page_emptied() -> None:
    upload = DONE + frame(LAST_DATA, b"arch")
    with scripted({0x1F: [index(), index(7), index(7)], 0x08: [upload, upload]}) as (sensor, end):
        with pytest.raises(SensorRefused, match="did not keep the template of page 7"):
            sensor.write_template(7, b"whorl")
        assert bytes.fromhex("0c00070001") in [packet[9:-2] for packet in end.heard]


def test_a_template_that_lands_on_another_page_is_told() -> None:
    with (
        scripted({0x1F: [index(), index(5), index(5)]}) as (sensor, _),
        pytest.raises(SensorRefused, match="page 5, 7 what it was told"),
    ):
        sensor.write_template(7, b"whorl")


def test_a_sensor_that_falls_silent_over_a_template_is_not_asked_to_clean_up() -> None:
    with scripted({0x06: [b""]}) as (sensor, end):
        with pytest.raises(SensorSilent):
            sensor.write_template(7, b"whorl")
        assert end.heard[-1][9] == Instruction.STORE


def test_a_template_whose_finger_another_page_has_is_refused_and_its_page_left_alone() -> None:
    with scripted({0x04: [found(5), found(5)]}) as (sensor, end):
        with pytest.raises(EnrolmentFailed, match="enrolled already, at page 5"):
            sensor.write_template(7, b"whorl", unless_known=True)
        heard = [packet[9:-2] for packet in end.heard if packet[6] == COMMAND]
        assert [words.hex() for words in heard if words[0] == Instruction.SEARCH] == ["0402000000c8", "040200050001"]
        assert not {words[0] for words in heard} & {Instruction.STORE, Instruction.DELETE}


@pytest.mark.parametrize("searches", [[NOBODY, NOBODY], [found(7), found(7)]])
def test_a_template_that_no_other_page_has_is_written(searches: list[bytes]) -> None:
    upload = DONE + frame(LAST_DATA, b"whorl")
    with scripted({0x04: searches, 0x1F: [index(), index(7)], 0x08: [upload, upload]}) as (sensor, _):
        sensor.write_template(7, b"whorl", unless_known=True)
