"""The serial port itself: bytes out and bytes in, each by a moment of the monotonic clock, and no waiting beyond."""

import errno
import os
import select
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import serial

from drivers.errors import SensorBusy, SensorLost, SensorSilent, SensorUnplugged

_MOST: Final = 4096


class Line:
    """An open serial port that no other program has. After SensorUnplugged it is closed for good.

    doing: what is being done, for the messages.
    """

    def __init__(self, port: str, baud: int) -> None:
        """Raises SensorBusy where another program has the port, SensorUnplugged where it can't be had at all."""
        self.port = port
        self.doing = "opening"
        self._serial = _open(port, baud)

    @property
    def baud(self) -> int:
        """Bits a second, of which a byte is 10."""
        return int(self._serial.baudrate)

    def bytes_s(self, count: int) -> float:
        """How long so many bytes take on the line."""
        return count * 10 / self.baud

    def retune(self, baud: int) -> None:
        """Speak and hear at another baud; what was not yet said or heard is gone. Raises SensorUnplugged."""
        with self._losses():
            self._serial.reset_output_buffer()
            self._serial.baudrate = baud
            self._serial.reset_input_buffer()

    def write(self, words: bytes, by_s: float) -> None:
        """Send all of it. Raises SensorUnplugged, SensorSilent where nobody takes it by then."""
        with self._losses():
            while words:
                if not self._wait(select.POLLOUT, by_s):
                    raise SensorSilent(f"nobody takes bytes from {self.port} ({self.doing}): check what is plugged in")
                words = words[os.write(self._serial.fileno(), words) :]

    def hear(self, by_s: float) -> bytes:
        """What has come; where nothing has, what comes first until then, or nothing. Raises SensorUnplugged."""
        with self._losses():
            if not self._wait(select.POLLIN, by_s):
                return b""
            words = os.read(self._serial.fileno(), _MOST)
            if not words:
                raise OSError(errno.ENODEV, "the port hung up")
            return words

    def close(self) -> None:
        """Let go of the port. May be called twice."""
        self._serial.close()

    def _wait(self, event: int, by_s: float) -> bool:
        poll = select.poll()
        poll.register(self._serial.fileno(), event)
        return bool(poll.poll(max(0.0, by_s - time.monotonic()) * 1000))

    @contextmanager
    def _losses(self) -> Iterator[None]:
        if not self._serial.is_open:
            raise SensorUnplugged(f"port {self.port} has been closed ({self.doing}): open the sensor again")
        try:
            yield
        except SensorSilent:
            raise  # ours, though it is an OSError too
        except (OSError, termios.error) as error:
            self.close()
            raise SensorUnplugged(
                f"the sensor's port {self.port} is gone ({self.doing}): is it still plugged in?"
            ) from error


def _open(port: str, baud: int) -> Any:
    try:
        return serial.Serial(port, baud, timeout=0, exclusive=True)
    except (OSError, termios.error, ValueError, OverflowError) as error:
        raise _why_closed(port, baud, error) from error


def _why_closed(port: str, baud: int, error: Exception) -> SensorLost:
    match getattr(error, "errno", None):
        case errno.ENOENT | errno.ENODEV | errno.ENXIO:
            why = f"there is no port {port}: plug the sensor in, or set [fingerprint] port in gerbang.toml"
        case errno.EACCES | errno.EPERM:
            why = f"port {port} may not be opened: add this user to the group dialout"
        case errno.EAGAIN | errno.EBUSY:
            return SensorBusy(f"port {port} is in use by another program; is the gate running?")
        case _ if isinstance(error, ValueError | OverflowError):
            why = f"port {port} can't be set to {baud} baud: set [fingerprint] baud in gerbang.toml"
        case _:
            why = f"{port} is not a serial line: set [fingerprint] port in gerbang.toml to the sensor's"
    return SensorUnplugged(why)
