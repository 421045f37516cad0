"""gerbang run: the daemon."""

import signal
import threading

import click

from kiosk import daemon
from kiosk.commands.options import config_option
from kiosk.config import Config


@click.command(short_help="Be the gate, until stopped.")
@config_option
def run(config: Config) -> None:
    """Be the gate: look, decide, record, answer; until stopped with Ctrl-C or SIGTERM.

    Example: gerbang run --config gerbang.toml
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    daemon.run(config, stop)
