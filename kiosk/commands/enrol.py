"""gerbang enrol: add a person by photographs, at the camera, by finger; or a whole school from a folder."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

from drivers.errors import EnrolmentFailed, FingerTaken, SensorFull
from drivers.fingerprint import EnrolStep, FingerprintSensor
from kiosk import clock
from kiosk.commands.folder import as_row, enrol_folder, tell_likenesses
from kiosk.commands.options import config_option, json_option, refuse_beside_gate
from kiosk.commands.sensing import own_sensor, prompting
from kiosk.config import Config
from kiosk.enrolment import Enrolled, checked_key, checked_name, enrol_finger, enrol_person, templates_from_photographs
from kiosk.fingers import erase_left, filling, is_the_one
from kiosk.store import Erasure, Known, Person, Store, Template, open_store
from kiosk.vision.engine import Engine


@dataclass(frozen=True)
class Sources:
    """From what one person is enrolled."""

    photos: tuple[Path, ...]
    finger: bool
    live_s: float | None
    replace: bool


@click.command(short_help="Add a person, or a whole school.")
@click.option("--person", metavar="ID", help="The person's own key, such as the NIP or a number.")
@click.option("--name", metavar="NAME", help="The name that greets; needed for a new person.")
@click.option("--photo", "photos", multiple=True, metavar="FILE", type=click.Path(path_type=Path),
              help="A photograph of this person alone; may be given several times.")  # fmt: skip
@click.option("--finger", is_flag=True, help="Enrol a finger at the sensor, with two touches.")
@click.option("--live", is_flag=True, help="Take five pictures with the gate's camera, while the gate does not run.")
@click.option("--timeout", "timeout_s", default=120.0, show_default=True, metavar="SECONDS", help="For --live.",
              type=click.FloatRange(min=0, min_open=True))  # fmt: skip
@click.option("--folder", metavar="DIR", type=click.Path(path_type=Path, exists=True, file_okay=False),
              help="A school: a folder of photographs for each person named 'ID' or 'ID Name', or files named so.",
              )  # fmt: skip
@click.option("--replace", is_flag=True, help="Let these pictures, or this finger, take the place of those before.")
@json_option
@config_option
def enrol(
    person: str | None, name: str | None, photos: tuple[Path, ...], finger: bool, live: bool, timeout_s: float,
    folder: Path | None, replace: bool, as_json: bool, config: Config,
) -> None:  # fmt: skip
    """Add a person, or faces and a finger to one. A running gate takes it up within a second.

    Who looks like somebody else here is told; the gate asks both for a finger, until gerbang people --cleared.

    Example: gerbang enrol --person 198503152010011002 --name "Ani Rahayu" --photo ani1.jpg --photo ani2.jpg
    """
    if folder:
        if person or name or photos or finger or live:
            raise click.UsageError("--folder stands alone: it tells who and which photographs.")
        enrol_folder(config, folder, _engine, replace=replace, as_json=as_json)
        return
    if not person:
        raise click.UsageError("Give a --person, or a --folder.")
    if not photos and not finger and not live:
        raise click.UsageError("Give at least one --photo, --live or --finger.")
    _enrol_one(
        config,
        checked_key(person),
        checked_name(name),
        Sources(photos, finger, timeout_s if live else None, replace),
        as_json,
    )


def _enrol_one(config: Config, person: str, name: str, sources: Sources, as_json: bool) -> None:
    """One person from all that was given, in the store or not at all."""
    with open_store(config.store_path) as store:
        before = store.people.get(person)
        if not before and not name:
            raise click.UsageError(f"{person} is new here: give a --name too.")
        who = Person(person, name or (before.name if before else ""))
        templates = _templates(config, who, sources)
        page: int | None = None
        if sources.finger:
            page, done = _with_finger(config, store, who, templates, sources.replace)
        else:
            done = enrol_person(store.people, who, templates, None, clock.now(), config.eye, replace=sources.replace)
        names = {item.id: item.name for item in store.people.all()}
    if as_json:
        click.echo(json.dumps({**as_row(done), "page": page}, ensure_ascii=False))
    else:
        click.echo(f"{who.name} ({person}) is enrolled with {_with_what(sources, page)}.")
        tell_likenesses(done, names)


def _with_what(sources: Sources, page: int | None) -> str:
    """The parts of an enrolment as words."""
    count = len(sources.photos)
    parts = [f"{count} photograph{'s' * (count != 1)}"] if count else []
    parts += ["five pictures of the camera"] if sources.live_s is not None else []
    parts += [f"a finger (page {page} of the sensor)"] if page is not None else []
    return " and ".join(parts)


def _engine(config: Config) -> Engine:
    from kiosk.vision.engines import open_engine  # the networks take a second to load, and a finger needs none

    return open_engine(config.eye.engine, config.models_path)


def _templates(config: Config, who: Person, sources: Sources) -> list[Template]:
    """The templates from photographs, then from the camera."""
    if not sources.photos and sources.live_s is None:
        return []
    from kiosk.commands import live

    if sources.live_s is not None:
        refuse_beside_gate(config, "the camera")
    engine = _engine(config)
    templates = templates_from_photographs(engine, who.id, sources.photos)
    if sources.live_s is not None:
        templates += live.capture(config, engine, who.id, sources.live_s, lambda text: click.echo(text, err=True))
    return templates


def _with_finger(
    config: Config, store: Store, who: Person, templates: list[Template], replace: bool
) -> tuple[int, Enrolled]:
    """Enrol the finger in the sensor and all in the store, or neither. Raises SensorError, StoreError."""
    with own_sensor(config) as sensor, prompting(config, sensor) as prompt:
        page = store.fingers.free_page(sensor.capacity, sensor.pages())
        if page is None:
            raise SensorFull(f"the sensor is full: it holds {sensor.capacity} fingers; erase somebody first")
        known = store.fingers.known()
        own = frozenset(page for page, item in known.fingers.items() if replace and item.person == who.id)
        ours = bool(own) and is_the_one(sensor, known)
        with filling(store.fingers, sensor, {page: Erasure(who.id)}):
            finger = _touched(page, sensor, prompt, own if ours else frozenset(), known)
            done = enrol_person(
                store.people, who, templates, page, clock.now(), config.eye, finger=finger, replace=replace
            )
        erase_left(store.fingers, sensor, own, ours=ours)
    return page, done


def _touched(
    page: int, sensor: FingerprintSensor, prompt: Callable[[EnrolStep], None], own: frozenset[int], known: Known
) -> bytes | None:
    """The finger's template; a page that is nobody's here is told with the way to remove it. Raises SensorError."""
    try:
        return enrol_finger(page, sensor, prompt, own)
    except FingerTaken as error:
        if error.page in known.fingers:
            raise
        raise EnrolmentFailed(
            f"this finger lies in the sensor on page {error.page}, which is nobody's here:"
            f" gerbang fingers erase --page {error.page}, and enrol it then"
        ) from error
