"""The commands as real processes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import requests

_ROOT = Path(__file__).parents[2]
DEADLINE_S = 30.0


def wait_for(condition: Callable[[], Any]) -> Any:
    """The first true value of this; asked again and again until a deadline that nothing should ever come near."""
    deadline = time.monotonic() + DEADLINE_S
    while not (value := condition()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
    return value


def start(module: str, *arguments: object, **streams: Any) -> subprocess.Popen[str]:
    """A command as a process of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GERBANG", "DJANGO"))}
    return subprocess.Popen(
        [sys.executable, "-m", module, *map(str, arguments)], cwd=_ROOT, env=environment, text=True, **streams
    )


def command(module: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """What a command says until it ends."""
    process = start(module, *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = process.communicate(timeout=DEADLINE_S)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


class DistrictProcess:
    """A district that can be killed and started again where it was."""

    def __init__(self, database: Path) -> None:
        self.database = database
        self._listen = "127.0.0.1:0"
        self.start()

    def start(self) -> None:
        """Begin to serve; returns once it does."""
        self.process = start(
            "sync.district",
            *("serve", "--listen", self._listen, "--database", self.database),
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().rpartition(" on ")[2].strip()
        self._listen = urlsplit(self.url).netloc

    def get(self, path: str) -> Any:
        """What lies at this path, as JSON."""
        return requests.get(self.url + path, timeout=DEADLINE_S).json()

    def entries(self) -> list[dict[str, Any]]:
        """What the command says that is in the database."""
        said = command("sync.district", "entries", "--database", self.database, "--json")
        assert said.returncode == 0, said.stderr
        found: list[dict[str, Any]] = json.loads(said.stdout)
        return found

    def end(self, number: signal.Signals) -> int:
        """Send a signal; the exit code."""
        self.process.send_signal(number)
        with self.process:
            return self.process.wait(timeout=DEADLINE_S)

    def __enter__(self) -> "DistrictProcess":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.end(signal.SIGKILL)
