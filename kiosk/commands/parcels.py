"""gerbang fingers export and import: people with their fingers from one gate to another, in a sealed file."""

import json
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import click

from drivers.errors import FingerTaken, SensorFull, SensorRefused
from drivers.fingerprint import FingerprintSensor
from kiosk import clock
from kiosk.bundle import Bundle, Guest, checked_passphrase, open_bundle, seal_bundle
from kiosk.commands.options import config_option, json_option
from kiosk.commands.sensing import own_sensor, progress, warn_of_model
from kiosk.config import Config
from kiosk.enrolment import checked_key, checked_name
from kiosk.errors import EnrolmentError
from kiosk.fingers import filling
from kiosk.store import Erasure, Known, Person, Store, open_store
from kiosk.store.fingers import mark_of

Verb = Callable[..., None]
Arrival = tuple[Person, dict[int, bytes]]


def _passphrase_option(*, twice: bool) -> Callable[[Verb], Verb]:
    def read(_: click.Context, __: click.Parameter, path: Path | None) -> str:
        if path is None:
            return str(click.prompt("Passphrase", hide_input=True, confirmation_prompt=twice, err=True))
        try:
            return path.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise EnrolmentError(f"the passphrase can't be read from {path}: {error}") from error

    return click.option(
        "--passphrase-file", "passphrase", metavar="FILE", type=click.Path(path_type=Path), callback=read,
        help="Read the passphrase from a file; without it, you are asked.",
    )  # fmt: skip


@click.command(short_help="Put people's fingers into a sealed file.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--person", metavar="ID", help="This person alone.")
@_passphrase_option(twice=True)
@json_option
@config_option
def export(file: Path, person: str | None, passphrase: str, as_json: bool, config: Config) -> None:
    """Put people with the templates of their fingers into a file, sealed with a passphrase, for another gate.

    Example: gerbang fingers export fingers.gerbang
    """
    checked_passphrase(passphrase)
    with open_store(config.store_path, create=False) as store:
        known = store.fingers.known()
        guests = [_guest(who, known) for who in store.people.all() if person in (None, who.id)]
        guests = [guest for guest in guests if guest.templates]
        if not guests:
            raise EnrolmentError("there is no finger with a kept template; see gerbang fingers check --keep")
        bundle = Bundle(known.sensor.system if known.sensor else None, tuple(guests))
        _write(file, seal_bundle(bundle, passphrase))
        count = sum(len(guest.templates) for guest in guests)
        told = {"people": [guest.id for guest in guests], "fingers": count}
        store.journal.append("fingers_exported", told, clock.now())
    if as_json:
        click.echo(json.dumps(told))
    else:
        click.echo(f"{file} holds {count} fingers of {len(guests)} people.")


def _guest(person: Person, known: Known) -> Guest:
    kept = [known.fingers[page].template for page in person.pages]
    return Guest(person.id, person.name, tuple(template for template in kept if template is not None))


