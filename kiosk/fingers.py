"""The fingers that the store knows, and those that a sensor holds: how they differ, in sets and in words."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum

from drivers.errors import SensorError, SensorLost
from drivers.fingerprint import FingerprintSensor, SensorParameters
from kiosk import clock
from kiosk.errors import StoreError
from kiosk.events import Ailment
from kiosk.store import Erasure, Finger, Fingers, Known, SensorSeen
from kiosk.store.fingers import mark_of


@dataclass(frozen=True)
class Differences:
    """Pages. missing: known, and not in the sensor; foreign: in the sensor, and nobody's here or not what was enrolled.

    unread: in the sensor, and not yet compared with the template that the store keeps.
    """

    missing: tuple[int, ...] = ()
    foreign: tuple[int, ...] = ()
    unread: tuple[int, ...] = ()


def compare(
    fingers: Mapping[int, Finger], pages: Collection[int], marks: Mapping[int, str] | None = None
) -> Differences:
    """How a sensor differs from the store. marks: of the templates that were read from the sensor already."""
    marks = marks or {}
    kept = {page: item.mark for page, item in fingers.items() if item.mark}
    other = {page for page, mark in marks.items() if page in kept and page in pages and kept[page] != mark}
    return Differences(
        missing=tuple(sorted(fingers.keys() - set(pages))),
        foreign=tuple(sorted((set(pages) - fingers.keys()) | other)),
        unread=tuple(sorted((kept.keys() & set(pages)) - marks.keys())),
    )


def ailments_of(
    known: Known, sensor: SensorParameters, baud: int, pages: Collection[int], differences: Differences
) -> dict[Ailment, str]:
    """What is to be mended at a sensor that answers, in sentences that name no person. baud: of the settings."""
    ailing = {}
    if sensor.baud != baud:
        ailing[Ailment.WRONG_BAUD] = (
            f"the sensor speaks at {sensor.baud} baud, not {baud}: write baud = {sensor.baud} under [fingerprint]"
            " in gerbang.toml"
        )
    if is_another(sensor, known):
        ailing[Ailment.REPLACED] = (
            "this is not the sensor in which the fingers were enrolled: put that one back, or bring them into this"
            " one with gerbang fingers restore"
        )
    if len({*pages, *known.fingers, *known.erasures}) >= sensor.capacity:
        ailing[Ailment.FULL] = f"all {sensor.capacity} pages of the sensor are taken: erase who has left the school"
    if differences.missing:
        missing = differences.missing
        kept = sum(known.fingers[page].template is not None for page in missing)
        ailing[Ailment.FINGERS_MISSING] = (
            f"enrolled fingers are missing in the sensor: {len(missing)} ({page_list(missing)}),"
            f" of which the store has the templates of {kept}; see gerbang fingers list"
        )
    if differences.foreign:
        ailing[Ailment.FINGERS_FOREIGN] = (
            f"the sensor holds fingers that are not this gate's: {len(differences.foreign)}"
            f" ({page_list(differences.foreign)}), taken for nobody's; see gerbang fingers list, and remove them with"
            " gerbang fingers erase --foreign"
        )
    if why := _unsure(known):
        ailing[Ailment.FINGERS_UNSURE] = why
    return ailing


def _unsure(known: Known) -> str:
    """Which fingers have no template to be compared with, and what to do; nothing where all have one."""
    damaged = [page for page, item in known.fingers.items() if item.damaged]
    unkept = [page for page, item in known.fingers.items() if item.template is None and not item.damaged]
    said = []
    if unkept:
        said.append(
            f"no template is kept of {len(unkept)} fingers ({page_list(unkept)}), which another sensor would give to"
            " somebody else: gerbang fingers check --keep"
        )
    if damaged:
        said.append(
            f"the store's templates of {len(damaged)} fingers ({page_list(damaged)}) are damaged, and they are taken"
            " for nobody's: enrol them again, with --replace"
        )
    return "; ".join(said)


def page_list(pages: Iterable[int]) -> str:
    """Pages in words: "page 3", "pages 3, 5 to 9"."""
    runs: list[list[int]] = []
    for page in sorted(pages):
        if runs and page == runs[-1][-1] + 1:
            runs[-1].append(page)
        else:
            runs.append([page])
    words = [str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs]
    return ("page " if len(runs) == len(words) == 1 and len(runs[0]) == 1 else "pages ") + ", ".join(words)


def write_each(sensor: FingerprintSensor, templates: Mapping[int, bytes]) -> Iterator[tuple[int, str]]:
    """Put templates on their pages, each read back; page by page why it could not be done, or nothing.

    None is put where its finger is known on another page, which may be somebody else's.

    Raises SensorLost, for then no other page can be written either.
    """
    for page, template in templates.items():
        try:
            sensor.write_template(page, template, unless_known=True)
        except SensorLost:
            raise
        except SensorError as error:
            yield page, str(error)
        else:
            yield page, ""


def sensor_of(parameters: SensorParameters) -> SensorSeen:
    """What the store remembers of a sensor."""
    return SensorSeen(parameters.system, parameters.capacity)


def all_match(known: Known, marks: Mapping[int, str]) -> bool:
    """Whether at least one finger was compared with its kept template, and none is missing or another."""
    kept = {page: item.mark for page, item in known.fingers.items() if item.mark}
    return bool(kept) and all(marks.get(page) == mark for page, mark in kept.items())


def is_another(sensor: SensorParameters, known: Known) -> bool:
    """Whether this is surely not the sensor in which the fingers were enrolled; one of the same kind looks alike."""
    return known.sensor not in (None, sensor_of(sensor))


class Holds(Enum):
    """What a sensor holds on the page of an enrolled finger."""

    SAME = "same"
    OTHER = "another finger"
    NOTHING = "missing"
    UNSURE = "not kept, so not compared"
    DAMAGED = "its template in the store is damaged: enrol it again, with --replace"


def what_it_holds(sensor: FingerprintSensor, fingers: Mapping[int, Finger]) -> Iterator[tuple[int, Holds]]:
    """Page by page, read back from the sensor. Raises SensorError."""
    pages = sensor.pages()
    for page, finger in fingers.items():
        if page not in pages:
            yield page, Holds.NOTHING
        elif finger.template is None:
            yield page, Holds.DAMAGED if finger.damaged else Holds.UNSURE
        else:
            yield page, Holds.SAME if sensor.read_template(page) == finger.template else Holds.OTHER


def is_the_one(sensor: FingerprintSensor, known: Known) -> bool:
    """Whether a sensor is surely that of the store: it holds a finger as it was enrolled. Raises SensorError.

    Where no template is kept, one of the same kind is taken for it, or any where none was met yet.
    """
    kept = {page: item.template for page, item in known.fingers.items() if item.template is not None}
    if not kept:
        return not is_another(sensor.parameters, known)
    pages = sensor.pages()
    return any(page in pages and sensor.read_template(page) == template for page, template in kept.items())


def erase_finger(sensor: FingerprintSensor, page: int, mark: str | None, ours: Callable[[], bool]) -> bool:
    """Erase the finger with this mark from a page; gives whether it is surely gone. Raises SensorError.

    A sensor that was exchanged may hold nothing there, or somebody else's, while the finger that is meant lies in the
    one that is away. ours: whether this is surely the sensor that is meant; asked where the page itself can't tell.
    """
    if page not in sensor.pages():
        return ours()
    if not (ours() if mark is None else mark_of(sensor.read_template(page)) == mark):
        return False
    sensor.delete(page)
    return True


@contextmanager
def filling(fingers: Fingers, sensor: FingerprintSensor, pages: Mapping[int, Erasure]) -> Iterator[None]:
    """Put fingers on free pages, and enrol them, within: whatever goes wrong, the pages are empty again.

    Where they can't be emptied at once, or the power goes, the gate does it when it next opens the sensor. Raises
    StoreError.
    """
    fingers.intend(pages)
    try:
        yield
    except BaseException as error:
        if not isinstance(error, SensorLost):  # who is silent would take its whole deadline
            with suppress(SensorError, StoreError):
                for page in pages:
                    sensor.delete(page)
                fingers.forgo(pages)
        raise


def erase_left(fingers: Fingers, sensor: FingerprintSensor, pages: Iterable[int], *, ours: bool) -> None:
    """Erase pages in the sensor whose fingers the store has erased; the gate does what can't be. Raises StoreError."""
    erasures = fingers.known().erasures
    for page in erasures.keys() & set(pages):
        with suppress(SensorError):
            if erase_finger(sensor, page, erasures[page].mark, lambda: ours):
                fingers.erased([page], clock.now())
