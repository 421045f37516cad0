"""The emulated sensor, spoken to in bytes as the manuals draw them, and by the vendor's library unaided."""

import struct
from collections.abc import Iterator

import pytest
import serial
from adafruit_fingerprint import Adafruit_Fingerprint
from hypothesis import given
from hypothesis import strategies as st

from drivers.fingerprint.chip import Ring, describe
from drivers.fingerprint.emulator import FingerprintEmulator
from drivers.fingerprint.models import MODELS, ModelName
from drivers.fingerprint.packets import ACKNOWLEDGE, COMMAND, DATA, LAST_DATA, frame
from drivers.fingerprint.ridges import draw
from drivers.fingerprint.templates import score_of, template_of
from tests.drivers.sensor_client import PATIENCE_S, Client, client_of

BOTH: list[ModelName] = ["zfm20", "r503"]


@pytest.fixture
def emulator() -> Iterator[FingerprintEmulator]:
    with FingerprintEmulator() as emulated:
        yield emulated


@pytest.fixture
def client(emulator: FingerprintEmulator) -> Iterator[Client]:
    with client_of(emulator) as opened:
        yield opened


@pytest.fixture
def ringed() -> Iterator[FingerprintEmulator]:
    """An R503."""
    with FingerprintEmulator(model="r503") as emulated:
        yield emulated


@pytest.fixture
def ringed_client(ringed: FingerprintEmulator) -> Iterator[Client]:
    with client_of(ringed) as opened:
        yield opened


@given(st.text(max_size=20), st.integers(0, 1000), st.integers(0, 1000), st.sampled_from([512, 1536]))
def test_two_touches_of_a_finger_match(finger: str, one: int, other: int, size: int) -> None:
    assert score_of(template_of(finger, one, size), template_of(finger, other, size)) > 150


@given(st.lists(st.text(max_size=20), min_size=2, max_size=2, unique=True))
def test_two_fingers_do_not_match(fingers: list[str]) -> None:
    assert score_of(template_of(fingers[0], 1), template_of(fingers[1], 1)) == 0


def test_a_touch_has_the_same_template_in_every_process() -> None:
    assert template_of("ani", 1).hex().startswith("549b58a7")
    assert template_of("ani", 1) != template_of("ani", 2)


def test_its_bytes_are_those_of_the_manual(client: Client) -> None:
    client.line.write(bytes.fromhex("ef01 ffffffff 01 0003 01 0005"))
    assert client.line.read(12) == bytes.fromhex("ef01 ffffffff 07 0003 02 000c")


def test_the_parameters_are_sixteen_bytes() -> None:
    with (
        FingerprintEmulator(capacity=80, baud=115200, security_level=5, packet_bytes=32) as emulator,
        client_of(emulator, 115200) as client,
    ):
        words = struct.unpack(">BHHHHIHH", client.ask(0x0F))
        assert words == (0, 4, 9, 80, 5, 0xFFFFFFFF, 0, 12)


def test_the_status_tells_of_picture_and_match(client: Client, emulator: FingerprintEmulator) -> None:
    client.enrol(emulator, "ani", 3)
    assert client.ask(0x0F)[1:3] == b"\0\x0c"
    assert client.ask(0x04, 1, 0, 0, 0, 200)[:1] == b"\0"
    assert client.ask(0x0F)[1:3] == b"\0\x0e"


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
        pytest.param([0x0A], 0x0F, id="no picture to upload"),
        pytest.param([0x0C, 0, 199, 0, 2], 0x10, id="delete beyond the last page"),
        pytest.param([0x0C, 0, 199, 0, 1], 0x00, id="delete an empty page"),
        pytest.param([0x0D], 0x00, id="empty"),
        pytest.param([0x0E, 4, 13], 0x1A, id="a baud that is none"),
        pytest.param([0x0E, 5, 6], 0x1A, id="a security level that is none"),
        pytest.param([0x0E, 6, 4], 0x1A, id="a packet size that is none"),
        pytest.param([0x0E, 9, 1], 0x1A, id="a parameter that is none"),
        pytest.param([0x13, 0, 0, 0, 1], 0x13, id="another password"),
        pytest.param([0x1F, 1], 0x0B, id="index beyond the last page"),
        pytest.param([0x35, 3, 0, 1, 0], 0x01, id="aura light without a ring"),
        pytest.param([0x3D], 0x01, id="reset of a sensor that has none"),
        pytest.param([0x77], 0x01, id="an unknown command"),
        pytest.param([0x02], 0x01, id="an argument missing"),
        pytest.param([0x13, 0, 0], 0x01, id="half a password"),
    ],
)
def test_it_answers_with_the_code_of_the_manual(client: Client, command: list[int], code: int) -> None:
    assert client.ask(*command)[:1] == bytes([code])


def test_a_smudged_finger_is_messy_and_leaves_the_buffer_as_it_was(
    client: Client, emulator: FingerprintEmulator
) -> None:
    client.enrol(emulator, "ani", 3)
    emulator.place("budi", smudged=True)
    assert client.ask(0x01) == b"\0"
    assert client.ask(0x02, 1) == b"\x06"
    assert client.ask(0x04, 1, 0, 0, 0, 200)[:3] == b"\0\0\x03"


