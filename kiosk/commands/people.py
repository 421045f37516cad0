"""gerbang people: who is enrolled, and who looks like whom."""

import json
from dataclasses import asdict

import click
from rich.console import Console

from kiosk import clock
from kiosk.commands.options import config_option, json_option, table
from kiosk.config import Config
from kiosk.errors import EnrolmentError
from kiosk.store import Likeness, Person, Store, open_store


@click.command(short_help="Who is enrolled.")
@click.option("--cleared", metavar="ID", help="You have looked: this person needs no finger to be sure any more.")
@json_option
@config_option
def people(cleared: str | None, as_json: bool, config: Config) -> None:
    """List who is enrolled, with how many faces and fingers, and who looks like whom.

    Look-alikes are asked for a finger each time. --cleared ends that for a person, and for the others who were marked
    because of this one alone.

    Example: gerbang people --json
    """
    with open_store(config.store_path, create=False) as store:
        if cleared is not None:
            _clear(store, cleared)
        everybody, likenesses = store.people.all(), store.people.lookalikes()
    if as_json:
        click.echo(json.dumps([asdict(person) for person in everybody], ensure_ascii=False))
    elif cleared is None:
        _show(everybody, likenesses)


def _clear(store: Store, person: str) -> None:
    found = store.people.get(person)
    if found is None:
        raise EnrolmentError(f"nobody here has the ID {person}; see gerbang people")
    others = store.people.clear(person, clock.now())
    if not others:
        raise EnrolmentError(f"{found.name} ({person}) has no look-alike: nothing is to be cleared")
    click.echo(f"{found.name} ({person}) is known by face alone again, though like {', '.join(others)}.", err=True)


def _show(everybody: list[Person], likenesses: list[Likeness]) -> None:
    pairs = [(item.person, item.other) for item in likenesses]
    rows = (
        (person.id, person.name, person.faces, len(person.pages), ", ".join(_alike(person.id, pairs)))
        for person in everybody
    )
    nobody = "Nobody is enrolled yet; see gerbang enrol --help"
    Console().print(table(("ID", "Name", "Faces", "Fingers", "Looks like"), rows) if everybody else nobody)


def _alike(person: str, pairs: list[tuple[str, str]]) -> list[str]:
    """Who looks like this person."""
    return sorted(name for pair in pairs if person in pair for name in pair if name != person)
