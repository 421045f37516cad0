"""gerbang fingers: what the sensor holds beside what the store knows; bring it back, or into another sensor."""

import json
import sys
from collections.abc import Collection, Mapping
from dataclasses import asdict, replace
from typing import Any

import click
from rich.console import Console

from drivers.errors import DriverError
from drivers.fingerprint import FingerprintSensor, SensorParameters
from kiosk import clock
from kiosk.commands.erasing import erase
from kiosk.commands.options import config_option, json_option, table
from kiosk.commands.parcels import export, import_
from kiosk.commands.sensing import own_sensor, progress, warn_of_model
from kiosk.config import Config
from kiosk.errors import EnrolmentError, KioskError
from kiosk.fingers import Differences, Holds, compare, is_another, page_list, sensor_of, what_it_holds, write_each
from kiosk.store import Finger, Known, Store, open_store


@click.group(short_help="What the sensor holds; bring it back, copy it, carry it.")
def fingers() -> None:
    """What the sensor holds beside what the store knows; bring it back, or into another sensor or gate.

    Example: gerbang fingers check
    """


fingers.add_command(erase)
fingers.add_command(export)
fingers.add_command(import_)


@fingers.command("list", short_help="Whose finger is on which page.")
@json_option
@config_option
def list_(as_json: bool, config: Config) -> None:
    """Whose finger is on which page of the sensor, whether its template is kept, and how sensor and store differ.

    Example: gerbang fingers list
    """
    with open_store(config.store_path, create=False) as store:
        known, names = store.fingers.known(), _names(store)
    pages, parameters, why = _in_the_sensor(config)
    rows = [
        {
            "page": page,
            "person": finger.person,
            "name": names[finger.person],
            "kept": finger.template is not None,
            "in_sensor": None if pages is None else page in pages,
        }
        for page, finger in known.fingers.items()
    ]
    differences = Differences() if pages is None else compare(known.fingers, pages - known.erasures.keys())
    found: dict[str, Any] = {
        "fingers": rows,
        "missing": differences.missing,
        "foreign": differences.foreign,
        "to_erase": sorted(known.erasures),
        "sensor": asdict(parameters) if parameters else None,
        "not_asked": why,
    }
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        _show(found)


def _names(store: Store) -> dict[str, str]:
    return {person.id: person.name for person in store.people.all()}


def _in_the_sensor(config: Config) -> tuple[frozenset[int] | None, SensorParameters | None, str]:
    """The pages that the sensor holds, and what it says of itself; or why it can't be asked."""
    try:
        with own_sensor(config) as sensor:
            return sensor.pages(), sensor.parameters, ""
    except (KioskError, DriverError) as error:
        return None, None, str(error)


def _show(found: Mapping[str, Any]) -> None:
    said = {True: "yes", False: "no", None: "?"}
    rows = [
        (row["page"], row["person"], row["name"], said[row["kept"]], said[row["in_sensor"]]) for row in found["fingers"]
    ]
    nobody = "No finger is enrolled yet; see gerbang enrol --help"
    Console().print(table(("Page", "ID", "Name", "Kept", "In the sensor"), rows) if rows else nobody)
    for text, pages in (
        ("Not in the sensor: {}; see gerbang fingers restore --help", found["missing"]),
        ("In the sensor, and nobody's here: {}; see gerbang fingers erase --help", found["foreign"]),
        ("To be erased in the sensor by the gate: {}", found["to_erase"]),
    ):
        if pages:
            click.echo(text.format(page_list(pages)))
    if sensor := found["sensor"]:
        click.echo(
            "The sensor: model {system}, {capacity} pages, security level {security_level} of 5,"
            " packets of {packet_bytes} bytes, {baud} baud".format(**sensor)
        )
    if why := found["not_asked"]:
        click.echo(f"The sensor was not asked: {why}", err=True)


