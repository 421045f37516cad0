"""An independent driver, pyfingerprint, agrees with the emulated sensor on every command that it knows."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from drivers.fingerprint.emulator import FingerprintEmulator
from drivers.fingerprint.faults import Fault, FaultKind, spoil
from drivers.fingerprint.models import Timing
from drivers.fingerprint.packets import ACKNOWLEDGE, COMMAND, frame
from drivers.fingerprint.ridges import draw
from drivers.fingerprint.templates import template_of
from tests.conftest import missing
from tests.drivers.sensor_client import client_of
from tests.waiting import until

try:
    from pyfingerprint import pyfingerprint as vendor  # type: ignore[import-untyped]
except ImportError:
    vendor = None

COMMANDS = {
    f"FINGERPRINT_{name}"
    for row in (
        "VERIFYPASSWORD SETPASSWORD SETADDRESS SETSYSTEMPARAMETER GETSYSTEMPARAMETERS TEMPLATEINDEX TEMPLATECOUNT",
        "READIMAGE DOWNLOADIMAGE CONVERTIMAGE CREATETEMPLATE STORETEMPLATE SEARCHTEMPLATE LOADTEMPLATE DELETETEMPLATE",
        "CLEARDATABASE GENERATERANDOMNUMBER COMPARECHARACTERISTICS UPLOADCHARACTERISTICS DOWNLOADCHARACTERISTICS",
    )
    for name in row.split()
}


@contextmanager
def second_opinion(emulator: FingerprintEmulator, **settings: int) -> Iterator[Any]:
    """The other driver on the emulator's port."""
    if vendor is None:
        missing("pyfingerprint (run scripts/setup)")
    opened = vendor.PyFingerprint(emulator.port, **{"baudRate": 57600, **settings})
    try:
        yield opened
    finally:
        opened.__del__()  # it has no other way to close its port


@pytest.fixture
def heard() -> list[int]:
    """The commands that the sensor heard."""
    return []


@pytest.fixture
def emulator(heard: list[int]) -> Iterator[FingerprintEmulator]:
    def listen(direction: str, packet: bytes) -> None:
        if direction == "hears" and packet[6] == COMMAND:
            heard.append(packet[9])

    with FingerprintEmulator(tell=listen) as emulated:
        yield emulated


@pytest.fixture
def driver(emulator: FingerprintEmulator) -> Iterator[Any]:
    with second_opinion(emulator) as opened:
        yield opened


def enrol(driver: Any, emulator: FingerprintEmulator, finger: str, page: int = -1) -> int:
    """As its own example does it."""
    emulator.place(finger)
    for slot in (1, 2):
        assert driver.readImage()
        assert driver.convertImage(slot)
    assert driver.compareCharacteristics() > 0
    assert driver.createTemplate()
    return int(driver.storeTemplate(page))


def test_every_command_that_it_knows_is_agreed_on(
    driver: Any, emulator: FingerprintEmulator, heard: list[int], tmp_path: Path
) -> None:
    assert driver.verifyPassword()
    assert driver.readImage() is False
    assert enrol(driver, emulator, "ani") == 0
    assert enrol(driver, emulator, "budi") == 1
    assert (driver.getTemplateCount(), driver.getTemplateIndex(0)[:3]) == (2, [True, True, False])
    assert driver.searchTemplate()[0] == 1
    assert driver.loadTemplate(0, 1)
    assert driver.searchTemplate()[0] == 0
    template = driver.downloadCharacteristics(1)
    assert driver.uploadCharacteristics(2, template)
    assert driver.compareCharacteristics() == 300
    driver.downloadImage(str(tmp_path / "finger.png"))
    assert driver.deleteTemplate(0)
    assert driver.searchTemplate() == (-1, -1)
    assert driver.clearDatabase()
    assert emulator.pages == frozenset()
    assert driver.generateRandomNumber() != driver.generateRandomNumber()
    assert driver.setSystemParameter(5, 4)
    assert driver.setPassword(0x67617465)
    assert driver.verifyPassword()
    assert driver.setAddress(0x12345678)
    assert driver.getSystemParameters() == (14 - 2, 9, 200, 4, 0x12345678, 2, 6)
    assert set(heard) == {getattr(vendor, name) for name in COMMANDS}


def test_the_list_of_its_commands_is_whole() -> None:
    if vendor is None:
        missing("pyfingerprint (run scripts/setup)")
    before, after = "## Instruction codes\n", "## Parameters of setSystemParameter()"
    table = Path(vendor.__file__).read_text().split(before)[1].split(after)[0]
    assert {row.split(" = ")[0] for row in table.splitlines() if " = " in row} == COMMANDS


def test_its_parameters_are_those_of_the_sensor() -> None:
    with (
        FingerprintEmulator(capacity=1000, baud=115200, security_level=2, packet_bytes=256) as emulator,
        second_opinion(emulator, baudRate=115200) as driver,
    ):
        assert driver.getStorageCapacity() == 1000
        assert driver.getSecurityLevel() == 2
        assert driver.getMaxPacketSize() == 256
        assert driver.getBaudRate() == 115200
        assert driver.getSystemParameters()[4] == 0xFFFFFFFF


