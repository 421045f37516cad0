"""The only wiring: opens the parts, runs the loop, closes them in reverse."""

import fcntl
import logging
import platform
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.metadata import version
from operator import itemgetter

from drivers.buzzer import open_buzzer
from drivers.camera import Frame, camera_opener
from drivers.errors import Trouble
from drivers.fingerprint import open_sensor
from drivers.lights import open_lights
from kiosk import clock
from kiosk.answers import Answers
from kiosk.config import Config
from kiosk.errors import StoreError
from kiosk.events import (
    Attendance,
    Box,
    Commit,
    CommitFailed,
    Committed,
    Cue,
    Effect,
    FaceKnown,
    FaceSeen,
    FaceTooFar,
    FaceUnknown,
    Moment,
    Nobody,
    Note,
    Overdue,
    PartBack,
    PartLost,
    Record,
    SeveralFaces,
    Show,
    Sighting,
    Tick,
)
from kiosk.feeling import Feeling
from kiosk.gallery import Gallery
from kiosk.gate import step
from kiosk.held import lock_path
from kiosk.keys import keys
from kiosk.memory import State
from kiosk.outputs import Mending, Outputs
from kiosk.parts import Report
from kiosk.records import last_attendances, to_payload
from kiosk.screen import Screen
from kiosk.sightings import Sightings
from kiosk.store import Entry, Keeper, Store, Template, open_store
from kiosk.vision.engines import open_engine
from kiosk.vision.eye import Eye
from kiosk.words import load_words

_log = logging.getLogger(__name__)
_WAIT_S = 0.1
_REFRESH_S = 1.0
_MOST_UNKEPT = 1000
_REMEMBER = timedelta(days=2)  # a repeat, and the first record of a day, lie within it in every time zone


def run(config: Config, stop: threading.Event, began: threading.Event) -> None:
    """Be the gate until `stop` is set. Raises KioskError and DriverError where it can't begin.

    began: set when there is something to be ended in order; before, the process may just end.
    """
    with ExitStack() as parts:
        keeper = parts.enter_context(closing(Keeper(config.store_path)))
        parts.enter_context(_only_gate(config))
        words = load_words(config.site.language)
        screen = parts.enter_context(closing(Screen(config.screen.listen, config.site.name, config.zone, words)))
        screen.start()
        engine = open_engine(config.eye.engine, config.models_path)
        eye = Eye(
            engine, Gallery([], config.eye.threshold, config.eye.margin), config.eye.min_face_px, config.eye.detector
        )
        sightings = Sightings(
            eye,
            open_camera=camera_opener(config.camera, config.base),
            open_sensor=partial(open_sensor, config.fingerprint),
            feel=partial(Feeling, config.fingerprint, open_store=partial(open_store, config.store_path)),
            on_frame=lambda frame: gate.see(frame),
        )
        tell = sightings.tell
        opener = partial(open_lights, config.lights, config.gpio)
        lights = parts.enter_context(closing(Mending(opener, Report("lights", tell))))
        sounder = partial(open_buzzer, config.buzzer, config.gpio)
        buzzer = parts.enter_context(closing(Mending(sounder, Report("buzzer", tell))))
        gate = Gate(config, keeper, sightings, eye, Outputs(lights, buzzer, screen))
        began.set()
        gate.begin()
        parts.callback(gate.end)
        sightings.start()
        parts.enter_context(closing(sightings))
        parts.enter_context(keys(config.inputs, config.gpio, tell))
        while not stop.is_set():
            gate.handle(sightings.next(_WAIT_S) or Tick(clock.now()))
            gate.refresh()


@contextmanager
def _only_gate(config: Config) -> Iterator[None]:
    """Two gates on one store would record everybody twice. Raises StoreError."""
    with lock_path(config).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreError(f"another gate runs on the store {config.store_path}: stop it first") from error
        yield


