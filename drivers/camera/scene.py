"""The script of a scene at the gate: who comes, when, how near, and what befalls the camera. Kept as a TOML file."""

import json
import math
import os
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from drivers.errors import CameraError

APPROACH_S = 1.5  # from the first sight of a face to its standing at the gate
RETREAT_S = 1.0

FaultKind = Literal["freeze", "silent", "unplugged", "dark", "covered"]

_NUMBER = (int, float)


@dataclass(frozen=True)
class Visit:
    """One person's coming to the gate. Raises ValueError, naming the key, for a value that makes no sense.

    photo: a picture file; a relative path counts from the scene's file.
    face: where the face is in the photo: left, top, width, height in its pixels.
    at_s, leave_s: since the scene began: when the face appears, and when it begins to go (None: it stays).
    near_px: the face's width when it stands at the gate.
    column: where the face's centre stands, as a fraction of the frame's width.
    """

    photo: str
    face: tuple[int, int, int, int]
    at_s: float
    leave_s: float | None = None
    near_px: int = 200
    column: float = 0.5

    def __post_init__(self) -> None:
        """Refuse what can't be shown."""
        _check("photo", isinstance(self.photo, str) and self.photo, "a file's name", self.photo)
        _check("face", _is_box(self.face), "four whole numbers, [x, y, width, height]", self.face)
        _check("at_s", _is_number(self.at_s, 0), "a number of seconds, 0 or more", self.at_s)
        after = self.leave_s is None or _is_number(self.leave_s, self.at_s)
        _check("leave_s", after, "a number of seconds, no less than at_s", self.leave_s)
        near = _is_number(self.near_px, 20, 2000) and isinstance(self.near_px, int)
        _check("near_px", near, "a whole number of pixels, 20 to 2000", self.near_px)
        _check("column", _is_number(self.column, 0, 1), "a number from 0 to 1", self.column)

    @property
    def over_s(self) -> float:
        """When nothing of the person is left to see, since the scene began."""
        return math.inf if self.leave_s is None else self.leave_s + RETREAT_S


@dataclass(frozen=True)
class Fault:
    """What befalls the camera. Raises ValueError, naming the key, for a value that makes no sense.

    kind: freeze repeats one picture; silent gives none; unplugged can't be opened either; dark and covered show it.
    at_s, until_s: since the scene began (None: it stays).
    """

    kind: FaultKind
    at_s: float
    until_s: float | None = None

    def __post_init__(self) -> None:
        """Refuse what can't be shown."""
        kinds = get_args(FaultKind)
        _check("kind", self.kind in kinds, f"one of {', '.join(kinds)}", self.kind)
        _check("at_s", _is_number(self.at_s, 0), "a number of seconds, 0 or more", self.at_s)
        after = self.until_s is None or _is_number(self.until_s, self.at_s)
        _check("until_s", after, "a number of seconds, no less than at_s", self.until_s)

    def holds(self, at_s: float) -> bool:
        """Whether it is so at a time since the scene began."""
        return self.at_s <= at_s < (math.inf if self.until_s is None else self.until_s)


