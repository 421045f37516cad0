"""Responses without an end: how many there may be, and the events that go to each. All on the server's own loop."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from kiosk.screen.state import State

HEARTBEAT_S = 5.0
RETRY_MS = 500  # how soon a browser asks again after the gate went away
_KEPT = 4
_BACKLOG = 64  # states are whole, so that a browser which reads too slowly loses nothing with the oldest


class Streams:
    """The places for browsers. ending: set once, and every stream ends by itself."""

    def __init__(self, most: int = 32, heartbeat_s: float = HEARTBEAT_S) -> None:
        """Have `most` places, and let no stream of events be silent for longer than the heartbeat."""
        self._free = most
        self._heartbeat_s = heartbeat_s
        self._readers: set[_Reader] = set()
        self.ending = False

    def take(self, own: bool = False) -> bool:
        """Take a place, if there is one. own: for the gate's own page, for which the last ones are kept."""
        if self._free <= (0 if own else _KEPT) or self.ending:
            return False
        self._free -= 1
        return True

    def give_back(self) -> None:
        """Give a place back."""
        self._free += 1

    def spread(self, state: State) -> None:
        """Bring a state to every reader of events; never waits for one."""
        for reader in self._readers:
            reader.put(state)

    def end(self) -> None:
        """Let every stream end."""
        self.ending = True
        for reader in self._readers:
            reader.wake.set()

    async def events(self, now: Callable[[], State], text: Callable[[State], str]) -> AsyncGenerator[str]:
        """Server-sent events: the state as it is, then each change in order, and a comment while nothing changes."""
        reader = _Reader()
        self._readers.add(reader)
        try:
            state = now()
            yield f"retry: {RETRY_MS}\n\ndata: {text(state)}\n\n"
            last = state.number
            while not self.ending:
                await reader.wait(self._heartbeat_s)
                if not reader.waiting and not self.ending:
                    yield ": still here\n\n"
                while reader.waiting:
                    state = reader.waiting.popleft()
                    if state.number > last:  # it may have been on its way when the reader came
                        last = state.number
                        yield f"data: {text(state)}\n\n"
        finally:
            self._readers.discard(reader)


class _Reader:
    """One browser that reads events."""

    def __init__(self) -> None:
        self.waiting: deque[State] = deque(maxlen=_BACKLOG)
        self.wake = asyncio.Event()

    def put(self, state: State) -> None:
        self.waiting.append(state)
        self.wake.set()

    async def wait(self, at_most_s: float) -> None:
        try:
            await asyncio.wait_for(self.wake.wait(), at_most_s)
        except TimeoutError:
            return
        self.wake.clear()


class Stream(StreamingResponse):
    """A response without an end; its place is given back however it ends."""

    def __init__(self, streams: Streams, chunks: AsyncGenerator[str] | AsyncGenerator[bytes], media_type: str) -> None:
        """Stream the chunks from a place that was taken."""
        super().__init__(chunks, media_type=media_type)
        self._streams = streams
        self._chunks = chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, as ASGI has it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._chunks.aclose()
            self._streams.give_back()
