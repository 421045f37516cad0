"""gerbang cues, dark and pinout: what a technician does with the pins."""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from gpiozero.pins.mock import MockFactory

from drivers.errors import DriverError
from drivers.lights import Colour
from kiosk.__main__ import cli
from kiosk.config import parse_config
from kiosk.errors import ConfigError, KioskError
from kiosk.events import Sign
from tests.drivers.pins import driven, pins_in_memory

NOBODY = '[screen]\nlisten = "127.0.0.1:9"\n'
ON_PINS = (
    '[lights]\ndriver = "gpio"\nactive_low = {low}\n[buzzer]\ndriver = "gpio"\nkind = "{kind}"\nactive_low = {low}\n'
)
PINS = (17, 27, 22, 18)

# A process of its own on pins in memory, which tells at its end how they are.
CHILD = """
import atexit, sys
atexit.register(lambda: print("driven:", [driven(pin) for pin in held], flush=True))  # after gpiozero's own end
import gpiozero
from gpiozero.pins.mock import MockFactory
from kiosk.__main__ import main
from tests.drivers.pins import FloatingPin, driven
pins = gpiozero.Device.pin_factory = MockFactory(pin_class=FloatingPin)
held = [pins.pin(number) for number in (17, 27, 22, 18)]
sys.argv = ["gerbang", *sys.argv[1:]]
main()
"""


@contextmanager
def a_running_gate(store: Path) -> Iterator[None]:
    """What is seen of a gate that runs, be its page there or not."""
    with store.with_name(f"{store.name}.gate").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture
def pins() -> Iterator[MockFactory]:
    """Pins in memory, in place of the computer's."""
    with pins_in_memory() as factory:
        yield factory


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    """A configuration beside no running gate."""
    path = tmp_path / "gerbang.toml"
    path.write_text(NOBODY)
    return path


def run(*words: str | Path) -> str:
    done = CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def facts(*words: str | Path) -> Any:
    return json.loads(run(*words, "--json"))


def test_the_table_shows_every_sign_and_what_is_changed(toml: Path) -> None:
    toml.write_text(f'{NOBODY}[cues]\nrecorded = {{ sound = "c7." }}\n')
    table = run("cues", "--config", toml)
    for sign in Sign:
        assert sign.value in table
    found = {item["sign"]: item for item in facts("cues", "--config", toml)}
    assert set(found) == {sign.value for sign in Sign}
    assert [name for name, item in found.items() if item["changed"]] == ["recorded"]
    assert found["recorded"]["sound"] == "c7."
    assert (found["unknown"]["light"], found["unknown"]["rhythm"]) == ("red", "-_")


def test_the_example_of_the_help_is_a_good_configuration() -> None:
    words = run("cues", "--help")
    example = words[words.index("[cues]") : words.index("light   green")]
    found = parse_config("\n".join(line.strip() for line in example.splitlines())).feedback
    assert [beep.note for beep in found[Sign.RECORDED].tune.beeps] == ["c7"]


def test_a_sign_is_played_on_what_is_configured(toml: Path) -> None:
    played = run("cues", "--play", "recorded", "--config", toml).splitlines()
    assert played == ["recorded: recorded", "● green", "♪ pip", "○ dark"]


@pytest.mark.parametrize("words", [["cues", "--play", "recorded"], ["dark"]])
def test_beside_a_running_gate_the_pins_are_left_alone(toml: Path, words: list[str]) -> None:
    with (
        a_running_gate(toml.with_name("gerbang.db")),
        pytest.raises(KioskError, match="the gate is running and has lights and buzzer: stop it first"),
    ):
        run(*words, "--config", toml)
    run(*words, "--config", toml)


