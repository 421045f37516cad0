"""A buzzer for a computer that has none: a line of text for each tune."""

import sys
from typing import TextIO

from drivers.buzzer.contract import Tune
from drivers.errors import BuzzerError


class ConsoleBuzzer:
    """Prints the word of each tune."""

    def __init__(self, stream: TextIO | None = None) -> None:
        """Print to `stream`, or else to standard output."""
        self._stream = sys.stdout if stream is None else stream
        self._closed = False

    def play(self, tune: Tune) -> None:
        """Print a tune's word; silence prints nothing. Raises BuzzerError."""
        if self._closed:
            raise BuzzerError("The buzzer is closed.")
        if not tune.beeps:
            return
        try:
            print(f"♪ {tune.word}", file=self._stream, flush=True)
        except (OSError, ValueError) as cause:  # ValueError: the stream is closed
            raise BuzzerError(f"The buzzer can't be printed ({cause}).") from cause

    def close(self) -> None:
        """No more lines. May be called twice."""
        self._closed = True
