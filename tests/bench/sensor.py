"""The fingerprint driver on a bad line, a million times: does it hang, name another's finger, lose the step, come late?

An exchange is one look at the glass, of up to seven commands and their answers, of which one or more are spoilt on
the way: flipped, dropped, doubled, delayed, cut, mixed with stray bytes, or the sensor browns out. After each one to
three of them come looks that nothing spoils. Many sensors on pseudo-terminals are asked at once, for most of the
time is waiting. Before each look, and all the time beside them, comes a plain wait, of nothing but time: how late it
ends is how late this machine is now and then, and what happened to a driver just then is counted apart. The vendor's
library alone is asked on a share of the same corpus. And each trouble that a sensor may have, once: how long the
driver takes to find it, at its deadlines in the gate.
"""

import argparse
import os
import select
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context

from tests.bench.report import Goal, Report
from tests.drivers.fuzz import SLACK_S, Lane, Ours, Span, Tally, Vendors
from tests.drivers.troubles import troubles

HANG_S = 30.0
TOLD_S = 10.0
TICK_S = 0.005
FOUND_S = 2.0
SWITCH_S = 0.0005  # a tenth of Python's: an answer passes through many threads, each of which waits for the others


@dataclass
class Control:
    """How late a plain wait of TICK_S ends: the longest, and when it was by more than SLACK_S. All lanes wait here."""

    longest_s: float = 0.0
    late: list[Span] = field(default_factory=list)
    waits: int = 0

    def wait(self) -> None:
        """Once more."""
        began_s = time.monotonic()
        select.poll().poll(TICK_S * 1000)
        ended_s = time.monotonic()
        late_s = ended_s - began_s - TICK_S
        self.longest_s = max(self.longest_s, late_s)
        if late_s > SLACK_S:
            self.late.append(Span(began_s, ended_s))
        self.waits += 1

    def run(self, over: threading.Event) -> None:
        """Again and again, so that there is always one."""
        while not over.is_set():
            self.wait()

    def was_late(self, span: Span) -> bool:
        """Whether a plain wait was late meanwhile: then it is the machine that stood still."""
        return any(late.began_s < span.ended_s and span.began_s < late.ended_s for late in self.late)


@dataclass(frozen=True)
class Share:
    """One process's part. driver: whose."""

    name: str
    driver: type[Ours | Vendors]
    seed: int
    lanes: int
    exchanges: int
    answer_s: float


@dataclass
class Outcome:
    """What was seen. out_of_step and late: what happened while no plain wait was late."""

    tally: Tally = field(default_factory=Tally)
    out_of_step: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    longest_wait_s: float = 0.0
    late_waits: int = 0
    waits: int = 0

    def add(self, other: "Outcome") -> None:
        """Count another process's in."""
        self.tally.add(other.tally)
        self.out_of_step += other.out_of_step
        self.late += other.late
        self.longest_wait_s = max(self.longest_wait_s, other.longest_wait_s)
        self.late_waits += other.late_waits
        self.waits += other.waits


