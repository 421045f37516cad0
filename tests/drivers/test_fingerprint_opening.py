"""Opening a sensor: at whatever baud it speaks, with its password, and told apart from what is no sensor."""

import struct
from concurrent.futures import ThreadPoolExecutor
from typing import get_args

import pytest

from drivers.errors import NotASensor, SensorGarbled, SensorSilent, SensorUnplugged, Trouble, WrongPassword
from drivers.fingerprint import FingerprintSettings, SensorParameters
from drivers.fingerprint.adafruit import AdafruitSensor
from drivers.fingerprint.contract import Baud
from drivers.fingerprint.emulator import FingerprintEmulator
from drivers.fingerprint.faults import Fault, FaultKind
from drivers.fingerprint.models import Timing
from drivers.fingerprint.packets import Instruction
from drivers.lights.contract import DARK, Colour, Pattern
from tests.drivers.far_end import FarEnd, Script, ack, chatter
from tests.waiting import until

SECRET = 0x12345678
EVERY: Script = {command: [b""] * 50 for command in Instruction}


def opened(port: str, **settings: object) -> SensorParameters:
    sensor = AdafruitSensor(FingerprintSettings("adafruit", port, **settings))  # type: ignore[arg-type]
    try:
        assert sensor.poll() is None
        return sensor.parameters
    finally:
        sensor.close()


def test_a_sensor_says_what_it_is() -> None:
    with FingerprintEmulator(capacity=162, packet_bytes=64, security_level=5) as emulator:
        told = opened(emulator.port)
    assert told == SensorParameters(162, 64, 5, told.system, 57600, ring=False)


@pytest.mark.parametrize("baud", get_args(Baud))
@pytest.mark.parametrize("configured", [9600, 57600])
def test_a_sensor_at_another_baud_is_found(baud: Baud, configured: Baud) -> None:
    with FingerprintEmulator(baud=baud) as emulator:
        assert opened(emulator.port, baud=configured).baud == baud


def test_a_sensor_that_has_just_got_its_power_is_waited_for() -> None:
    with FingerprintEmulator(timing=True) as emulator:
        emulator.unplug()
        emulator.plug()
        assert opened(emulator.port).baud == 57600


@pytest.mark.parametrize("kind", list(FaultKind))
@pytest.mark.parametrize("towards", ["host", "sensor"])
def test_a_spoilt_first_packet_does_not_end_the_opening(kind: FaultKind, towards: str) -> None:
    with FingerprintEmulator() as emulator:
        emulator.spoil(Fault(kind, towards, seed=3, delay_s=0.2))  # type: ignore[arg-type]
        assert opened(emulator.port).baud == 57600


def test_a_password_opens_the_sensor_that_has_it() -> None:
    with FingerprintEmulator(password=SECRET.to_bytes(4, "big")) as emulator:
        assert opened(emulator.port, password=SECRET).capacity == 200


@pytest.mark.parametrize("password", [0, SECRET + 1])
def test_a_wrong_password_is_told(password: int) -> None:
    with (
        FingerprintEmulator(password=SECRET.to_bytes(4, "big")) as emulator,
        pytest.raises(WrongPassword, match=rf"{emulator.port} wants another password: set \[fingerprint\]") as caught,
    ):
        opened(emulator.port, password=password)
    assert caught.value.trouble is Trouble.PASSWORD


def test_a_password_is_said_again_after_a_brown_out() -> None:
    with FingerprintEmulator(password=SECRET.to_bytes(4, "big"), timing=Timing(power_on_s=0.05)) as emulator:
        sensor = AdafruitSensor(FingerprintSettings("adafruit", emulator.port, password=SECRET), 0.2)
        emulator.spoil(Fault(FaultKind.BROWN_OUT))
        with pytest.raises((SensorGarbled, SensorSilent)):
            sensor.poll()
        assert sensor.poll() is None
        sensor.close()


def test_a_silent_port_is_silent() -> None:
    with FarEnd(EVERY) as end, pytest.raises(SensorSilent, match="silent at every baud") as caught:
        opened(end.port)
    assert caught.value.trouble is Trouble.SILENT


def test_an_empty_port_is_unplugged() -> None:
    with pytest.raises(SensorUnplugged, match="there is no port /dev/ttyUSB99") as caught:
        opened("/dev/ttyUSB99")
    assert caught.value.trouble is Trouble.UNPLUGGED


