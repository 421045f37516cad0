"""The emulated sensor, spoken to in bytes as the manuals draw them, and by the vendor's library unaided."""

import json
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial
from adafruit_fingerprint import Adafruit_Fingerprint
from hypothesis import given
from hypothesis import strategies as st

from drivers.fingerprint.emulator import TEMPLATE_BYTES, Faults, FingerprintEmulator, score_of, template_of
from drivers.fingerprint.port import COMMAND, DATA, LAST_DATA, frame

PATIENCE_S = 5.0


class Client:
    """A program that knows the bytes, and nothing of our driver."""

    def __init__(self, port: str) -> None:
        self.line = serial.Serial(port, 57600, timeout=PATIENCE_S)

    def ask(self, command: int, *arguments: int) -> bytes:
        """The code and data of the acknowledgement."""
        return self.send(frame(COMMAND, bytes([command, *arguments])))

    def send(self, packet: bytes) -> bytes:
        self.line.write(packet)
        return self.packet()[1]

    def packet(self) -> tuple[int, bytes]:
        head = self.line.read(9)
        magic, address, kind, length = struct.unpack(">HIBH", head)
        body = self.line.read(length)
        assert (magic, address) == (0xEF01, 0xFFFFFFFF)
        assert sum(head[6:] + body[:-2]) & 0xFFFF == int.from_bytes(body[-2:], "big")
        return kind, body[:-2]

    def capture(self, slot: int) -> None:
        assert self.ask(0x01) == b"\0"
        assert self.ask(0x02, slot) == b"\0"

    def enrol(self, emulator: FingerprintEmulator, finger: str, page: int) -> None:
        emulator.place(finger)
        for slot in (1, 2):
            self.capture(slot)
        assert self.ask(0x05) == b"\0"
        assert self.ask(0x06, 1, page >> 8, page & 0xFF) == b"\0"


@pytest.fixture
def emulator() -> Iterator[FingerprintEmulator]:
    with FingerprintEmulator() as emulated:
        yield emulated


@pytest.fixture
def client(emulator: FingerprintEmulator) -> Iterator[Client]:
    opened = Client(emulator.port)
    yield opened
    opened.line.close()


@given(st.text(max_size=20), st.integers(0, 1000), st.integers(0, 1000))
def test_two_touches_of_a_finger_match(finger: str, one: int, other: int) -> None:
    assert score_of(template_of(finger, one), template_of(finger, other)) > 150


@given(st.lists(st.text(max_size=20), min_size=2, max_size=2, unique=True))
def test_two_fingers_do_not_match(fingers: list[str]) -> None:
    assert score_of(template_of(fingers[0], 1), template_of(fingers[1], 1)) == 0


def test_a_touch_has_the_same_template_in_every_process() -> None:
    assert template_of("ani", 1).hex().startswith("549b58a7")
    assert len(template_of("ani", 1)) == TEMPLATE_BYTES
    assert template_of("ani", 1) != template_of("ani", 2)


def test_its_bytes_are_those_of_the_manual(client: Client) -> None:
    client.line.write(bytes.fromhex("ef01 ffffffff 01 0003 01 0005"))
    assert client.line.read(12) == bytes.fromhex("ef01 ffffffff 07 0003 02 000c")


def test_the_parameters_are_sixteen_bytes(client: Client) -> None:
    words = struct.unpack(">BHHHHIHH", client.ask(0x0F))
    assert words == (0, 0, 0, 200, 3, 0xFFFFFFFF, 2, 6)


def test_a_finger_goes_from_glass_to_page_and_is_found(client: Client, emulator: FingerprintEmulator) -> None:
    client.enrol(emulator, "ani", 199)
    assert emulator.pages == {199}
    client.capture(1)
    for search in (0x04, 0x1B):
        code, page, score = struct.unpack(">BHH", client.ask(search, 1, 0, 0, 0, 200))
        assert (code, page) == (0, 199)
        assert score > 150
    assert client.ask(0x04, 1, 0, 0, 0, 199) == b"\x09\0\0\0\0"
    assert client.ask(0x1D) == b"\0\0\x01"
    assert client.ask(0x1F, 0) == b"\0" + bytes(24) + b"\x80" + bytes(7)


def test_both_buffers_are_matched(client: Client, emulator: FingerprintEmulator) -> None:
    emulator.place("ani")
    client.capture(1)
    assert client.ask(0x03) == b"\x08\0\0"
    client.capture(2)
    code, score = struct.unpack(">BH", client.ask(0x03))
    assert (code, score > 150) == (0, True)
    emulator.place("budi")
    client.capture(2)
    assert client.ask(0x03) == b"\x08\0\0"
    assert client.ask(0x05) == b"\x0a"