@dataclass(frozen=True)
class Scene:
    """All that happens at a gate. Raises ValueError, naming the key, for a value that makes no sense.

    epoch_s: the time.monotonic() at which it began; None: when the camera opens.
    seed: of the noise and the light.
    ends: whether the camera ends once the last visit is over; else the gate stays empty.
    """

    visits: tuple[Visit, ...] = ()
    epoch_s: float | None = None
    seed: int = 1
    ends: bool = False
    faults: tuple[Fault, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what can't be shown."""
        epoch = self.epoch_s is None or _is_number(self.epoch_s)
        _check("epoch_s", epoch, "a number of seconds", self.epoch_s)
        seed = _is_number(self.seed, 0) and isinstance(self.seed, int)
        _check("seed", seed, "a whole number, 0 or more", self.seed)
        _check("ends", isinstance(self.ends, bool), "true or false", self.ends)

    def is_over(self, at_s: float) -> bool:
        """Whether it ends and has ended, so many seconds after it began. An empty one has yet to happen."""
        return self.ends and bool(self.visits) and at_s >= max(v.over_s for v in self.visits)

    def fault_at(self, at_s: float) -> Fault | None:
        """What ails the camera, so many seconds after the scene began."""
        return next((fault for fault in self.faults if fault.holds(at_s)), None)


Entry = TypeVar("Entry", Visit, Fault)


def read_scene(path: Path) -> Scene:
    """A scene's file -> the scene. Raises CameraError, naming the file and the key."""
    try:
        table = tomllib.loads(path.read_text("utf-8"))
        visits = _entries(table, "visit", Visit, ("photo", "face", "at_s"))
        faults = _entries(table, "fault", Fault, ("kind", "at_s"))
        _refuse_unknown(table, Scene, "visits", "faults")
        return Scene(visits=visits, faults=faults, **table)
    except OSError as cause:
        raise CameraError(f"The scene {path} can't be read ({cause.strerror}).") from cause
    except ValueError as cause:  # TOMLDecodeError and UnicodeDecodeError are ValueErrors too
        raise CameraError(f"The scene {path} is wrong: {cause}.") from cause


def write_scene(path: Path, scene: Scene) -> None:
    """Write a scene so that a camera which plays the file sees the old one or the new one, never a half."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text("\n".join(_lines(scene)) + "\n", "utf-8")
    draft.replace(path)


def _entries(table: dict[str, Any], name: str, kind: type[Entry], needed: tuple[str, ...]) -> tuple[Entry, ...]:
    """The tables of one name, taken out of the whole."""
    given = table.pop(name, [])
    _check(name, isinstance(given, list), f"written as [[{name}]]", given)
    return tuple(_entry(f"{name} {number}", entry, kind, needed) for number, entry in enumerate(given, 1))


def _entry(which: str, table: Any, kind: type[Entry], needed: tuple[str, ...]) -> Entry:
    try:
        name = which.partition(" ")[0]
        _check(name, isinstance(table, dict), f"written as [[{name}]]", table)
        _refuse_unknown(table, kind)
        for key in needed:
            _check(key, key in table, "given", None)
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}
        return kind(**values)
    except ValueError as cause:
        raise ValueError(f"{which}: {cause}") from cause


def _refuse_unknown(table: dict[str, Any], kind: type, *hidden: str) -> None:
    known = {f.name for f in fields(kind)} - set(hidden)
    if unknown := sorted(table.keys() - known):
        raise ValueError(f"there is no key {', '.join(unknown)}; the keys are {', '.join(sorted(known))}")


def _check(key: str, good: object, wanted: str, value: object) -> None:
    if not good:
        raise ValueError(f"{key} must be {wanted}" + ("" if value is None else f", not {value!r}"))


def _is_number(value: object, low: float = -math.inf, high: float = math.inf) -> bool:
    return isinstance(value, _NUMBER) and not isinstance(value, bool) and _inside(value, low, high)


def _inside(value: float, low: float, high: float) -> bool:
    return math.isfinite(value) and low <= value <= high


def _is_box(value: object) -> bool:
    if not (isinstance(value, tuple) and len(value) == 4):
        return False
    return all(type(n) is int and n >= low for n, low in zip(value, (0, 0, 1, 1), strict=True))


def _lines(scene: Scene) -> list[str]:
    lines = [f"{name} = {_toml(value)}" for name, value in _given(scene) if name not in ("visits", "faults")]
    for name, entries in (("visit", scene.visits), ("fault", scene.faults)):
        for entry in entries:
            lines += ["", f"[[{name}]]", *(f"{key} = {_toml(value)}" for key, value in _given(entry))]
    return lines


def _given(record: Scene | Visit | Fault) -> list[tuple[str, Any]]:
    pairs = ((f.name, getattr(record, f.name)) for f in fields(record))
    return [(name, value) for name, value in pairs if value is not None]


def _toml(value: str | float | bool | tuple[int, ...]) -> str:
    """A value as TOML has it: as JSON has it, but for the delete character, which TOML wants escaped."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