@pytest.mark.parametrize("level", [1, 5])
def test_a_stricter_sensor_wants_a_better_match(client: Client, emulator: FingerprintEmulator, level: int) -> None:
    emulator.place("ani")
    client.capture(1)
    assert client.ask(0x09, 2) == b"\0"
    poor = bytearray(template_of("ani", 1))
    for at in range(0, len(poor), 3):  # a sixth of the bits: a score of 100, which level 5 does not take
        poor[at] ^= 0x0F
    client.line.write(b"".join(frame(DATA, bytes(poor[at : at + 128])) for at in (0, 128, 256)))
    client.line.write(frame(LAST_DATA, bytes(poor[384:])))
    assert client.ask(0x0E, 5, level) == b"\0"
    assert client.ask(0x03)[:1] == (b"\0" if level == 1 else b"\x08")


def test_a_command_with_a_wrong_sum_is_not_obeyed(client: Client, emulator: FingerprintEmulator) -> None:
    client.enrol(emulator, "ani", 3)
    empty = bytearray(frame(COMMAND, b"\x0d"))
    empty[-1] ^= 1
    assert client.send(bytes(empty)) == b"\x01"
    assert emulator.pages == {3}


def test_random_numbers_are_four_bytes_and_differ(client: Client) -> None:
    numbers = {client.ask(0x14) for _ in range(5)}
    assert {len(number) for number in numbers} == {5}
    assert len(numbers) > 1


