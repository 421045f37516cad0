"""Waiting for what another thread or process does."""

import time
from collections.abc import Callable
from threading import Event


def until(condition: Callable[[], bool], what: str = "it", deadline_s: float = 60.0) -> None:
    """Wait for a condition. Raises AssertionError at the deadline, which is there for what will never come true."""
    end_s = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end_s, f"{what} never came true"
        Event().wait(0.01)
