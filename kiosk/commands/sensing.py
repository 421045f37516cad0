"""The gate's sensor in the hands of a technician: opened while no gate has it, with prompts for whoever touches it."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from typing import TypeVar

import click

from drivers.errors import LightError, SensorError
from drivers.fingerprint import EnrolStep, FingerprintSensor, open_sensor
from drivers.lights import Lights, open_lights
from drivers.lights.contract import DARK
from kiosk.config import Config
from kiosk.errors import EnrolmentError
from kiosk.events import Sign
from kiosk.store import Known

Item = TypeVar("Item")

_PROMPTS = {
    EnrolStep.TOUCH: "Put the finger on the sensor ...",
    EnrolStep.LIFT: "Take it off ...",
    EnrolStep.TOUCH_AGAIN: "And the same finger once more ...",
}


@contextmanager
def own_sensor(config: Config) -> Iterator[FingerprintSensor]:
    """The sensor that is set. Raises EnrolmentError where there is none, SensorError also where a gate has it."""
    sensor = open_sensor(config.fingerprint)
    if sensor is None:
        raise EnrolmentError('there is no sensor: set driver = "adafruit" and its port under [fingerprint]')
    with closing(sensor):
        yield sensor


def progress(items: Iterable[Item], count: int, label: str) -> Iterator[Item]:
    """The same items, with a bar for a person who watches."""
    hidden = not sys.stderr.isatty()
    with click.progressbar(items, count, label, file=sys.stderr, hidden=hidden) as bar:
        yield from bar


def warn_of_model(known: Known, sensor: FingerprintSensor, system: int | None = None) -> None:
    """Tell where templates come from another model (by default the store's own), which may not be able to read them."""
    before = known.sensor.system if system is None and known.sensor else system
    if before not in (None, sensor.parameters.system):
        click.echo(
            f"These fingers come from a sensor of model {before}, and this one is model {sensor.parameters.system}:"
            " try whether it knows one of them.",
            err=True,
        )


@contextmanager
def prompting(config: Config, sensor: FingerprintSensor) -> Iterator[Callable[[EnrolStep], None]]:
    """What tells a person what to do: a sentence, and the gate's own lights and the sensor's ring where there are any.

    They blink as they do when the gate asks for a finger.
    """
    with ExitStack() as parts:
        lights = _lights(config, parts)
        if config.fingerprint.ring:
            parts.callback(_try, lambda: sensor.glow(DARK))

        def prompt(step: EnrolStep) -> None:
            click.echo(_PROMPTS[step], err=True)
            pattern = DARK if step is EnrolStep.LIFT else config.feedback[Sign.UNKNOWN_USE_FINGER].pattern
            if lights:
                _try(partial(lights.show, pattern))
            if config.fingerprint.ring:
                _try(partial(sensor.glow, pattern))

        yield prompt


def _lights(config: Config, parts: ExitStack) -> Lights | None:
    """The gate's lights, closed with the other parts; the terminal needs none."""
    if config.lights.driver == "gpio":
        with suppress(LightError):  # as the gate does without them
            return parts.enter_context(closing(open_lights(config.lights, config.gpio)))
    return None


def _try(show: Callable[[], None]) -> None:
    with suppress(LightError, SensorError):  # the words are there, and an enrolment needs no light
        show()
