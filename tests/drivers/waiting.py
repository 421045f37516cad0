"""Waiting for what another thread does."""

import time
from collections.abc import Callable
from threading import Event


def until(condition: Callable[[], bool], deadline_s: float = 10.0) -> None:
    """Wait for a condition. Raises AssertionError at the deadline."""
    end_s = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end_s, "it never came true"
        Event().wait(0.002)
