"""What every fingerprint sensor promises, held against the real driver on a real line."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drivers.errors import (
    EnrolmentFailed,
    SensorBusy,
    SensorFull,
    SensorLost,
    SensorRefused,
    SensorSilent,
    SensorUnplugged,
)
from drivers.fingerprint import EnrolStep, FingerprintSensor, FingerprintSettings, Touch, open_sensor
from drivers.fingerprint.adafruit import AdafruitSensor
from drivers.fingerprint.emulator import FingerprintEmulator
from drivers.fingerprint.faults import Fault, FaultKind

HASTE_S = 0.2  # for lines on which no answer is expected
SOUND = Fault(FaultKind.DELAY)  # by no time at all


@contextmanager
def sensor_on(emulator: FingerprintEmulator, timeout_s: float = 2.0) -> Iterator[AdafruitSensor]:
    sensor = AdafruitSensor(FingerprintSettings("adafruit", emulator.port), timeout_s)
    try:
        yield sensor
    finally:
        sensor.close()


@pytest.fixture
def emulator() -> Iterator[FingerprintEmulator]:
    with FingerprintEmulator() as emulated:
        yield emulated


@pytest.fixture
def sensor(emulator: FingerprintEmulator) -> Iterator[FingerprintSensor]:
    with sensor_on(emulator) as opened:
        yield opened


@pytest.fixture
def hasty(emulator: FingerprintEmulator) -> Iterator[FingerprintSensor]:
    with sensor_on(emulator, HASTE_S) as opened:
        yield opened


def hand(emulator: FingerprintEmulator, first: str, second: str | None = None) -> Callable[[EnrolStep], None]:
    """A person who does as the prompt says, with one finger or with two."""

    def obey(step: EnrolStep) -> None:
        match step:
            case EnrolStep.TOUCH:
                emulator.place(first)
            case EnrolStep.LIFT:
                emulator.lift()
            case EnrolStep.TOUCH_AGAIN:
                emulator.place(second or first)

    return obey


@pytest.mark.parametrize("capacity", [80, 200, 1000])
def test_the_sensor_itself_says_how_much_it_holds(capacity: int) -> None:
    with FingerprintEmulator(capacity=capacity) as emulator, sensor_on(emulator) as sensor:
        assert sensor.capacity == capacity


def test_an_enrolled_finger_is_known_by_its_page(sensor: FingerprintSensor, emulator: FingerprintEmulator) -> None:
    sensor.enrol(7, hand(emulator, "ani"))
    sensor.enrol(8, hand(emulator, "budi"))
    emulator.place("ani")
    touch = sensor.poll()
    assert touch is not None
    assert touch.page == 7
    assert touch.score > 0


def test_a_stranger_is_a_touch_without_a_page(sensor: FingerprintSensor, emulator: FingerprintEmulator) -> None:
    sensor.enrol(7, hand(emulator, "ani"))
    emulator.place("a stranger")
    assert sensor.poll() == Touch(None)


def test_a_bare_glass_is_no_touch(sensor: FingerprintSensor) -> None:
    assert sensor.poll() is None


def test_a_finger_that_can_not_be_read_is_no_touch(sensor: FingerprintSensor, emulator: FingerprintEmulator) -> None:
    sensor.enrol(7, hand(emulator, "ani"))
    emulator.place("ani", smudged=True)
    assert sensor.poll() is None


def test_a_lifted_finger_is_not_seen_again(sensor: FingerprintSensor, emulator: FingerprintEmulator) -> None:
    sensor.enrol(7, hand(emulator, "ani"))
    emulator.place("ani")
    assert sensor.poll()
    emulator.lift()
    assert sensor.poll() is None


def test_enrolment_asks_for_a_touch_a_lift_and_a_touch(
    sensor: FingerprintSensor, emulator: FingerprintEmulator
) -> None:
    asked: list[EnrolStep] = []
    obey = hand(emulator, "ani")

    def prompt(step: EnrolStep) -> None:
        asked.append(step)
        obey(step)

    sensor.enrol(0, prompt)
    assert asked == [EnrolStep.TOUCH, EnrolStep.LIFT, EnrolStep.TOUCH_AGAIN]
    assert sensor.pages() == {0}


def test_two_different_fingers_make_no_template(sensor: FingerprintSensor, emulator: FingerprintEmulator) -> None:
    with pytest.raises(EnrolmentFailed, match="the same finger"):
        sensor.enrol(3, hand(emulator, "ani", "budi"))
    assert sensor.pages() == frozenset()


def test_a_failed_enrolment_leaves_the_page_as_it_was(sensor: FingerprintSensor, emulator: FingerprintEmulator) -> None:
    sensor.enrol(3, hand(emulator, "ani"))
    with pytest.raises(EnrolmentFailed):
        sensor.enrol(3, hand(emulator, "budi", "citra"))
    emulator.place("ani")
    touch = sensor.poll()
    assert touch is not None
    assert touch.page == 3


def test_a_new_enrolment_takes_the_place_of_the_old(sensor: FingerprintSensor, emulator: FingerprintEmulator) -> None:
    for finger in ("ani", "budi"):
        sensor.enrol(3, hand(emulator, finger))
    assert sensor.poll() is not None
    emulator.place("ani")
    assert sensor.poll() == Touch(None)


def test_a_finger_that_lies_on_another_page_is_refused(
    sensor: FingerprintSensor, emulator: FingerprintEmulator
) -> None:
    sensor.enrol(3, hand(emulator, "ani"))
    emulator.lift()
    with pytest.raises(EnrolmentFailed, match="page 3"):
        sensor.enrol(4, hand(emulator, "ani"))
    sensor.enrol(3, hand(emulator, "ani"))
    assert sensor.pages() == {3}


@pytest.mark.parametrize("stuck_at", list(EnrolStep))
def test_enrolment_ends_when_the_person_does_not_follow(
    sensor: FingerprintSensor, emulator: FingerprintEmulator, stuck_at: EnrolStep
) -> None:
    obey = hand(emulator, "ani")
    with pytest.raises(EnrolmentFailed, match=r"within 0\.1 s"):
        sensor.enrol(3, lambda step: None if step is stuck_at else obey(step), timeout_s=0.1)
    assert sensor.pages() == frozenset()


@pytest.mark.parametrize("page", [-1, 200, 70_000])
def test_a_page_that_the_sensor_does_not_have_is_refused_before_anyone_is_asked(
    sensor: FingerprintSensor, page: int
) -> None:
    with pytest.raises(SensorRefused, match="pages 0 to 199"):
        sensor.enrol(page, lambda step: pytest.fail(f"asked to {step.value}"))
    with pytest.raises(SensorRefused, match="pages 0 to 199"):
        sensor.delete(page)


def test_the_pages_of_a_large_sensor_are_all_listed() -> None:
    with FingerprintEmulator(capacity=1000) as emulator, sensor_on(emulator) as sensor:
        for page in (0, 255, 256, 999):
            sensor.enrol(page, hand(emulator, f"finger {page}"))
        assert sensor.pages() == {0, 255, 256, 999}


def test_a_deleted_finger_is_a_stranger(sensor: FingerprintSensor, emulator: FingerprintEmulator) -> None:
    sensor.enrol(7, hand(emulator, "ani"))
    sensor.delete(7)
    emulator.place("ani")
    assert sensor.poll() == Touch(None)
    assert sensor.pages() == frozenset()


def test_deleting_an_empty_page_is_no_error(sensor: FingerprintSensor, emulator: FingerprintEmulator) -> None:
    sensor.enrol(7, hand(emulator, "ani"))
    sensor.delete(6)
    assert sensor.pages() == {7}


def test_the_fingers_are_counted(sensor: FingerprintSensor, emulator: FingerprintEmulator) -> None:
    assert sensor.count() == 0
    for page, finger in enumerate(("ani", "budi")):
        sensor.enrol(page, hand(emulator, finger))
        emulator.lift()
    assert sensor.count() == 2


def test_a_full_sensor_says_so() -> None:
    with FingerprintEmulator(capacity=2) as emulator, sensor_on(emulator) as sensor:
        for page, finger in enumerate(("ani", "budi")):
            sensor.enrol(page, hand(emulator, finger))
        with pytest.raises(SensorFull, match="holds 2 fingers and no more: delete one first"):
            sensor.enrol(2, hand(emulator, "citra"))


def test_closing_twice_is_no_error_and_frees_the_port(sensor: FingerprintSensor, emulator: FingerprintEmulator) -> None:
    sensor.close()
    sensor.close()
    with pytest.raises(SensorLost):
        sensor.poll()
    with sensor_on(emulator) as again:
        assert again.capacity == sensor.capacity


def test_a_sensor_in_use_is_refused_to_a_second_program(
    sensor: FingerprintSensor, emulator: FingerprintEmulator
) -> None:
    with pytest.raises(SensorBusy, match="is the gate running"):
        AdafruitSensor(FingerprintSettings("adafruit", emulator.port))
    assert sensor.poll() is None


def test_a_refused_opening_leaves_the_port_free(emulator: FingerprintEmulator) -> None:
    emulator.silence()
    with pytest.raises(SensorSilent, match=f"the sensor on {emulator.port} is silent at every baud"):
        AdafruitSensor(FingerprintSettings("adafruit", emulator.port))
    emulator.heal()
    with sensor_on(emulator) as sensor:
        assert sensor.poll() is None


def test_the_settings_open_their_sensor(emulator: FingerprintEmulator) -> None:
    assert open_sensor(FingerprintSettings("none")) is None
    opened = open_sensor(FingerprintSettings("adafruit", emulator.port))
    assert opened is not None
    opened.close()


def test_a_silent_sensor_is_lost_and_comes_back_by_itself(
    hasty: FingerprintSensor, emulator: FingerprintEmulator
) -> None:
    hasty.enrol(7, hand(emulator, "ani"))
    emulator.silence()
    with pytest.raises(SensorSilent, match=rf"{emulator.port} is silent \(take image\)"):
        hasty.poll()
    emulator.heal()
    touch = hasty.poll()
    assert touch is not None
    assert touch.page == 7


def test_an_unplugged_sensor_is_lost_and_is_found_when_opened_again(
    sensor: FingerprintSensor, emulator: FingerprintEmulator
) -> None:
    sensor.enrol(7, hand(emulator, "ani"))
    emulator.unplug()
    with pytest.raises(SensorUnplugged, match="still plugged in"):
        sensor.poll()
    sensor.close()
    with pytest.raises(SensorUnplugged, match="there is no port"):
        AdafruitSensor(FingerprintSettings("adafruit", emulator.port))
    emulator.plug()
    with sensor_on(emulator) as again:
        assert again.pages() == {7}


def test_no_finger_or_template_is_named_in_the_log(
    sensor: FingerprintSensor, emulator: FingerprintEmulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    sensor.enrol(7, hand(emulator, "ani"))
    sensor.poll()
    assert "ani" not in caplog.text


def test_what_is_stored_is_there_after_a_restart(tmp_path: Path) -> None:
    memory = tmp_path / "sensor.json"
    with FingerprintEmulator(memory) as emulator, sensor_on(emulator) as sensor:
        sensor.enrol(7, hand(emulator, "ani"))
    with FingerprintEmulator(memory) as emulator, sensor_on(emulator) as sensor:
        emulator.place("ani")
        touch = sensor.poll()
    assert touch is not None
    assert touch.page == 7
