"""The demo's processes: started as on site, and started again when they die, as systemd would."""

import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

_WATCH_S = 0.1
_QUICK_S = 3.0  # who dies sooner than this, several times, will not live
_QUICK_DEATHS = 3


class ProcessFailed(Exception):
    """A process will not stay up; the message is the last that it said."""


class Process:
    """One command that is to be running. Its words go to a log file."""

    def __init__(self, name: str, command: list[str], log: Path, tell: Callable[[str], None]) -> None:
        """Tell: called with a line for a person when something happens to it."""
        self.name = name
        self.starts = 0
        self._command = command
        self._log = log
        self._tell = tell
        self._process: subprocess.Popen[bytes] | None = None
        self._wanted = threading.Event()
        self._over = threading.Event()
        self._quick_deaths = 0
        self._began_s = 0.0
        self._turn = threading.Lock()
        self._watcher = threading.Thread(target=self._watch, name=f"watch {name}", daemon=True)

    def start(self) -> None:
        """Have it running from now on."""
        self._wanted.set()
        with self._turn:
            self._spawn()
        if not self._watcher.is_alive() and not self._over.is_set():
            self._watcher.start()

    def stop(self) -> int:
        """End it with SIGTERM, and leave it so until `start`. Its exit code; -9 where it had to be killed."""
        self._wanted.clear()
        with self._turn:
            process, self._process = self._process, None
            if process is None:
                return 0
            process.send_signal(signal.SIGTERM)
            try:
                return process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                return process.wait()

    def close(self) -> None:
        """End it for good."""
        self._over.set()
        self.stop()

    def check(self) -> None:
        """Raises ProcessFailed when it died again and again."""
        if self._quick_deaths >= _QUICK_DEATHS:
            raise ProcessFailed(f"the {self.name} will not stay up: {self._last_words()}")

    def _spawn(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        self._began_s = time.monotonic()
        self.starts += 1

    def _watch(self) -> None:
        while not self._over.wait(_WATCH_S):
            with self._turn:
                process = self._process
                if not self._wanted.is_set() or process is None or process.poll() is None:
                    continue
                quick = time.monotonic() - self._began_s < _QUICK_S
                self._quick_deaths = self._quick_deaths + 1 if quick else 0
                if self._quick_deaths >= _QUICK_DEATHS:
                    return
                self._tell(f"the {self.name} died ({_how(process.returncode)}) and is started again")
                self._spawn()

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").split("\n") if self._log.exists() else []
        return next((line for line in reversed(lines) if line.strip()), "it said nothing")


def _how(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
