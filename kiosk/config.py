"""gerbang.toml becomes frozen dataclasses; every mistake is named, with its line, before anything starts."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args, get_type_hints
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from drivers.bcm import SERIAL_PINS, SERIAL_PORTS, GpioSettings
from drivers.buzzer import BuzzerSettings
from drivers.camera import CameraSettings
from drivers.fingerprint import FingerprintSettings
from drivers.inputs import InputSettings, Name
from drivers.lights import LightSettings
from kiosk.cues import nearest, parse_cues
from kiosk.errors import ConfigError
from kiosk.events import Sign
from kiosk.feedback import FEEDBACK, Feedback
from kiosk.lines import Place, find_lines, line_of
from kiosk.policy import Policy

DEFAULT_PATH = Path("gerbang.toml")
EngineName = Literal["onnx", "dlib"]
Detector = Literal["auto", "hog", "mmod"]


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("is not a time zone; WIB is Asia/Jakarta, WITA Asia/Makassar, WIT Asia/Jayapura")
    return name


def _listen(address: str) -> str:
    host, _, port = address.rpartition(":")
    if not _is_host(host.strip("[]")) or not re.fullmatch("[0-9]{1,5}", port) or not 0 < int(port) < 65536:
        raise ValueError("should be an address and a port, such as 127.0.0.1:8500")
    return address


def _url(url: str) -> str:
    if not url:
        return url
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise ValueError("is not an address of the web, such as https://absen.disdik.example") from error
    if not _is_host(host):
        raise ValueError("is not an address of the web, such as https://absen.disdik.example")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_here(host)):
        raise ValueError("should begin with https:// (http:// only on this very machine)")
    return url.rstrip("/")


def _is_host(host: str) -> bool:
    """Whether this is an IP address, or a name that a network could know."""
    try:
        ip_address(host)
    except ValueError:
        label = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
        return re.fullmatch(rf"{label}(\.{label})*\.?", host) is not None and not re.fullmatch(r"[0-9.]+", host)
    return True


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _path(path: Path) -> Path:
    if not path.name or "\0" in str(path):
        raise ValueError("should be the name of a file")
    return path


@dataclass(frozen=True)
class SiteSettings:
    """Where the gate hangs. npsn: the school's number, 8 digits, or empty while it is not known."""

    npsn: Annotated[str, Field(pattern=r"^([0-9]{8})?$")] = ""
    name: Annotated[str, Field(max_length=120)] = "Sekolah"
    timezone: Annotated[str, AfterValidator(_zone)] = "Asia/Jakarta"
    language: Literal["id", "en"] = "id"


def _absent(value: object) -> object:
    """An empty text stands for a setting that is not given; TOML has no other word for it."""
    return None if value == "" else value


@dataclass(frozen=True)
class EyeSettings:
    """How faces are known. Distances as in dlib's network; the rule and its source in kiosk/threshold.py.

    engine: onnx is dlib's own networks, many times faster; dlib is dlib alone. detector: hog sees faces that look at
    the camera, mmod turned and half hidden ones too, for several times the work; auto is mmod where hog sees none.
    threshold: a farther face is unknown; margin: how much farther the runner-up must be; where they are absent or
    empty, both follow from the number of the enrolled and from `fpir`, the part of strangers that may be taken for
    somebody; min_face_px: a smaller face is asked to come nearer.
    """

    engine: EngineName = "onnx"
    detector: Detector = "auto"
    threshold: Annotated[Annotated[float, Field(gt=0, le=0.6)] | None, BeforeValidator(_absent)] = None
    margin: Annotated[Annotated[float, Field(ge=0, le=0.3)] | None, BeforeValidator(_absent)] = None
    fpir: Annotated[float, Field(gt=0, le=0.1)] = 0.001
    min_face_px: Annotated[int, Field(ge=40, le=1000)] = 100


@dataclass(frozen=True)
class GateSettings:
    """The gate's patience; see Policy in kiosk/policy.py."""

    agreeing_looks: Annotated[int, Field(ge=1, le=20)] = 3
    finger_after_looks: Annotated[int, Field(ge=1, le=100)] = 15
    finger_after_s: Annotated[float, Field(gt=0, le=60)] = 4.0
    repeat_after_s: Annotated[float, Field(ge=0, le=86400)] = 300.0
    answer_s: Annotated[float, Field(gt=0, le=60)] = 3.0


@dataclass(frozen=True)
class StoreSettings:
    """Where the journal and the people are kept; beside it lies the key to the templates."""

    path: Annotated[Path, AfterValidator(_path)] = Path("gerbang.db")


@dataclass(frozen=True)
class ScreenSettings:
    """Where the page is served."""

    listen: Annotated[str, AfterValidator(_listen)] = "127.0.0.1:8500"


