"""A part's upkeep: pauses that grow, troubles told once and in their order, and a loose plug that fills no journal."""

import threading
from collections.abc import Callable

import pytest

from drivers.errors import CameraEnded, CameraUnplugged, DriverError, Trouble
from kiosk.events import PartBack, PartLost, Sighting
from kiosk.parts import PAUSES_S, Report, keep


class Patience(threading.Event):
    """An end that comes after so many pauses, none of which takes any time."""

    def __init__(self, pauses: int) -> None:
        super().__init__()
        self.pauses_s: list[float | None] = []
        self._left = pauses

    def wait(self, timeout: float | None = None) -> bool:
        self.pauses_s.append(timeout)
        self._left -= 1
        if not self._left:
            self.set()
        return self.is_set()


class Clock:
    """A clock that is set by hand."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Plug:
    """A device that is used until it fails."""

    def __init__(self, told: list[Sighting]) -> None:
        self.closed = 0
        self.told_when_closed: list[Sighting] = []
        self._told = told

    def close(self) -> None:
        self.closed += 1
        self.told_when_closed = list(self._told)


def kinds(told: list[Sighting]) -> list[type[Sighting]]:
    return [type(sighting) for sighting in told]


def unplugged(*_: object) -> Plug:
    raise CameraUnplugged("no camera")


def test_a_part_that_can_not_be_opened_is_tried_less_and_less_often_and_told_once() -> None:
    told: list[Sighting] = []
    stop = Patience(6)
    keep(Report("camera", told.append), unplugged, lambda *_: None, stop)
    assert stop.pauses_s == [*PAUSES_S, PAUSES_S[-1], PAUSES_S[-1]]
    assert kinds(told) == [PartLost]


def test_pauses_grow_also_for_a_part_that_serves_for_a_moment_each_time() -> None:
    told: list[Sighting] = []
    stop, clock = Patience(5), Clock()

    def serve(_: Plug, report: Report) -> None:
        report.works()
        clock.now_s += 1.0
        report.works()
        raise CameraUnplugged("a loose plug")

    keep(Report("camera", told.append, clock), lambda: Plug(told), serve, stop)
    assert stop.pauses_s == [0.5, 1.0, 2.0, 5.0, 5.0]
    assert kinds(told) == [PartLost, PartBack, PartLost, PartBack, PartLost], "from then on it is not believed"


def test_what_served_for_long_is_as_good_as_new() -> None:
    told: list[Sighting] = []
    stop, clock = Patience(4), Clock()

    def serve(_: Plug, report: Report) -> None:
        report.works()
        clock.now_s += 60.0
        report.works()
        raise CameraUnplugged("once a minute")

    keep(Report("camera", told.append, clock), lambda: Plug(told), serve, stop)
    assert stop.pauses_s == [0.5] * 4


def test_a_trouble_is_told_before_the_device_is_closed_for_that_may_hang() -> None:
    told: list[Sighting] = []
    plug = Plug(told)

    def fail(_: Plug, __: Report) -> None:
        raise CameraUnplugged("gone")

    keep(Report("camera", told.append), lambda: plug, fail, Patience(1))
    assert plug.closed == 1
    assert kinds(plug.told_when_closed) == [PartLost]


@pytest.mark.parametrize("error", [CameraUnplugged("gone"), CameraEnded("over")])
def test_a_device_is_closed_whatever_ends_its_use(error: DriverError) -> None:
    plug = Plug([])

    def fail(*_: object) -> None:
        raise error

    keep(Report("camera", lambda _: None), lambda: plug, fail, Patience(1))
    assert plug.closed == 1


def test_a_replay_that_ended_is_not_opened_again() -> None:
    told: list[Sighting] = []
    opened: list[Plug] = []

    def opener() -> Plug:
        opened.append(Plug(told))
        return opened[-1]

    def end(*_: object) -> None:
        raise CameraEnded("all was shown")

    keep(Report("camera", told.append), opener, end, Patience(3))
    assert len(opened) == 1
    [lost] = told
    assert isinstance(lost, PartLost)
    assert lost.trouble is Trouble.ENDED


def test_a_part_that_is_not_there_is_no_trouble() -> None:
    told: list[Sighting] = []
    stop = Patience(1)
    keep(Report("sensor", told.append), lambda: None, lambda *_: None, stop)
    assert not told
    assert not stop.pauses_s


def test_two_threads_that_report_are_told_in_their_order() -> None:
    told: list[Sighting] = []
    report = Report("camera", told.append)

    def many(work: Callable[[], None]) -> threading.Thread:
        def often() -> None:
            for _ in range(3000):
                work()

        thread = threading.Thread(target=often)
        thread.start()
        return thread

    for thread in [many(report.works), many(lambda: report.fails(Trouble.FROZEN, "no frame"))]:
        thread.join()
    assert kinds(told)[::2] == [PartLost] * len(told[::2])
    assert kinds(told)[1::2] == [PartBack] * len(told[1::2])
