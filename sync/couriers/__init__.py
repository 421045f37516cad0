"""Who brings entries to a destination."""

from typing import Protocol

from sync import wire


class Courier(Protocol):
    """Brings batches to one destination, and comes back with a receipt that is about that batch."""

    def hand_over(self, batch: wire.Batch) -> wire.Receipt:
        """Bring this batch. Raises CourierError: then it may have arrived or not, and is brought again."""

    def close(self) -> None:
        """Let go of the line."""
