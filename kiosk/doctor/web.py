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
from cryptography import x509

_MOST_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Answer:
    """One answer of a server. media: its kind, such as application/json."""

    status: int
    media: str
    body: bytes


@dataclass(frozen=True)
class Glance:
    """What a server shows to anybody: its clock, in seconds since 1970, and until when its certificate is good."""

    date_s: float | None = None
    expires: datetime | None = None


def fetch(url: str, within_s: float) -> Answer:
    """GET, as the courier would. Raises requests.RequestException, urllib3.exceptions.HTTPError."""
    with requests.get(url, timeout=within_s, stream=True, allow_redirects=False) as answer:
        body = answer.raw.read(_MOST_BYTES, decode_content=True)
        media = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return Answer(answer.status_code, media, body)


def glance(url: str, within_s: float) -> Glance:
    """What the server shows; nothing of it is to be relied on, for nobody asks whether it is the right server.

    A wrong clock refuses the best certificate, and what comes is only compared and shown.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    line: http.client.HTTPConnection
    if parts.scheme == "https":
        line = http.client.HTTPSConnection(host, parts.port, timeout=within_s, context=_trusting())
    else:
        line = http.client.HTTPConnection(host, parts.port, timeout=within_s)
    try:
        with closing(line):
            line.connect()
            expires = _expiry(line.sock)
            line.request("HEAD", "/")
            return Glance(_seconds(line.getresponse().getheader("Date")), expires)
    except (OSError, http.client.HTTPException, ValueError):  # ValueError: a host that no resolver takes
        return Glance()


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


def _expiry(line: socket.socket) -> datetime | None:
    certificate = line.getpeercert(binary_form=True) if isinstance(line, ssl.SSLSocket) else None
    return x509.load_der_x509_certificate(certificate).not_valid_after_utc if certificate else None


def _seconds(text: str | None) -> float | None:
    try:
        moment = parsedate_to_datetime(text or "")
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
