"""The fingerprint driver on a bad line, a million times: does it hang, name another's finger, lose the step, come late?

An exchange is one look at the glass, of up to seven commands and their answers, of which one or more are spoilt on
the way: flipped, dropped, doubled, delayed, cut, mixed with stray bytes, or the sensor browns out. After each one to
three of them come looks that nothing spoils. Many sensors on pseudo-terminals are asked at once, for most of the
time is waiting. At one of them fingers are enrolled, written and erased, and each page is then compared.

This machine stands still now and then, and in each process plain waits, of nothing but time, tell when. Of the time
by which a call comes after its deadline, what plain waits were late meanwhile is taken off. A driver that lost the
step while one was late is given the same case again, alone; if it loses it again, or there are too many such cases,
it counts. How much is excused so has a goal too: beyond it the machine was too busy to say anything.

The vendor's library alone is asked on a share of the same corpus. And each trouble that a sensor may have, once: how
long the driver takes to find it, at its deadlines in the gate.
"""

import argparse
import os
import select
import signal
import sys
import threading
import time
from array import array
from bisect import bisect_left
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import active_children, get_context
from multiprocessing.connection import Connection

from tests.bench.report import Goal, Report
from tests.drivers.chores import Chores
from tests.drivers.fuzz import SLACK_S, Case, Lane, Ours, Span, Tally, Vendors
from tests.drivers.troubles import troubles

HANG_S = 30.0
TOLD_S = 10.0
TICK_S = 0.005
LATE_S = 0.001  # a plain wait that is late by less is not remembered
FOUND_S = 2.0
EXCUSED = 0.01  # of the calls
REPLAYS = 500
REPLAY_TRIES = 3
CHORE_LOOKS = 4  # a chore takes as long as so many looks
SWITCH_S = 0.0005  # a tenth of Python's: an answer passes through many threads, each of which waits for the others


@dataclass
class Control:
    """How late plain waits of TICK_S end, one after the other, in this process.

    ended_s: when each that was late ended; late_s: by how much.
    """

    ended_s: "array[float]" = field(default_factory=lambda: array("d"))
    late_s: "array[float]" = field(default_factory=lambda: array("d"))
    waits: int = 0

    def run(self, over: threading.Event) -> None:
        """Again and again, so that there is always one."""
        while not over.is_set():
            began_s = time.monotonic()
            select.poll().poll(TICK_S * 1000)
            ended_s = time.monotonic()
            self.waits += 1
            if ended_s - began_s - TICK_S > LATE_S:
                self.late_s.append(ended_s - began_s - TICK_S)
                self.ended_s.append(ended_s)

    def lateness(self, span: Span) -> list[float]:
        """Of each plain wait that was late then, the seconds of it that fall into the span."""
        found = []
        for at in range(bisect_left(self.ended_s, span.began_s), len(self.ended_s)):
            began_s = self.ended_s[at] - self.late_s[at]
            if began_s < span.ended_s:
                found.append(min(self.ended_s[at], span.ended_s) - max(began_s, span.began_s))
            elif self.ended_s[at] - HANG_S > span.ended_s:
                break
        return found

    def excuses(self, late: Span) -> bool:
        """Whether a call that came late was late by SLACK_S at most, but for what plain waits were."""
        return late.ended_s - late.began_s - sum(self.lateness(late)) <= SLACK_S

    def was_late(self, span: Span) -> bool:
        """Whether a plain wait was late by more than SLACK_S meanwhile."""
        return any(late_s > SLACK_S for late_s in self.lateness(span))


@dataclass(frozen=True)
class Share:
    """One process's part. driver: whose; ours does chores too."""

    name: str
    driver: type[Ours | Vendors]
    seed: int
    lanes: int
    exchanges: int
    answer_s: float


@dataclass
class Outcome:
    """What was seen. out_of_step and late: what counts; doubtful: out of step while a plain wait was late."""

    tally: Tally = field(default_factory=Tally)
    out_of_step: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    doubtful: list[Case] = field(default_factory=list)
    longest_wait_s: float = 0.0
    late_waits: int = 0
    waits: int = 0
    lost_processes: int = 0

    def add(self, other: "Outcome") -> None:
        """Count another process's in."""
        self.tally.add(other.tally)
        self.out_of_step += other.out_of_step
        self.late += other.late
        self.doubtful += other.doubtful
        self.longest_wait_s = max(self.longest_wait_s, other.longest_wait_s)
        self.late_waits += other.late_waits
        self.waits += other.waits


