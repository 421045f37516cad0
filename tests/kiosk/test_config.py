"""gerbang.toml: good ones are read, and every mistake in a bad one is named with its line."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.config import Config, Salvage, load_config, parse_config, salvage_config
from kiosk.errors import ConfigError


def mistakes(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse_config(text)
    return str(caught.value).split("\n")


def test_an_empty_file_is_a_valid_file() -> None:
    assert parse_config("") == Config()


def test_every_setting_of_the_design_is_understood(tmp_path: Path) -> None:
    path = tmp_path / "gerbang.toml"
    path.write_text(
        """
[site]
npsn = "40200123"
name = "TK Negeri Pembina Luwuk Selatan"
timezone = "Asia/Makassar"
language = "id"
[camera]
driver = "picamera"
[fingerprint]
driver = "adafruit"
port = "/dev/serial0"
baud = 57600
[lights]
driver = "gpio"
green = 17
red = 27
blue = 22
[buzzer]
driver = "gpio"
pin = 18
[store]
path = "data/gerbang.db"
[screen]
listen = "127.0.0.1:8500"
[district]
url = "https://absen.disdik.example/"
""",
        encoding="utf-8-sig",
    )
    config = load_config(path)
    assert config.store_path == tmp_path / "data" / "gerbang.db"
    assert config.district.url == "https://absen.disdik.example"
    assert config.policy.zone.key == "Asia/Makassar"
    assert config.policy.finger


def test_every_mistake_is_named_at_once_with_its_line() -> None:
    found = mistakes(
        '[site]\nnpsn = "123"\ntimezone = "Mars"\n[camra]\ndriver = "x"\n[camera]\ndriver = "fish"\nwidht_px = 3\n'
        '[lights]\ngreen = "a"\n[screen]\nlisten = "8500"\n[gate]\nagreeing_looks = 0\n[district]\nurl = "ftp://x"\n'
    )
    places = [line.split(" ")[0] + " " + line.split(" ")[1] for line in found]
    assert places == [
        "gerbang.toml:2: site.npsn",
        "gerbang.toml:3: site.timezone",
        "gerbang.toml:4: camra",
        "gerbang.toml:7: camera.driver",
        "gerbang.toml:8: camera.widht_px",
        "gerbang.toml:10: lights.green",
        "gerbang.toml:12: screen.listen",
        "gerbang.toml:14: gate.agreeing_looks",
        "gerbang.toml:16: district.url",
    ]


def test_a_slip_of_the_pen_is_answered_with_the_right_word() -> None:
    assert "did you mean camera?" in mistakes('[camra]\ndriver = "webcam"')[0]
    assert "did you mean width_px?" in mistakes("[camera]\nwidht_px = 640")[0]


def test_two_parts_on_one_pin_are_a_mistake_only_where_pins_are_used() -> None:
    text = '[lights]\ndriver = "{0}"\ngreen = 18\n[buzzer]\ndriver = "{0}"\npin = 18\n'
    assert mistakes(text.format("gpio")) == ["gerbang.toml:6: buzzer.pin uses pin 18, which is taken by lights.green"]
    assert parse_config(text.format("console")).buzzer.pin == 18


def test_a_key_on_a_pin_that_is_taken_is_a_mistake() -> None:
    text = '[buzzer]\ndriver = "gpio"\n[inputs]\ndriver = "gpio"\ntamper = 5\nkey_in = 5\nservice = 18\n'
    assert mistakes(text) == [
        "gerbang.toml:6: inputs.key_in uses pin 5, which is taken by inputs.tamper",
        "gerbang.toml:7: inputs.service uses pin 18, which is taken by buzzer.pin",
    ]


def test_the_sensors_serial_pins_are_taken_only_where_it_is_on_them() -> None:
    text = '[lights]\ndriver = "gpio"\ngreen = 14\n[fingerprint]\ndriver = "adafruit"\nport = "{}"\n'
    assert mistakes(text.format("/dev/serial0")) == [
        "gerbang.toml:3: lights.green uses pin 14, which is taken by fingerprint.port"
    ]
    assert parse_config(text.format("/dev/ttyUSB0")).lights.green == 14


def test_the_pins_library_and_the_kinds_of_light_and_buzzer_are_settings() -> None:
    found = parse_config(
        '[gpio]\nfactory = "rpigpio"\n[lights]\nkind = "rgb"\ngreen_brightness = 0.4\nactive_low = true'
    )
    assert (found.gpio.factory, found.lights.kind, found.lights.green_brightness) == ("rpigpio", "rgb", 0.4)
    assert ":2: gpio.factory" in mistakes('[gpio]\nfactory = "pigpio"')[0]
    assert ":2: lights.red_brightness" in mistakes("[lights]\nred_brightness = 0")[0]
    assert ":2: inputs.debounce_s" in mistakes("[inputs]\ndebounce_s = 30")[0]


def test_a_pin_clash_is_named_beside_every_other_mistake() -> None:
    found = mistakes('[site]\nnpsn = "12"\n[lights]\ndriver = "gpio"\ngreen = 17\nred = 17\n')
    assert [line.split(" ")[0] for line in found] == ["gerbang.toml:2:", "gerbang.toml:6:"]


@pytest.mark.parametrize(
    "url",
    ["http://absen.example", "https://[::1", "https://x:99999", "https://a..b", "absen.example", "https://", "ftp://x"],
)
def test_an_address_that_can_not_be_one_is_a_mistake_now_and_not_later(url: str) -> None:
    assert ":2: district.url" in mistakes(f'[district]\nurl = "{url}"')[0]


@pytest.mark.parametrize(
    "url", ["https://absen.disdik.example/", "http://127.0.0.1:8600", "http://localhost", "https://[::1]:8"]
)
def test_an_address_of_the_web_is_taken(url: str) -> None:
    assert parse_config(f'[district]\nurl = "{url}"').district.url == url.rstrip("/")


@pytest.mark.parametrize("listen", ["999.1.1.1:80", "a..b:8500", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:٨٠"])
def test_an_address_that_nobody_can_listen_on_is_a_mistake(listen: str) -> None:
    assert ":2: screen.listen" in mistakes(f'[screen]\nlisten = "{listen}"')[0]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('[camera]\ndriver = "replay"', ":2: camera.driver"),
        ('[camera]\ndriver = "picamera"\nsource = "0"', ":3: camera.source"),
        ('[fingerprint]\ndriver = "adafruit"\nport = ""', ":3: fingerprint.port"),
        ('[store]\npath = ""', ":2: store.path"),
        ('[store]\npath = "a\\u0000b"', ":2: store.path"),
        ('[site]\nnpsn = "٤٠٢٠٠١٢٣"', ":2: site.npsn"),
        ("x = " + "[" * 5000, "nested"),
    ],
)
def test_what_would_fail_later_is_named_now(text: str, place: str) -> None:
    assert place in mistakes(text)[0]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('[lights]\ndriver = "gpio"\ngreen = "17"\nred = 17', ":3: lights.green should be a whole number, not '17'"),
        ("[lights]\ngreen = 17.0", ":2: lights.green should be a whole number, not 17.0"),
        ("[buzzer]\npin = true", ":2: buzzer.pin should be a whole number, not True"),
        ('[inputs]\ndriver = "gpio"\nkey_in = "5"', ":3: inputs.key_in should be a whole number, not '5'"),
        ('[camera]\nfps = "30"', ":2: camera.fps should be a whole number, not '30'"),
        ("[gate]\nagreeing_looks = true", ":2: gate.agreeing_looks should be a whole number, not True"),
        ('[gate]\nanswer_s = "3"', ":2: gate.answer_s should be a number, not '3'"),
        ('[eye]\nthreshold = "0.5"', ":2: eye.threshold should be a number, not '0.5'"),
        ("[lights]\nactive_low = 1", ":2: lights.active_low should be true or false, not 1"),
        ('[inputs]\ndriver = "gpio"', ":2: inputs.driver is gpio, which needs a pin: tamper, key_in,"),
        ("[inputs]\nkey_in = 5", ':2: inputs.key_in has a pin, which nobody reads while the driver is "none"'),
    ],
)
def test_what_would_be_taken_for_something_else_is_named_once(text: str, line: str) -> None:
    [found] = mistakes(text)
    assert line in found


def test_a_whole_number_is_a_number_and_an_empty_text_is_not_given() -> None:
    assert parse_config("[gate]\nanswer_s = 3").gate.answer_s == 3
    assert parse_config('[eye]\nthreshold = ""').eye.threshold is None


@pytest.mark.parametrize(
    ("text", "line"),
    [("[site\n", "line 1"), ("camera = 3", ":1: camera should be a table"), ("[camera]\nfps = \n", "line 2"),
     ("[lights]\ngreen = 99", ":2: lights.green"), ("[camera]\nfps = 0", ":2: camera.fps")],
)  # fmt: skip
def test_what_is_no_configuration_is_said_with_its_line(text: str, line: str) -> None:
    assert line in mistakes(text)[0]


def test_a_file_that_is_not_there_or_not_text_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no configuration"):
        load_config(tmp_path / "gerbang.toml")
    (tmp_path / "gerbang.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="can't be read"):
        load_config(tmp_path / "gerbang.toml")


def test_a_file_from_windows_is_read(tmp_path: Path) -> None:
    path = tmp_path / "gerbang.toml"
    path.write_bytes('\ufeff[site]\r\nname = "SD Negeri 1"\r\n'.encode())
    assert load_config(path).site.name == "SD Negeri 1"


def test_without_a_file_all_is_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_config() == Config()
    (tmp_path / "gerbang.toml").write_text('[site]\nname = "Sekolah Kami"')
    assert load_config().site.name == "Sekolah Kami"


def test_of_a_file_with_mistakes_all_else_can_be_used(tmp_path: Path) -> None:
    path = tmp_path / "gerbang.toml"
    path.write_text(
        '[site]\nnpsn = "12"\nname = "SD Satu"\n[camra]\n[lights]\ndriver = "gpio"\ngreen = "5"\nred = 6\n'
        '[buzzer]\ndriver = "gpio"\npin = 7\n[cues]\nrecored = {}\n[district]\nurl = "x"\n[gpio]\n'
    )
    found = salvage_config(path)
    assert found.wrong == {"site", "camra", "lights", "cues", "district"}
    assert str(found.error).count("gerbang.toml:") == 5
    assert (found.config.site.name, found.config.site.npsn) == ("SD Satu", "")
    assert (found.config.lights.green, found.config.lights.red) == (17, 6)
    assert found.config.buzzer.pin == 7
    assert found.config.base == tmp_path


def test_of_a_good_file_all_can_be_used_and_of_an_unreadable_one_nothing(tmp_path: Path) -> None:
    path = tmp_path / "gerbang.toml"
    path.write_text('[site]\nname = "SD Satu"\n')
    assert salvage_config(path) == Salvage(load_config(path))
    for text in ("[site\n", "x = " + "[" * 5000):
        path.write_text(text)
        found = salvage_config(path)
        assert found.config == Config(base=tmp_path)
        assert {"lights", "buzzer", "store"} <= found.wrong
        assert found.error
    path.unlink()
    assert "there is no configuration" in str(salvage_config(path).error)


@given(
    st.dictionaries(
        st.sampled_from(["site", "lights", "buzzer", "store", "inputs", "cues", "camra"]),
        st.one_of(
            st.integers(),
            st.dictionaries(
                st.sampled_from(["name", "path", "driver", "green", "pin", "key_in", "look"]),
                st.one_of(st.integers(0, 40), st.booleans(), st.sampled_from(["gpio", "none", "x", ""])),
            ),
        ),
    )
)
def test_whatever_the_mistakes_something_can_be_used(tables: dict[str, Any]) -> None:
    lines = [f"{name} = {json.dumps(table)}" for name, table in tables.items() if not isinstance(table, dict)]
    for name, table in tables.items():
        if isinstance(table, dict):
            lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "gerbang.toml"
        path.write_text("\n".join(lines))
        found = salvage_config(path)
    assert bool(found.wrong) == (found.error is not None)
