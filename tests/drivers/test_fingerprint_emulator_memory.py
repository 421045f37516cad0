"""What the emulated sensor keeps when its power goes, and its port when it is pulled off."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import serial

from drivers.fingerprint.emulator import FingerprintEmulator
from drivers.fingerprint.flash import Flash
from drivers.fingerprint.templates import template_of
from tests.drivers.sensor_client import Client, client_of


@pytest.fixture
def emulator() -> Iterator[FingerprintEmulator]:
    with FingerprintEmulator() as emulated:
        yield emulated


@pytest.fixture
def client(emulator: FingerprintEmulator) -> Iterator[Client]:
    with client_of(emulator) as opened:
        yield opened


def test_the_templates_outlive_the_process(tmp_path: Path) -> None:
    memory = tmp_path / "sensor.json"
    with FingerprintEmulator(memory) as emulator, client_of(emulator) as client:
        client.enrol(emulator, "ani", 3)
        client.enrol(emulator, "budi", 4)
        assert client.ask(0x0C, 0, 3, 0, 1) == b"\0"
    with FingerprintEmulator(memory) as emulator:
        assert emulator.pages == {4}
    assert [path.name for path in tmp_path.iterdir()] == ["sensor.json"]


def test_the_settings_outlive_the_process(tmp_path: Path) -> None:
    memory = tmp_path / "sensor.json"
    with FingerprintEmulator(memory) as emulator, client_of(emulator) as client:
        assert client.ask(0x12, *b"gate") == b"\0"
        assert client.ask(0x0E, 5, 2) == b"\0"
        assert client.ask(0x0E, 6, 3) == b"\0"
        assert client.ask(0x0E, 4, 2) == b"\0"
    with FingerprintEmulator(memory) as emulator, client_of(emulator, 19200) as client:
        assert client.ask(0x01) == b"\x21"
        assert client.ask(0x13, *b"gate") == b"\0"
        assert client.ask(0x0F)[7:] == b"\0\x02\xff\xff\xff\xff\0\x03\0\x02"


def test_what_is_given_is_set_anew(tmp_path: Path) -> None:
    memory = tmp_path / "sensor.json"
    with FingerprintEmulator(memory, password=b"gate", address=b"\0\0\0\x07", baud=9600):
        pass
    with FingerprintEmulator(memory, password=bytes(4)) as emulator, client_of(emulator, 9600) as client:
        client.address = b"\0\0\0\x07"
        assert client.ask(0x01) == b"\x02"


def test_a_new_password_holds_after_the_power_was_off(client: Client, emulator: FingerprintEmulator) -> None:
    assert client.ask(0x12, *b"gate") == b"\0"
    assert client.ask(0x01) == b"\x02"
    emulator.unplug()
    emulator.plug()
    with client_of(emulator) as again:
        assert again.ask(0x01) == b"\x21"


@pytest.mark.parametrize("model", ["zfm20", "r503"])
def test_without_power_all_is_forgotten_but_the_flash(model: Any) -> None:
    with FingerprintEmulator(model=model) as emulator:
        with client_of(emulator) as client:
            client.enrol(emulator, "ani", 3)
        emulator.unplug()
        emulator.plug()
        with client_of(emulator) as client:
            assert client.ask(0x02, 1) == b"\x15"
            assert client.ask(0x08, 1) == b"\x0d"
        assert emulator.pages == {3}


@pytest.mark.parametrize("content", ["", "[1]", '{"3": "00"}', '{"settings": {"x": 1}, "templates": {}}', "\xff"])
def test_a_file_that_is_no_memory_is_named(tmp_path: Path, content: str) -> None:
    memory = tmp_path / "sensor.json"
    memory.write_text(content, encoding="latin-1")
    with pytest.raises(ValueError, match=r"sensor\.json is not an emulated sensor's memory"):
        FingerprintEmulator(memory)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("baud", "x", "baud 'x' is none of 9600, 19200"),
        ("baud", 12345, "baud 12345 is none of"),
        ("security_level", True, "security_level True is none of 1, 2, 3, 4, 5"),
        ("packet_bytes", 100, "packet_bytes 100 is none of 32, 64, 128, 256"),
        ("password", "zz", "password 'zz' is not 8 hexadecimal digits"),
        ("address", 5, "address 5 is not 8 hexadecimal digits"),
    ],
)
def test_a_setting_that_no_sensor_can_have_is_named(tmp_path: Path, name: str, value: object, told: str) -> None:
    memory = tmp_path / "sensor.json"
    memory.write_text(json.dumps({"settings": {name: value}, "templates": {}}))
    with pytest.raises(ValueError, match=re.escape(told)):
        FingerprintEmulator(memory)


def test_a_device_is_no_memory_and_nobody_is_told_to_delete_it() -> None:
    with pytest.raises(ValueError, match=r"^/dev/null is no file: name one that is, or is yet to be$"):
        FingerprintEmulator(Path("/dev/null"))


def test_the_memory_of_another_model_is_named(tmp_path: Path) -> None:
    memory = tmp_path / "sensor.json"
    Flash(memory, 512).keep({3: template_of("ani", 1)})
    with pytest.raises(ValueError, match="another model"):
        FingerprintEmulator(memory, model="r503")


def test_a_memory_that_can_not_be_written_refuses_and_keeps_what_it_had(tmp_path: Path) -> None:
    memory = tmp_path / "card" / "sensor.json"
    memory.parent.mkdir()
    Flash(memory, 512).keep({3: template_of("ani", 1)})
    with FingerprintEmulator(memory) as emulator, client_of(emulator) as client:
        memory.rename(tmp_path / "sensor.json")
        memory.parent.rmdir()
        assert client.ask(0x0D) == b"\x18"
        assert client.ask(0x0E, 5, 1) == b"\x18"
        assert emulator.pages == {3}
        assert client.ask(0x0F)[7:9] == b"\0\x03"


def test_the_memory_is_whole_in_the_file_at_each_moment(tmp_path: Path) -> None:
    memory = tmp_path / "sensor.json"
    flash = Flash(memory, 512)
    flash.keep({3: template_of("ani", 1)})
    flash.set(security_level=5)
    assert json.loads(memory.read_text())["settings"]["security_level"] == 5
    assert Flash(memory, 512).templates == {3: template_of("ani", 1)}


def test_clients_come_and_go(emulator: FingerprintEmulator) -> None:
    for _ in range(5):
        with client_of(emulator) as client:
            assert client.ask(0x01) == b"\x02"


def test_unplugging_takes_the_port_away_and_plugging_brings_it_back(
    client: Client, emulator: FingerprintEmulator
) -> None:
    emulator.unplug()
    emulator.unplug()
    assert not Path(emulator.port).is_symlink()
    with pytest.raises(serial.SerialException):
        client.line.read(1)
    emulator.plug()
    emulator.plug()
    with client_of(emulator) as again:
        assert again.ask(0x01) == b"\x02"


def test_unplugging_does_not_wait_for_the_work_to_end(emulator: FingerprintEmulator) -> None:
    with FingerprintEmulator(model="zfm20", timing=True) as slow:
        slow.unplug()  # in the midst of its silence after power-on
        assert not Path(slow.port).is_symlink()


def test_closing_leaves_nothing_behind() -> None:
    emulator = FingerprintEmulator()
    before = len(list(Path("/proc/self/fd").iterdir()))
    emulator.unplug()
    emulator.plug()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    emulator.close()
    emulator.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before - 4
    assert not Path(emulator.port).parent.exists()


def test_the_port_has_the_name_that_was_asked_for(tmp_path: Path) -> None:
    link = tmp_path / "sensor"
    with FingerprintEmulator(link=link) as emulator, client_of(emulator) as client:
        assert emulator.port == str(link)
        assert client.ask(0x01) == b"\x02"
    assert not link.is_symlink()


def test_a_name_that_an_emulator_left_behind_is_taken_over(tmp_path: Path) -> None:
    link = tmp_path / "sensor"
    link.symlink_to("/dev/pts/999999")
    with FingerprintEmulator(link=link) as emulator, client_of(emulator) as client:
        assert client.ask(0x01) == b"\x02"


@pytest.mark.parametrize("kind", ["file", "link"])
def test_what_is_no_emulators_name_is_left_alone(tmp_path: Path, kind: str) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    link = tmp_path / "sensor"
    if kind == "file":
        link.write_text("kept")
    else:
        link.symlink_to("/dev/ttyAMA0")
    with pytest.raises(FileExistsError):
        FingerprintEmulator(link=link)
    assert link.is_symlink() == (kind == "link")
    assert len(list(Path("/proc/self/fd").iterdir())) == before
