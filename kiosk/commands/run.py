"""gerbang run: the daemon."""

import signal
import sys
import threading

import click

from kiosk import daemon
from kiosk.commands.options import config_option
from kiosk.config import Config


@click.command(short_help="Be the gate, until stopped.")
@config_option
def run(config: Config) -> None:
    """Be the gate: look, decide, record, answer; until stopped with Ctrl-C or SIGTERM, or until its terminal goes.

    Example: gerbang run --config gerbang.toml
    """
    stop, began = threading.Event(), threading.Event()

    def end(*_: object) -> None:
        stop.set()
        if not began.is_set():
            sys.exit(0)  # what was opened is closed on the way

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, end)
    daemon.run(config, stop, began)