@fingers.command(short_help="Compare every template with the sensor's.")
@click.option("--keep", is_flag=True, help="Keep what the sensor holds for fingers that were enrolled without.")
@click.option("--yes", is_flag=True, help="Do not ask before that.")
@json_option
@config_option
def check(keep: bool, yes: bool, as_json: bool, config: Config) -> None:
    """Read every template back from the sensor and compare it with the one that the store keeps.

    Ends with 0 where every finger is there and the same, and the sensor holds no other. What --keep keeps can't be
    compared before: who lies on such a page of this sensor is that person from then on.

    Example: gerbang fingers check --keep
    """
    with open_store(config.store_path, create=False) as store, own_sensor(config) as sensor:
        known, names = store.fingers.known(), _names(store)
        if keep and is_another(sensor.parameters, known):
            raise EnrolmentError(
                "this is not the sensor in which the fingers were enrolled: only from it can they be kept"
            )
        found = _compared(sensor, known.fingers)
        if keep:
            _keep(store, sensor, found, yes=yes)
        foreign = sorted(sensor.pages() - known.fingers.keys() - known.erasures.keys())
    if as_json:
        click.echo(
            json.dumps({"pages": {page: holds.name.lower() for page, holds in found.items()}, "foreign": foreign})
        )
    else:
        for page, holds in found.items():
            if holds is not Holds.SAME:
                click.echo(f"{_whose(page, known.fingers, names)}: {holds.value}")
        if foreign:
            click.echo(f"In the sensor, and nobody's here: {page_list(foreign)}")
        click.echo(f"{list(found.values()).count(Holds.SAME)} of {len(found)} fingers are in the sensor as enrolled.")
    if foreign or set(found.values()) - {Holds.SAME}:
        sys.exit(1)


def _keep(store: Store, sensor: FingerprintSensor, found: dict[int, Holds], *, yes: bool) -> None:
    """Keep what the sensor holds for fingers without a template, after a question. Raises EnrolmentError."""
    unsure = [page for page, holds in found.items() if holds is Holds.UNSURE]
    if not unsure:
        return
    strange = [page for page, holds in found.items() if holds in (Holds.OTHER, Holds.NOTHING)]
    if strange:
        raise EnrolmentError(
            f"the sensor does not hold on {page_list(strange)} what was enrolled, and may not be the one:"
            " nothing is kept; see gerbang fingers check"
        )
    if not yes:
        click.confirm(
            f"Nobody can tell whose fingers the sensor holds on {page_list(unsure)}. Were these people enrolled in this"
            " sensor, and in no other?",
            abort=True,
            err=True,
        )
    for page in unsure:
        store.fingers.keep(page, sensor.read_template(page))
        found[page] = Holds.SAME


def _compared(sensor: FingerprintSensor, those: Mapping[int, Finger]) -> dict[int, Holds]:
    return dict(progress(what_it_holds(sensor, those), len(those), "Comparing"))


def _whose(page: int, those: Mapping[int, Finger], names: Mapping[str, str]) -> str:
    return f"page {page}, {names[those[page].person]} ({those[page].person})"


@fingers.command(short_help="Write the store's templates into the sensor.")
@click.option("--overwrite", is_flag=True, help="Also where another finger lies on the page.")
@click.option("--yes", is_flag=True, help="Do not ask before that.")
@json_option
@config_option
def restore(overwrite: bool, yes: bool, as_json: bool, config: Config) -> None:
    """Bring the enrolled fingers into this sensor, each on its page, and read it back to be sure.

    Example: gerbang fingers restore
    """
    with open_store(config.store_path, create=False) as store, own_sensor(config) as sensor:
        known, names = store.fingers.known(), _names(store)
        warn_of_model(known, sensor)
        found = _compared(sensor, known.fingers)
        unsure = [page for page, holds in found.items() if holds is Holds.UNSURE]
        if unsure and Holds.SAME not in found.values() and any(item.template for item in known.fingers.values()):
            raise EnrolmentError(
                f"this may not be the sensor of the fingers, and on {page_list(unsure)} it holds what can't be compared"
                " and would be believed: gerbang fingers erase --page, or enrol these fingers again, with --replace"
            )
        others = [page for page, holds in found.items() if holds is Holds.OTHER]
        if others and overwrite and not yes:
            click.confirm(f"Overwrite the fingers that the sensor holds on {page_list(others)}?", abort=True)
        due = {Holds.NOTHING, Holds.OTHER} if overwrite else {Holds.NOTHING}
        left = _bring(sensor, known, found, due)
        if not left:
            store.fingers.met(sensor_of(sensor.parameters))
    _tell(known.fingers, found, left, names, as_json=as_json)


