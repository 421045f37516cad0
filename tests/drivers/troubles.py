"""What can be wrong with a sensor, one after the other, and how long the driver takes to find it."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import get_args

from drivers.errors import DriverError, NotASensor, SensorLost, SensorSilent, SensorUnplugged, WrongPassword
from drivers.fingerprint import FingerprintSettings
from drivers.fingerprint.adafruit import AdafruitSensor
from drivers.fingerprint.contract import Baud
from drivers.fingerprint.emulator import FingerprintEmulator
from drivers.fingerprint.packets import Instruction
from tests.drivers.far_end import FarEnd, Script, chatter

DEAF: Script = {command: [b""] * 1000 for command in Instruction}


def troubles() -> Iterator[tuple[str, float | str]]:
    """Each trouble, and the seconds until the driver said so, or what it said instead."""
    yield from at_opening()
    yield from at_work()
    for baud in get_args(Baud):
        with FingerprintEmulator(baud=baud, timing=True) as emulator:
            yield f"speaks at {baud} baud", found(lambda: opened(emulator.port))


def at_opening() -> Iterator[tuple[str, float | str]]:
    """Nobody there, or the wrong one."""
    yield "no port", found(lambda: opened("/dev/ttyUSB99"), SensorUnplugged)
    with FarEnd(DEAF) as end:
        yield "silent when opened", found(lambda: opened(end.port), SensorSilent)
    with FarEnd(DEAF) as end, chatter(end, b"$GPGGA,054512,0057.2,S\r\n"):
        yield "another device", found(lambda: opened(end.port), NotASensor)
    with FingerprintEmulator(password=b"\1\2\3\4", timing=True) as emulator:
        yield "another password", found(lambda: opened(emulator.port), WrongPassword)


def at_work() -> Iterator[tuple[str, float | str]]:
    """A sensor that is lost while it is asked, and one that is lost while it is not."""
    with FingerprintEmulator(timing=True) as emulator, closing(AdafruitSensor(settings(emulator.port))) as sensor:
        sensor.poll()
        emulator.silence()
        yield "silent at work", found(sensor.poll, SensorSilent)
        yield "still silent", found(sensor.poll, SensorSilent)
        emulator.heal()
        yield "speaks again", found(sensor.poll)
        emulator.unplug()
        yield "unplugged", found(sensor.poll, SensorLost)


def settings(port: str) -> FingerprintSettings:
    """At the usual baud."""
    return FingerprintSettings("adafruit", port)


def opened(port: str) -> None:
    """Open a sensor, and let it go."""
    AdafruitSensor(settings(port)).close()


def found(call: Callable[[], object], error: type[DriverError] | None = None) -> float | str:
    """How long it takes to raise this error, or to come back where none is due; else what came instead."""
    began_s = time.monotonic()
    try:
        call()
    except DriverError as raised:
        if error is None or not isinstance(raised, error):
            return f"{type(raised).__name__}: {raised}"
    else:
        if error is not None:
            return f"no {error.__name__} was raised"
    return time.monotonic() - began_s