@pytest.mark.parametrize("model", BOTH)
def test_a_template_goes_up_and_comes_down_again(model: ModelName) -> None:
    size = MODELS[model].template_bytes
    with FingerprintEmulator(model=model, packet_bytes=32) as emulator, client_of(emulator) as client:
        emulator.place("ani")
        client.capture(1)
        assert client.ask(0x08, 1) == b"\0"
        packets = client.data()
        assert [kind for kind, _ in packets] == [DATA] * (size // 32 - 1) + [LAST_DATA]
        assert b"".join(data for _, data in packets) == template_of("ani", 1, size)
        assert client.ask(0x09, 2) == b"\0"
        for kind, data in packets:
            client.line.write(frame(kind, data))
        assert client.ask(0x03) == struct.pack(">BH", 0, 300)


def test_a_template_that_lost_a_packet_changes_nothing(client: Client, emulator: FingerprintEmulator) -> None:
    emulator.place("ani")
    client.capture(1)
    assert client.ask(0x09, 2) == b"\0"
    client.line.write(frame(DATA, bytes(128)) + frame(LAST_DATA, bytes(128)))
    assert client.ask(0x08, 2) == b"\x0d"


def test_data_for_another_address_is_not_taken(client: Client) -> None:
    template = template_of("ani", 1)
    assert client.ask(0x09, 2) == b"\0"
    client.line.write(frame(DATA, template[:256]))
    client.line.write(frame(DATA, bytes(128), b"\0\0\0\x07"))
    client.line.write(frame(LAST_DATA, template[256:]))
    assert client.ask(0x08, 2) == b"\0"
    assert b"".join(data for _, data in client.data()) == template


@pytest.mark.parametrize(("model", "size"), [("zfm20", 36_864), ("r503", 18_432)])
def test_a_picture_goes_up_and_comes_down_again(model: ModelName, size: int) -> None:
    with FingerprintEmulator(model=model) as emulator, client_of(emulator) as client:
        client.enrol(emulator, "ani", 7)
        assert client.ask(0x0A) == b"\0"
        picture = b"".join(data for _, data in client.data())
        assert len(picture) == size
        emulator.place("budi")
        client.capture(1)
        send_picture(client, picture)
        assert client.ask(0x02, 1) == b"\0"
        assert client.ask(0x04, 1, 0, 0, 0, 200)[:3] == b"\0\0\x07"
        assert client.ask(0x0A) == b"\0"
        assert b"".join(data for _, data in client.data()) == picture


def send_picture(client: Client, picture: bytes) -> None:
    assert client.ask(0x0B) == b"\0"
    for at in range(0, len(picture), 128):
        client.line.write(frame(DATA if at + 128 < len(picture) else LAST_DATA, picture[at : at + 128]))


def test_a_picture_of_nothing_has_no_features(client: Client) -> None:
    send_picture(client, bytes(36_864))
    assert client.ask(0x02, 1) == b"\x07"


def test_the_picture_of_another_camera_is_a_finger_like_any_other(
    client: Client, emulator: FingerprintEmulator
) -> None:
    client.enrol(emulator, "ani", 7)
    foreign = draw("citra", 3, (256, 288))
    for slot in (1, 2):
        send_picture(client, foreign)
        assert client.ask(0x02, slot) == b"\0"
    assert client.ask(0x04, 1, 0, 0, 0, 200)[:1] == b"\x09"
    assert client.ask(0x03) == struct.pack(">BH", 0, 300)
    emulator.place("ani")
    assert client.ask(0x01) == b"\0"


def test_two_touches_are_drawn_alike_and_two_fingers_are_not() -> None:
    assert draw("ani", 1, (256, 288)) == draw("ani", 1, (256, 288))
    assert draw("ani", 1, (256, 288)) != draw("ani", 2, (256, 288))
    assert draw("ani", 1, (256, 288)) != draw("budi", 1, (256, 288))
    assert len({len(set(draw("ani", 1, (256, 288), smudged=smudged))) for smudged in (True, False)}) == 2


def test_the_ring_shows_what_it_is_told(ringed: FingerprintEmulator, ringed_client: Client) -> None:
    assert ringed.ring is None
    assert ringed_client.ask(0x35, 1, 100, 2, 0) == b"\0"
    assert ringed.ring == Ring(mode=1, speed=100, colour=2, cycles=0)
    for wrong in ([0x35, 7, 100, 2, 0], [0x35, 1, 100, 8, 0], [0x35, 1, 100]):
        assert ringed_client.ask(*wrong) == b"\x01"
    assert ringed.ring == Ring(mode=1, speed=100, colour=2, cycles=0)


def test_a_reset_forgets_what_is_not_in_the_flash(ringed: FingerprintEmulator, ringed_client: Client) -> None:
    ringed_client.enrol(ringed, "ani", 3)
    assert ringed_client.ask(0x35, 3, 0, 1, 0) == b"\0"
    assert ringed_client.ask(0x3D) == b"\0"
    assert ringed_client.line.read(1) == b"\x55"
    assert ringed_client.ask(0x02, 1) == b"\x15"
    assert ringed_client.ask(0x08, 1) == b"\x0d"
    assert ringed.ring is None
    assert ringed.pages == {3}


def test_a_sensor_with_a_password_is_locked_until_it_hears_it() -> None:
    with FingerprintEmulator(password=b"gate") as emulator, client_of(emulator) as client:
        for command in ([0x01], [0x0F], [0x12, 0, 0, 0, 0], [0x77]):
            assert client.ask(*command) == b"\x21"
        assert client.ask(0x13, 0, 0, 0, 0) == b"\x13"
        assert client.ask(0x13, *b"gate") == b"\0"
        assert client.ask(0x01) == b"\x02"


def test_a_sensor_answers_to_its_own_address(client: Client) -> None:
    client.line.write(frame(COMMAND, b"\x15\0\0\0\x07"))
    client.address = b"\0\0\0\x07"  # from which the answer to the change comes already
    assert client.packet() == (ACKNOWLEDGE, b"\0")
    assert client.ask(0x01) == b"\x02"
    client.line.write(frame(COMMAND, b"\x01"))  # to all others it is deaf, but for the handshake
    client.line.write(frame(COMMAND, b"\x13\0\0\0\0"))
    assert client.packet() == (ACKNOWLEDGE, b"\x20")


def test_what_is_no_packet_is_passed_over(client: Client) -> None:
    client.line.write(b"\x55\xef\xef\x01\xff\xff\xff\xff\x01\xff\xff" + frame(COMMAND, b"\x01"))
    assert client.packet() == (ACKNOWLEDGE, b"\x02")


def test_packets_are_told_in_words() -> None:
    assert describe(frame(COMMAND, b"\x04\x01\0\0\0\xc8")) == "search 0100 0000 c8"
    assert describe(frame(ACKNOWLEDGE, b"\x09\0\0\0\0")) == "not found 0000 0000"
    assert describe(frame(COMMAND, b"\x77")) == "instruction 77"
    assert describe(frame(LAST_DATA, bytes(128))) == "128 bytes of data, the last"
    assert describe(frame(COMMAND, b"\x01")[:-1] + b"\0") == "a packet whose sum is wrong"


@pytest.mark.parametrize("model", BOTH)
def test_the_vendors_library_alone_understands_it(model: ModelName) -> None:
    size = MODELS[model].template_bytes
    with FingerprintEmulator(model=model) as emulator, serial.Serial(emulator.port, 57600, timeout=PATIENCE_S) as line:
        emulator.place("ani")
        if MODELS[model].ring:
            line.write(frame(COMMAND, b"\x3d"))  # for the library stumbles over the 55 at power-on
            assert line.read_until(frame(ACKNOWLEDGE, b"\0") + b"\x55")
        vendor = Adafruit_Fingerprint(line)
        assert vendor.library_size == 200
        for slot in (1, 2):
            assert (vendor.get_image(), vendor.image_2_tz(slot)) == (0, 0)
        assert (vendor.create_model(), vendor.store_model(150), vendor.read_templates()) == (0, 0, 0)
        assert vendor.templates == [150]
        assert (vendor.count_templates(), vendor.template_count) == (0, 1)
        assert (vendor.finger_fast_search(), vendor.finger_id) == (0, 150)
        template = vendor.get_fpdata("char", 1)
        assert bytes(template) == template_of("ani", 1, size)
        assert vendor.send_fpdata(template, "char", 2)
        assert (vendor.compare_templates(), vendor.confidence) == (0, (300,))
        assert vendor.set_led() == (0 if MODELS[model].ring else 1)
        assert vendor.empty_library() == 0