def test_a_stored_page_is_loaded_into_a_buffer(client: Client, emulator: FingerprintEmulator) -> None:
    client.enrol(emulator, "ani", 3)
    emulator.place("budi")
    client.capture(1)
    assert client.ask(0x07, 1, 0, 3) == b"\0"
    assert client.ask(0x04, 1, 0, 0, 0, 200)[:3] == b"\0\0\x03"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        pytest.param([0x01], 0x02, id="no finger"),
        pytest.param([0x02, 1], 0x15, id="no image yet"),
        pytest.param([0x05], 0x0A, id="nothing to join"),
        pytest.param([0x06, 1, 0, 200], 0x0B, id="store beyond the last page"),
        pytest.param([0x06, 1, 0, 0], 0x18, id="nothing to store"),
        pytest.param([0x07, 1, 0, 200], 0x0B, id="load beyond the last page"),
        pytest.param([0x07, 1, 0, 0], 0x0C, id="load an empty page"),
        pytest.param([0x08, 1], 0x0D, id="nothing to upload"),
        pytest.param([0x0A], 0x0F, id="upload image"),
        pytest.param([0x0B], 0x0E, id="download image"),
        pytest.param([0x0C, 0, 199, 0, 2], 0x10, id="delete beyond the last page"),
        pytest.param([0x0C, 0, 199, 0, 1], 0x00, id="delete an empty page"),
        pytest.param([0x0D], 0x00, id="empty"),
        pytest.param([0x0E, 6, 4], 0x1A, id="a packet size that is none"),
        pytest.param([0x0E, 9, 1], 0x1A, id="a parameter that is none"),
        pytest.param([0x13, 0, 0, 0, 1], 0x13, id="another password"),
        pytest.param([0x1F, 1], 0x0B, id="index beyond the last page"),
        pytest.param([0x35, 3, 0, 1, 0], 0x00, id="aura light"),
        pytest.param([0x77], 0x01, id="an unknown command"),
        pytest.param([0x02], 0x01, id="an argument missing"),
    ],
)
def test_it_answers_with_the_code_of_the_manual(client: Client, command: list[int], code: int) -> None:
    assert client.ask(*command)[:1] == bytes([code])


def test_a_smudged_finger_is_messy(client: Client, emulator: FingerprintEmulator) -> None:
    emulator.place("ani", smudged=True)
    assert client.ask(0x01) == b"\0"
    assert client.ask(0x02, 1) == b"\x06"


def test_a_command_with_a_wrong_sum_is_not_obeyed(client: Client, emulator: FingerprintEmulator) -> None:
    client.enrol(emulator, "ani", 3)
    empty = bytearray(frame(COMMAND, b"\x0d"))
    empty[-1] ^= 1
    assert client.send(bytes(empty)) == b"\x01"
    assert emulator.pages == {3}


def test_random_numbers_are_four_bytes(client: Client) -> None:
    assert len(client.ask(0x14)) == 5


