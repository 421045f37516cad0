"""The fingers of the store and those of a sensor: how they differ, and the words for it."""

import pytest

from drivers.fingerprint import SensorParameters
from kiosk.events import Ailment
from kiosk.fingers import Differences, ailments_of, compare, page_list
from kiosk.store import Erasure, Finger, Known, SensorSeen
from kiosk.store.fingers import mark_of

ANI, BUDI = b"the template of ani", b"the template of budi"
FINGERS = {0: Finger("ani", ANI), 1: Finger("budi", BUDI), 2: Finger("citra")}
SENSOR = SensorParameters(capacity=200, packet_bytes=128, security_level=3, system=9, baud=57600, ring=False)
HERE = SensorSeen(9, 200)


def test_a_sensor_that_holds_what_was_enrolled_differs_in_nothing() -> None:
    assert compare(FINGERS, {0, 1, 2}, {0: mark_of(ANI), 1: mark_of(BUDI)}) == Differences()


def test_an_empty_sensor_misses_everybody() -> None:
    assert compare(FINGERS, set()) == Differences(missing=(0, 1, 2))


def test_a_page_that_is_nobodys_here_is_foreign() -> None:
    assert compare(FINGERS, {0, 1, 2, 7}).foreign == (7,)


def test_a_page_that_holds_another_template_is_foreign_and_not_missing() -> None:
    found = compare(FINGERS, {0, 1, 2}, {0: mark_of(BUDI), 1: mark_of(BUDI)})
    assert (found.foreign, found.missing) == ((0,), ())


def test_pages_are_unread_until_their_mark_is_known_and_only_where_a_template_is_kept() -> None:
    assert compare(FINGERS, {0, 1, 2}).unread == (0, 1)
    assert compare(FINGERS, {0, 1, 2}, {0: mark_of(ANI)}).unread == (1,)


def test_a_mark_of_a_page_that_is_empty_by_now_says_nothing() -> None:
    assert compare(FINGERS, {1, 2}, {0: mark_of(BUDI)}) == Differences(missing=(0,), unread=(1,))


@pytest.mark.parametrize(
    ("pages", "words"),
    [([3], "page 3"), ([4, 3], "pages 3 to 4"), ([9, 3, 5, 6, 7], "pages 3, 5 to 7, 9"), ([2, 4], "pages 2, 4")],
)
def test_pages_are_told_in_few_words(pages: list[int], words: str) -> None:
    assert page_list(pages) == words


def ailing(known: Known, pages: set[int], baud: int = 57600, sensor: SensorParameters = SENSOR) -> dict[Ailment, str]:
    return ailments_of(known, sensor, baud, pages, compare(known.fingers, pages))


def test_a_sensor_as_it_should_be_ails_in_nothing() -> None:
    kept = {page: item for page, item in FINGERS.items() if item.template}
    assert ailing(Known(kept, sensor=HERE), {0, 1}) == {}


def test_fingers_that_can_not_be_compared_are_told_apart_by_why() -> None:
    told = ailing(Known({**FINGERS, 3: Finger("dewi", damaged=True)}, sensor=HERE), {0, 1, 2, 3})
    assert "kept of 1 fingers (page 2)" in told[Ailment.FINGERS_UNSURE]
    assert "1 fingers (page 3) are damaged" in told[Ailment.FINGERS_UNSURE]


def test_another_baud_is_told_with_what_to_write() -> None:
    assert "write baud = 57600" in ailing(Known(sensor=HERE), set(), baud=9600)[Ailment.WRONG_BAUD]


def test_a_sensor_of_another_model_or_size_is_told() -> None:
    for before in (SensorSeen(0, 200), SensorSeen(9, 1000)):
        assert "put that one back" in ailing(Known(FINGERS, sensor=before), {0, 1, 2})[Ailment.REPLACED]


def test_a_full_sensor_is_told_and_pages_that_are_to_be_erased_are_not_free() -> None:
    erasures = {page: Erasure("dewi") for page in range(3, 200)}
    assert "all 200 pages" in ailing(Known(FINGERS, erasures, HERE), {0})[Ailment.FULL]
    del erasures[5]
    assert Ailment.FULL not in ailing(Known(FINGERS, erasures, HERE), {0})


def test_missing_and_foreign_fingers_are_counted_and_nobody_is_named() -> None:
    found = ailing(Known(FINGERS, sensor=HERE), {8})
    assert "3 (pages 0 to 2), of which the store has the templates of 2" in found[Ailment.FINGERS_MISSING]
    assert "1 (page 8)" in found[Ailment.FINGERS_FOREIGN]
    assert not any(name in sentence for sentence in found.values() for name in ("ani", "budi", "citra"))


def test_a_finger_does_not_show_its_template() -> None:
    assert "template of" not in repr(FINGERS)
