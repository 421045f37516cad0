"""The district as a process: its database made ready, its port taken, and served until it is told to end."""

import os
import signal
import socket
import sys
from pathlib import Path

import django
import uvicorn
from django.core.management import call_command
from django.db import DatabaseError, connection

_APP = "district"
_BACKLOG = 2048
_KEEP_ALIVE_S = 75
_LAST_ANSWERS_S = 1


class DistrictError(Exception):
    """The district can't do its work; the message is a sentence for the reader."""


def set_up(database: Path, hosts: tuple[str, ...] = ()) -> None:
    """Tell Django where the database is, before anything reads its settings. hosts: the names that we answer by."""
    os.environ["GERBANG_DISTRICT_DB"] = str(database)
    if hosts:
        os.environ["GERBANG_DISTRICT_HOSTS"] = " ".join(hosts)
    os.environ["DJANGO_SETTINGS_MODULE"] = "sync.district.settings"
    django.setup()


def migrate(database: Path) -> None:
    """Make the database and its key, or bring it up to date. Raises DistrictError.

    A database that a newer version has made is left as it is.
    """
    from django.conf import settings

    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        _refuse_newer(database)
        str(settings.SECRET_KEY)
        call_command("migrate", verbosity=0, interactive=False)
    except OSError as error:
        raise DistrictError(f"{error.filename or database.parent} can't be used: {error.strerror}") from error
    except DatabaseError as error:
        raise DistrictError(f"the database {database} can't be used: {error}") from error
    finally:
        connection.close()


def _refuse_newer(database: Path) -> None:
    from django.db.migrations.loader import MigrationLoader

    loader = MigrationLoader(connection)
    applied = loader.applied_migrations or {}
    if unknown := sorted(name for app, name in applied.keys() - loader.disk_migrations.keys() if app == _APP):
        raise DistrictError(
            f"the database {database} was made by a newer version (it has {', '.join(unknown)}): install that version"
        )


def listen(host: str, port: int) -> socket.socket:
    """A socket on which we listen; port 0: any free one. Raises DistrictError."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise DistrictError(f"can't listen on {host} port {port}: {reason}") from error
    except UnicodeError as error:  # from the codec of host names
        raise DistrictError(f"can't listen on {host} port {port}: that is no name of a host") from error


def serve(door: socket.socket) -> None:
    """Serve on this socket until SIGTERM or SIGINT; what has begun may be answered yet, within a second."""
    from sync.district.asgi import application

    server = uvicorn.Server(
        uvicorn.Config(
            application,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=_LAST_ANSWERS_S,
        )
    )
    server.run(sockets=[door])


def end_on_signals() -> None:
    """A signal to end is no failure. uvicorn raises it once more when it has closed, and so it arrives here."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