def test_a_template_goes_up_and_comes_down_again(client: Client, emulator: FingerprintEmulator) -> None:
    emulator.place("ani")
    client.capture(1)
    assert client.ask(0x0E, 6, 0) == b"\0"
    assert client.ask(0x08, 1) == b"\0"
    packets = [client.packet() for _ in range(TEMPLATE_BYTES // 32)]
    assert [kind for kind, _ in packets] == [DATA] * 15 + [LAST_DATA]
    assert b"".join(data for _, data in packets) == template_of("ani", 1)
    assert client.ask(0x09, 2) == b"\0"
    for kind, data in packets:
        client.line.write(frame(kind, data))
    assert client.ask(0x03) == struct.pack(">BH", 0, 300)


def test_a_sensor_with_a_password_is_locked_until_it_hears_it() -> None:
    with FingerprintEmulator(password=b"gate") as emulator:
        client = Client(emulator.port)
        assert client.ask(0x01) == b"\x21"
        assert client.ask(0x13, 0, 0, 0, 0) == b"\x13"
        assert client.ask(0x13, *b"gate") == b"\0"
        assert client.ask(0x01) == b"\x02"
        client.line.close()


def test_a_new_password_holds_after_the_power_was_off(client: Client, emulator: FingerprintEmulator) -> None:
    assert client.ask(0x12, *b"gate") == b"\0"
    emulator.unplug()
    emulator.plug()
    again = Client(emulator.port)
    assert again.ask(0x01) == b"\x21"
    again.line.close()


def test_a_sensor_with_another_address_answers_from_there(client: Client) -> None:
    client.line.write(frame(COMMAND, b"\x15\0\0\0\x07"))
    assert client.line.read(12)[2:6] == b"\0\0\0\x07"
    client.line.write(frame(COMMAND, b"\x01", b"\0\0\0\x07"))
    assert client.line.read(12)[9:10] == b"\x02"


def test_the_memory_outlives_the_process(tmp_path: Path) -> None:
    memory = tmp_path / "sensor.json"
    with FingerprintEmulator(memory) as emulator:
        client = Client(emulator.port)
        client.enrol(emulator, "ani", 3)
        client.enrol(emulator, "budi", 4)
        assert client.ask(0x0C, 0, 3, 0, 1) == b"\0"
        client.line.close()
    with FingerprintEmulator(memory) as emulator:
        assert emulator.pages == {4}
    assert [path.name for path in tmp_path.iterdir()] == ["sensor.json"]


@pytest.mark.parametrize("content", ["", "[1]", '{"3": 4}', '{"x": "00"}'])
def test_a_file_that_is_no_memory_is_named(tmp_path: Path, content: str) -> None:
    memory = tmp_path / "sensor.json"
    memory.write_text(content)
    with pytest.raises(ValueError, match=r"sensor\.json is not an emulated sensor's memory"):
        FingerprintEmulator(memory)


def test_a_memory_that_can_not_be_written_refuses_and_keeps_what_it_had(tmp_path: Path) -> None:
    memory = tmp_path / "card" / "sensor.json"
    memory.parent.mkdir()
    memory.write_text(json.dumps({"3": template_of("ani", 1).hex()}))
    with FingerprintEmulator(memory) as emulator:
        memory.rename(tmp_path / "sensor.json")
        memory.parent.rmdir()
        client = Client(emulator.port)
        assert client.ask(0x0D) == b"\x18"
        assert emulator.pages == {3}
        client.line.close()


def test_clients_come_and_go(emulator: FingerprintEmulator) -> None:
    for _ in range(5):
        client = Client(emulator.port)
        assert client.ask(0x01) == b"\x02"
        client.line.close()


def test_unplugging_takes_the_port_away_and_plugging_brings_it_back(
    client: Client, emulator: FingerprintEmulator
) -> None:
    emulator.unplug()
    assert not Path(emulator.port).exists()
    with pytest.raises(serial.SerialException):
        client.line.read(1)
    emulator.plug()
    emulator.plug()
    again = Client(emulator.port)
    assert again.ask(0x01) == b"\x02"
    again.line.close()


def test_closing_leaves_nothing_behind() -> None:
    emulator = FingerprintEmulator()
    emulator.close()
    emulator.close()
    assert not Path(emulator.port).parent.exists()


def test_a_fault_begins_when_it_is_told_to(client: Client, emulator: FingerprintEmulator) -> None:
    emulator.fail(Faults(after=1, stray=b"\x55"))
    assert client.ask(0x01) == b"\x02"
    client.line.write(frame(COMMAND, b"\x01"))
    assert client.line.read(13)[:3] == b"\x55\xef\x01"
    emulator.heal()
    assert client.ask(0x01) == b"\x02"


def test_a_late_answer_comes_with_the_next_command(client: Client, emulator: FingerprintEmulator) -> None:
    emulator.fail(Faults(late=True))
    client.line.write(frame(COMMAND, b"\x01"))
    assert client.ask(0x1D) == b"\x02"
    emulator.heal()
    assert client.ask(0x01) == b"\0\0\0"
    assert client.packet()[1] == b"\x02"


def test_the_vendors_library_alone_understands_it(emulator: FingerprintEmulator) -> None:
    emulator.place("ani")
    with serial.Serial(emulator.port, 57600, timeout=PATIENCE_S) as line:
        vendor = Adafruit_Fingerprint(line)
        assert vendor.library_size == 200
        for slot in (1, 2):
            assert (vendor.get_image(), vendor.image_2_tz(slot)) == (0, 0)
        assert (vendor.create_model(), vendor.store_model(150), vendor.read_templates()) == (0, 0, 0)
        assert vendor.templates == [150]
        assert (vendor.count_templates(), vendor.template_count) == (0, 1)
        assert (vendor.finger_fast_search(), vendor.finger_id) == (0, 150)
        template = vendor.get_fpdata("char", 1)
        assert bytes(template) == template_of("ani", 1)
        assert vendor.send_fpdata(template, "char", 2)
        assert (vendor.compare_templates(), vendor.confidence) == (0, (300,))
        assert (vendor.set_led(), vendor.empty_library()) == (0, 0)
