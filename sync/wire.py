"""The messages between kiosk and Disdik: one definition for both ends."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

ENTRIES_PATH = "/api/v1/entries"
MAX_BATCH = 500
MAX_BODY_BYTES = 4 * 1024 * 1024
MAX_ANSWER_BYTES = 4 * 1024 * 1024
JSON_TYPE = "application/json"
PROBLEM_TYPE = "application/problem+json"


def canonical(value: Any) -> str:
    """The one text of a value: JSON with sorted keys, without spaces, in UTF-8.

    Raises ValueError where it has none: NaN, an infinity, half of a surrogate pair.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    text.encode()
    return text


def digest(entry: Mapping[str, Any]) -> str:
    """The hash that an entry must carry: SHA-256 over the canonical text of all but the hash. Raises ValueError."""
    content = {key: value for key, value in entry.items() if key != "hash"}
    return hashlib.sha256(canonical(content).encode()).hexdigest()


def _real(wall: str) -> str:
    datetime.fromisoformat(wall)
    return wall


Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Id = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]


Wall = Annotated[
    str,
    Field(
        pattern=r"^(19[7-9]|2[0-9]{2})[0-9]-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
        r"(Z|[+-][0-9]{2}:[0-9]{2})$"
    ),
    AfterValidator(_real),
]


class Message(BaseModel):
    """Nothing on the wire is changed once it is read."""

    model_config = ConfigDict(frozen=True, strict=True)


class Entry(Message):
    """One entry of a kiosk's journal, as the kiosk wrote it. An entry's identity is its random id.

    number and previous serve to find gaps and forks, never to drop an entry. wall: ISO 8601 with its zone, as
    text, so that what was hashed stays as it was.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    id: Id
    device: Id
    number: Annotated[int, Field(ge=1, lt=2**53)]
    boot: Id
    wall: Wall
    monotonic_ns: Annotated[int, Field(ge=0, lt=2**63)]
    trust: Literal["network", "rtc", "estimated"]
    kind: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    payload: dict[str, Any]
    previous: Hash
    hash: Hash


class Batch(Message):
    """What a kiosk sends: entries in the order of their numbers, each judged for itself.

    An entry is an Entry as JSON, but is read as whatever it is: a bad one must not stop the others.
    """

    device: Id
    entries: Annotated[list[Any], Field(min_length=1, max_length=MAX_BATCH)]


class Aside(Message):
    """An entry that the district could not read and keeps aside whole. position: in the batch, from 0."""

    position: int
    why: str


class Receipt(Message):
    """What is on the district's disk now: ids of the batch's readable entries, and those kept aside."""

    received: list[Id]
    aside: list[Aside]


class Page(Message):
    """Entries of one device in the order of their numbers; next: the number to ask after, where there are more."""

    entries: list[Entry]
    next: int | None


class Device(Message):
    """A kiosk that the district has heard of. last_wall: its newest entry's time; last_received: ours; both in UTC."""

    device: Id
    entries: int
    last_wall: str
    last_received: str


class Problem(Message):
    """What went wrong (RFC 9457, application/problem+json)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str = ""
