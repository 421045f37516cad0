"""gerbang dark: lights and buzzer off, whatever left them on."""

from collections.abc import Callable, Iterator
from pathlib import Path

import click

from drivers.bcm import GpioSettings
from drivers.buzzer import Buzzer, open_buzzer
from drivers.errors import DriverError
from drivers.lights import Colour, Lights, open_lights
from kiosk.commands.options import refuse_beside_gate
from kiosk.config import Salvage, salvage_config
from kiosk.errors import ConfigError


@click.command(short_help="Turn lights and buzzer off, after a gate that was killed.")
@click.option(
    "--config", "path", metavar="FILE", type=click.Path(path_type=Path),
    help="The gate's configuration; gerbang.toml in this folder if there is one.",
)  # fmt: skip
def dark(path: Path | None) -> None:
    """Turn lights and buzzer off and let go of their pins.

    A gate that ends turns them off itself; one that is killed can't, and a Pi's pins stay as they were left. systemd
    runs this after every end of the gate.

    Where [lights] or [buzzer] has a mistake, nobody knows at which level they are off: their pins, or else the default
    ones, are let go of and drive nothing.

    Example: gerbang dark --config gerbang.toml
    """
    found = salvage_config(path)
    refuse_beside_gate(found.config, "lights and buzzer")
    faults = [*_lights(found), *_buzzer(found)]
    if found.error:
        raise ConfigError("\n".join([*faults, str(found.error)]))
    if faults:
        raise DriverError("\n".join(faults))


def _lights(found: Salvage) -> Iterator[str]:
    settings, gpio = found.config.lights, found.config.gpio
    if "lights" in found.wrong:
        yield from _let_go("lights", [getattr(settings, colour.value) for colour in Colour], gpio)
    elif settings.driver == "gpio":
        yield from _turn_off("lights", lambda: open_lights(settings, gpio))


def _buzzer(found: Salvage) -> Iterator[str]:
    settings, gpio = found.config.buzzer, found.config.gpio
    if "buzzer" in found.wrong:
        yield from _let_go("buzzer", [settings.pin], gpio)
    elif settings.driver == "gpio":
        yield from _turn_off("buzzer", lambda: open_buzzer(settings, gpio))


def _turn_off(part: str, opener: Callable[[], Lights | Buzzer]) -> Iterator[str]:
    """Open a part, which turns it off, and close it; its fault, if it has one."""
    try:
        opener().close()
        click.echo(f"{part}: off")
    except DriverError as fault:
        yield str(fault)


def _let_go(part: str, pins: list[int], gpio: GpioSettings) -> Iterator[str]:
    """Pins that drive nothing; the faults of those that could not be let go of."""
    from drivers.pins import free_pin  # its vendor is needed only here

    for pin in pins:
        try:
            free_pin(pin, gpio)
            click.echo(f"{part}: pin {pin} let go of, as there is a mistake in [{part}]")
        except DriverError as fault:
            yield str(fault)
