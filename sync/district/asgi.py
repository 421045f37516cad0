"""The district as an ASGI application, whose bodies are bounded before Django reads them."""

import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from django.core.asgi import get_asgi_application

from sync import wire

Scope = dict[str, Any]
Event = Mapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]


class _TooLarge(Exception):
    """More came than we read."""


class Bounded:
    """Answers 413 where a body grows too large: Django would spool a body without a length to the disk, all of it.

    A sender hears the answer only when it has sent all; so the rest is read and dropped, up to a bound as well.
    """

    def __init__(self, inner: Callable[[Scope, Receive, Send], Awaitable[None]], limit: int) -> None:
        """limit: bytes."""
        self._inner = inner
        self._limit = limit
        self._drop = 16 * limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        left = self._limit

        async def bounded() -> Event:
            nonlocal left
            event = await receive()
            if event["type"] == "http.request":
                left -= len(event.get("body", b""))
                if left < 0:
                    raise _TooLarge
            return event

        try:
            await self._inner(scope, bounded, send)
        except _TooLarge:
            # Django reads the whole body before it begins to answer, so nothing was sent yet.
            await _drain(receive, self._drop)
            await _refuse(send, self._limit)


async def _drain(receive: Receive, limit: int) -> None:
    event = await receive()
    while event["type"] == "http.request" and event.get("more_body") and limit > 0:
        limit -= len(event.get("body", b""))
        event = await receive()


async def _refuse(send: Send, limit: int) -> None:
    detail = f"the body should have at most {limit} bytes"
    document = wire.Problem(title="Content Too Large", status=413, detail=detail).model_dump_json().encode()
    headers = [(b"content-type", wire.PROBLEM_TYPE.encode()), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": document, "more_body": False})


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sync.district.settings")
application = Bounded(get_asgi_application(), wire.MAX_BODY_BYTES)