@dataclass(frozen=True)
class DistrictSettings:
    """The Disdik's server; an empty url means that nobody fetches the records.

    offline_after_h: the gate shows it where a record has waited so many hours for a line.
    """

    url: Annotated[str, AfterValidator(_url)] = ""
    offline_after_h: Annotated[float, Field(gt=0, le=8760)] = 72.0


@dataclass(frozen=True)
class Config:
    """The whole of gerbang.toml. Relative paths count from the file's own folder; feedback: [cues] over the table."""

    site: SiteSettings = field(default_factory=SiteSettings)
    camera: CameraSettings = field(default_factory=CameraSettings)
    fingerprint: FingerprintSettings = field(default_factory=FingerprintSettings)
    lights: LightSettings = field(default_factory=LightSettings)
    buzzer: BuzzerSettings = field(default_factory=BuzzerSettings)
    inputs: InputSettings = field(default_factory=InputSettings)
    gpio: GpioSettings = field(default_factory=GpioSettings)
    eye: EyeSettings = field(default_factory=EyeSettings)
    gate: GateSettings = field(default_factory=GateSettings)
    store: StoreSettings = field(default_factory=StoreSettings)
    screen: ScreenSettings = field(default_factory=ScreenSettings)
    district: DistrictSettings = field(default_factory=DistrictSettings)
    feedback: Mapping[Sign, Feedback] = field(default_factory=lambda: FEEDBACK)
    base: Path = Path()

    @property
    def store_path(self) -> Path:
        """Where the store is."""
        return self.base / self.store.path

    @property
    def models_path(self) -> Path:
        """Where compiled models are kept: beside the store."""
        return self.store_path.parent / "models"

    @property
    def zone(self) -> ZoneInfo:
        """The school's time zone."""
        return ZoneInfo(self.site.timezone)

    @property
    def policy(self) -> Policy:
        """The gate's rules as this school has them."""
        patience = {item.name: getattr(self.gate, item.name) for item in fields(self.gate)}
        return Policy(zone=self.zone, finger=self.fingerprint.driver != "none", **patience)


def load_config(path: Path | None = None) -> Config:
    """Read the file; without one, gerbang.toml here if there is one, else all defaults. Raises ConfigError."""
    if path is None and not DEFAULT_PATH.exists():
        return Config()
    return parse_config(_text(path or DEFAULT_PATH), path or DEFAULT_PATH)


def parse_config(text: str, path: Path = DEFAULT_PATH) -> Config:
    """The configuration in this text. Raises ConfigError that names every mistake, a line each."""
    tables = _tables(text, path)
    if mistakes := _mistakes(tables):
        lines = find_lines(text)
        named = sorted((line_of(lines, place), place, what) for place, what in mistakes)
        raise ConfigError("\n".join(f"{path}:{line}: {'.'.join(place)} {what}" for line, place, what in named))
    return _made(tables, path.parent)


@dataclass(frozen=True)
class Salvage:
    """What can be used of a file: config has defaults in place of mistakes, which are in the tables `wrong`."""

    config: Config
    wrong: frozenset[str] = frozenset()
    error: ConfigError | None = None


def salvage_config(path: Path | None = None) -> Salvage:
    """The same for those who must do what they can. Where nothing can be read, all tables are wrong."""
    try:
        return Salvage(load_config(path))
    except ConfigError as error:
        path = path or DEFAULT_PATH
        try:
            tables = _tables(_text(path), path)
        except ConfigError:
            return Salvage(Config(base=path.parent), frozenset(_TABLES), error)
        places = {place[:2] for place, _ in _mistakes(tables)}
        right = {
            name: {key: value for key, value in table.items() if (name, key) not in places}
            for name, table in tables.items()
            if (name,) not in places
        }
        right.pop("cues", None)
        return Salvage(_made(right, path.parent), frozenset(place[0] for place in places), error)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise ConfigError(f"there is no configuration at {path}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the configuration {path} can't be read: {error}") from error


def _tables(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}") from error
    except RecursionError as error:
        raise ConfigError(f"{path}: brackets are nested far too deep") from error


def _made(tables: dict[str, Any], base: Path) -> Config:
    """Raises ValidationError."""
    feedback, _ = parse_cues(tables.get("cues", {}))
    return _ADAPTER.validate_python({**_known(tables), "feedback": feedback, "base": base})


def _mistakes(tables: dict[str, Any]) -> list["Mistake"]:
    _, cues = parse_cues(tables.get("cues", {}))
    mistakes = [*_unknown(tables), *_mistyped(tables), *_clashes(tables), *_gaps(tables), *cues]
    named = {place for place, _ in mistakes}
    try:
        _made(tables, Path())
    except ValidationError as error:
        found = [(_place(item["loc"]), _sentence(item)) for item in error.errors()]
        mistakes += [(place, what) for place, what in found if place not in named]
    return mistakes


