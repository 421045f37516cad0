"""The `gerbang-district` command: the Disdik's server."""

import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import click

from sync.district import server

_log = logging.getLogger("sync.district")

_DATABASE = click.option(
    "--database",
    type=click.Path(dir_okay=False, path_type=Path),
    default="district.db",
    envvar="GERBANG_DISTRICT_DB",
    show_default=True,
    help="The SQLite file; made where there is none.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """The Disdik's server: takes the kiosks' entries, and shows who was present.

    \b
    Example:
      gerbang-district serve --listen 127.0.0.1:8600 --database district.db
    """


def _address(_context: click.Context, _option: click.Parameter, value: str) -> tuple[str, int]:
    host, _, port = value.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise click.BadParameter("should be an address and a port, such as 127.0.0.1:8600")
    return host.strip("[]"), int(port)


@cli.command()
@click.option("--listen", default="127.0.0.1:8600", show_default=True, callback=_address, help="Address and port.")
@_DATABASE
@click.option(
    "--host",
    "hosts",
    multiple=True,
    envvar="GERBANG_DISTRICT_HOSTS",
    help="A name by which we are called, such as absen.disdik.example; else only this machine may call.",
)
def serve(listen: tuple[str, int], database: Path, hosts: tuple[str, ...]) -> None:
    """Serve until SIGTERM.

    \b
    Examples:
      gerbang-district serve --listen 127.0.0.1:8600 --database district.db
      gerbang-district serve --listen 0.0.0.0:8600 --host absen.disdik.example
    """
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # Who asks for what is not there is answered; the log is for our own faults.
    logging.getLogger("django.request").setLevel(logging.ERROR)
    logging.getLogger("django.security").setLevel(logging.CRITICAL)
    server.end_on_signals()
    database = database.absolute()
    server.set_up(database, hosts)
    with server.listen(*listen) as door:
        server.migrate(database)
        host, port = door.getsockname()[:2]
        click.echo(f"serving {database} on http://{f'[{host}]' if ':' in host else host}:{port}")
        server.serve(door)


@cli.command()
@_DATABASE
@click.option("--device", type=click.UUID, help="Only the entries of this device.")
@click.option("--json", "as_json", is_flag=True, help="Whole entries, as one array of JSON.")
def entries(database: Path, device: UUID | None, as_json: bool) -> None:
    """Show what the district has, by device and number.

    \b
    Examples:
      gerbang-district entries --database district.db
      gerbang-district entries --device 6f1c1c3e-0f5e-4f3a-9d59-0d5f4c1f7f10 --json
    """
    database = database.absolute()
    if not database.exists():
        raise server.DistrictError(f"there is no database at {database} yet: serve once, or name another")
    server.set_up(database)
    show = _as_json if as_json else _as_lines
    for piece in show(_texts(database, device)):
        click.echo(piece)


def _texts(database: Path, device: UUID | None) -> Iterator[str]:
    # Django's models can't be imported before its settings are known.
    from django.db import DatabaseError

    from sync.district.models import Entry

    rows = Entry.objects.order_by("device", "number", "id")
    try:
        yield from (rows.filter(device=device) if device else rows).values_list("text", flat=True).iterator()
    except DatabaseError as error:
        raise server.DistrictError(f"the database {database} can't be read: {error}") from error


def _as_json(texts: Iterator[str]) -> Iterator[str]:
    """Each text as it is, so that nothing is rewritten on the way."""
    yield "["
    held = next(texts, None)
    for text in texts:
        yield f"{held},"
        held = text
    if held is not None:
        yield held
    yield "]"


def _as_lines(texts: Iterator[str]) -> Iterator[str]:
    for text in texts:
        entry = json.loads(text)
        payload = json.dumps(entry["payload"], ensure_ascii=False)
        yield f"{entry['device']} {entry['number']:>7} {entry['wall']} {entry['kind']} {payload}"


def main() -> None:
    """Run the command; what a person can mend is one sentence on stderr."""
    try:
        cli()
    except server.DistrictError as error:
        click.echo(f"gerbang-district: {error}", err=True)
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - no traceback reaches a person
        _log.debug("unexpected", exc_info=error)
        click.echo(f"gerbang-district stopped on an error of its own: {type(error).__name__}: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
