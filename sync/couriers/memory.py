"""A district in memory that fails on command, for tests of whoever uses a courier."""

from collections import deque
from typing import Literal

from sync import wire
from sync.errors import Unreachable

Mishap = Literal["lost", "receipt_lost", "half", "nothing"]


class MemoryCourier:
    """Keeps what it is handed. entries: by id; batches: each as it came; aside: ids that it can't read."""

    def __init__(self) -> None:
        self.entries: dict[str, dict[str, object]] = {}
        self.batches: list[wire.Batch] = []
        self.unreadable: set[str] = set()
        self.aside: dict[str, dict[str, object]] = {}
        self._mishaps: deque[tuple[Mishap, float | None]] = deque()

    def plan(self, *mishaps: Mishap, retry_after_s: float | None = None) -> None:
        """What befalls the next batches, one each: lost on the way, stored without a receipt, half or not stored."""
        self._mishaps.extend((mishap, retry_after_s) for mishap in mishaps)

    def hand_over(self, batch: wire.Batch) -> wire.Receipt:
        """Keep this batch, or what is planned. Raises Unreachable."""
        self.batches.append(batch)
        mishap, retry_after_s = self._mishaps.popleft() if self._mishaps else (None, None)
        if mishap == "lost":
            raise Unreachable("the batch was lost on the way", retry_after_s)
        kept = {"half": len(batch.entries) // 2, "nothing": 0}.get(mishap or "", len(batch.entries))
        receipt = self._keep(batch, kept)
        if mishap == "receipt_lost":
            raise Unreachable("the receipt was lost on the way", retry_after_s)
        return receipt

    def close(self) -> None:
        """There is no line to let go of."""

    def _keep(self, batch: wire.Batch, count: int) -> wire.Receipt:
        received: list[str] = []
        aside: list[wire.Aside] = []
        for position, entry in enumerate(batch.entries[:count]):
            if entry["id"] in self.unreadable:
                self.aside[entry["id"]] = entry
                aside.append(wire.Aside(position=position, why="not readable"))
            else:
                self.entries.setdefault(entry["id"], entry)
                received.append(entry["id"])
        return wire.Receipt(received=received, aside=aside)
