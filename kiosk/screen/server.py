"""The screen's own thread: serves the page inside the gate's daemon, which never waits for a browser."""

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import cast
from zoneinfo import ZoneInfo

import uvicorn

from drivers.camera.contract import Frame
from kiosk.answers import Answer
from kiosk.errors import ScreenError
from kiosk.events import Box
from kiosk.screen.door import PATIENCE_S, Shortage, Visitor
from kiosk.screen.guard import Guard
from kiosk.screen.pages import build_pages
from kiosk.screen.preview import Preview
from kiosk.screen.state import State
from kiosk.screen.streams import Streams
from kiosk.words import Words

_log = logging.getLogger(__name__)
_BACKLOG = 64  # taken at once, before any of them can be sent away
_UNREAD_BYTES = 65536  # what a browser may leave unread at the system before we notice; megabytes by itself
_CLOSE_S = 1.0
_PATIENCE_S = 0.3  # for browsers that were told of the end; after it, the line is cut


class Screen:
    """The page at the gate. Once started, each method returns at once and raises nothing, whatever browsers do."""

    def __init__(self, listen: str, title: str, zone: ZoneInfo, words: Words, patience_s: float = PATIENCE_S) -> None:
        """Prepare a page with this title, to be served at listen, which is an address and a port; port 0 is any.

        patience_s: how long a browser may take to ask, and to read.
        """
        host, _, port = listen.rpartition(":")
        self._host, self._port = host.strip("[]"), int(port)
        self._state = State()
        self._lock = threading.Lock()
        self._streams = Streams()
        self._preview = Preview()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="screen", daemon=True)
        self._socket: socket.socket | None = None
        pages = build_pages(title, str(zone), words, self._streams, self._preview, self._now, time.monotonic)
        self._server = _server(Guard(pages, self._host), patience_s)

    @property
    def url(self) -> str:
        """Where the page is, for a browser on this device."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._host, self._host)
        return f"http://[{host}]:{self._port}/" if ":" in host else f"http://{host}:{self._port}/"

    def start(self) -> None:
        """Serve from now on. Raises ScreenError when the port is taken or the address is not ours."""
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        try:
            self._host.encode("idna")  # as the system will, but it answers with a TypeError, and leaks the socket
            self._socket = socket.create_server((self._host, self._port), family=family, backlog=_BACKLOG)
        except (OSError, UnicodeError) as error:
            why = error.strerror or error if isinstance(error, OSError) else "no host has such a name"
            raise ScreenError(
                f"the page can't be served at {self._host}:{self._port} ({why}): "
                "end the program that uses it, or set another [screen] listen"
            ) from error
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _UNREAD_BYTES)
        self._port = self._socket.getsockname()[1]
        self._thread.start()

    def show(self, answer: Answer) -> None:
        """Show an answer in place of the one before."""
        self._change(lambda state: state.shown(answer, time.monotonic()))

    def see(self, frame: Frame, boxes: tuple[Box, ...] = ()) -> None:
        """Keep this frame, and the faces in it, for those who look at the camera's picture."""
        self._preview.see(frame, boxes)

    def faults(self, parts: frozenset[str], notes: tuple[str, ...] = ()) -> None:
        """Say which parts are missing, and in words what is wrong; without its camera the page forgets the picture."""
        if "camera" in parts:
            self._preview.forget()
        self._change(lambda state: state.with_faults(parts, notes))

    def unsent(self, count: int | None) -> None:
        """Say how many records wait for the district; None where nobody counts."""
        self._change(lambda state: state.with_unsent(count))

    def close(self) -> None:
        """Say no more, and let go of the port, within a second. May be called twice, and before start."""
        self._server.should_exit = True
        self._streams.ending = True
        if not self._thread.is_alive():
            return
        with self._lock, suppress(RuntimeError):  # the loop may have ended by itself
            if self._loop:
                self._loop.call_soon_threadsafe(self._end)
        self._thread.join(_CLOSE_S)
        if self._thread.is_alive():
            _log.warning("the page's server does not end")

    def _change(self, change: Callable[[State], State]) -> None:
        """Go to the next state, and have it spread in the order of the changes."""
        with self._lock:
            before, self._state = self._state, change(self._state)
            if self._state is not before and self._loop:
                with suppress(RuntimeError):  # the loop has ended, and nobody reads any more
                    self._loop.call_soon_threadsafe(self._spread, self._state)

    def _now(self) -> State:
        self._settle()
        return self._state

    # --- on the server's own thread ---------------------------------------------------------------------------

    def _run(self) -> None:
        assert self._socket is not None
        try:
            with self._socket:  # however the server ends, no browser waits at a port that nobody serves
                asyncio.run(self._serve(self._socket))
        except Exception:  # noqa: BLE001 - whatever it was, the gate goes on without its page, and the log says why
            _log.exception("the page's server has ended")

    async def _serve(self, listener: socket.socket) -> None:
        asyncio.get_running_loop().set_exception_handler(Shortage())
        with self._lock:
            self._loop = asyncio.get_running_loop()
            self._spread(self._state)
        await self._server.serve([listener])

    def _spread(self, state: State) -> None:
        self._streams.spread(state)
        if state.until_s is not None:
            asyncio.get_running_loop().call_later(state.until_s - time.monotonic() + 0.001, self._settle)

    def _settle(self) -> None:
        self._change(lambda state: state.settled(time.monotonic()))

    def _end(self) -> None:
        self._streams.end()
        asyncio.get_running_loop().call_later(_PATIENCE_S, self._cut)

    def _cut(self) -> None:
        for connection in list(self._server.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()


def _server(app: Guard, patience_s: float) -> uvicorn.Server:
    """Uvicorn without what a page on one's own device needs not: signals, lifespan, websockets, a log of each visit."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=cast(type[Visitor], partial(Visitor, patience_s=patience_s)),
            backlog=_BACKLOG,
            ws="none",
            lifespan="off",
            loop="asyncio",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
        )
    )
