"""gerbang dark: lights and buzzer off, whatever left them on."""

from collections.abc import Callable, Iterator

import click

from drivers.buzzer import Buzzer, open_buzzer
from drivers.errors import DriverError
from drivers.lights import Lights, open_lights
from kiosk.commands.options import config_option, refuse_beside_gate
from kiosk.config import Config


@click.command(short_help="Turn lights and buzzer off, after a gate that was killed.")
@config_option
def dark(config: Config) -> None:
    """Turn lights and buzzer off and let go of their pins.

    A gate that ends turns them off itself; one that is killed can't, and a Pi's pins stay as they were left. systemd
    runs this after every end of the gate.

    Example: gerbang dark --config gerbang.toml
    """
    refuse_beside_gate(config, "lights and buzzer")
    faults: list[str] = []
    if config.lights.driver == "gpio":
        faults += _turned_off(lambda: open_lights(config.lights, config.gpio))
    if config.buzzer.driver == "gpio":
        faults += _turned_off(lambda: open_buzzer(config.buzzer, config.gpio))
    if faults:
        raise DriverError("\n".join(faults))


def _turned_off(opener: Callable[[], Lights | Buzzer]) -> Iterator[str]:
    """Open a part, which turns it off, and let it go; its fault, if it has one."""
    try:
        opener().close()
    except DriverError as fault:
        yield str(fault)
