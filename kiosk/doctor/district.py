"""The district's server: reached, trusted, and the right one?"""

import json
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime

import requests
from urllib3.exceptions import HTTPError

from kiosk import clock
from kiosk.doctor import web
from kiosk.doctor.finding import Finding, Result, joined
from kiosk.doctor.round import Patient

_DESCRIPTION, _ENTRIES = "/api/v1/openapi.json", "/api/v1/entries"
_ANSWER_S = 10.0
_EXPIRES_SOON_DAYS = 14
_TELL = "Tell the Disdik, whose server it is."


def check(patient: Patient) -> Iterator[Finding]:
    """Whether the records could be brought now."""
    url = patient.config.district.url
    if not url:
        yield Finding("district", Result.NOT_APPLICABLE, "no [district] url is set: the records stay here")
        return
    began_s = clock.now().monotonic_s
    try:
        answer = web.fetch(url + _DESCRIPTION, _ANSWER_S)
    except (requests.RequestException, HTTPError) as error:
        yield judge_silence(url, error)
        return
    took_s = clock.now().monotonic_s - began_s
    expires = web.glance(url, _ANSWER_S).expires
    yield joined("district", judge_answer(url, answer, took_s), judge_certificate(expires))


def judge_silence(url: str, error: Exception) -> Finding:
    """No answer, or none that can be trusted."""
    found = f"{url} can't be reached: {web.reason(error)}"
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in web.causes(error)):
        advice = f"Set the clock right first (see there); if it is right: {_TELL}"
    else:
        advice = (
            "Look at the network first (see there), then at [district] url in gerbang.toml; if another computer"
            " here can't open it either, tell the Disdik. The gate records all the same, and sends it later."
        )
    return Finding("district", Result.WRONG, found, advice)


def judge_answer(url: str, answer: web.Answer, took_s: float) -> Finding:
    """Whether a district speaks there: its API describes where entries go in."""
    figures = {"url": url, "status": answer.status, "answer_s": round(took_s, 2)}
    if answer.status == requests.codes.ok and _takes_entries(answer):
        return Finding("district", Result.OK, f"answers in {1000 * took_s:.0f} ms", figures=figures)
    if answer.status >= requests.codes.internal_server_error:
        found, advice = f"{url} has a trouble of its own (it answers {answer.status})", _TELL
    else:
        found = f"what answers at {url} is no district of Gerbang ({answer.status}, {answer.media or 'of no kind'})"
        advice = "Correct [district] url in gerbang.toml; a school's network may also want a login in a browser first."
    return Finding("district", Result.WRONG, found, advice, figures)


def _takes_entries(answer: web.Answer) -> bool:
    try:
        description = json.loads(answer.body)
    except ValueError:
        return False
    return isinstance(description, dict) and _ENTRIES in description.get("paths", {})


def judge_certificate(expires: datetime | None) -> Finding:
    """How long its certificate is good."""
    if expires is None:
        return Finding("district", Result.OK, "")
    days = (expires - datetime.now(UTC)).days
    figures = {"certificate_until": expires.isoformat(timespec="seconds")}
    found = f"certificate good until {expires:%Y-%m-%d}"
    if days < _EXPIRES_SOON_DAYS:
        return Finding("district", Result.DOUBTFUL, found, f"It is to be renewed. {_TELL}", figures)
    return Finding("district", Result.OK, found, figures=figures)
