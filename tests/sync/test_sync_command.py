"""gerbang-sync as a person runs it."""

import json
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from kiosk.store import Store
from sync.__main__ import cli
from tests.sync.journals import by_id, fill, sent
from tests.sync.processes import DistrictProcess, command, start, wait_for


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration whose district nobody has switched on."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        return write_config(tmp_path, f"http://127.0.0.1:{door.getsockname()[1]}")


def write_config(folder: Path, url: str) -> Path:
    """A configuration beside the store."""
    path = folder / "gerbang.toml"
    path.write_text(f'[store]\npath = "gerbang.db"\n[district]\nurl = "{url}"\n', encoding="utf-8")
    return path


def test_once_delivers_all_and_status_says_so(tmp_path: Path, store: Store, district_process: DistrictProcess) -> None:
    config = write_config(tmp_path, district_process.url)
    fill(store, 501)
    before = command("sync", "status", "--config", config, "--json")
    assert json.loads(before.stdout) == {
        "destination": "district",
        "cursor": 0,
        "unsent": 501,
        "oldest_unsent": sent(store)[0]["wall"],
    }
    for delivered in (501, 0):
        done = command("sync", "once", "--config", config)
        assert (done.returncode, done.stdout) == (0, f"delivered {delivered} entries; nothing is unsent\n"), done.stderr
    assert by_id(district_process.entries()) == by_id(sent(store))


def test_once_without_a_district_fails_in_one_sentence(config: Path, store: Store) -> None:
    fill(store, 2)
    done = command("sync", "once", "--config", config)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "gerbang-sync: the district can't be reached: Connection refused; 2 entries are still unsent\n"
    )


def test_a_url_that_nobody_can_reach_is_one_sentence(tmp_path: Path) -> None:
    for url in ("https://[::1", "https://x:99999", "https://a..b"):
        done = command("sync", "run", "--config", write_config(tmp_path, url))
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("gerbang-sync: ")
        assert "of its own" not in done.stderr
        assert done.stderr.count("\n") == 1


def test_without_a_url_there_is_nowhere_to_go(tmp_path: Path) -> None:
    done = command("sync", "run", "--config", write_config(tmp_path, ""))
    assert done.returncode == 2
    assert "set url in [district]" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_wrong_configuration_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "gerbang.toml"
    path.write_text('[district]\nulr = "https://absen.disdik.example"\n', encoding="utf-8")
    done = command("sync", "once", "--config", path)
    assert done.returncode == 2
    assert f"{path}:2: district.ulr" in done.stderr


@pytest.mark.parametrize(("verb", "content"), [("once", b"no database" * 999), ("status", None)])
def test_a_store_that_is_not_there_or_none_is_one_sentence(config: Path, verb: str, content: bytes | None) -> None:
    if content:
        config.with_name("gerbang.db").write_bytes(content)
    done = command("sync", verb, "--config", config)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("gerbang-sync: ")
    assert done.stderr.count("\n") == 1


def test_run_waits_for_the_store_and_ends_cleanly(config: Path) -> None:
    _ends_cleanly(start("sync", "run", "--config", config, stderr=subprocess.PIPE), "waiting for the gate to make it")


def test_run_ends_cleanly_while_it_waits_for_the_district(config: Path, store: Store) -> None:
    fill(store, 1)
    _ends_cleanly(start("sync", "run", "--config", config, stderr=subprocess.PIPE), "we go on trying")


def test_run_ends_cleanly_while_the_district_is_silent(tmp_path: Path, store: Store) -> None:
    fill(store, 1)
    with socket.create_server(("127.0.0.1", 0)) as door:
        config = write_config(tmp_path, f"http://127.0.0.1:{door.getsockname()[1]}")
        process = start("sync", "run", "--config", config, stderr=subprocess.PIPE)
        line, _ = door.accept()
        with line:
            _ends_cleanly(process, "bringing")


@pytest.mark.parametrize("arguments", [[], ["run"], ["once"], ["status"]])
def test_each_verb_shows_an_example(arguments: list[str]) -> None:
    assert "Example" in CliRunner().invoke(cli, [*arguments, "--help"]).output


def _ends_cleanly(process: subprocess.Popen[str], said: str) -> None:
    """Once it has said this, SIGTERM ends it, without another word."""
    with process:
        assert process.stderr is not None
        stderr = process.stderr
        wait_for(lambda: said in stderr.readline())
        process.send_signal(signal.SIGTERM)
        _, rest = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Traceback" not in rest
