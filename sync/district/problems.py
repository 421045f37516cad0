"""Every error that leaves the district is one problem document (RFC 9457)."""

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import TypeVar

from django.core.exceptions import RequestDataTooBig
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from sync import wire

_log = logging.getLogger(__name__)
_MAX_FINDINGS = 5
_RETRY_AFTER_S = 5
_E = TypeVar("_E", bound=Exception)
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
}


def problem(status: int, detail: str = "") -> HttpResponse:
    """A problem document. status: of HTTP; detail: a sentence for the reader."""
    document = wire.Problem(title=HTTPStatus(status).phrase, status=status, detail=detail)
    return HttpResponse(document.model_dump_json(), status=status, content_type=wire.PROBLEM_TYPE)


class ProblemMiddleware:
    """Whatever Django itself answers as an error becomes a problem document; all answers get our headers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """get_response: all that lies further in."""
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The answer, as a problem document where it is an error."""
        answer = self._get_response(request)
        if answer.status_code >= HTTPStatus.BAD_REQUEST and answer.get("Content-Type") != wire.PROBLEM_TYPE:
            document = problem(answer.status_code)
            if "Allow" in answer:
                document["Allow"] = answer["Allow"]
            answer = document
        for name, value in _HEADERS.items():
            answer.setdefault(name, value)
        return answer


def add_problems(api: NinjaAPI) -> None:
    """Teach this API to answer its own errors as problem documents."""
    _handle(api, Http404, lambda _: problem(404))
    _handle(api, HttpError, _http_error)
    _handle(api, RequestDataTooBig, lambda _: problem(413, f"the body should have at most {wire.MAX_BODY_BYTES} bytes"))
    _handle(api, ValidationError, _invalid)
    _handle(api, OperationalError, _unavailable)


def _handle(api: NinjaAPI, kind: type[_E], answer: Callable[[_E], HttpResponse]) -> None:
    def handler(_request: HttpRequest, error: _E | type[_E]) -> HttpResponse:
        return answer(error)  # type: ignore[arg-type]  # ninja's type admits the class, but it hands over the error

    api.add_exception_handler(kind, handler)


def _http_error(error: HttpError) -> HttpResponse:
    # ninja wraps what its parser says in an error of its own, which says less.
    said = error.__cause__ if isinstance(error.__cause__, HttpError) else error
    return problem(said.status_code, said.message)


def _invalid(error: ValidationError) -> HttpResponse:
    findings = [f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors]
    return problem(422, "; ".join(findings[:_MAX_FINDINGS]))


def _unavailable(error: OperationalError) -> HttpResponse:
    """The disk is full, or the database is held by another: nothing was stored, and it may pass."""
    _log.error("the database failed: %s", error)
    answer = problem(503, "the district's database can't be used right now; nothing of this was stored")
    answer["Retry-After"] = str(_RETRY_AFTER_S)
    return answer
