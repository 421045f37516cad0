"""`gerbang emulate fingerprint` as people use it: a real process, a real port, lines typed and lines told."""

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import pytest

from drivers.fingerprint import FingerprintSettings, Touch, open_sensor
from drivers.fingerprint.hand import HELP
from kiosk.commands.emulate import emulate
from tests.drivers.sensor_client import Client
from tests.waiting import until

COMMAND = [str(Path(sys.executable).parent / "gerbang"), "emulate", "fingerprint"]


class Emulation:
    """The command, running: type a line, read a line."""

    def __init__(self, *options: str | Path, stdin: Any = subprocess.PIPE) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, *map(str, options)], text=True, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self.port = self.read().removeprefix("port ")
        self.sensor = self.read()

    def read(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().rstrip("\n")

    def type(self, *lines: str) -> None:
        assert self.process.stdin
        self.process.stdin.write("".join(f"{line}\n" for line in lines))
        self.process.stdin.flush()

    def reply(self, line: str) -> str:
        """What it says to one line."""
        self.type(line)
        return self.read()


@contextmanager
def emulation(*options: str | Path, stdin: Any = subprocess.PIPE) -> Iterator[Emulation]:
    running = Emulation(*options, stdin=stdin)
    try:
        yield running
    finally:
        running.process.terminate()
        running.process.communicate()


@contextmanager
def client_on(port: str, baud: int = 57600) -> Iterator[Client]:
    client = Client(port, baud)
    try:
        yield client
    finally:
        client.line.close()


@pytest.fixture(scope="module")
def process() -> Iterator[Emulation]:
    """One for several tests, for it takes a second to start."""
    with emulation("--fast", "--quiet") as running:
        yield running


@pytest.fixture
def shared(process: Emulation) -> Emulation:
    """As when it was new."""
    for line in ("plug", "lift", "heal"):
        assert not process.reply(line).startswith("error")
    return process


def test_the_real_driver_finds_a_finger_on_it(tmp_path: Path) -> None:
    with emulation("--port", tmp_path / "sensor", "--fast", "--quiet") as running:
        assert running.port == str(tmp_path / "sensor")
        assert running.sensor == "zfm20, room for 200 fingers, 57600 baud"
        sensor = open_sensor(FingerprintSettings("adafruit", running.port))
        assert sensor is not None
        assert sensor.poll() is None
        assert running.reply("place ani") == "ani is on the glass"
        assert sensor.poll() == Touch(None)
        assert running.reply("smudge ani") == "ani is on the glass, smudged"
        assert sensor.poll() is None
        assert running.reply("lift") == "the glass is bare"
        sensor.close()


def test_it_tells_what_it_hears_and_answers_and_the_same_only_once() -> None:
    with emulation("--fast") as running, client_on(running.port) as client:
        for _ in range(3):
            assert client.ask(0x01) == b"\x02"
        assert running.reply("place ani") == "take image → no finger"
        assert running.read() == "ani is on the glass"
        client.capture(1)
        assert client.ask(0x08, 1) == b"\0"
        client.data()
        assert [running.read() for _ in range(5)] == [
            "take image → done",
            "image to characters 01 → done",
            "upload characters 01 → done",
            "→ 128 bytes of data",
            "→ 128 bytes of data, the last",
        ]


def test_faults_are_typed_and_happen(shared: Emulation) -> None:
    with client_on(shared.port) as client:
        assert shared.reply("flip host 2") == "flip: the next 2 packets to the host"
        for _ in range(2):
            client.line.write(bytes.fromhex("ef01ffffffff010003010005"))
            assert client.line.read(12) != bytes.fromhex("ef01ffffffff07000302000c")
        assert client.ask(0x01) == b"\x02"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("drop", "drop: the next packet to the host"),
        ("delay sensor 0.5s", "delay: the next packet to the sensor"),
        ("brown-out sensor 3", "brown-out: the next 3 packets to the sensor"),
    ],
)
def test_faults_are_told_back(shared: Emulation, line: str, told: str) -> None:
    assert shared.reply(line) == told
    assert shared.reply("heal") == "no fault is left"
    with client_on(shared.port) as client:
        assert client.ask(0x01) == b"\x02"


def test_a_silent_sensor_answers_when_it_is_healed(shared: Emulation) -> None:
    with client_on(shared.port) as client:
        assert shared.reply("silence") == "silent"
        assert not client.is_answered()
        assert shared.reply("heal") == "no fault is left"
        assert client.ask(0x01) == b"\x02"


def test_pulling_it_off_and_putting_it_back(shared: Emulation) -> None:
    assert shared.reply("unplug") == f"unplugged: {shared.port} is gone"
    assert not Path(shared.port).is_symlink()
    assert shared.reply("plug") == f"plugged in: {shared.port} is there"
    with client_on(shared.port) as client:
        assert client.ask(0x01) == b"\x02"


def test_the_ring_of_an_r503_and_its_pages() -> None:
    with emulation("--fast", "--quiet", "--model", "r503", "--capacity", "80") as running:
        assert running.sensor == "r503, room for 80 fingers, 57600 baud"
        assert running.reply("ring") == "dark"
        assert running.reply("pages") == "0 of 80"
        running.type("place ani")
        assert running.read() == "ani is on the glass"
        with client_on(running.port) as client:
            assert client.ask(0x35, 1, 100, 2, 0) == b"\0"
            for slot in (1, 2):
                client.capture(slot)
            assert client.ask(0x05) == b"\0"
            assert client.ask(0x06, 1, 0, 7) == b"\0"
        assert running.reply("ring") == "blue, breathing, speed 100"
        assert running.reply("pages") == "1 of 80: 7"


