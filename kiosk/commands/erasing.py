"""gerbang fingers erase: pages of the sensor whose fingers are not those of the people who are enrolled."""

import json
from collections.abc import Collection

import click

from drivers.fingerprint import FingerprintSensor
from kiosk import clock
from kiosk.commands.options import config_option, json_option
from kiosk.commands.sensing import own_sensor
from kiosk.config import Config
from kiosk.errors import EnrolmentError
from kiosk.fingers import Holds, page_list, what_it_holds
from kiosk.store import Known, Store, open_store


@click.command(short_help="Erase fingers in the sensor that are nobody's here.")
@click.option("--page", metavar="N", type=click.IntRange(min=0), help="This page.")
@click.option("--foreign", is_flag=True, help="All pages that are nobody's, or hold another finger than was enrolled.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@config_option
def erase(page: int | None, foreign: bool, yes: bool, as_json: bool, config: Config) -> None:
    """Erase fingers in the sensor that are nobody's here; whoever has one can then be enrolled.

    A page that waits to be erased in a sensor that is no more is given up with --page. Who is enrolled is erased with
    gerbang forget.

    Example: gerbang fingers erase --foreign
    """
    if (page is None) is not foreign:
        raise click.UsageError("Give a --page, or --foreign.")
    with open_store(config.store_path, create=False) as store, own_sensor(config) as sensor:
        known = store.fingers.known()
        pages = _foreign(sensor, known) if page is None else [_to_erase(page, sensor, known)]
        if pages and not yes:
            click.confirm(f"Erase {page_list(pages)} of the sensor for good?", abort=True, err=True)
        _erase(pages, store, sensor, known)
    if as_json:
        click.echo(json.dumps({"erased": pages}))
    else:
        click.echo(f"Erased: {page_list(pages)}." if pages else "The sensor holds no finger that is nobody's here.")


def _foreign(sensor: FingerprintSensor, known: Known) -> list[int]:
    others = {page for page, holds in what_it_holds(sensor, known.fingers) if holds is Holds.OTHER}
    return sorted((sensor.pages() - known.fingers.keys() - known.erasures.keys()) | others)


def _to_erase(page: int, sensor: FingerprintSensor, known: Known) -> int:
    """The page, if no finger lies there as it was enrolled. Raises EnrolmentError."""
    if page in known.fingers:
        [(_, holds)] = what_it_holds(sensor, {page: known.fingers[page]})
        if holds is Holds.SAME:
            raise EnrolmentError(
                f"page {page} holds the finger that was enrolled: use gerbang forget, or gerbang enrol --replace"
            )
    elif page not in known.erasures and page not in sensor.pages():
        raise EnrolmentError(f"page {page} of the sensor is empty; see gerbang fingers list")
    return page


def _erase(pages: Collection[int], store: Store, sensor: FingerprintSensor, known: Known) -> None:
    """What was done is in the journal, also where it could not be done to the end."""
    done = []
    try:
        for page in pages:
            sensor.delete(page)
            done.append(page)
    finally:
        given_up = sorted(known.erasures.keys() & set(done))
        if given_up:
            store.fingers.forgo(given_up)
        if done:
            store.journal.append("fingers_removed", {"pages": done, "given_up": given_up}, clock.now())