def work(share: Share) -> Outcome:
    """All lanes of one process."""
    sys.setswitchinterval(SWITCH_S)
    control, over = Control(), threading.Event()
    watch = threading.Thread(target=control.run, args=(over,))
    watch.start()
    lanes = [Lane(number, share.seed, share.driver, share.answer_s, control.wait) for number in range(share.lanes)]
    each = -(-share.exchanges // share.lanes)
    threads = [threading.Thread(target=lane.run, args=(each,), daemon=True) for lane in lanes]
    for thread in threads:
        thread.start()
    hung = supervise(share, lanes, threads)
    over.set()
    watch.join()
    tally = Tally(hangs=hung)
    for lane in lanes:
        tally.add(lane.tally)
    out_of_step = [span.story for span in tally.out_of_step if not control.was_late(span)]
    late = [span.story for span in tally.late if not control.was_late(span)]
    return Outcome(tally, out_of_step, late, control.longest_s, len(control.late), control.waits)


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
            tally = Tally(hangs=len(hung))
            for lane in lanes:
                tally.add(lane.tally)
            print(f"{share.name}, of {share.exchanges}: {in_short(tally)}", file=sys.stderr, flush=True)
        alive[0].join(0.5)


def in_short(tally: Tally) -> str:
    """How far it is, for people who wait."""
    return (
        f"exchanges {tally.exchanges}, hangs {tally.hangs}, wrong ids {tally.wrong_ids},"
        f" out of step {len(tally.out_of_step)}, late {len(tally.late)}"
    )


def ask(driver: type[Ours | Vendors], arguments: argparse.Namespace, exchanges: int) -> Outcome:
    """A driver in all processes at once."""
    name = "our driver" if driver is Ours else "the vendor's library alone"
    processes = arguments.processes
    share = partial(
        Share, driver=driver, lanes=arguments.lanes, exchanges=-(-exchanges // processes), answer_s=arguments.answer
    )
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        shares = [share(f"{name}, process {n}", seed=arguments.seed * processes + n) for n in range(processes)]
        outcome = Outcome()
        for part in pool.map(work, shares):
            outcome.add(part)
        return outcome


def measure_ours(report: Report, arguments: argparse.Namespace) -> None:
    """Our driver."""
    began_s = time.monotonic()
    outcome = ask(Ours, arguments, arguments.exchanges)
    ours, none = outcome.tally, Goal(0, "most")
    report.add("exchanges", ours.exchanges, Goal(arguments.exchanges, "least"))
    report.add("seconds", time.monotonic() - began_s)
    report.add("calls", ours.calls)
    report.add("deadline of a call, s", 2 * arguments.answer)
    report.add("hangs", ours.hangs, none)
    report.add("wrong_ids", ours.wrong_ids, none)
    report.add("false_strangers", ours.false_strangers, none)
    report.add("out_of_step", len(outcome.out_of_step), none)
    report.add("late_calls", len(outcome.late), none)
    report.add("out_of_step while a plain wait was late too", len(ours.out_of_step) - len(outcome.out_of_step))
    report.add("late_calls while a plain wait was late too", len(ours.late) - len(outcome.late))
    report.add("longest overrun of a call, s", ours.overrun_s)
    report.add("longest overrun of a plain wait, s", outcome.longest_wait_s)
    report.add("late plain waits", outcome.late_waits)
    report.add("plain waits", outcome.waits)
    report.add("most calls failed in a row", ours.most_failed_in_a_row)
    report.add("calls that failed", dict(ours.failed))
    report.add("lost_fingers", ours.lost_fingers)
    for story in outcome.out_of_step + outcome.late:
        print(f"out of step or late: {story}", file=sys.stderr)


def measure_vendors(report: Report, arguments: argparse.Namespace) -> None:
    """The vendor's library."""
    vendors = ask(Vendors, arguments, arguments.exchanges // arguments.vendor).tally
    report.add("vendor alone, exchanges", vendors.exchanges)
    report.add("vendor alone, wrong ids", vendors.wrong_ids)
    report.add("vendor alone, strangers who are none", vendors.false_strangers)
    report.add("vendor alone, out of step", len(vendors.out_of_step))
    report.add("vendor alone, most polls failed in a row", vendors.most_failed_in_a_row)
    report.add("vendor alone, power taken after ten of them", vendors.reopened)
    report.add("vendor alone, fingers lost in the sensor", vendors.lost_fingers)
    report.add("vendor alone, polls that failed", dict(vendors.failed))


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one object of JSON last")
    parser.add_argument("--exchanges", type=int, default=20_000, help="spoilt looks at the glass (default 20000)")
    parser.add_argument("--processes", type=int, default=2 * (os.cpu_count() or 1), help="default: two for each core")
    parser.add_argument("--lanes", type=int, default=24, help="sensors in each process (default 24)")
    parser.add_argument("--answer", type=float, default=0.25, metavar="SECONDS", help="for one answer (default 0.25)")
    parser.add_argument("--seed", type=int, default=1, help="another one is another corpus")
    parser.add_argument("--vendor", type=int, default=20, metavar="N", help="every Nth exchange for the vendor's too")
    arguments = parser.parse_args()
    report = Report("sensor")
    measure_ours(report, arguments)
    for trouble, found_s in troubles():
        report.add(f"found: {trouble}, s", found_s, Goal(FOUND_S + SLACK_S, "most"))
    if arguments.exchanges >= arguments.vendor:
        measure_vendors(report, arguments)
    report.show(as_json=arguments.json)
    sys.stdout.flush()
    os._exit(0)  # a lane that hangs must not keep the bench from its end


if __name__ == "__main__":
    main()
