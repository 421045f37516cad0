"""Brings batches to the district's server over HTTPS."""

import ipaddress
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import SplitResult, urlsplit

import requests
import urllib3

from sync import wire
from sync.couriers.receipts import read_receipt
from sync.errors import CourierError, DestinationError, Nonsense, Refused, Unreachable

_PIECE_BYTES = 65536
_MAX_RETRY_AFTER_S = 3600.0


class HttpsCourier:
    """One line to one district, kept open between batches."""

    def __init__(self, url: str, *, connect_s: float = 10.0, read_s: float = 30.0, answer_s: float = 120.0) -> None:
        """url: the district's, without a path. Timeouts in seconds: to connect, for each read, for the whole answer.

        Raises DestinationError where there is no url, or one over which people's ids would go in the open.
        """
        self._url = _checked(url) + wire.ENTRIES_PATH
        self._timeout = (connect_s, read_s)
        self._answer_s = answer_s
        self._session = requests.Session()
        # No compression: the bound on the answer's size is then one on what comes over the line.
        self._session.headers.update({"Accept": wire.JSON_TYPE, "Accept-Encoding": "identity"})

    def hand_over(self, batch: wire.Batch) -> wire.Receipt:
        """Bring this batch. Raises CourierError."""
        try:
            with self._session.post(
                self._url,
                data=wire.canonical(batch.model_dump()).encode(),
                headers={"Content-Type": wire.JSON_TYPE},
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as answer:
                _check(answer)
                return read_receipt(self._body(answer), batch)
        except CourierError:
            raise
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise Unreachable(f"the district can't be reached: {_reason(error)}") from error

    def close(self) -> None:
        """Let go of the line."""
        self._session.close()

    def _body(self, answer: requests.Response) -> bytes:
        deadline = time.monotonic() + self._answer_s
        body = b""
        while piece := answer.raw.read1(_PIECE_BYTES):
            body += piece
            if len(body) > wire.MAX_ANSWER_BYTES:
                raise Nonsense("the district's answer does not end")
            if time.monotonic() > deadline:
                raise Unreachable("the district's answer came too slowly")
        return body


def _checked(url: str) -> str:
    parts = _parted(url)
    if not parts.hostname:
        raise DestinationError("there is no district to bring the records to: set url in [district] of gerbang.toml")
    if parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname)):
        return url.rstrip("/")
    raise DestinationError(f"the district's url should begin with https:// (http:// only on this machine), not {url}")


def _parted(url: str) -> SplitResult:
    """The parts of what may be reached one day. Raises DestinationError for what never can, on whatever network."""
    try:
        parts = urlsplit(url)
        if parts.hostname:
            ready = requests.Request("POST", url).prepare().url or url
            (urlsplit(ready).hostname or "").encode("idna")  # as the resolver does, and requests only for accents
    except ValueError as error:  # as requests' InvalidURL and Python's UnicodeError are
        raise DestinationError(f"the district's url {url} can't be reached by anybody: {error}") from error
    return parts


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check(answer: requests.Response) -> None:
    """Nothing but a plain 200 with JSON may hold a receipt. Raises CourierError."""
    status = answer.status_code
    if status != requests.codes.ok:
        kind = Refused if status >= requests.codes.bad_request else Nonsense
        raise kind(f"the district answered {status} {answer.reason or ''}".rstrip(), _retry_after(answer))
    media = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media != wire.JSON_TYPE:
        raise Nonsense(f"the district's answer is {media or 'of no kind'}, not {wire.JSON_TYPE}")


def _retry_after(answer: requests.Response) -> float | None:
    """Seconds, at most an hour: a server's slip must not silence a gate for a year."""
    text = answer.headers.get("Retry-After", "").strip()
    if text.isdecimal() and text.isascii():
        # A number of so many digits is longer than an hour, and int() may refuse it.
        return min(float(text[:10]), _MAX_RETRY_AFTER_S)
    until = _date(text)
    if until is None:
        return None
    # The server's own clock, where it tells it: a board without a clock chip may be years off.
    now = _date(answer.headers.get("Date", "")) or datetime.now(UTC)
    return min(max((until - now).total_seconds(), 0.0), _MAX_RETRY_AFTER_S)


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _reason(error: Exception) -> str:
    """In a few words, without the addresses of objects that urllib3 puts into its texts."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted ({cause.verify_message}); is this machine's clock right?"
        if isinstance(cause, ssl.SSLError):
            return "it does not speak HTTPS there"
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
    # Last, for urllib3 counts a refused connection among its timeouts.
    if any(isinstance(cause, urllib3.exceptions.TimeoutError | TimeoutError) for cause in _causes(error)):
        return "no answer in time"
    return "the connection was cut"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