def work(share: Share, hand_in: Connection) -> None:
    """All lanes of one process, until they are done or a signal comes; the Outcome is handed in."""
    stop, over = threading.Event(), threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    sys.setswitchinterval(SWITCH_S)
    control = Control()
    watch = threading.Thread(target=control.run, args=(over,))
    watch.start()
    looking = [Lane(number, share.seed, share.driver, share.answer_s, stop) for number in range(share.lanes)]
    lanes: list[Lane | Chores] = list(looking)
    each = -(-share.exchanges // share.lanes)
    amounts = [each] * share.lanes
    if share.driver is Ours:
        lanes.append(Chores(share.seed, share.seed, share.answer_s, stop))
        amounts.append(-(-each // CHORE_LOOKS))
    threads = [
        threading.Thread(target=lane.run, args=(amount,), daemon=True)
        for lane, amount in zip(lanes, amounts, strict=True)
    ]
    for thread in threads:
        thread.start()
    hung = supervise(share, lanes, threads)
    over.set()
    watch.join()
    hand_in.send(judged(together(lanes, hung), control))


def together(lanes: list[Lane | Chores], hung: int) -> Tally:
    """What all lanes have seen so far."""
    tally = Tally(hangs=hung)
    for lane in lanes:
        tally.add(lane.tally)
    return tally


def judged(tally: Tally, control: Control) -> Outcome:
    """A process's, once its plain waits are known."""
    doubtful = [case for case in tally.out_of_step if control.was_late(case.span)]
    out_of_step = [case.span.story for case in tally.out_of_step if not control.was_late(case.span)]
    late = [span.story for span in tally.late if not control.excuses(span)]
    longest_s, late_waits = max(control.late_s, default=0.0), sum(late_s > SLACK_S for late_s in control.late_s)
    return Outcome(tally, out_of_step, late, doubtful, longest_s, late_waits, control.waits)


def supervise(share: Share, lanes: list[Lane | Chores], threads: list[threading.Thread]) -> int:
    """Until every lane is at its end or hangs; how many hang."""
    told_s = -TOLD_S
    while True:
        now = time.monotonic()
        hung = [lane for lane in lanes if lane.busy_since_s and now - lane.busy_since_s > HANG_S]
        alive = [thread for thread, lane in zip(threads, lanes, strict=True) if thread.is_alive() and lane not in hung]
        if not alive:
            return len(hung)
        if now - told_s > TOLD_S:
            told_s = now
            tally = in_short(together(lanes, len(hung)))
            print(f"{share.name}, of {share.exchanges}: {tally}", file=sys.stderr, flush=True)
        alive[0].join(0.5)


def in_short(tally: Tally) -> str:
    """How far it is, for people who wait."""
    return (
        f"exchanges {tally.exchanges}, chores {tally.chores}, hangs {tally.hangs}, wrong ids {tally.wrong_ids},"
        f" out of step {len(tally.out_of_step)}, late {len(tally.late)}, both without excuses"
    )


def end(stopped: threading.Event) -> None:
    """Let the processes come to their end, and begin nothing more."""
    stopped.set()
    for process in active_children():
        process.terminate()


def ask(
    driver: type[Ours | Vendors], arguments: argparse.Namespace, exchanges: int, stopped: threading.Event
) -> Outcome:
    """A driver in all processes at once."""
    name = "our driver" if driver is Ours else "the vendor's library alone"
    number, context = arguments.processes, get_context("spawn")
    share = partial(
        Share, driver=driver, lanes=arguments.lanes, exchanges=-(-exchanges // number), answer_s=arguments.answer
    )
    ears = []
    for n in range(number):
        ear, mouth = context.Pipe(duplex=False)
        one = share(f"{name}, process {n}", seed=arguments.seed * number + n)
        context.Process(target=work, args=(one, mouth), daemon=True).start()
        mouth.close()
        ears.append(ear)
    if stopped.is_set():
        end(stopped)  # it came before they were there
    outcome = Outcome()
    for ear in ears:
        try:
            outcome.add(ear.recv())
        except EOFError:
            outcome.lost_processes += 1
    return outcome


def ask_again(cases: list[Case], answer_s: float, stopped: threading.Event) -> list[str]:
    """The cases that are out of step again, each alone; and those that nobody asks, beyond REPLAYS."""
    return [
        case.span.story
        for number, case in enumerate(cases)
        if number >= REPLAYS or stopped.is_set() or is_out_of_step(case, answer_s)
    ]


def is_out_of_step(case: Case, answer_s: float) -> bool:
    """Whether a case is so again: the first time that no plain wait is late, or each time."""
    for _ in range(REPLAY_TRIES):
        control, over = Control(), threading.Event()
        watch = threading.Thread(target=control.run, args=(over,))
        watch.start()
        began_s = time.monotonic()
        again = Lane(case.number, 0, Ours, answer_s, threading.Event()).replay(case)
        span = Span(began_s, time.monotonic())
        over.set()
        watch.join()
        if not again:
            return False
        if not control.was_late(span):
            return True
    return True


def measure_ours(report: Report, arguments: argparse.Namespace, stopped: threading.Event) -> None:
    """Our driver."""
    began_s = time.monotonic()
    outcome = ask(Ours, arguments, arguments.exchanges, stopped)
    ours, none = outcome.tally, Goal(0, "most")
    again = ask_again(outcome.doubtful, arguments.answer, stopped)
    counted = outcome.out_of_step + again
    excused = len(ours.out_of_step) - len(counted) + len(ours.late) - len(outcome.late)
    report.add("exchanges", ours.exchanges, Goal(arguments.exchanges, "least"))
    report.add("chores", ours.chores, Goal(arguments.exchanges // arguments.lanes // CHORE_LOOKS, "least"))
    report.add("chores that were done", ours.chores_done)
    report.add("seconds", time.monotonic() - began_s)
    report.add("calls", ours.calls)
    report.add("deadline of a call, s", 2 * arguments.answer)
    for name in ("hangs", "gave_up", "wrong_ids", "false_strangers", "wrong_pages", "lost_fingers"):
        report.add(name, getattr(ours, name), none)
    report.add("processes lost", outcome.lost_processes, none)
    report.add("out_of_step", len(counted), none)
    report.add("late_calls", len(outcome.late), none)
    report.add("out_of_step, raw", len(ours.out_of_step))
    report.add("late_calls, raw", len(ours.late))
    report.add("excused, share of calls", excused / max(1, ours.calls), Goal(EXCUSED, "most"))
    report.add("longest overrun of a call, s", ours.overrun_s)
    report.add("longest overrun of a plain wait, s", outcome.longest_wait_s)
    report.add("late plain waits", outcome.late_waits)
    report.add("plain waits", outcome.waits)
    report.add("most calls failed in a row", ours.most_failed_in_a_row)
    report.add("calls that failed", dict(ours.failed))
    report.add("other pages changed by chores that failed", ours.spoilt_pages)
    for story in counted + outcome.late:
        print(f"out of step or late: {story}", file=sys.stderr)


def measure_troubles(report: Report) -> None:
    """How soon each is found; what goes wrong here must not keep the rest from being measured."""
    wrong = 0
    for trouble, found_s in troubles():
        if isinstance(found_s, str):
            wrong += 1
            print(f"{trouble}: {found_s}", file=sys.stderr)
        else:
            report.add(f"found: {trouble}, s", found_s, Goal(FOUND_S + SLACK_S, "most"))
    report.add("troubles told otherwise", wrong, Goal(0, "most"))


def measure_vendors(report: Report, arguments: argparse.Namespace, stopped: threading.Event) -> None:
    """The vendor's library."""
    vendors = ask(Vendors, arguments, arguments.exchanges // arguments.vendor, stopped).tally
    report.add("vendor alone, exchanges", vendors.exchanges)
    report.add("vendor alone, wrong ids", vendors.wrong_ids)
    report.add("vendor alone, strangers who are none", vendors.false_strangers)
    report.add("vendor alone, out of step", len(vendors.out_of_step))
    report.add("vendor alone, most polls failed in a row", vendors.most_failed_in_a_row)
    report.add("vendor alone, power taken after ten of them", vendors.reopened)
    report.add("vendor alone, fingers lost in the sensor", vendors.lost_fingers)
    report.add("vendor alone, polls that failed", dict(vendors.failed))


def main() -> None:
    """Measure, and print; on Ctrl-C and SIGTERM what was measured until then."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one object of JSON last")
    parser.add_argument("--exchanges", type=int, default=20_000, help="spoilt looks at the glass (default 20000)")
    parser.add_argument("--processes", type=int, default=2 * (os.cpu_count() or 1), help="default: two for each core")
    parser.add_argument("--lanes", type=int, default=16, help="sensors in each process (default 16)")
    parser.add_argument("--answer", type=float, default=0.25, metavar="SECONDS", help="for one answer (default 0.25)")
    parser.add_argument("--seed", type=int, default=1, help="another one is another corpus")
    parser.add_argument("--vendor", type=int, default=20, metavar="N", help="every Nth exchange for the vendor's too")
    arguments = parser.parse_args()
    stopped = threading.Event()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: end(stopped))
    report = Report("sensor")
    measure_troubles(report)
    measure_ours(report, arguments, stopped)
    if arguments.exchanges >= arguments.vendor and not stopped.is_set():
        measure_vendors(report, arguments, stopped)
    report.show(as_json=arguments.json)
    sys.stdout.flush()
    os._exit(0)  # a lane that hangs must not keep the bench from its end


if __name__ == "__main__":
    main()
