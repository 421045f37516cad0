"""What the tests of the wire share: a store, a district in this process, a district as a process."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from kiosk.store import Store, open_store
from sync.district import server
from tests.sync.district import InProcess
from tests.sync.processes import DistrictProcess


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    with open_store(tmp_path / "gerbang.db") as opened:
        yield opened


@pytest.fixture(scope="session")
def district_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Django is set up once in a process, and so on one database."""
    database = tmp_path_factory.mktemp("district") / "district.db"
    server.set_up(database)
    server.migrate(database)
    yield database
    from django.db import connections

    connections.close_all()


@pytest.fixture
def district(district_database: Path) -> InProcess:
    """An empty district, called without a wire."""
    with closing(sqlite3.connect(district_database)) as db, db:
        db.execute("DELETE FROM district_entry")
        db.execute("DELETE FROM district_aside")
    return InProcess(district_database)


@pytest.fixture
def district_process(tmp_path: Path) -> Iterator[DistrictProcess]:
    """A district as a process of its own, on a free port."""
    with DistrictProcess(tmp_path / "district.db") as process:
        yield process
