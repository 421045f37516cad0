"""The gate's sensor in the hands of a technician: opened while no gate has it, with prompts for whoever touches it."""

import fcntl
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress

import click

from drivers.errors import LightError, SensorError, SensorLost
from drivers.fingerprint import EnrolStep, FingerprintSensor, open_sensor
from drivers.lights import open_lights
from drivers.lights.contract import DARK
from kiosk.config import Config
from kiosk.errors import EnrolmentError
from kiosk.events import Sign
from kiosk.feedback import FEEDBACK

_log = logging.getLogger(__name__)
_PROMPTS = {
    EnrolStep.TOUCH: "Put the finger on the sensor ...",
    EnrolStep.LIFT: "Take it off ...",
    EnrolStep.TOUCH_AGAIN: "And the same finger once more ...",
}


@contextmanager
def own_sensor(config: Config) -> Iterator[FingerprintSensor]:
    """The sensor of the configuration. Raises EnrolmentError where there is none or a gate has it, SensorError."""
    try:
        sensor = open_sensor(config.fingerprint)
    except SensorLost as error:
        if not gate_runs(config):
            raise
        raise EnrolmentError(
            "the gate is running and has the sensor: stop it first (systemctl stop gerbang-kiosk), then again"
        ) from error
    if sensor is None:
        raise EnrolmentError('there is no sensor: set driver = "adafruit" and its port under [fingerprint]')
    with closing(sensor):
        yield sensor


def gate_runs(config: Config) -> bool:
    """Whether a gate runs on this store."""
    try:
        with config.store_path.with_name(f"{config.store_path.name}.gate").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        pass
    return False


@contextmanager
def prompting(config: Config, sensor: FingerprintSensor) -> Iterator[Callable[[EnrolStep], None]]:
    """What tells a person what to do: a sentence, and the gate's own lights and the sensor's ring where there are any.

    They blink as they do when the gate asks for a finger.
    """
    with ExitStack() as parts:
        lights = None
        if config.lights.driver == "gpio":
            try:
                lights = parts.enter_context(closing(open_lights(config.lights)))
            except LightError as error:
                _log.warning("the lights stay dark: %s", error)

        def prompt(step: EnrolStep) -> None:
            click.echo(_PROMPTS[step], err=True)
            pattern = DARK if step is EnrolStep.LIFT else FEEDBACK[Sign.UNKNOWN_USE_FINGER].pattern
            try:
                if lights:
                    lights.show(pattern)
                if config.fingerprint.ring:
                    sensor.glow(pattern)
            except (LightError, SensorError) as error:
                _log.warning("the lights do not follow: %s", error)

        try:
            yield prompt
        finally:
            if config.fingerprint.ring:
                with suppress(SensorError):
                    sensor.glow(DARK)
