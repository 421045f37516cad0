"""The benches run, and their last line is what programs read. What they measure is for people to judge."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT


def run(name: str, *words: str) -> dict[str, Any]:
    """A bench with --json: the object on its last line."""
    command = [sys.executable, "-m", f"tests.bench.{name}", "--json", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert isinstance(found, dict)
    return found


def check(found: dict[str, Any], name: str) -> None:
    assert set(found) == {"bench", "figures", "goals", "holds"}
    assert found["bench"] == name
    assert found["goals"]
    assert set(found["goals"]) <= set(found["figures"])
    assert found["holds"] == all(goal["holds"] for goal in found["goals"].values())


def test_the_bench_of_the_eye(photographs: Path) -> None:
    found = run("vision", "--frames", "16")
    check(found, "vision")
    assert found["goals"]["largest difference of an embedding"]["holds"]
    assert found["goals"]["640x480 faces that the faster loop found and ours did not"]["holds"]


def test_the_bench_of_the_gate(photographs: Path) -> None:
    found = run("gate", "--visits", "2", "--idle", "1")
    check(found, "gate")
    assert found["goals"]["visits without a record"]["holds"]


def test_the_bench_of_the_gallery() -> None:
    check(run("gallery"), "gallery")


def test_the_bench_of_the_pins() -> None:
    found = run("pins", "--rounds", "1")
    check(found, "pins")
    for beside in ("quiet", "beside a busy thread"):
        assert found["goals"][f"{beside}: pins not as the cue has them"]["holds"]


def test_the_bench_of_accuracy() -> None:
    faces = Path(os.environ.get("GERBANG_FACES", ROOT.parent / "shared" / "faces")) / "orl"
    if not faces.is_dir():
        pytest.skip("the ORL faces are missing here")
    check(run("accuracy"), "accuracy")


def test_the_bench_of_the_finger() -> None:
    found = run("finger", "--touches", "2")
    check(found, "finger")
    assert found["figures"]["zfm20, wrong answers"] == found["figures"]["r503, wrong answers"] == 0


def test_the_bench_that_pulls_parts_out() -> None:
    found = run("replug", "--pulls", "5", "--warm", "1", "--pause", "0.05")
    check(found, "replug")
    for name, goal in found[
        "goals"
    ].items():  # what five pulls show of memory is chance, and of time the machine's load
        assert goal["holds"] or "memory" in name or "seconds" in name, found["figures"]


def test_an_unknown_bench_is_answered_with_those_that_there_are() -> None:
    done = subprocess.run([str(ROOT / "scripts" / "bench"), "speed"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "vision" in done.stderr
    assert "report" not in done.stderr
