"""The bench of the bad line, shorter: 20,000 spoilt looks in CI, fewer on a laptop."""

import os

from tests.test_benches import check, run

EXCHANGES = 20_000 if os.environ.get("CI") else 2_000


def test_a_bad_line_never_hangs_never_lies_and_is_in_step_again() -> None:
    found = run("sensor", "--exchanges", str(EXCHANGES), "--vendor", str(EXCHANGES // 100))
    check(found, "sensor")
    figures = found["figures"]
    assert figures["exchanges"] >= EXCHANGES
    goals = ("hangs", "wrong_ids", "false_strangers", "lost_fingers", "out_of_step", "late_calls")
    assert {name: figures[name] for name in goals} == dict.fromkeys(goals, 0)