def test_password_baud_and_memory_are_those_that_were_asked_for(tmp_path: Path) -> None:
    options = ("--fast", "--quiet", "--memory", str(tmp_path / "memory.json"))
    with emulation(*options, "--password", "67617465", "--baud", "9600") as running:
        assert running.sensor.endswith("9600 baud")
    with emulation(*options) as running, client_on(running.port, 9600) as client:
        assert client.ask(0x01) == b"\x21"
        assert client.ask(0x13, *b"gate") == b"\0"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("dance", "'dance' is not understood; help lists what is"),
        ("lift ani", "'lift ani' is not understood; help lists what is"),
        ("place", "whose finger? Type for example: place ani"),
        ("flip everyone", "'everyone' is not understood; type for example: flip host 3"),
        ("flip 0", "'0' is not understood; type for example: flip host 3"),
        ("flip 0.5s", "'0.5s' is not understood; type for example: flip host 3"),
        ("delay soons", "'soons' is not understood; type for example: delay host 3"),
    ],
)
def test_what_is_not_understood_is_answered_with_what_is(shared: Emulation, line: str, sentence: str) -> None:
    assert shared.reply(line) == f"error: {sentence}"


def test_help_lists_the_commands(shared: Emulation) -> None:
    shared.type("", "help")
    assert [shared.read() for _ in HELP.splitlines()] == HELP.splitlines()


def test_json_is_an_object_a_line_until_it_quits() -> None:
    with emulation("--fast", "--json") as running:
        assert list(json.loads(running.port)) == ["port"]
        assert json.loads(running.reply("place ani")) == {"reply": "ani is on the glass"}
        assert list(json.loads(running.reply("dance"))) == ["error"]
        with client_on(json.loads(running.port)["port"]) as client:
            assert client.ask(0x01) == b"\0"
        assert json.loads(running.reply("lift")) == {"line": "take image → done"}
        running.type("quit")
        assert running.process.wait() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_without_an_input_it_goes_on_until_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    with emulation("--port", tmp_path / "sensor", "--fast", "--quiet", stdin=subprocess.DEVNULL) as running:
        with client_on(running.port) as client:
            assert client.ask(0x01) == b"\x02"
        assert running.process.poll() is None
        running.process.send_signal(number)
        _, wrong = running.process.communicate()
        assert (running.process.returncode, wrong) == (0, "")
        assert list(tmp_path.iterdir()) == []


def test_what_stands_last_without_a_line_end_is_done_too() -> None:
    with emulation("--fast", "--quiet") as running:
        assert running.process.stdin
        running.process.stdin.write("place ani")
        running.process.stdin.close()
        running.process.stdin = None
        assert running.read() == "ani is on the glass"


def test_it_is_typed_to_in_a_terminal(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    with emulation("--fast", "--quiet", stdin=theirs) as running:
        os.write(ours, b"place ani\n")
        assert running.read() == "ani is on the glass"
        os.close(ours)
        os.close(theirs)
        assert running.process.poll() is None
        with client_on(running.port) as client:
            assert client.ask(0x01) == b"\0"


def test_it_goes_on_when_nobody_reads_any_more(tmp_path: Path) -> None:
    with emulation("--port", tmp_path / "sensor", "--fast") as running:
        assert running.process.stdout
        running.process.stdout.close()
        running.process.stdout = None
        with client_on(running.port) as client:
            for _ in range(3):
                assert client.ask(0x01) == b"\x02"
                assert client.ask(0x1D) == b"\0\0\0"
        running.type("lift", "quit")
        assert running.process.wait() == 0
        assert list(tmp_path.iterdir()) == []


def test_a_mistake_ends_it_with_a_sentence(tmp_path: Path) -> None:
    done = subprocess.run([*COMMAND, "--port", str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"Error: {tmp_path}: File exists" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--memory", "note.txt"], "is not an emulated sensor's memory"),
        (["--memory", "nowhere/memory.json", "--baud", "9600"], "No such file or directory"),
        (["--port", "note.txt"], "note.txt: File exists"),
        (["--port", "nowhere/sensor"], "nowhere/sensor: No such file or directory"),
        (["--password", "gate"], "8 hexadecimal digits"),
        (["--password", "00"], "8 hexadecimal digits"),
        (["--model", "zfm21"], "zfm20"),
        (["--baud", "57601"], "57600"),
        (["--capacity", "0"], "1<=x<=1024"),
    ],
)
def test_what_can_not_be_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("note.txt").write_text("no memory")
    with pytest.raises(click.UsageError) as told:
        emulate.main(["fingerprint", *options], standalone_mode=False)
    assert sentence in told.value.format_message()


def test_a_sensor_as_slow_as_a_real_one_is_found_all_the_same() -> None:
    with emulation("--model", "zfm20", "--quiet") as running, client_on(running.port) as client:
        until(lambda: client.is_answered(0.3), "an answer")
        assert running.reply("place ani") == "ani is on the glass"
        client.capture(1)
