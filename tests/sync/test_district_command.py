"""gerbang-district as a real process: served, called, killed, and started again."""

import os
import signal
import socket
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from kiosk.store import Store
from sync import wire
from sync.district.__main__ import cli
from tests.sync.journals import DEVICE, batch, by_id, entry, fill, sent
from tests.sync.processes import DistrictProcess, command, start, wait_for
from tests.sync.test_sync_command import write_config


@pytest.fixture(scope="module")
def lasting_district(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DistrictProcess]:
    """A district for all who do it no harm."""
    with DistrictProcess(tmp_path_factory.mktemp("lasting") / "district.db") as process:
        yield process


def test_a_body_without_a_length_is_bounded_too(lasting_district: DistrictProcess) -> None:
    piece = b" " * 65536
    answer = requests.post(
        lasting_district.url + wire.ENTRIES_PATH,
        data=iter([piece] * (wire.MAX_BODY_BYTES // len(piece) + 2)),
        headers={"Content-Type": wire.JSON_TYPE},
        timeout=30,
    )
    assert answer.status_code == 413
    assert answer.headers["Content-Type"] == wire.PROBLEM_TYPE
    assert lasting_district.get("/healthz") == {"status": "ok"}


def test_a_name_that_is_not_ours_is_refused(lasting_district: DistrictProcess) -> None:
    answer = requests.get(lasting_district.url, headers={"Host": "elsewhere.example"}, timeout=30)
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, wire.PROBLEM_TYPE)


def test_a_district_serves_until_it_is_told_to_end(district_process: DistrictProcess) -> None:
    assert district_process.get("/healthz") == {"status": "ok"}
    with requests.Session() as line:
        assert line.get(district_process.url).status_code == 200
        assert district_process.end(signal.SIGTERM) == 0


def test_the_secret_key_is_made_once_and_for_its_owner_alone(district_process: DistrictProcess) -> None:
    path = district_process.database.with_name("district.db.key")
    key = path.read_bytes()
    assert len(key) >= 50
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    district_process.end(signal.SIGINT)
    district_process.start()
    assert path.read_bytes() == key


def test_what_is_received_is_there_after_a_kill(district_process: DistrictProcess) -> None:
    good = entry()
    body = batch(good, {"bad": 1}).model_dump()
    answer = requests.post(district_process.url + wire.ENTRIES_PATH, json=body, timeout=30)
    assert answer.json()["received"] == [good["id"]]
    district_process.end(signal.SIGKILL)
    assert district_process.entries() == [good]
    lines = command("sync.district", "entries", "--database", district_process.database, "--device", DEVICE)
    assert lines.stdout.splitlines()[0].startswith(f"{DEVICE}       1 {good['wall']} attendance ")


def test_both_ends_have_equal_sets_though_the_district_is_killed_on_the_way(
    tmp_path: Path, store: Store, district_process: DistrictProcess
) -> None:
    config = write_config(tmp_path, district_process.url)
    fill(store, 1500)
    worker = start("sync", "run", "--config", config, "--max-delay", "0.2")
    try:
        for _ in range(2):
            known = _count(district_process)
            wait_for(lambda known=known: _count(district_process) > known)  # type: ignore[misc]
            district_process.end(signal.SIGKILL)
            fill(store, 550)
            district_process.start()
        wait_for(lambda: _count(district_process) == 2600)
    finally:
        worker.terminate()
        assert worker.wait(timeout=30) == 0
    there = district_process.entries()
    assert by_id(there) == by_id(sent(store))
    assert len(there) == 2600


def test_a_port_that_is_taken_is_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
        _one_sentence(f"can't listen on 127.0.0.1 port {port}: Address already in use", tmp_path / "d.db", port)
    assert not (tmp_path / "d.db").exists()


@pytest.mark.parametrize("host", ["a..b", "é..b", "a" * 64])
def test_a_host_that_has_no_such_name_is_one_sentence(tmp_path: Path, host: str) -> None:
    done = command("sync.district", "serve", "--listen", f"{host}:0", "--database", tmp_path / "d.db")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"gerbang-district: can't listen on {host} port 0: that is no name of a host\n"


def test_a_database_of_a_newer_version_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "d.db"
    with DistrictProcess(path):
        pass
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('district', '0999_newer', '2030-01-01')")
        db.execute("DELETE FROM django_migrations WHERE name LIKE '0001%'")  # else there would be nothing to do
    path.with_name("d.db.key").unlink()
    content = path.read_bytes()
    _one_sentence("was made by a newer version (it has 0999_newer): install that version", path)
    assert path.read_bytes() == content
    assert [entry.name for entry in tmp_path.iterdir()] == ["d.db"]


def test_a_file_that_is_no_database_is_one_sentence_and_stays(tmp_path: Path) -> None:
    path, content = tmp_path / "d.db", b"this is no database at all" * 100
    path.write_bytes(content)
    _one_sentence(f"the database {path} can't be used: file is not a database", path)
    assert path.read_bytes() == content


def test_a_folder_that_can_not_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    _one_sentence("file can't be used: File exists", tmp_path / "file" / "d.db")


def test_a_damaged_key_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "d.db.key").write_text("short")
    _one_sentence("d.db.key can't be used: the key in it is damaged", tmp_path / "d.db")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_one_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    _one_sentence("can't be used: Permission denied", tmp_path / "d.db")
    tmp_path.chmod(0o700)


def test_entries_of_no_database_are_one_sentence(tmp_path: Path) -> None:
    done = command("sync.district", "entries", "--database", tmp_path / "d.db")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("gerbang-district: there is no database")


@pytest.mark.parametrize("listen", ["8600", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000"])
def test_a_wrong_address_is_a_wrong_usage(listen: str) -> None:
    assert CliRunner().invoke(cli, ["serve", "--listen", listen]).exit_code == 2


@pytest.mark.parametrize("arguments", [[], ["serve"], ["entries"]])
def test_each_verb_shows_an_example(arguments: list[str]) -> None:
    assert "Example" in CliRunner().invoke(cli, [*arguments, "--help"]).output


def _count(district: DistrictProcess) -> int:
    return sum(device["entries"] for device in district.get("/api/v1/devices"))


def _one_sentence(expected: str, database: Path, port: int = 0) -> None:
    done = command("sync.district", "serve", "--listen", f"127.0.0.1:{port}", "--database", database)
    assert (done.returncode, done.stdout) == (1, "")
    assert expected in done.stderr
    assert done.stderr.startswith("gerbang-district: ")
    assert done.stderr.count("\n") == 1
