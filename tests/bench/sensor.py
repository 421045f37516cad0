"""The fingerprint driver on a bad line, a million times: does it hang, name another's finger, lose the step, come late?

An exchange is one look at the glass, of up to seven commands and their answers, of which one or more are spoilt on
the way: flipped, dropped, doubled, delayed, cut, mixed with stray bytes, or the sensor browns out. After each one to
three of them come looks that nothing spoils. Many sensors on pseudo-terminals are asked at once, for most of the
time is waiting; beside them a thread in each process only waits, and measures how late it is woken: so late is
everything on this machine now and then. The vendor's library alone is asked on a share of the same corpus. And each
trouble that a sensor may have, once: how long the driver takes to find it, at its deadlines in the gate.
"""

import argparse
import os
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context

from tests.bench.report import Goal, Report
from tests.drivers.fuzz import SLACK_S, Lane, Ours, Tally, Vendors
from tests.drivers.troubles import troubles

HANG_S = 30.0
TOLD_S = 10.0
TICK_S = 0.01
FOUND_S = 2.0


@dataclass
class Control:
    """How late a plain wait of TICK_S ends: the longest, and how many by more than SLACK_S."""

    longest_s: float = 0.0
    late: int = 0
    waits: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Wait again and again."""
        while not self.over.is_set():
            began_s = time.monotonic()
            self.over.wait(TICK_S)
            late_s = time.monotonic() - began_s - TICK_S
            self.longest_s = max(self.longest_s, late_s)
            self.late += late_s > SLACK_S
            self.waits += 1


@dataclass(frozen=True)
class Share:
    """One process's part. driver: whose."""

    name: str
    driver: type[Ours | Vendors]
    seed: int
    lanes: int
    exchanges: int
    answer_s: float


@dataclass(frozen=True)
class Outcome:
    """What one process saw."""

    tally: Tally
    control_longest_s: float
    control_late: int
    control_waits: int


def work(share: Share) -> Outcome:
    """All lanes of one process."""
    control = Control()
    watch = threading.Thread(target=control.run)
    watch.start()
    lanes = [Lane(number, share.seed, share.driver, share.answer_s) for number in range(share.lanes)]
    each = -(-share.exchanges // share.lanes)
    threads = [threading.Thread(target=lane.run, args=(each,), daemon=True) for lane in lanes]
    for thread in threads:
        thread.start()
    hung = supervise(share, lanes, threads)
    control.over.set()
    watch.join()
    tally = Tally(hangs=hung)
    for lane in lanes:
        tally.add(lane.tally)
    return Outcome(tally, control.longest_s, control.late, control.waits)


def supervise(share: Share, lanes: list[Lane], threads: list[threading.Thread]) -> int:
    """Until every lane is at its end or hangs; how many hang."""
    told_s = time.monotonic()
    while True:
        now = time.monotonic()
        hung = [lane for lane in lanes if lane.busy_since_s and now - lane.busy_since_s > HANG_S]
        alive = [thread for thread, lane in zip(threads, lanes, strict=True) if thread.is_alive() and lane not in hung]
        if not alive:
            return len(hung)
        if now - told_s > TOLD_S:
            told_s = now
            done = sum(lane.tally.exchanges for lane in lanes)
            print(f"{share.name}: {done} of {share.exchanges} exchanges", file=sys.stderr, flush=True)
        alive[0].join(0.5)


def ask(driver: type[Ours | Vendors], arguments: argparse.Namespace, exchanges: int) -> list[Outcome]:
    """A driver in all processes at once."""
    name = "our driver" if driver is Ours else "the vendor's library alone"
    processes = arguments.processes
    share = partial(
        Share, driver=driver, lanes=arguments.lanes, exchanges=-(-exchanges // processes), answer_s=arguments.answer
    )
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        shares = [share(f"{name}, process {n}", seed=arguments.seed * processes + n) for n in range(processes)]
        return list(pool.map(work, shares))


def total(outcomes: list[Outcome]) -> Tally:
    """All processes together."""
    tally = Tally()
    for outcome in outcomes:
        tally.add(outcome.tally)
    return tally


def measure(report: Report, arguments: argparse.Namespace) -> None:
    """Our driver, and then the vendor's library."""
    began_s = time.monotonic()
    outcomes = ask(Ours, arguments, arguments.exchanges)
    ours, none = total(outcomes), Goal(0, "most")
    report.add("exchanges", ours.exchanges, Goal(arguments.exchanges, "least"))
    report.add("seconds", time.monotonic() - began_s)
    report.add("calls", ours.calls)
    report.add("deadline of a call, s", 2 * arguments.answer)
    for name in ("hangs", "wrong_ids", "out_of_step", "late_calls"):
        report.add(name, getattr(ours, name), none)
    report.add("false_strangers", ours.false_strangers, none)
    report.add("lost_fingers", ours.lost_fingers)
    report.add("most calls failed in a row", ours.most_failed_in_a_row)
    report.add("longest overrun of a call, s", ours.overrun_s)
    report.add("longest overrun of a plain wait, s", max(outcome.control_longest_s for outcome in outcomes))
    report.add("late plain waits", sum(outcome.control_late for outcome in outcomes))
    report.add("plain waits", sum(outcome.control_waits for outcome in outcomes))
    report.add("calls that failed", dict(ours.failed))
    for story in ours.stories:
        print(f"out of step: {story}", file=sys.stderr)
    for trouble, found_s in troubles():
        report.add(f"found: {trouble}, s", found_s, Goal(FOUND_S + SLACK_S, "most"))
    if arguments.exchanges >= arguments.vendor:
        vendors = total(ask(Vendors, arguments, arguments.exchanges // arguments.vendor))
        report.add("vendor alone, exchanges", vendors.exchanges)
        report.add("vendor alone, wrong ids", vendors.wrong_ids)
        report.add("vendor alone, strangers who are none", vendors.false_strangers)
        report.add("vendor alone, out of step", vendors.out_of_step)
        report.add("vendor alone, most polls failed in a row", vendors.most_failed_in_a_row)
        report.add("vendor alone, power taken after ten of them", vendors.reopened)
        report.add("vendor alone, fingers lost in the sensor", vendors.lost_fingers)
        report.add("vendor alone, polls that failed", dict(vendors.failed))


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one object of JSON last")
    parser.add_argument("--exchanges", type=int, default=20_000, help="spoilt looks at the glass (default 20000)")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="default: one for each core")
    parser.add_argument("--lanes", type=int, default=48, help="sensors in each process (default 48)")
    parser.add_argument("--answer", type=float, default=0.2, metavar="SECONDS", help="for one answer (default 0.2)")
    parser.add_argument("--seed", type=int, default=1, help="another one is another corpus")
    parser.add_argument("--vendor", type=int, default=20, metavar="N", help="every Nth exchange for the vendor's too")
    arguments = parser.parse_args()
    report = Report("sensor")
    measure(report, arguments)
    report.show(as_json=arguments.json)
    sys.stdout.flush()
    os._exit(0)  # a lane that hangs must not keep the bench from its end


if __name__ == "__main__":
    main()
