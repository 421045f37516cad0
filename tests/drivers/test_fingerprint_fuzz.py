"""The bench of the bad line, shorter: 20,000 spoilt looks in CI, fewer on a laptop; and what it counts and excuses."""

import json
import os
import signal
import subprocess
import sys
from array import array
from threading import Event

import pytest

from drivers.errors import SensorLost
from drivers.fingerprint.emulator import FingerprintEmulator
from tests.bench.sensor import Control, is_out_of_step
from tests.conftest import ROOT
from tests.drivers.fuzz import Case, Lane, Ours, Span
from tests.test_benches import check, run

EXCHANGES = 20_000 if os.environ.get("CI") else 2_000
NEVER = ("hangs", "gave_up", "wrong_ids", "false_strangers", "wrong_pages", "lost_fingers")


def test_a_bad_line_never_hangs_never_lies_and_is_in_step_again() -> None:
    found = run("sensor", "--exchanges", str(EXCHANGES), "--vendor", str(EXCHANGES // 100))
    check(found, "sensor")
    figures, goals = found["figures"], found["goals"]
    assert goals["exchanges"]["holds"]
    assert goals["chores"]["holds"]
    assert {name: figures[name] for name in NEVER} == dict.fromkeys(NEVER, 0)
    if not goals["excused, share of calls"]["holds"]:
        pytest.skip("this machine is too busy to tell whether the driver is in step and in time")
    assert (figures["out_of_step"], figures["late_calls"]) == (0, 0)


def test_what_was_measured_is_printed_when_the_bench_is_ended_early() -> None:
    command = [sys.executable, "-m", "tests.bench.sensor", "--json", "--exchanges", "1000000", "--processes", "1"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as bench:
        assert bench.stderr is not None
        assert "our driver" in bench.stderr.readline()
        bench.send_signal(signal.SIGTERM)
        found = json.loads(bench.communicate()[0].splitlines()[-1])
    check(found, "sensor")
    assert not found["holds"]
    assert found["figures"]["processes lost"] == 0


class NeverThere(Ours):
    """Its sensor can't be opened."""

    def __init__(self, emulator: FingerprintEmulator, answer_s: float) -> None:
        raise SensorLost("there is none")


def test_a_lane_whose_sensor_can_not_be_opened_gives_up() -> None:
    lane = Lane(0, 1, NeverThere, 0.2, Event())
    lane.run(1)
    assert (lane.tally.gave_up, lane.tally.exchanges, lane.busy_since_s) == (1, 0, None)


class Forgetful(Ours):
    """Loses the step for two calls after each that was spoilt."""

    def poll(self) -> int | str:
        if self.spoiler._plan:
            self._left = 3
        answer = super().poll()
        self._left = getattr(self, "_left", 0) - 1
        return "lost" if self._left >= 0 else answer


@pytest.fixture(scope="module")
def lost() -> Case:
    """A case in which a driver lost the step."""
    lane = Lane(1, 1, Forgetful, 0.2, Event())
    lane.run(1)
    return lane.tally.out_of_step[0]


def test_a_driver_that_loses_the_step_loses_it_again(lost: Case) -> None:
    assert len(lost.clean) == 3
    assert Lane(1, 0, Forgetful, 0.2, Event()).replay(lost)


def test_a_driver_that_does_not_is_excused(lost: Case) -> None:
    assert not is_out_of_step(lost, 0.25)


def test_of_a_late_call_only_what_a_plain_wait_was_late_meanwhile_is_taken_off() -> None:
    late = Span(10.0, 10.08)
    assert not Control().excuses(late)
    assert not Control(array("d", [10.0]), array("d", [0.5])).excuses(late), "it was over by the deadline"
    assert not Control(array("d", [10.5]), array("d", [0.4])).excuses(late), "it came only then"
    assert not Control(array("d", [10.02]), array("d", [0.5])).excuses(late), "only 20 ms of it were meanwhile"
    assert Control(array("d", [10.04]), array("d", [0.5])).excuses(late)
    assert Control(array("d", [10.02, 10.06]), array("d", [0.02, 0.02])).excuses(late)