def _write(file: Path, data: bytes) -> None:
    """Whole or not at all, readable by its owner alone, and over no other file. Raises EnrolmentError."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(descriptor)
        except BaseException:
            with suppress(OSError):
                file.unlink()
            raise
    except OSError as error:
        raise EnrolmentError(f"{file} can't be written: {error.strerror}") from error


@click.command("import", short_help="Take people in from such a file.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--same", is_flag=True, help="Who has one ID is one person, though the names differ.")
@_passphrase_option(twice=False)
@json_option
@config_option
def import_(file: Path, same: bool, passphrase: str, as_json: bool, config: Config) -> None:
    """Put the fingers of a file on free pages of this gate's sensor, and the people into its store: all, or none.

    Example: gerbang fingers import fingers.gerbang
    """
    try:
        bundle = open_bundle(file.read_bytes(), passphrase)
    except OSError as error:
        raise EnrolmentError(f"{file} can't be read: {error.strerror}") from error
    with open_store(config.store_path) as store, own_sensor(config) as sensor:
        warn_of_model(store.fingers.known(), sensor, bundle.system)
        if not same:
            _refuse_namesakes(bundle.guests, store)
        arrivals, there = _arrivals(bundle.guests, store, sensor)
        _take_in(arrivals, store, sensor)
    if as_json:
        rows = [{"id": who.id, "pages": sorted(fingers)} for who, fingers in arrivals]
        click.echo(json.dumps({"taken_in": rows, "there_already": there}, ensure_ascii=False))
        return
    for who, fingers in arrivals:
        click.echo(f"{who.name} ({who.id}) is taken in with {len(fingers)} finger{'s' * (len(fingers) != 1)}.")
    if there:
        click.echo(f"There already: {', '.join(there)}.")


def _refuse_namesakes(guests: Iterable[Guest], store: Store) -> None:
    """Two people under one ID would be recorded as one. Raises EnrolmentError."""
    here = {person.id: person.name for person in store.people.all()}
    others = [guest for guest in guests if here.get(guest.id, guest.name).casefold() != guest.name.casefold()]
    if others:
        said = "; ".join(f"{guest.id} is {here[guest.id]} here and {guest.name} there" for guest in others)
        raise EnrolmentError(f"nobody was taken in: {said}; if each is one person, say --same")


def _arrivals(guests: Iterable[Guest], store: Store, sensor: FingerprintSensor) -> tuple[list[Arrival], list[str]]:
    """Who is new, or has a finger more, and on which free pages; and who is there already, by ID.

    Raises EnrolmentError where a finger is somebody else's here, SensorFull.
    """
    known, here = store.fingers.known(), {person.id: person for person in store.people.all()}
    owners = {item.template: item.person for item in known.fingers.values() if item.template is not None}
    taken = set(sensor.pages())
    arrivals: list[Arrival] = []
    there: list[str] = []
    for guest in guests:
        who = here.get(guest.id) or Person(checked_key(guest.id), checked_name(guest.name))
        fingers: dict[int, bytes] = {}
        for template in guest.templates:
            if owners.setdefault(template, who.id) != who.id:
                raise EnrolmentError(f"a finger of {who.id} is that of {owners[template]} here: look whose it is")
            if template not in {item.template for item in known.fingers.values()}:
                page = _free_page(store, sensor, taken)
                taken.add(page)
                fingers[page] = template
        if fingers:
            arrivals.append((who, fingers))
        else:
            there.append(who.id)
    return arrivals, there


def _free_page(store: Store, sensor: FingerprintSensor, taken: set[int]) -> int:
    page = store.fingers.free_page(sensor.capacity, taken)
    if page is None:
        raise SensorFull(
            f"the sensor has no room for all of them: it holds {sensor.capacity} fingers; nobody was taken in"
        )
    return page


def _take_in(arrivals: list[Arrival], store: Store, sensor: FingerprintSensor) -> None:
    """Into the sensor first, then into the store; whatever fails, the sensor keeps nothing of it."""
    owners = {page: item.person for page, item in store.fingers.known().fingers.items()}
    owners |= {page: who.id for who, fingers in arrivals for page in fingers}
    templates = {page: template for _, fingers in arrivals for page, template in fingers.items()}
    intents = {page: Erasure(who.id, mark_of(it)) for who, fingers in arrivals for page, it in fingers.items()}
    if not templates:
        return
    with filling(store.fingers, sensor, intents):
        for page, template in progress(templates.items(), len(templates), "Writing"):
            try:
                sensor.write_template(page, template, unless_known=True)
            except FingerTaken as error:
                raise EnrolmentError(
                    f"nobody was taken in: the sensor knows a finger of {owners[page]} as that of page {error.page},"
                    f" {owners.get(error.page, 'which is nobody here')}: look whose it is"
                ) from error
            except SensorRefused as error:
                raise SensorRefused(f"nobody was taken in, for page {page} could not be written: {error}") from error
        store.people.take_in(arrivals, clock.now())