class Gate:
    """The state of the gate, and the parts that its effects reach."""

    def __init__(self, config: Config, keeper: Keeper, sightings: Sightings, eye: Eye, outputs: Outputs) -> None:
        """Everything opened, nobody seen yet."""
        self._config = config
        self._policy = config.policy
        self._keeper = keeper
        self._sightings = sightings
        self._eye = eye
        self._outputs = outputs
        self._answers = Answers(load_words(config.site.language), config.zone, config.gate.answer_s, config.feedback)
        self._state = State()
        self._boxes: tuple[Box, ...] = ()
        self._people_version = -1
        self._refreshed_s = 0.0
        self._failing: set[str] = set()
        self._sealed = False
        self._unkept: deque[Record] = deque(maxlen=_MOST_UNKEPT)

    def begin(self) -> None:
        """Remember who was here, take up the people, and say that we are there."""
        now = clock.now()
        journal = self._keeper.get().journal
        since = datetime.fromtimestamp(now.wall_s, UTC) - _REMEMBER
        self._state = State(last=last_attendances(journal.since(since, "attendance"), now, clock.boot_id()))
        self._keeper.append("start", _identity(self._config), now)
        self.refresh()
        self._show(self._state.cue)

    def end(self) -> None:
        """The last entry of this run."""
        self._try("journal", lambda: self._keeper.append("stop", {}, clock.now()))

    def see(self, frame: Frame) -> None:
        """Called by the camera's thread with each frame."""
        self._outputs.screen.see(frame, self._boxes)

    def handle(self, sighting: Sighting) -> None:
        """One step of the gate, and all that follows from it."""
        self._boxes = _boxes(sighting, self._boxes)
        waiting = deque([sighting])
        while waiting:
            self._state, effects = step(self._state, waiting.popleft(), self._policy)
            waiting.extend(outcome for effect in effects if (outcome := self._do(effect)))
        self._outputs.screen.faults(frozenset(self._state.lost), self._notes())

    def _notes(self) -> tuple[str, ...]:
        """What is wrong with the gate, in words."""
        state, words = self._state, self._answers.words
        said = [words.fault(part, trouble.value) for part, trouble in sorted(state.lost.items(), key=itemgetter(0))]
        said += sorted(words.fault(part, ailment.value) for part, ailment in state.ails)
        return (*said, words.fault("case", "open")) if state.case_open else tuple(said)

    def refresh(self) -> None:
        """Take up people that were enrolled or erased, and show what is not sent, once a second."""
        now_s = clock.now().monotonic_s
        if now_s - self._refreshed_s >= _REFRESH_S:
            self._refreshed_s = now_s
            self._try("store", self._take_up)
            self._try("journal", self._keep_all)
            self._outputs.lights.mend()
            self._outputs.buzzer.mend()

    def _take_up(self) -> None:
        store = self._keeper.get()
        if self._config.district.url:
            self._count_unsent(store)
        people_version = store.people.version()
        if people_version == self._people_version:
            return
        eye, people = self._config.eye, store.people.all()
        known = self._sightings.feeling.known = store.fingers.known()
        self._answers = replace(self._answers, names={person.id: person.name for person in people})
        every = self._templates(store)
        templates = [item for item in every if item.model == self._eye.engine.name]
        if len(templates) < len(every):
            _log.warning("%d faces were enrolled for another model: enrol them again", len(every) - len(templates))
        marked = {person.id for person in people if person.confirm}
        self._eye.gallery = Gallery(templates, eye.threshold, eye.margin, fpir=eye.fpir, confirm=marked)
        self._people_version = people_version
        _log.info("%d people to be known by face, %d fingers", len(self._eye.gallery), len(known.fingers))

    def _count_unsent(self, store: Store) -> None:
        """Show how many entries wait for the district, and say so if the oldest waits too long."""
        sent = store.cursors.get("district")
        self._outputs.screen.unsent(store.journal.last_number() - sent)
        oldest = next(iter(store.journal.after(sent, 1)), None)
        since = _moment(oldest) if oldest else None
        now = clock.now()
        late = since is not None and now.wall_s - since.wall_s > self._config.district.offline_after_h * 3600
        self.handle(Overdue(now, since if late else None))

    def _templates(self, store: Store) -> list[Template]:
        """Everybody's faces. Where they can't be opened, the gate says so: it would refuse everybody it should know."""
        try:
            templates = store.people.templates()
        except StoreError as error:
            self._sealed = True
            self.handle(PartLost(clock.now(), "store", str(error), Trouble.SEALED))
            raise
        if self._sealed:
            self._sealed = False
            self.handle(PartBack(clock.now(), "store"))
        return templates

    def _do(self, effect: Effect) -> Sighting | None:
        match effect:
            case Commit(attendance):
                return self._commit(attendance)
            case Show(cue):
                self._show(cue)
            case Note(record):
                self._unkept.append(record)
                self._try("journal", self._keep_all)
        return None

    def _commit(self, attendance: Attendance) -> Sighting:
        try:
            self._keep(attendance)
        except StoreError as error:
            return CommitFailed(clock.now(), attendance, str(error))
        return Committed(clock.now(), attendance)

    def _keep(self, record: Record) -> None:
        kind, payload = to_payload(record)
        self._keeper.append(kind, payload, record.at)

    def _keep_all(self) -> None:
        """What could not be kept when it happened is kept now, in its order."""
        while self._unkept:
            self._keep(self._unkept[0])
            self._unkept.popleft()

    def _show(self, cue: Cue) -> None:
        """Light and sound, then the page; none of them keeps the others or the gate from their work."""
        feedback = self._config.feedback[cue.sign]
        self._outputs.lights.use(lambda lights: lights.show(feedback.pattern))
        self._outputs.buzzer.use(lambda buzzer: buzzer.play(feedback.tune))
        self._sightings.feeling.show(feedback.pattern)
        self._outputs.screen.show(self._answers.to(cue, clock.now()))

    def _try(self, what: str, work: Callable[[], object]) -> None:
        """Work that the gate can go on without: a fault is logged once, and once more when it is over."""
        try:
            work()
        except StoreError as error:
            if what not in self._failing:
                self._failing.add(what)
                _log.error("%s failed: %s", what, error)
        else:
            if what in self._failing:
                self._failing.remove(what)
                _log.info("%s works again", what)


def _identity(config: Config) -> dict[str, str]:
    """What a start tells of the gate."""
    return {
        "npsn": config.site.npsn,
        "name": config.site.name,
        "timezone": config.site.timezone,
        "gerbang": version("gerbang"),
        "python": platform.python_version(),
    }


def _moment(entry: Entry) -> Moment | None:
    """When an entry was; None where it is damaged."""
    try:
        return entry.moment
    except (ValueError, OverflowError):
        return None


def _boxes(sighting: Sighting, before: tuple[Box, ...]) -> tuple[Box, ...]:
    """The faces to draw on the page; sightings that are not of the camera change nothing."""
    match sighting:
        case FaceSeen(box=box) | FaceTooFar(box=box) | FaceKnown(box=box) | FaceUnknown(box=box):
            return (box,)
        case SeveralFaces(boxes=boxes):
            return boxes
        case Nobody():
            return ()
    return before