def test_a_device_that_sends_text_is_no_sensor() -> None:
    with (
        FarEnd(EVERY) as end,
        chatter(end, b"$GPGGA,054512,0057.2,S\r\n"),
        pytest.raises(NotASensor, match="sends text") as caught,
    ):
        opened(end.port)
    assert caught.value.trouble is Trouble.FOREIGN


def test_a_device_that_sends_bytes_is_garbled() -> None:
    with FarEnd(EVERY) as end, chatter(end, b"\xef\x01\xff\x80"), pytest.raises(SensorGarbled) as caught:
        opened(end.port)
    assert caught.value.trouble is Trouble.GARBLED


def test_a_line_that_is_joined_to_itself_is_no_sensor() -> None:
    echo = bytes.fromhex("ef01ffffffff0100071300000000001b")
    with FarEnd({0x13: [echo]}) as end, pytest.raises(NotASensor, match="TX and RX are joined"):
        opened(end.port)


def test_a_sensor_that_refuses_the_password_command_is_of_another_family() -> None:
    with FarEnd({0x13: [ack(b"\xee")]}) as end, pytest.raises(NotASensor, match="code EE"):
        opened(end.port)


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        pytest.param(ack(b"\x0f"), "does not tell its parameters", id="refused"),
        pytest.param(
            ack(struct.pack(">BHHHHIHH", 0, 0, 0, 0, 3, 0xFFFFFFFF, 2, 6)), "has 0 pages", id="without a page"
        ),
        pytest.param(
            ack(struct.pack(">BHHHHIHH", 0, 0, 0, 9, 3, 0xFFFFFFFF, 7, 6)), "packets of size 7", id="of odd packets"
        ),
    ],
)
def test_a_sensor_of_another_family_is_no_sensor_of_ours(parameters: bytes, why: str) -> None:
    with FarEnd({0x0F: [parameters]}) as end, pytest.raises(NotASensor, match=why):
        opened(end.port)


def test_a_port_that_goes_away_while_it_is_opened_is_unplugged() -> None:
    with FarEnd(EVERY) as end, ThreadPoolExecutor(1) as pool:
        opening = pool.submit(opened, end.port)
        until(lambda: bool(end.heard))
        end.hang_up()
        with pytest.raises(SensorUnplugged, match="still plugged in"):
            opening.result()


def test_a_ring_shows_the_pattern_of_the_lights() -> None:
    with FingerprintEmulator(model="r503") as emulator:
        sensor = AdafruitSensor(FingerprintSettings("adafruit", emulator.port))
        assert sensor.parameters.ring
        shown = []
        for pattern in (Pattern(Colour.GREEN), Pattern(Colour.RED), Pattern(Colour.BLUE), DARK):
            sensor.glow(pattern)
            shown.append(emulator.ring)
        sensor.close()
    assert [(ring.mode, ring.colour) for ring in shown if ring][:3] == [(3, 4), (3, 1), (3, 2)]
    assert shown[3]
    assert shown[3].mode == 4


def test_a_ring_is_told_only_what_is_new() -> None:
    heard: list[int] = []
    with FingerprintEmulator(model="r503", tell=lambda _, packet: heard.append(packet[9])) as emulator:
        sensor = AdafruitSensor(FingerprintSettings("adafruit", emulator.port))
        heard.clear()
        sensor.glow(DARK)
        sensor.glow(Pattern(Colour.GREEN))
        sensor.glow(Pattern(Colour.GREEN))
        assert heard.count(Instruction.AURA_LIGHT) == 1
        sensor.close()


def test_a_ring_that_lost_its_power_is_told_again() -> None:
    with FingerprintEmulator(model="r503") as emulator:
        sensor = AdafruitSensor(FingerprintSettings("adafruit", emulator.port), 0.2)
        sensor.glow(Pattern(Colour.GREEN))
        emulator.spoil(Fault(FaultKind.BROWN_OUT))
        with pytest.raises((SensorGarbled, SensorSilent)):
            sensor.poll()
        assert emulator.ring is None
        sensor.glow(Pattern(Colour.GREEN))
        assert emulator.ring is not None
        sensor.close()


@pytest.mark.parametrize("model", ["zfm20", "r503"])
def test_a_ring_that_is_not_to_be_used_stays_as_it_is(model: str) -> None:
    with FingerprintEmulator(model=model) as emulator:  # type: ignore[arg-type]
        sensor = AdafruitSensor(FingerprintSettings("adafruit", emulator.port, ring=False))
        sensor.glow(Pattern(Colour.GREEN))
        assert emulator.ring is None
        sensor.close()
