"""What tells a person what to do at the sensor: words, the gate's lights, and the sensor's own ring."""

from contextlib import closing
from dataclasses import replace

import pytest

from drivers.fingerprint import EnrolStep, open_sensor
from drivers.fingerprint.emulator import FingerprintEmulator
from drivers.lights import LightSettings
from kiosk.commands.sensing import prompting
from kiosk.config import Config
from tests.drivers.pins import driven, pins_in_memory
from tests.kiosk.sensor_desk import settings_of
from tests.waiting import until

LIGHTS = LightSettings("gpio")
BLUE, FLASHING, OFF = 2, 2, 4  # as the R503's manual numbers them


def test_a_touch_is_asked_for_in_words_and_blue_light_and_all_is_dark_in_the_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pins_in_memory() as pins, FingerprintEmulator(model="r503") as emulator:
        config = Config(fingerprint=settings_of(emulator), lights=LIGHTS)
        sensor = open_sensor(config.fingerprint)
        assert sensor
        blue = pins.pin(LIGHTS.blue)
        with closing(sensor), prompting(config, sensor) as prompt:
            prompt(EnrolStep.TOUCH)
            until(lambda: driven(blue) > 0, "the blue light")
            assert emulator.ring
            assert (emulator.ring.colour, emulator.ring.mode) == (BLUE, FLASHING)
            prompt(EnrolStep.LIFT)
            until(lambda: not driven(blue), "no light")
            assert emulator.ring.mode == OFF
            prompt(EnrolStep.TOUCH_AGAIN)
            until(lambda: driven(blue) > 0, "the blue light again")
        assert not driven(blue)
        assert emulator.ring.mode == OFF
    said = capsys.readouterr().err.splitlines()
    assert [line.split()[0] for line in said] == ["Put", "Take", "And"]


def test_a_touch_is_asked_for_in_words_where_no_light_can_be_lit(capsys: pytest.CaptureFixture[str]) -> None:
    with FingerprintEmulator() as emulator:
        config = replace(Config(lights=LIGHTS), fingerprint=settings_of(emulator))
        sensor = open_sensor(config.fingerprint)
        assert sensor
        with closing(sensor), prompting(config, sensor) as prompt:
            prompt(EnrolStep.TOUCH)
    assert "Put the finger on the sensor" in capsys.readouterr().err