@pytest.mark.parametrize("packet_bytes", [32, 64, 128, 256])
@pytest.mark.parametrize("model", ["zfm20", "r503"])
def test_templates_go_both_ways_in_packets_of_every_size(packet_bytes: int, model: Any) -> None:
    with FingerprintEmulator(model=model) as emulator:
        with client_of(emulator) as client:
            until(client.is_answered)  # so that the ready byte of an R503, at which this driver stops, is past
        with second_opinion(emulator) as driver:
            driver.setMaxPacketSize(packet_bytes)
            assert driver.getMaxPacketSize() == packet_bytes
            emulator.place("ani")
            assert driver.readImage()
            assert driver.convertImage(1)
            template = driver.downloadCharacteristics(1)
            assert bytes(template) == template_of("ani", 1, len(template))
            assert driver.uploadCharacteristics(2, template)
            assert driver.compareCharacteristics() == 300


def test_its_picture_is_what_was_drawn(driver: Any, emulator: FingerprintEmulator, tmp_path: Path) -> None:
    emulator.place("ani")
    assert driver.readImage()
    path = tmp_path / "finger.png"
    driver.downloadImage(str(path))
    with Image.open(path) as picture:
        assert picture.size == (256, 288)
        greys = [level // 17 for level in picture.tobytes()]
    packed = bytes(left << 4 | right for left, right in zip(greys[0::2], greys[1::2], strict=True))
    assert packed == draw("ani", 1, (256, 288))


def test_pages_of_a_large_sensor_are_where_it_looks_for_them() -> None:
    with FingerprintEmulator(capacity=1000) as emulator, second_opinion(emulator) as driver:
        for page in (0, 255, 256, 999):
            assert enrol(driver, emulator, f"finger {page}", page) == page
        for block, pages in enumerate(([0, 255], [0], [], [999 - 768])):
            assert [page for page, used in enumerate(driver.getTemplateIndex(block)) if used] == pages


def test_a_password_locks_it_out_until_it_is_known() -> None:
    with FingerprintEmulator(password=b"gate") as emulator:
        with second_opinion(emulator) as driver:
            with pytest.raises(Exception, match="0x21"):
                driver.readImage()
            assert driver.verifyPassword() is False
        with second_opinion(emulator, password=0x67617465) as driver:
            assert driver.verifyPassword()
            assert driver.readImage() is False


def test_another_address_is_told_at_the_handshake() -> None:
    with (
        FingerprintEmulator(address=b"\0\0\0\x07") as emulator,
        second_opinion(emulator, address=0x1234) as driver,
        pytest.raises(Exception, match="The address is wrong"),
    ):
        driver.verifyPassword()


def test_its_refusals_are_those_of_the_manual(driver: Any, emulator: FingerprintEmulator, tmp_path: Path) -> None:
    for command, argument, words in [
        ("convertImage", 1, "The image is invalid"),
        ("downloadImage", str(tmp_path / "no.png"), "Could not download image"),
        ("downloadCharacteristics", 1, "Could not download characteristics"),
        ("loadTemplate", 3, "The template could not be read"),
        ("storeTemplate", 3, "Error writing to flash"),
    ]:
        with pytest.raises(Exception, match=words):
            getattr(driver, command)(argument)
    emulator.place("ani", smudged=True)
    assert driver.readImage()
    with pytest.raises(Exception, match="too messy"):
        driver.convertImage(1)
    assert driver.createTemplate() is False
    assert driver.compareCharacteristics() == 0
    assert driver.searchTemplate() == (-1, -1)


def test_a_new_baud_is_spoken_at_once(driver: Any, emulator: FingerprintEmulator) -> None:
    driver.setBaudRate(19200)
    with second_opinion(emulator, baudRate=19200) as again:
        assert again.getBaudRate() == 19200


def test_it_checks_sums_as_the_emulator_spoils_them(driver: Any, emulator: FingerprintEmulator) -> None:
    sound = frame(ACKNOWLEDGE, b"\x02")
    seed = next(n for n in range(100) if spoil(sound, Fault(FaultKind.FLIP, seed=n))[0].words[:9] == sound[:9])
    emulator.spoil(Fault(FaultKind.FLIP, seed=seed))
    with pytest.raises(Exception, match="the checksum is wrong"):
        driver.readImage()
    assert driver.readImage() is False


def test_it_agrees_with_a_sensor_that_takes_its_time() -> None:
    slow = Timing(0.2, 0.2, 0.05, 0.1, 0.01, 0.001, 0.05, 0.1, 0.001, paced=True)
    with FingerprintEmulator(timing=slow) as emulator:
        with client_of(emulator) as client:
            until(lambda: client.is_answered(0.3))
        with second_opinion(emulator) as driver:
            assert enrol(driver, emulator, "ani", 5) == 5
            assert driver.searchTemplate()[0] == 5
