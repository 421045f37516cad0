"""Lights for a computer that has none: a line of text for each change."""

import sys
from typing import TextIO

from drivers.errors import LightError
from drivers.lights.contract import DARK, Colour, Pattern

_ANSI = {Colour.GREEN: "\x1b[32m", Colour.RED: "\x1b[31m", Colour.BLUE: "\x1b[34m"}
_ANSI_END = "\x1b[0m"


class ConsoleLights:
    """Prints a line when the pattern changes, in its colour when a person watches."""

    def __init__(self, stream: TextIO | None = None) -> None:
        """Print to `stream`, or else to standard output."""
        self._stream = sys.stdout if stream is None else stream
        self._shown = DARK
        self._closed = False

    def show(self, pattern: Pattern) -> None:
        """Print a pattern, unless it is the one before. Raises LightError."""
        if self._closed:
            raise LightError("The lights are closed.")
        if pattern == self._shown:
            return
        self._shown = pattern
        try:
            print(self._coloured(pattern), file=self._stream, flush=True)
        except (OSError, ValueError) as cause:  # ValueError: the stream is closed
            raise LightError(f"The lights can't be printed ({cause}).") from cause

    def close(self) -> None:
        """Dark, and no more lines. May be called twice."""
        if self._closed:
            return
        try:
            self.show(DARK)
        except LightError:  # nobody reads any more, so nothing is left lit
            self._shown = DARK
        self._closed = True

    def _coloured(self, pattern: Pattern) -> str:
        if pattern.colour is None or not self._stream.isatty():
            return _said(pattern)
        return f"{_ANSI[pattern.colour]}{_said(pattern)}{_ANSI_END}"


def _said(pattern: Pattern) -> str:
    if pattern.colour is None:
        return "○ dark"
    if pattern.steady:
        return f"● {pattern.colour.value}"
    return f"◐ {pattern.colour.value}, {' '.join(f'{beat:g}' for beat in pattern.beats)} s on and off"
