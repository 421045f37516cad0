"""The `gerbang-sync` command: brings the kiosk's journal to the Disdik."""

import json
import logging
import signal
import sys
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from threading import Event

import click

from kiosk.config import Config, load_config
from kiosk.errors import ConfigError, KioskError, StoreError, StoreNewer
from kiosk.store import Store, open_store
from sync.couriers.https import HttpsCourier
from sync.delays import CAP_S
from sync.errors import DestinationError, SyncError, Undelivered
from sync.worker import Worker, progress

_DISTRICT = "district"
_STORE_POLL_S = 0.5
_log = logging.getLogger("sync")

_CONFIG = click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The configuration; gerbang.toml here if there is one, else all defaults.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Brings the kiosk's records to the Disdik; the gate works without it.

    \b
    Example:
      gerbang-sync run --config gerbang.toml
    """


@cli.command()
@_CONFIG
@click.option(
    "--max-delay",
    type=click.FloatRange(min=0.0, min_open=True),
    default=CAP_S,
    show_default=True,
    metavar="SECONDS",
    help="The longest delay between two tries, unless the district asks for more.",
)
def run(config: Path | None, max_delay: float) -> None:
    """Bring the records as they come, until SIGTERM.

    \b
    Example:
      gerbang-sync run --config gerbang.toml --max-delay 10
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    settings = load_config(config)
    courier = HttpsCourier(settings.district.url)
    stop = _stop_on_signals()
    store = _when_there(settings.store_path, stop)
    if store is not None:
        with store, closing(courier):
            _log.info("bringing %s to %s", settings.store_path, settings.district.url)
            Worker(store, courier, _DISTRICT, cap_s=max_delay).run(stop)


@cli.command()
@_CONFIG
def once(config: Path | None) -> None:
    """Bring all that is unsent now, and succeed only if all of it is delivered.

    \b
    Example:
      gerbang-sync once --config gerbang.toml
    """
    settings = load_config(config)
    with closing(HttpsCourier(settings.district.url)) as courier, _open(settings) as store:
        click.echo(f"delivered {_push_all(store, Worker(store, courier, _DISTRICT))} entries; nothing is unsent")


@cli.command()
@_CONFIG
@click.option("--json", "as_json", is_flag=True, help="As one object of JSON.")
def status(config: Path | None, as_json: bool) -> None:
    """Show how far the district has the records.

    \b
    Example:
      gerbang-sync status --config gerbang.toml --json
    """
    with _open(load_config(config)) as store:
        now = progress(store, _DISTRICT)
    if as_json:
        click.echo(json.dumps(asdict(now)))
        return
    click.echo(f"the {now.destination} has the journal up to number {now.cursor}")
    click.echo(f"{now.unsent} unsent, the oldest of {now.oldest_unsent}" if now.oldest_unsent else "nothing is unsent")


def _open(settings: Config) -> Store:
    return open_store(settings.store_path, create=False)


def _push_all(store: Store, worker: Worker) -> int:
    delivered = 0
    try:
        while count := worker.push():
            delivered += count
    except SyncError as error:
        unsent = progress(store, _DISTRICT).unsent
        raise Undelivered(f"{error}; {unsent} entries are still unsent") from error
    return delivered


def _when_there(path: Path, stop: Event) -> Store | None:
    """The store, once the gate has made it and it can be read; None where we are told to stop before.

    Raises StoreNewer.
    """
    said = ""
    while not stop.is_set():
        try:
            return open_store(path, create=False)
        except StoreNewer:
            raise
        except StoreError as error:
            why = str(error) if path.exists() else f"there is no store at {path} yet; waiting for the gate to make it"
        if why != said:
            _log.warning("%s", why)
        said = why
        stop.wait(_STORE_POLL_S)
    return None


def _stop_on_signals() -> Event:
    """Set by SIGTERM and SIGINT. What we are at ends as well, at once: to bring a batch twice does no harm."""
    stop = Event()

    def end(*_: object) -> None:
        stop.set()
        sys.exit(0)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    return stop


def main() -> None:
    """Run the command; what a person can mend is one sentence on stderr: 2 for the configuration, 1 for the rest."""
    try:
        cli()
    except (ConfigError, DestinationError) as error:
        click.echo(f"gerbang-sync: {error}", err=True)
        sys.exit(2)
    except (KioskError, SyncError) as error:
        click.echo(f"gerbang-sync: {error}", err=True)
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - no traceback reaches a person
        _log.debug("unexpected", exc_info=error)
        click.echo(f"gerbang-sync stopped on an error of its own: {type(error).__name__}: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
