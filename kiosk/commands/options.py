"""What several verbs ask for: the configuration, the language of the output, a day."""

import os
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from kiosk.config import Config, load_config
from kiosk.errors import KioskError
from kiosk.held import is_held

if TYPE_CHECKING:  # each takes long to load, and few verbs need all of them
    import requests
    from rich.table import Table

    from kiosk.store import Entry

Verb = Callable[..., None]

config_option = click.option(
    "--config", "config", metavar="FILE", callback=lambda _, __, path: load_config(path),
    type=click.Path(path_type=Path), help="The gate's configuration; gerbang.toml in this folder if there is one.",
)  # fmt: skip
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


def models_folder(config: Config) -> Path:
    """Where compiled models are kept: beside the store, or in the user's cache for who has none."""
    if config.store_path.exists():
        return config.models_path
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gerbang" / "models"


def parse_day(text: str, zone: ZoneInfo) -> datetime:
    """A date, or a date and time, in the school's zone. Raises click.BadParameter."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f"{text} is no date; write it as 2026-11-23 or 2026-11-23T07:00") from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise click.BadParameter(f"{text} is not a day of our time") from error


def entry_time(entry: "Entry", config: Config) -> str:
    """When it was, in the school's zone: 2026-11-23 06:55:01; what a damaged entry says, as it says it."""
    try:
        return datetime.fromtimestamp(entry.moment.wall_s, config.zone).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError):
        return entry.wall


def ask(listen: str, path: str, *, stream: bool = False) -> "requests.Response":
    """Ask the gate's own page. Raises requests.RequestException. No proxy lies between a gate and itself."""
    import requests

    session = requests.Session()
    session.trust_env = False
    return session.get(f"http://{listen}{path}", timeout=(2, 30), stream=stream)


def refuse_beside_gate(config: Config, parts: str) -> None:
    """Parts serve one program at a time. Raises KioskError where a gate has them."""
    if is_held(config):
        raise KioskError(
            f"the gate is running and has {parts}: stop it first (systemctl stop gerbang-kiosk), then again"
        )


def table(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> "Table":
    """A plain table for people. What is in the cells is shown as it is, but for characters that steer a terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    made = Table(*columns, box=SIMPLE_HEAD)
    for row in rows:
        made.add_row(*(Text(printable(str(cell))) for cell in row))
    return made


def printable(text: str) -> str:
    """The text without characters that steer a terminal."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)
