"""What stands before every page: who may ask, and what a browser may do with the answer."""

import re
from ipaddress import ip_address

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEADERS = {
    "content-security-policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-resource-policy": "same-origin",  # no other site shows who stands at the gate
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}


class Guard:
    """Lets through whoever asks for this host, for localhost or for a bare address, and sets the same headers on all.

    A foreign name that points here (DNS rebinding) would let a site read along in the browser of this device.
    """

    def __init__(self, app: ASGIApp, host: str) -> None:
        """Stand before an app that is served at `host`."""
        self._app = app
        self._names = {host.lower(), "localhost"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, as ASGI has it."""

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        trusted = self._trusts(Headers(scope=scope).get("host", ""))
        app = self._app if trusted else PlainTextResponse("this gate has another name", status_code=421)
        await app(scope, receive, send_guarded)

    def _trusts(self, host: str) -> bool:
        name = re.sub(r":\d+$", "", host.lower()).strip("[]")
        return name in self._names or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
