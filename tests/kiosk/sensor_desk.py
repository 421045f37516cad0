"""A sensor's thread at work on an emulated sensor, with a store, for tests of what the gate makes of it."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from drivers.fingerprint import EnrolStep, FingerprintSensor, FingerprintSettings, open_sensor
from drivers.fingerprint.emulator import FingerprintEmulator
from drivers.fingerprint.packets import DATA_AT, Instruction
from kiosk import clock
from kiosk.events import FingerKnown, FingerUnknown, Sighting
from kiosk.feeling import Feeling
from kiosk.parts import Report, keep
from kiosk.store import Known, Person, open_store
from tests.waiting import until

Kind = TypeVar("Kind", bound=Sighting)


class Booth(FingerprintEmulator):
    """An emulated sensor that knows how often it was asked for an image, and to store one."""

    def __init__(self, **settings: Any) -> None:
        """As the emulator is made."""
        self.looks = self.stores = 0
        self.last_store: int | None = None  # after which it says nothing more
        super().__init__(tell=self._count, **settings)

    def bare(self) -> None:
        """Take the finger off, until it was seen to be gone."""
        self.lift()
        enough = self.looks + 4
        until(lambda: self.looks >= enough, "looks at the bare glass")

    def _count(self, who: str, packet: bytes) -> None:
        self.looks += who == "hears" and packet[DATA_AT] == Instruction.TAKE_IMAGE
        self.stores += who == "hears" and packet[DATA_AT] == Instruction.STORE
        if self.stores == self.last_store:
            self.silence()
            self.last_store = None


@dataclass
class Desk:
    """What the thread told, and the ways to change what it works with."""

    path: Path
    feeling: Feeling
    seen: list[Sighting] = field(default_factory=list)

    def all(self, kind: type[Kind]) -> list[Kind]:
        """The sightings of a kind."""
        return [sighting for sighting in self.seen if isinstance(sighting, kind)]

    def wait(self, kind: type[Kind], count: int = 1) -> Kind:
        """The sighting of a kind that makes so many."""
        until(lambda: len(self.all(kind)) >= count, f"{count} {kind.__name__} among {self.seen}")
        return self.all(kind)[count - 1]

    def touch(self, booth: Booth, finger: str) -> str | None:
        """Who is known when a finger is laid down, and taken off again."""
        before = len(self._answers())
        booth.place(finger)
        until(lambda: len(self._answers()) > before, f"an answer to {finger}")
        booth.bare()
        last = self._answers()[-1]
        return last.person if isinstance(last, FingerKnown) else None

    def _answers(self) -> list[FingerKnown | FingerUnknown]:
        return [item for item in self.seen if isinstance(item, FingerKnown | FingerUnknown)]

    def learn(self) -> None:
        """Take up what is in the store, as the gate does each second."""
        self.feeling.known = self.known()

    def known(self) -> Known:
        """What is in the store."""
        with open_store(self.path) as store:
            return store.fingers.known()

    def erase(self, person: str) -> None:
        """Erase a person, whose fingers stay in the sensor for now."""
        with open_store(self.path) as store:
            found = store.people.get(person)
            assert found
            store.people.erase(person, clock.now(), left=found.pages)
        self.learn()

    def journal(self, kind: str) -> list[object]:
        """What the journal says of a kind."""
        with open_store(self.path) as store:
            return [entry.payload for entry in store.journal.since(kind=kind)]


@contextmanager
def at_work(
    path: Path, settings: FingerprintSettings, opener: Callable[[], FingerprintSensor | None] | None = None
) -> Iterator[Desk]:
    """The thread that keeps the sensor of these settings, or of another opener, over the store at `path`."""
    stop = threading.Event()
    seen: list[Sighting] = []
    feeling = Feeling(settings, seen.append, stop, partial(open_store, path))
    desk = Desk(path, feeling, seen)
    desk.learn()
    report = Report("sensor", seen.append)
    work = partial(keep, report, opener or partial(open_sensor, settings), feeling.use, stop, (0.05,))
    thread = threading.Thread(target=work, name="feel")
    thread.start()
    try:
        yield desk
    finally:
        stop.set()
        thread.join()


def settings_of(emulator: FingerprintEmulator) -> FingerprintSettings:
    """The settings that name an emulated sensor."""
    return FingerprintSettings("adafruit", emulator.port, baud=emulator.baud)  # type: ignore[arg-type]


def enrol(
    path: Path, emulator: FingerprintEmulator, fingers: Mapping[str, int], *, kept: bool = True
) -> dict[int, bytes]:
    """Enrol people in the sensor and in the store, each with the finger of the same name; gives their templates."""
    sensor = open_sensor(settings_of(emulator))
    assert sensor
    templates = {}
    with open_store(path) as store:
        for person, page in fingers.items():

            def hand(step: EnrolStep, finger: str = person) -> None:
                emulator.lift() if step is EnrolStep.LIFT else emulator.place(finger)

            sensor.enrol(page, hand)
            templates[page] = sensor.read_template(page)
            finger = templates[page] if kept else None
            store.people.enrol(Person(person, person.title()), [], page, clock.now(), finger=finger)
    emulator.lift()
    sensor.close()
    return templates
