"""gerbang forget: erase a person."""

import click

from drivers.errors import SensorError
from kiosk import clock
from kiosk.commands.options import config_option
from kiosk.commands.sensing import own_sensor
from kiosk.config import Config
from kiosk.errors import EnrolmentError
from kiosk.fingers import erase_finger, is_the_one, page_list
from kiosk.store import Person, Store, open_store


@click.command(short_help="Erase a person with every template.")
@click.option("--person", required=True, metavar="ID", help="Whom; see gerbang people.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@config_option
def forget(person: str, yes: bool, config: Config) -> None:
    """Erase a person: faces, finger in the sensor, and name. What was recorded stays in the journal.

    Where the sensor is away, or a running gate has it, the gate erases the finger there as soon as it can.

    Example: gerbang forget --person 198503152010011002
    """
    with open_store(config.store_path, create=False) as store:
        found = store.people.get(person)
        if found is None:
            raise EnrolmentError(f"nobody here has the ID {person}; see gerbang people")
        if not yes:
            click.confirm(f"Erase {found.name} ({person}) for good?", abort=True)
        left = _erase_fingers(config, store, found)
        store.people.erase(person, clock.now(), left)
    click.echo(f"{found.name} ({person}) is erased: {found.faces} faces, {len(found.pages)} fingers.")
    if left:
        click.echo(
            f"Erased by itself when the sensor in which they were enrolled is back, and the gate runs:"
            f" {page_list(left)}.",
            err=True,
        )


def _erase_fingers(config: Config, store: Store, found: Person) -> list[int]:
    """Erase this person's pages in the sensor; gives those that could not be."""
    if not found.pages:
        return []
    left = list(found.pages)
    known = store.fingers.known()
    try:
        with own_sensor(config) as sensor:
            for page in found.pages:
                if erase_finger(sensor, page, known.fingers[page].mark, lambda: is_the_one(sensor, known)):
                    left.remove(page)
    except (SensorError, EnrolmentError) as error:
        click.echo(f"The sensor can't be reached now: {error}", err=True)
    return left
