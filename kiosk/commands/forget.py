"""gerbang forget: erase a person."""

from contextlib import closing

import click

from drivers.fingerprint import open_sensor
from kiosk import clock
from kiosk.commands.options import config_option
from kiosk.config import Config
from kiosk.errors import EnrolmentError
from kiosk.store import open_store


@click.command(short_help="Erase a person with every template.")
@click.option("--person", required=True, metavar="ID", help="Whom; see gerbang people.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@config_option
def forget(person: str, yes: bool, config: Config) -> None:
    """Erase a person: faces, finger in the sensor, and name. What was recorded stays in the journal.

    Example: gerbang forget --person 198503152010011002
    """
    with open_store(config.store_path, create=False) as store:
        found = store.people.get(person)
        if found is None:
            raise EnrolmentError(f"nobody here has the ID {person}; see gerbang people")
        if not yes:
            click.confirm(f"Erase {found.name} ({person}) for good?", abort=True)
        if found.pages:
            _erase_fingers(config, found.pages)
        store.people.erase(person, clock.now())
    click.echo(f"{found.name} ({person}) is erased: {found.faces} faces, {len(found.pages)} fingers.")


def _erase_fingers(config: Config, pages: tuple[int, ...]) -> None:
    """First in the sensor: an erasure that is only half done is done again, never believed."""
    sensor = open_sensor(config.fingerprint)
    if sensor is None:
        raise EnrolmentError("a finger of this person lies in a sensor, and none is set under [fingerprint]")
    with closing(sensor):
        for page in pages:
            sensor.delete(page)
