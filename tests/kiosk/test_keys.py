"""Keys and switches as the gate sees them."""

import threading
from collections.abc import Iterator

import gpiozero
import pytest
from gpiozero.pins.mock import MockFactory

from drivers.bcm import GpioSettings
from drivers.errors import Trouble
from drivers.inputs import Change, InputSettings
from kiosk import clock
from kiosk.events import CaseChanged, KeyPressed, PartBack, PartLost, ServiceCalled, Sighting
from kiosk.keys import keys, to_sighting
from tests.drivers.pins import LostPin, pins_in_memory
from tests.waiting import until

SOON = (0.01,)


@pytest.fixture
def factory() -> Iterator[MockFactory]:
    with pins_in_memory() as pins:
        yield pins


def cases(told: list[Sighting]) -> list[bool]:
    return [item.open for item in told if isinstance(item, CaseChanged)]


@pytest.mark.parametrize(
    ("name", "active", "means"),
    [
        ("key_in", True, "in"),
        ("key_out", True, "out"),
        ("key_in", False, None),
        ("key_out", False, None),
        ("service", False, None),
    ],
)
def test_a_key_chooses_when_it_goes_down(name: str, active: bool, means: str | None) -> None:
    sighting = to_sighting(Change(name, active, clock.now().monotonic_s))  # type: ignore[arg-type]
    assert (sighting.direction if isinstance(sighting, KeyPressed) else sighting) == means


def test_a_change_keeps_the_moment_of_its_edge() -> None:
    edge_s = clock.now().monotonic_s - 5
    sighting = to_sighting(Change("service", True, edge_s))
    assert isinstance(sighting, ServiceCalled)
    assert sighting.at.monotonic_s == edge_s
    assert clock.now().wall_s - sighting.at.wall_s == pytest.approx(5, abs=1)


@pytest.mark.parametrize("is_open", [True, False])
def test_the_case_is_open_or_shut(is_open: bool) -> None:
    sighting = to_sighting(Change("tamper", is_open, 0.0))
    assert isinstance(sighting, CaseChanged)
    assert sighting.open is is_open


def test_a_press_on_a_pin_reaches_the_gate(factory: MockFactory) -> None:
    told: list[Sighting] = []
    settings = InputSettings("gpio", key_in=5, service=6, tamper=13, debounce_s=0.01)
    with keys(settings, GpioSettings(), told.append):
        until(lambda: bool(told), "the case's state, when all are opened")
        pin = factory.pin(5)
        pin.drive_low()
        until(lambda: len(told) == 2, "the press")
        pin.drive_high()
        factory.pin(6).drive_low()
        until(lambda: len(told) == 3, "the call")
    assert [type(item) for item in told] == [CaseChanged, KeyPressed, ServiceCalled]


def test_keys_that_can_not_be_opened_are_told_and_opened_again(factory: MockFactory) -> None:
    told: list[Sighting] = []
    other = gpiozero.DigitalInputDevice(5, pull_up=True)
    with keys(InputSettings("gpio", key_in=5, debounce_s=0.01), GpioSettings(), told.append, SOON):
        until(lambda: bool(told), "the fault")
        other.close()
        until(lambda: len(told) == 2, "the end of the fault")
        factory.pin(5).drive_low()
        until(lambda: len(told) == 3, "the press")
    lost, back, pressed = told
    assert isinstance(lost, PartLost)
    assert (lost.part, lost.trouble) == ("inputs", Trouble.BROKEN)
    assert "key_in on pin 5" in lost.why
    assert isinstance(back, PartBack)
    assert isinstance(pressed, KeyPressed)


def test_keys_that_can_not_be_read_for_a_while_tell_the_case_again(factory: MockFactory) -> None:
    told: list[Sighting] = []
    factory.pin_class = LostPin
    pin = factory.pin(19)
    with keys(InputSettings("gpio", tamper=19, debounce_s=0.01), GpioSettings(), told.append, SOON):
        until(lambda: bool(told), "the case's state")
        pin.lost = True
        until(lambda: any(isinstance(item, PartLost) for item in told), "the fault")
        pin.turn(closed=True)
        pin.lost = False
        until(lambda: any(isinstance(item, PartBack) for item in told), "the end of the fault")
        until(lambda: cases(told) == [True, False], "the case's state")
    assert [item.part for item in told if isinstance(item, PartLost)] == ["inputs"]


def test_the_end_of_the_gate_does_not_wait_for_keys_that_can_not_be_opened(factory: MockFactory) -> None:
    told: list[Sighting] = []
    other = gpiozero.DigitalInputDevice(5, pull_up=True)
    with keys(InputSettings("gpio", key_in=5), GpioSettings(), told.append, (3600.0,)):
        until(lambda: bool(told), "the fault")
    other.close()
    assert not [thread for thread in threading.enumerate() if thread.name in ("keys", "inputs")]


def test_no_keys_are_no_trouble() -> None:
    told: list[Sighting] = []
    with keys(InputSettings(), GpioSettings(), told.append):
        pass
    assert not told
