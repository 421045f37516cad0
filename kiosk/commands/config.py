"""gerbang config: look at the configuration before the gate does."""

from pathlib import Path

import click

from kiosk.config import DEFAULT_PATH, load_config


@click.group(short_help="Check the configuration.")
def config() -> None:
    """Look at the configuration before the gate does."""


@config.command(short_help="Name every mistake in gerbang.toml, with its line.")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--config", "option", metavar="FILE", type=click.Path(path_type=Path), help="The same as FILE.")
def check(file: Path | None, option: Path | None) -> None:
    """Name every mistake in FILE at once, each with its line; gerbang.toml in this folder by default.

    Example: gerbang config check /boot/firmware/gerbang.toml
    """
    path = file or option
    found = load_config(path)
    where = path or (DEFAULT_PATH if DEFAULT_PATH.exists() else "all defaults")
    click.echo(f"{where}: good; {found.site.name}, {found.site.timezone}, camera {found.camera.driver}")
