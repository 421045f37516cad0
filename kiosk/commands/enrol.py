"""gerbang enrol: add a person by photographs, by finger, or by both."""

import re
from contextlib import closing
from pathlib import Path

import click

from drivers.fingerprint import EnrolStep, open_sensor
from kiosk import clock
from kiosk.commands.options import config_option
from kiosk.config import Config
from kiosk.enrolment import enrol_finger, templates_from_photographs
from kiosk.errors import EnrolmentError
from kiosk.store import Person, Store, Template, open_store

_PROMPTS = {
    EnrolStep.TOUCH: "Put the finger on the sensor ...",
    EnrolStep.LIFT: "Take it off ...",
    EnrolStep.TOUCH_AGAIN: "And the same finger once more ...",
}


@click.command(short_help="Add a person by photographs or finger.")
@click.option("--person", required=True, metavar="ID", help="The person's own key, such as the NIP or a number.")
@click.option("--name", metavar="NAME", help="The name that greets; needed for a new person.")
@click.option("--photo", "photos", multiple=True, metavar="FILE", type=click.Path(path_type=Path),
              help="A photograph of this person alone; may be given several times.")  # fmt: skip
@click.option("--finger", is_flag=True, help="Enrol a finger at the sensor, with two touches.")
@click.option("--replace", is_flag=True, help="Let these photographs take the place of those before.")
@config_option
def enrol(person: str, name: str | None, photos: tuple[Path, ...], finger: bool, replace: bool, config: Config) -> None:
    """Add a person, or faces and a finger to one. A running gate takes it up within a second.

    Example: gerbang enrol --person 198503152010011002 --name "Ani Rahayu" --photo ani1.jpg --photo ani2.jpg
    """
    person, name = _key(person), _name(name)
    if not photos and not finger:
        raise click.UsageError("Give at least one --photo, or --finger.")
    with open_store(config.store_path) as store:
        before = store.people.get(person)
        if not before and not name:
            raise click.UsageError(f"{person} is new here: give a --name too.")
        who = Person(person, name or (before.name if before else ""))
        templates = _templates(person, photos)
        page = _finger(config, store, who, templates, replace) if finger else None
        if page is None:
            store.people.enrol(who, templates, None, clock.now(), replace=replace)
    parts = [f"{len(templates)} photograph{'s' * (len(templates) != 1)}"] if templates else []
    parts += [f"a finger (page {page} of the sensor)"] if page is not None else []
    click.echo(f"{who.name} ({person}) is enrolled with {' and '.join(parts)}.")


def _key(person: str) -> str:
    """The same key, if it is one that fits into files, addresses and tables."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", person):
        raise EnrolmentError(f"{person!r} can't be a person's ID: use up to 64 letters, digits, dots, hyphens")
    return person


def _name(name: str | None) -> str:
    """A name on one line that fits on the page."""
    text = " ".join((name or "").split())
    if len(text) > 100 or not text.isprintable():
        raise EnrolmentError("the name can't be shown: use up to 100 letters")
    return text


def _templates(person: str, photos: tuple[Path, ...]) -> list[Template]:
    if not photos:
        return []
    from kiosk.vision import DlibEngine  # the networks take a second to load, and a finger needs none

    return templates_from_photographs(DlibEngine(), person, photos)


def _finger(config: Config, store: Store, who: Person, templates: list[Template], replace: bool) -> int:
    """Enrol the finger in the sensor and all in the store; if the store fails, the sensor keeps nothing."""
    sensor = open_sensor(config.fingerprint)
    if sensor is None:
        raise EnrolmentError('there is no sensor: set driver = "adafruit" and its port under [fingerprint]')
    with closing(sensor):
        page = enrol_finger(store.people, sensor, lambda step: click.echo(_PROMPTS[step], err=True))
        try:
            store.people.enrol(who, templates, page, clock.now(), replace=replace)
        except BaseException:
            sensor.delete(page)
            raise
    return page
