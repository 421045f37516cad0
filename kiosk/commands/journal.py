"""gerbang journal: what the kiosk witnessed."""

import csv
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict

import click

from kiosk.commands.options import config_option, entry_time, json_option, parse_day
from kiosk.config import Config
from kiosk.store import Entry, Store, open_store

_POLL_S = 0.3
_MANY = 500


@click.command(short_help="What the kiosk witnessed.")
@click.option("--follow", is_flag=True, help="Go on as entries come, until Ctrl-C.")
@click.option("--since", metavar="DATE", help="From this day, or day and time, of the school's zone on.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV for a spreadsheet.")
@json_option
@config_option
def journal(follow: bool, since: str | None, as_csv: bool, as_json: bool, config: Config) -> None:
    """Print the journal, a line an entry.

    Example: gerbang journal --since 2026-11-23 --csv > november.csv
    """
    begin = parse_day(since, config.zone) if since else None
    with open_store(config.store_path, create=False) as store:
        write = _writer(config, as_csv, as_json)
        number = 0
        for entry in store.journal.since(begin):
            write(entry)
            number = entry.number
        if follow:
            _follow(store, max(number, store.journal.last_number()), write)


def _follow(store: Store, number: int, write: Callable[[Entry], None]) -> None:
    while True:
        for entry in store.journal.after(number, _MANY):
            write(entry)
            number = entry.number
        sys.stdout.flush()
        time.sleep(_POLL_S)


def _writer(config: Config, as_csv: bool, as_json: bool) -> Callable[[Entry], None]:
    if as_json:
        return lambda entry: click.echo(json.dumps(asdict(entry), ensure_ascii=False))
    if as_csv:
        rows = csv.writer(sys.stdout)
        rows.writerow(["number", "time", "kind", "person", "direction", "means", "payload", "trust", "id"])
        return lambda entry: rows.writerow(_cells(entry, config))
    return lambda entry: click.echo(_line(entry, config))


def _cells(entry: Entry, config: Config) -> list[object]:
    rest = dict(entry.payload)
    known = [rest.pop(key, "") for key in ("person", "direction", "means")]
    when = entry_time(entry, config)
    return [entry.number, when, entry.kind, *known, json.dumps(rest, ensure_ascii=False), entry.trust, entry.id]


def _line(entry: Entry, config: Config) -> str:
    facts = " ".join(f"{key}={value}" for key, value in entry.payload.items() if value not in (None, ""))
    return f"{entry.number:>6}  {entry_time(entry, config)}  {entry.kind:<10}  {facts}"
