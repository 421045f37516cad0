"""An output that fails is told, left for a while, and opened again."""

import pytest

from drivers.errors import LightError, Trouble
from drivers.lights import Colour, Pattern
from kiosk.events import PartBack, PartLost, Sighting
from kiosk.outputs import Mending
from kiosk.parts import Report

GREEN = Pattern(Colour.GREEN)


class Lamp:
    """Lights that fail when they are told to, and write down what they did."""

    def __init__(self) -> None:
        self.broken = False
        self.opened = self.closed = 0
        self.shown: list[Pattern] = []

    def open(self) -> "Lamp":
        if self.broken:
            raise LightError("no pins")
        self.opened += 1
        return self

    def show(self, pattern: Pattern) -> None:
        if self.broken:
            raise LightError("the wire is off")
        self.shown.append(pattern)

    def close(self) -> None:
        self.closed += 1
        if self.broken:
            raise LightError("and can't be closed")


@pytest.fixture
def told() -> list[Sighting]:
    return []


def mending(lamp: Lamp, told: list[Sighting]) -> Mending[Lamp]:
    return Mending(lamp.open, Report("lights", told.append))


def test_it_is_opened_once_and_closed_at_the_end(told: list[Sighting]) -> None:
    lamp = Lamp()
    lights = mending(lamp, told)
    assert lamp.opened == 0
    for _ in range(3):
        lights.use(lambda device: device.show(GREEN))
    lights.close()
    lights.close()
    assert (lamp.opened, lamp.closed, lamp.shown) == (1, 1, [GREEN] * 3)
    assert not told


@pytest.mark.parametrize("from_the_start", [True, False])
def test_a_failure_is_told_once_and_mended_after_a_while(told: list[Sighting], from_the_start: bool) -> None:
    lamp = Lamp()
    lights = mending(lamp, told)
    if not from_the_start:
        lights.use(lambda device: device.show(GREEN))
    lamp.broken = True
    for _ in range(3):
        lights.use(lambda device: device.show(GREEN))
    lamp.broken = False
    lights.use(lambda device: device.show(GREEN))
    [lost] = told
    assert isinstance(lost, PartLost)
    assert (lost.part, lost.trouble) == ("lights", Trouble.BROKEN), "told once, and left in peace for a while"


def test_a_fault_of_the_work_before_does_not_cost_the_one_after(told: list[Sighting]) -> None:
    lamp = Lamp()
    lights = mending(lamp, told)
    faults = [LightError("the pattern before broke off")]

    def shown(device: Lamp) -> None:
        if faults:
            raise faults.pop()
        device.show(GREEN)

    lights.use(shown)
    assert lamp.shown == [GREEN]
    assert lamp.opened == 2
    assert not told


def test_what_could_not_be_shown_is_shown_when_it_is_mended(told: list[Sighting]) -> None:
    lamp = Lamp()
    lights = Mending(lamp.open, Report("lights", told.append), reopen_s=0)
    lamp.broken = True
    lights.use(lambda device: device.show(GREEN))
    lights.mend()
    lamp.broken = False
    lights.mend()
    lights.mend()
    assert lamp.shown == [GREEN], "once"
    assert [type(sighting) for sighting in told] == [PartLost, PartBack]


def test_it_works_again_when_it_is_opened_again(told: list[Sighting]) -> None:
    lamp = Lamp()
    lights = Mending(lamp.open, Report("lights", told.append), reopen_s=0)
    lamp.broken = True
    lights.use(lambda device: device.show(GREEN))
    lamp.broken = False
    lights.use(lambda device: device.show(GREEN))
    assert [type(sighting) for sighting in told] == [PartLost, PartBack]
    assert lamp.shown == [GREEN]
