"""gerbang people: who is enrolled."""

import json
from dataclasses import asdict

import click
from rich.console import Console

from kiosk.commands.options import config_option, json_option, table
from kiosk.config import Config
from kiosk.store import open_store


@click.command(short_help="Who is enrolled.")
@json_option
@config_option
def people(as_json: bool, config: Config) -> None:
    """List who is enrolled, with how many faces and fingers.

    Example: gerbang people --json
    """
    with open_store(config.store_path, create=False) as store:
        everybody = store.people.all()
    if as_json:
        click.echo(json.dumps([asdict(person) for person in everybody], ensure_ascii=False))
        return
    rows = table("ID", "Name", "Faces", "Fingers")
    for person in everybody:
        rows.add_row(person.id, person.name, str(person.faces), str(len(person.pages)))
    Console().print(rows if everybody else "Nobody is enrolled yet; see gerbang enrol --help")