def test_another_program_at_the_address_of_the_page_is_no_gate_and_nobody_waits_for_it(toml: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        toml.write_text(f'[screen]\nlisten = "127.0.0.1:{silent.getsockname()[1]}"\n')
        run("dark", "--config", toml)
        silent.setblocking(False)
        with pytest.raises(BlockingIOError):
            silent.accept()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_playing_command_that_is_ended_leaves_every_pin_off(toml: Path, number: signal.Signals) -> None:
    toml.write_text(NOBODY + ON_PINS.format(low="false", kind="plain"))
    command = [sys.executable, "-c", CHILD, "cues", "--play", "all", "--config", str(toml)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, text=True, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready: ready: look into the camera\n"
        assert process.stdout.readline() == "look: look here: being looked at\n"
        process.send_signal(number)
        last = process.stdout.read().splitlines()[-1]
    assert last == "driven: [0.0, 0.0, 0.0, 0.0]"
    assert process.returncode == 128 + number


@pytest.mark.parametrize("low", [False, True])
@pytest.mark.parametrize("kind", ["plain", "tonal"])
def test_dark_turns_off_what_a_killed_gate_left_on(toml: Path, pins: MockFactory, low: bool, kind: str) -> None:
    toml.write_text(NOBODY + ON_PINS.format(low=str(low).lower(), kind=kind))
    for number in PINS:
        pins.pin(number).output_with_state(0.0 if low else 1.0)
        assert driven(pins.pin(number), active_low=low)
        pins.pin(number).clear_states()
    run("dark", "--config", toml)
    for number in PINS:
        assert not driven(pins.pin(number), active_low=low)
        assert float(low) in [item.state for item in pins.pin(number).states]  # driven off, and then let go


def test_dark_turns_off_the_buzzer_also_where_a_light_is_broken(toml: Path, pins: MockFactory) -> None:
    toml.write_text(NOBODY + ON_PINS.format(low="false", kind="plain"))
    pins.pin(18).output_with_state(1.0)
    pins.reserve_pins(pins, pins.pin(27).info.name)  # another part has it
    with pytest.raises(DriverError, match="red light on pin 27"):
        run("dark", "--config", toml)
    assert not driven(pins.pin(18))


def test_dark_turns_off_what_it_can_whatever_else_is_wrong(toml: Path, pins: MockFactory) -> None:
    toml.write_text(ON_PINS.format(low="true", kind="plain") + "[camera]\nfps = 0\n[camra]\n")
    for number in PINS:
        pins.pin(number).output_with_state(0.0)
    code, said, error = dark_with_mistakes(toml)
    assert said == "lights: off\nbuzzer: off\n"
    assert [driven(pins.pin(number), active_low=True) for number in PINS] == [0, 0, 0, 0]
    assert code == 1
    assert ":9: camera.fps" in error
    assert ":10: camra" in error


def test_dark_lets_go_of_the_pins_where_it_can_not_know_how_they_are_off(toml: Path, pins: MockFactory) -> None:
    toml.write_text(
        '[lights]\ndriver = "gpio"\ngreen = 5\nred = 2\nactive_low = "yes"\n[buzzer]\ndriver = "gpio"\npin = 6\n'
    )
    for number in (5, 2, 22, 6):
        pins.pin(number).output_with_state(1.0)
    _, said, error = dark_with_mistakes(toml)
    assert said.splitlines() == [
        *(f"lights: pin {number} let go of, as there is a mistake in [lights]" for number in (5, 2, 22)),
        "buzzer: off",
    ]
    assert [pins.pin(number).function for number in (5, 2, 22, 6)] == ["input"] * 4
    assert not driven(pins.pin(6))
    assert ":5: lights.active_low should be true or false" in error


def test_dark_lets_go_of_the_default_pins_where_nothing_can_be_read(toml: Path, pins: MockFactory) -> None:
    toml.write_text("[lights\n")
    for number in PINS:
        pins.pin(number).output_with_state(1.0)
    _, said, error = dark_with_mistakes(toml)
    assert said.count("let go of") == 4
    assert [pins.pin(number).function for number in PINS] == ["input"] * 4
    assert "line 1" in error


def dark_with_mistakes(toml: Path) -> tuple[int, str, str]:
    """Its exit code for whom it is not caught, what it did, and what is wrong."""
    done = CliRunner().invoke(cli, ["dark", "--config", str(toml)])
    assert isinstance(done.exception, ConfigError)
    return done.exit_code, done.output, str(done.exception)


def test_dark_has_nothing_to_do_where_nothing_hangs_on_pins(toml: Path) -> None:
    assert run("dark", "--config", toml) == ""


def test_the_unit_runs_dark_after_every_end_of_the_gate() -> None:
    unit = (Path(__file__).parents[2] / "systemd" / "gerbang-kiosk.service").read_text()
    assert "ExecStopPost=-/opt/gerbang/.venv/bin/gerbang dark --config /etc/gerbang/gerbang.toml\n" in unit
    assert "TimeoutStopSec=20\n" in unit


def test_the_wiring_has_every_configured_part_at_its_place(toml: Path) -> None:
    toml.write_text(
        ON_PINS.format(low="false", kind="plain")
        + '[fingerprint]\ndriver = "adafruit"\n[inputs]\ndriver = "gpio"\ntamper = 5\nservice = 26\n'
    )
    found = facts("pinout", "--config", toml)
    at = {pin["number"]: pin for pin in found["header"]}
    assert list(at) == list(range(1, 41))
    assert at[11]["bcm"] == 17
    for number, part in {
        1: "sensor VCC",
        8: "sensor RX",
        10: "sensor TX",
        11: "green light +",
        12: "buzzer +",
        13: "red light +",
        15: "blue light +",
        29: "tamper switch",
        37: "service button",
    }.items():
        assert [use for use in at[number]["uses"] if use.startswith(part)], (number, at[number])
    grounds = [use for pin in found["header"] if pin["name"] == "GND" for use in pin["uses"]]
    assert sorted(grounds) == [
        "blue light −", "buzzer −", "green light −", "red light −", "sensor GND", "service button", "tamper switch",
    ]  # fmt: skip
    assert found["marks"] == []


@pytest.mark.parametrize(
    ("table", "pin", "use"),
    [
        ('[lights]\ndriver = "gpio"\nactive_low = true', 17, "green light +"),
        ('[lights]\ndriver = "gpio"\nactive_low = true\nkind = "rgb"', 17, "light, common leg (+)"),
        ('[lights]\ndriver = "gpio"\nkind = "rgb"', 9, "light, common leg (−)"),
        ('[buzzer]\ndriver = "gpio"\nactive_low = true', 12, "buzzer −"),
        ('[buzzer]\ndriver = "gpio"\nkind = "tonal"', 12, "piezo + by 100 Ω"),
    ],
)
def test_the_wiring_follows_the_kind_of_the_part(toml: Path, table: str, pin: int, use: str) -> None:
    toml.write_text(table)
    assert use in facts("pinout", "--config", toml)["header"][pin - 1]["uses"]


@pytest.mark.parametrize(
    ("table", "mark"),
    [
        ('[lights]\ndriver = "gpio"\ngreen = 2', "pin 3 (GPIO2) is pulled up on the board"),
        ('[buzzer]\ndriver = "gpio"\npin = 14', "pin 8 (GPIO14) carries the serial port"),
        ('[inputs]\ndriver = "gpio"\nkey_in = 0', "pin 27 (GPIO0) is kept for the memory of an add-on board"),
    ],
)
def test_a_pin_that_had_better_be_another_is_marked(toml: Path, table: str, mark: str) -> None:
    toml.write_text(table)
    assert [line for line in facts("pinout", "--config", toml)["marks"] if line.startswith(mark)]
    assert "✗" in run("pinout", "--config", toml)


def test_a_key_may_use_a_pin_that_is_pulled_up_anyway(toml: Path) -> None:
    toml.write_text('[inputs]\ndriver = "gpio"\nkey_in = 2')
    assert facts("pinout", "--config", toml)["marks"] == []


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ('[camera]\ndriver = "picamera"', "camera: flat cable"),
        ('[camera]\ndriver = "webcam"', "camera: a USB socket"),
        (
            '[fingerprint]\ndriver = "adafruit"\nport = "/dev/ttyUSB0"',
            "fingerprint sensor: a USB adapter, /dev/ttyUSB0",
        ),
        ("", "lights: none, they are printed"),
        ('[lights]\ndriver = "gpio"', "what takes more than 16 mA hangs on a transistor, never on a pin: 10 kΩ from"),
    ],
)
def test_what_is_not_on_the_header_is_said(toml: Path, table: str, sentence: str) -> None:
    toml.write_text(table)
    assert any(line.startswith(sentence) for line in facts("pinout", "--config", toml)["elsewhere"])
    assert sentence in run("pinout", "--config", toml)


def test_the_drawing_can_be_printed(toml: Path, tmp_path: Path) -> None:
    toml.write_text(f'[site]\nname = "TK <Satu> & Dua"\n{ON_PINS.format(low="false", kind="plain")}')
    run("pinout", "--config", toml, "--svg", tmp_path / "wiring.svg")
    text = (tmp_path / "wiring.svg").read_text(encoding="utf-8")
    assert text.count("<circle") == 40
    assert "TK &lt;Satu&gt; &amp; Dua" in text
    for colour in Colour:
        assert f"{colour.value} light +" in text


def test_a_drawing_that_can_not_be_written_is_said(toml: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["pinout", "--config", str(toml), "--svg", str(tmp_path / "no" / "wiring.svg")])
    assert done.exit_code == 1
    assert "can't be written: No such file" in done.output