@fingers.command(short_help="Write the fingers into another sensor.")
@click.option("--to", "port", required=True, metavar="PORT", help="The other sensor's port, such as /dev/ttyUSB0.")
@click.option("--person", metavar="ID", help="The fingers of this person alone.")
@json_option
@config_option
def copy(port: str, person: str | None, as_json: bool, config: Config) -> None:
    """Put the fingers on the same pages of another sensor, which can then take this one's place.

    Nothing is written where another finger lies on one of the pages. For another gate use export and import.

    Example: gerbang fingers copy --to /dev/ttyUSB0
    """
    with open_store(config.store_path, create=False) as store:
        known, names = store.fingers.known(), _names(store)
    known = replace(known, fingers={page: it for page, it in known.fingers.items() if person in (None, it.person)})
    if not known.fingers:
        raise EnrolmentError("there is no finger to be copied; see gerbang fingers list")
    with own_sensor(replace(config, fingerprint=replace(config.fingerprint, driver="adafruit", port=port))) as sensor:
        warn_of_model(known, sensor)
        found = _compared(sensor, known.fingers)
        taken = [page for page, holds in found.items() if holds not in (Holds.SAME, Holds.NOTHING)]
        if taken:
            raise EnrolmentError(f"the sensor on {port} holds other fingers on {page_list(taken)}: use an empty one")
        left = _bring(sensor, known, found, {Holds.NOTHING})
        with open_store(config.store_path, create=False) as store:
            _witness_copy(store, known, [page for page in found if found[page] is Holds.NOTHING and page not in left])
    _tell(known.fingers, found, left, names, as_json=as_json)


def _witness_copy(store: Store, known: Known, pages: Collection[int]) -> None:
    """Fingers that leave this gate are in the journal, as those are that are exported."""
    if pages:
        people = sorted({known.fingers[page].person for page in pages})
        store.journal.append("fingers_copied", {"people": people, "fingers": len(pages)}, clock.now())


def _bring(sensor: FingerprintSensor, known: Known, found: Mapping[int, Holds], due: set[Holds]) -> dict[int, str]:
    """Write those that are due; why the others are not as they were enrolled, by page."""
    others_first = sorted(known.fingers, key=lambda page: found[page] is not Holds.OTHER)
    wanted = {page: it for page in others_first if found[page] in due and (it := known.fingers[page].template)}
    written = dict(progress(write_each(sensor, wanted), len(wanted), "Writing"))
    left = {page: why for page, why in written.items() if why}
    for page in known.fingers.keys() - written.keys():
        if found[page] is Holds.OTHER:
            left[page] = "another finger lies there; see --overwrite"
        elif found[page] is Holds.DAMAGED:
            left[page] = found[page].value
        elif found[page] is Holds.NOTHING or (found[page] is Holds.UNSURE and is_another(sensor.parameters, known)):
            left[page] = "no template is kept: enrol the finger again, with --replace"
    return left


def _tell(
    those: Mapping[int, Finger], found: Mapping[int, Holds], left: Mapping[int, str], names: Mapping[str, str],
    *, as_json: bool,
) -> None:  # fmt: skip
    there = [page for page in those if found[page] in (Holds.SAME, Holds.UNSURE) and page not in left]
    brought = [page for page in those if page not in left and page not in there]
    if as_json:
        click.echo(json.dumps({"written": brought, "there": there, "left": dict(left)}))
    else:
        for page, why in sorted(left.items()):
            click.echo(f"{_whose(page, those, names)}: {why}", err=True)
        click.echo(f"{len(brought)} of {len(those)} fingers were written and read back; {len(there)} were there.")
    if left:
        sys.exit(1)
