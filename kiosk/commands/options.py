"""What several verbs ask for: the configuration, the language of the output, a day."""

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from kiosk.config import Config, load_config

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
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def local_text(moment_s: float, config: Config) -> str:
    """A moment in the school's zone: 2026-11-23 06:55:01."""
    return datetime.fromtimestamp(moment_s, config.zone).strftime("%Y-%m-%d %H:%M:%S")


def table(*columns: str) -> Any:
    """A plain table for people."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    return Table(*columns, box=SIMPLE_HEAD)
