"""The bytes that dlib's serialize() writes: whole numbers, fractions, texts, flags, tensors.

Source: dlib's serialize.h, float_details.h and dnn/tensor_tools.h (Boost licence).
"""

import math
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from kiosk.errors import ModelError

Tensor = NDArray[np.float32]
Sides = tuple[int, int, int, int]  # samples, channels, rows, columns

_LONGEST_TEXT = 64
_LARGEST_SIDE = 2**24  # of a tensor; larger ones are damage
_LARGEST_EXPONENT = 900  # with a mantissa of 64 bits still a float64


class Reader:
    """Goes through a file's bytes once, from the first to the last; every doubt is a ModelError."""

    def __init__(self, data: bytes, path: Path) -> None:
        """`path` is for the message alone."""
        self._data = data
        self._path = path
        self._at = 0

    def fail(self, what: str) -> NoReturn:
        """Says where the file stopped to make sense."""
        raise ModelError(
            f"the model {self._path} is damaged or not one of dlib's: {what} (byte {self._at}); run scripts/setup again"
        )

    def end(self) -> None:
        """Nothing may follow."""
        if self._at != len(self._data):
            self.fail("more follows after its end")

    def integer(self) -> int:
        """One byte with the count of bytes and the sign, then those bytes, the lowest first."""
        control = self._take(1)[0]
        size = control & 0x0F
        if control & 0x70 or not 1 <= size <= 8:
            self.fail("a whole number is malformed")
        value = int.from_bytes(self._take(size), "little")
        return -value if control & 0x80 else value

    def expect(self, value: int, what: str) -> None:
        """A number that can only be this one."""
        found = self.integer()
        if found != value:
            self.fail(f"{what} is {found}, not {value}")

    def length(self) -> int:
        """A number of pixels or channels, which may be none."""
        value = self.integer()
        if not 0 <= value <= _LARGEST_SIDE:
            self.fail(f"{value} is no length")
        return value

    def size(self) -> int:
        """A number of pixels or channels, at least one."""
        value = self.length()
        if value == 0:
            self.fail("a size is 0")
        return value

    def fractions(self, count: int) -> list[float]:
        """Each a mantissa and an exponent of two."""
        return [self._fraction() for _ in range(count)]

    def text(self) -> str:
        """A length, then so many letters."""
        size = self.integer()
        if not 0 < size <= _LONGEST_TEXT:
            self.fail("a name is malformed")
        letters = self._take(size)
        if not letters.isascii():
            self.fail("a name is malformed")
        return letters.decode("ascii")

    def flags(self, count: int) -> None:
        """Bits as the letters 0 and 1; which of the two is of no interest here."""
        if self._take(count).strip(b"01"):
            self.fail("a flag is malformed")

    def sides(self) -> Sides:
        """The four sides of a tensor."""
        return self.length(), self.length(), self.length(), self.length()

    def tensor(self) -> Tensor:
        """All numbers of a tensor in one row, each finite."""
        self.expect(2, "a tensor's version")
        values = np.frombuffer(self._take(4 * math.prod(self.sides())), dtype="<f4")
        if not np.isfinite(values).all():
            self.fail("a number is not finite")
        return values.astype(np.float32)

    def check_size(self, values: NDArray[Any], size: int) -> None:
        """A tensor can only have so many numbers."""
        if values.size != size:
            self.fail(f"a tensor has {values.size} numbers, not {size}")

    def view(self) -> Sides:
        """The sides of a part of a tensor that dlib describes apart."""
        self.expect(1, "a view's version")
        return self.sides()

    def _fraction(self) -> float:
        mantissa, exponent = self.integer(), self.integer()
        if abs(exponent) > _LARGEST_EXPONENT:  # infinities and no-numbers are written with larger ones
            self.fail("a fraction is malformed")
        return math.ldexp(mantissa, exponent)

    def _take(self, count: int) -> bytes:
        if count > len(self._data) - self._at:
            self.fail("it ends too early")
        taken = self._data[self._at : self._at + count]
        self._at += count
        return taken
