"""What is asked of the district, and what its line and certificate say."""

import http.client
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import requests

_MOST_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Answer:
    """One answer of a server. media: its kind, such as application/json; expires: of its certificate, over HTTPS."""

    status: int
    media: str
    body: bytes
    date_s: float | None = None
    expires: datetime | None = None


def fetch(url: str, within_s: float) -> Answer:
    """GET, as the courier would. Raises requests.RequestException."""
    with requests.get(url, timeout=within_s, stream=True, allow_redirects=False) as answer:
        expires = _expiry(answer)  # before the body is read, for then the line is let go
        body = answer.raw.read(_MOST_BYTES, decode_content=True)
        media = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return Answer(answer.status_code, media, body, _seconds(answer.headers.get("Date", "")), expires)


def date(url: str, within_s: float) -> float | None:
    """The server's clock, in seconds since 1970; None where it can't be had.

    The certificate is not looked at: a wrong clock refuses the best one, and what comes is only compared and shown.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    line = (
        http.client.HTTPSConnection(host, parts.port, timeout=within_s, context=_trusting())
        if parts.scheme == "https"
        else http.client.HTTPConnection(host, parts.port, timeout=within_s)
    )
    try:
        with closing(line):
            line.request("HEAD", "/")
            return _seconds(line.getresponse().getheader("Date", ""))
    except (OSError, http.client.HTTPException, UnicodeError):
        return None


def _trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def reason(error: BaseException) -> str:
    """Why it can't be reached, in a few words, without the addresses of objects that urllib3 puts into its texts."""
    for cause in causes(error):
        match cause:
            case ssl.SSLCertVerificationError():
                return f"its certificate is not trusted: {cause.verify_message}"
            case ssl.SSLError():
                return "it does not speak HTTPS there"
            case socket.gaierror():
                return "its name is not known"
            case OSError() if cause.strerror:
                return cause.strerror
    return "no answer in time" if isinstance(error, requests.Timeout) else "the connection was cut"


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and what it came from, one after the other."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _expiry(answer: requests.Response) -> datetime | None:
    line = getattr(answer.raw.connection, "sock", None)
    certificate = line.getpeercert() if isinstance(line, ssl.SSLSocket) else None
    if not certificate:
        return None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate["notAfter"])), UTC)


def _seconds(text: str | None) -> float | None:
    try:
        moment = parsedate_to_datetime(text or "")
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
