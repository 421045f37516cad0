"""The whole way, as site and district run it: real processes, a real line, and some of them really killed."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.waiting import until


def free_address() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"


class Morning:
    """scripts/morning.py as a process, and what it has said so far."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, str(ROOT / "scripts" / "morning.py"), "--json", "--keep", str(folder)]
        command += ["--screen", free_address(), "--district", free_address()]
        self.folder = folder
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, "COLUMNS": "200"}
        )
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        self.lines.extend(line.rstrip() for line in self.process.stdout)
        self.process.stdout.close()

    def said(self, text: str) -> bool:
        assert self.process.poll() is None or any(text in line for line in self.lines), "\n".join(self.lines)
        return any(text in line for line in list(self.lines))

    def kill(self, name: str) -> None:
        """Really kill one of the three, as a power cut would."""
        os.kill(self.pid(name), signal.SIGKILL)

    def pid(self, name: str) -> int:
        children = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        for child in (int(pid) for path in children for pid in path.read_text().split()):
            command = Path(f"/proc/{child}/cmdline").read_bytes().decode().split("\0")
            if any(word.endswith(f"bin/{name}") for word in command):
                return child
        raise AssertionError(f"no {name} is running")

    def summary(self) -> dict[str, Any]:
        assert self.process.wait(timeout=900) == 0, "\n".join(self.lines)
        self._reader.join()
        found = json.loads(self.lines[-1])
        assert isinstance(found, dict)
        return found


def check(summary: dict[str, Any]) -> None:
    """What every morning must come to, whatever was killed in it."""
    assert summary["equal"] is True
    assert summary["entries"]["gate"] == summary["entries"]["district"]
    assert len(summary["records"]) >= 4
    assert [row["person"] for row in summary["records"] if row["means"] == "finger"] == ["eileen"]
    assert summary["refused"] >= 1
    assert summary["repeats"] >= 1
    ways = [(row["person"], row["direction"]) for row in summary["records"]]
    assert ways == [("barack", "in"), ("joe", "in"), ("eileen", "in"), ("barack", "out")]
    assert all(row["at_district"] for row in summary["records"])


def test_a_morning_ends_with_equal_rows(tmp_path: Path, photographs: Path) -> None:
    morning = Morning(tmp_path / "site")
    summary = morning.summary()
    check(summary)
    assert summary["restarts"] == {"district": 1, "courier": 0, "gate": 0}
    words = (tmp_path / "site" / "gate.log").read_text()
    assert "● green" in words, "the lights are shown in the terminal"
    assert "Traceback" not in words


@pytest.mark.parametrize("name", ["gerbang", "gerbang-sync", "gerbang-district"])
def test_a_morning_in_which_one_is_killed_ends_with_equal_rows(tmp_path: Path, photographs: Path, name: str) -> None:
    morning = Morning(tmp_path / "site")
    until(lambda: morning.said("Pak Barack comes,"), "the first visit", 300)
    morning.kill(name)
    until(lambda: morning.said("Bu Eileen comes,"), "the stranger's visit", 300)
    until(lambda: morning.said("is started again"), "the restart")
    morning.kill(name)
    summary = morning.summary()
    check(summary)
    part = {"gerbang": "gate", "gerbang-sync": "courier", "gerbang-district": "district"}[name]
    assert summary["restarts"][part] >= 2
