"""Who may stand at the door: browsers that ask and read. The others are sent away, and the log hears of it once."""

import asyncio
import errno
import logging
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

MOST = 128  # connections at once; a process may have 1024 files open, and the gate needs some for itself
PATIENCE_S = 10.0
_QUIET_S = 60.0  # without a fault, until it counts as over
_SHORT = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM))

_log = logging.getLogger(__name__)


class Visitor(H11Protocol):
    """One connection, which is cut when a request does not become whole, or an answer is not read, for too long.

    Uvicorn itself waits for ever for both. Where there are too many, the oldest one that asks nothing makes room.
    """

    def __init__(self, *arguments: Any, patience_s: float, **settings: Any) -> None:
        """Uvicorn gives all but the patience."""
        super().__init__(*arguments, **settings)
        self._made_s = self.loop.time()
        self._asking = _Limit(self.loop, patience_s, self.cut)
        self._reading = _Limit(self.loop, patience_s, self.cut)

    @property
    def is_idle(self) -> bool:
        """Whether nothing was asked that is not yet answered."""
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See asyncio.Protocol."""
        super().connection_made(transport)
        self._asking.begin()
        if len(self.connections) > MOST:
            others = [v for v in self.connections if isinstance(v, Visitor) and v.is_idle and v is not self]
            min(others, key=lambda visitor: visitor._made_s, default=self).cut()

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        super().data_received(data)
        if self.is_idle:
            self._asking.begin()
        else:
            self._asking.end()

    def pause_writing(self) -> None:
        """See asyncio.Protocol."""
        super().pause_writing()
        self._reading.begin()

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        super().resume_writing()
        self._reading.end()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._asking.end()
        self._reading.end()
        super().connection_lost(exc)

    def cut(self) -> None:
        """End it now, whatever is still unread."""
        self.connections.discard(self)
        self.transport.abort()


class Shortage:
    """A loop's exception handler, which tells once that no more connections can be taken, and once that they can.

    asyncio tells it for each place in the queue at the door, each second, with a traceback.
    """

    def __init__(self) -> None:
        """There is none yet."""
        self._over: asyncio.TimerHandle | None = None

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Tell of a shortage in our way, and of all else in asyncio's."""
        fault = context.get("exception")
        if "socket" not in context or not isinstance(fault, OSError) or fault.errno not in _SHORT:
            loop.default_exception_handler(context)
            return
        if self._over is None:
            _log.error("no more browsers can connect: %s", fault.strerror)
        else:
            self._over.cancel()
        self._over = loop.call_later(_QUIET_S, self._end)

    def _end(self) -> None:
        self._over = None
        _log.info("browsers can connect again")


class _Limit:
    """Does something when what has begun does not end in time."""

    def __init__(self, loop: asyncio.AbstractEventLoop, after_s: float, act: Callable[[], None]) -> None:
        self._loop, self._after_s, self._act = loop, after_s, act
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        if self._timer is None:
            self._timer = self._loop.call_later(self._after_s, self._act)

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
