"""Fingers are enrolled, written and erased on a bad line: what the driver calls done is so, on every page."""

from contextlib import closing
from functools import partial
from threading import Event

import pytest

from drivers.errors import SensorRefused
from drivers.fingerprint.adafruit import AdafruitSensor
from drivers.fingerprint.emulator import FingerprintEmulator
from drivers.fingerprint.packets import COMMAND, Instruction, frame
from drivers.fingerprint.templates import template_of
from tests.drivers.chores import Chores
from tests.drivers.fuzz import enrol_all, obey, settings_of


class Emptied(FingerprintEmulator):
    """A few wrong bits, which its sum does not show, make a command the one that empties the sensor, once."""

    victim: Instruction | None = None

    def _answer(self, packet: bytes) -> None:
        if packet[6] == COMMAND and packet[9] == self.victim:
            wrong = frame(COMMAND, bytes([Instruction.EMPTY]) + packet[10:-2])
            assert (int.from_bytes(wrong) ^ int.from_bytes(packet)).bit_count() <= 3
            self.victim, packet = None, wrong
        super()._answer(packet)


def test_an_enrolment_that_empties_the_sensor_is_told() -> None:
    with Emptied() as emulator:
        enrol_all(emulator)
        emulator.victim = Instruction.MAKE_MODEL
        with (
            closing(AdafruitSensor(settings_of(emulator))) as sensor,
            pytest.raises(SensorRefused, match="page 0, 5, 7, 21, 199 what it was told"),
        ):
            sensor.enrol(30, partial(obey, emulator, "wayan"))


def test_a_template_on_whose_way_the_sensor_is_emptied_is_told() -> None:
    with Emptied() as emulator:
        enrol_all(emulator)
        emulator.victim = Instruction.DOWNLOAD_CHARACTERS
        with (
            closing(AdafruitSensor(settings_of(emulator))) as sensor,
            pytest.raises(SensorRefused, match="page 0, 5, 7, 21, 199 what it was told"),
        ):
            sensor.write_template(30, template_of("wayan", 0))


@pytest.mark.parametrize("number", [0, 1])
def test_what_is_called_done_is_done_on_every_page(number: int) -> None:
    chores = Chores(number, 7, 0.2, Event())
    chores.run(40)
    tally = chores.tally
    assert (tally.chores, tally.gave_up, tally.wrong_pages, tally.lost_fingers) == (40, 0, 0, 0)
    assert tally.chores_done