Mistake = tuple[Place, str]
_ADAPTER = TypeAdapter(Config)
_TABLES: dict[str, list[str]] = {
    item.name: [key.name for key in fields(item.default_factory)]  # type: ignore[arg-type]
    for item in fields(Config)
    if item.name not in ("feedback", "base")
}

_WORDS: Final = {bool: "true or false", int: "a whole number", float: "a number"}


def _unknown(tables: dict[str, Any]) -> list[Mistake]:
    """Tables and settings that do not exist, most often for a slip of the pen."""
    mistakes: list[Mistake] = []
    for name, table in tables.items():
        if name == "cues":
            continue
        if name not in _TABLES:
            mistakes.append(((name,), f"is not a table that we know{nearest(name, [*_TABLES, 'cues'])}"))
        elif isinstance(table, dict):
            mistakes += [
                ((name, key), f"is not a setting that we know{nearest(key, _TABLES[name])}")
                for key in table
                if key not in _TABLES[name]
            ]
    return mistakes


def _known(tables: dict[str, Any]) -> dict[str, Any]:
    """The same without what is unknown, so that all the other mistakes are found as well."""
    return {
        name: {key: value for key, value in table.items() if key in _TABLES[name]} if isinstance(table, dict) else table
        for name, table in tables.items()
        if name in _TABLES
    }


def _mistyped(tables: dict[str, Any]) -> Iterator[Mistake]:
    """Texts and the like that pydantic would turn into a number, or into true or false, without a word."""
    for name, table in _known(tables).items():
        if not isinstance(table, dict):
            continue
        hints = get_type_hints(type(getattr(Config(), name)))
        for key, value in table.items():
            kinds = {hints[key], *get_args(hints[key])} & set(_WORDS)
            fits = type(value) in kinds or (type(value) is int and float in kinds)
            if kinds and not fits and value != "":  # an empty text is not given
                yield (name, key), f"should be {_WORDS[kinds.pop()]}, not {value!r}"


def _given(tables: dict[str, Any], table: str, key: str) -> Any:
    """What the file says, be it right or wrong, or else the default."""
    found = tables.get(table)
    return found[key] if isinstance(found, dict) and key in found else getattr(getattr(Config(), table), key)


def _clashes(tables: dict[str, Any]) -> list[Mistake]:
    """Two parts on one pin."""
    pins = [("lights", colour) for colour in ("green", "red", "blue")] + [("buzzer", "pin")]
    pins += [("inputs", name) for name in get_args(Name)]
    taken: dict[Any, Place] = {}
    if _given(tables, "fingerprint", "driver") != "none" and _given(tables, "fingerprint", "port") in SERIAL_PORTS:
        taken = dict.fromkeys(SERIAL_PINS, ("fingerprint", "port"))
    mistakes: list[Mistake] = []
    for table, key in pins:
        pin = _given(tables, table, key)
        if _given(tables, table, "driver") != "gpio" or type(pin) is not int:
            continue
        if pin in taken:
            mistakes.append(((table, key), f"uses pin {pin}, which is taken by {'.'.join(taken[pin])}"))
        taken.setdefault(pin, (table, key))
    return mistakes


def _gaps(tables: dict[str, Any]) -> list[Mistake]:
    """What a driver can't do without."""
    mistakes: list[Mistake] = []
    if _given(tables, "camera", "driver") == "replay" and not _given(tables, "camera", "source"):
        mistakes.append((("camera", "driver"), "is replay, which needs a source: a folder, a video or a scene"))
    if _given(tables, "camera", "driver") == "picamera" and _given(tables, "camera", "source"):
        mistakes.append((("camera", "source"), "is for a webcam or a replay: leave it out, or set driver"))
    if _given(tables, "fingerprint", "driver") != "none" and not _given(tables, "fingerprint", "port"):
        mistakes.append((("fingerprint", "port"), "is empty: name the sensor's port, such as /dev/serial0"))
    keys = [name for name in get_args(Name) if _given(tables, "inputs", name) is not None]
    driver = _given(tables, "inputs", "driver")
    if driver == "gpio" and not keys:
        mistakes.append((("inputs", "driver"), f"is gpio, which needs a pin: {', '.join(get_args(Name))}"))
    if driver == "none":
        mistakes += [(("inputs", key), 'has a pin, which nobody reads while the driver is "none"') for key in keys]
    return mistakes


def _place(location: tuple[int | str, ...]) -> Place:
    return tuple(str(part) for part in location[:2])


def _sentence(item: ErrorDetails) -> str:
    """Pydantic's finding as the end of a sentence."""
    message = item["msg"].removeprefix("Value error, ")
    message = message[0].lower() + message[1:]
    if item["type"] == "dataclass_type":
        return "should be a table, written as [name]"
    message = message.removeprefix("input ")
    return message if item["type"] == "value_error" else f"{message}, not {item['input']!r}"
