"""The messages between kiosk and Disdik: one definition for both ends."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

ENTRIES_PATH = "/api/v1/entries"
MAX_BATCH = 500

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Id = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]


class Message(BaseModel):
    """Nothing on the wire is changed once it is read."""

    model_config = ConfigDict(frozen=True)


class Entry(Message):
    """One entry of a kiosk's journal, as the kiosk wrote it. An entry's identity is its random id.

    number and previous serve to find gaps and forks, never to drop an entry. wall: ISO 8601 with its zone, as
    text, so that what was hashed stays as it was.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Id
    device: Id
    number: Annotated[int, Field(ge=1, lt=2**53)]
    boot: Id
    wall: Annotated[str, Field(max_length=40)]
    monotonic_ns: Annotated[int, Field(ge=0, lt=2**63)]
    trust: Literal["network", "rtc", "estimated"]
    kind: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    payload: dict[str, Any]
    previous: Hash
    hash: Hash


class Batch(Message):
    """What a kiosk sends: entries in the order of their numbers, each judged for itself."""

    device: Id
    entries: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=MAX_BATCH)]


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


class Problem(Message):
    """What went wrong (RFC 9457, application/problem+json)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str = ""
