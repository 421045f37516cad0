"""Which library drives the pins, and what is said where none does."""

import os
import subprocess
import sys
from importlib.util import find_spec

import gpiozero
import pytest
from gpiozero.pins.mock import MockFactory

from drivers.bcm import GpioSettings
from drivers.errors import DriverError
from drivers.pins import VENDORS, open_factory, ours, take_pins
from tests.conftest import ROOT
from tests.drivers.pins import pins_in_memory

MISSING = ("drivers.nothing_of_this_name", "Factory")
MOCK = ("gpiozero.pins.mock", "MockFactory")


def test_lgpio_is_tried_first_for_a_pi_5_has_nothing_else() -> None:
    assert list(VENDORS) == ["lgpio", "rpigpio"]


def test_the_second_library_serves_where_the_first_is_missing() -> None:
    assert isinstance(open_factory(GpioSettings(), {"lgpio": MISSING, "rpigpio": MOCK}), MockFactory)


def test_the_first_library_that_opens_serves() -> None:
    assert isinstance(open_factory(GpioSettings(), {"lgpio": MOCK, "rpigpio": MISSING}), MockFactory)


def test_a_library_that_is_asked_for_is_the_only_one_that_is_tried() -> None:
    with pytest.raises(gpiozero.BadPinFactory, match=r"^lgpio: No module named"):
        open_factory(GpioSettings("lgpio"), {"lgpio": MISSING, "rpigpio": MOCK})


@pytest.mark.parametrize(("asked", "named"), [("auto", "lgpio: .*; rpigpio: "), ("rpigpio", r"\(rpigpio: ")])
def test_where_no_library_is_there_one_sentence_names_them_and_what_to_do(
    monkeypatch: pytest.MonkeyPatch, asked: str, named: str
) -> None:
    monkeypatch.setattr(gpiozero.Device, "pin_factory", None)
    for module in ("lgpio", "RPi", "gpiozero.pins.lgpio", "gpiozero.pins.rpigpio"):
        monkeypatch.setitem(sys.modules, module, None)  # what import meets where they are not installed
    with pytest.raises(DriverError, match=rf"no GPIO pins.*{named}.*install lgpio"), ours(DriverError, "The buzzer"):
        take_pins(GpioSettings(asked))  # type: ignore[arg-type]


@pytest.mark.skipif(find_spec("lgpio") is None, reason="lgpio is missing here")
def test_a_folder_that_lgpio_can_not_write_to_is_said() -> None:
    program = (
        "from drivers.bcm import GpioSettings; from drivers.errors import DriverError; from drivers.pins import *\n"
        "try:\n with ours(DriverError, 'Lights'): take_pins(GpioSettings('lgpio'))\nexcept DriverError as e: print(e)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    said = subprocess.run(
        [sys.executable, "-c", program], cwd="/proc", env=environment, capture_output=True, check=True
    )
    assert b"lgpio: it must write into the folder that you are in" in said.stdout


def test_pins_are_opened_once_in_a_process() -> None:
    with pins_in_memory() as factory:
        take_pins(GpioSettings())
        assert gpiozero.Device.pin_factory is factory


def test_the_cause_of_an_error_is_kept() -> None:
    told = r"The buzzer: the pins don't answer \(gone\)"
    with pytest.raises(DriverError, match=told) as caught, ours(DriverError, "The buzzer"):
        raise RuntimeError("gone")
    assert isinstance(caught.value.__cause__, RuntimeError)
