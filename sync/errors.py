"""The tree of errors between the kiosk and the Disdik; each message is one sentence that says what is wrong.

SyncError
 +- DestinationError      there is nowhere to bring the records, or no way that we may take
 +- Undelivered           the worker has brought less than was asked
 +- CourierError          a batch was not handed over, or nobody said so; to try again is safe
     +- Unreachable       no line, no name, no answer in time, or no trust in who answers
     +- Refused           the other end answered that it would not or could not
     +- Nonsense          an answer that is no receipt for this batch: a hotel's log-in page, for one
"""


class SyncError(Exception):
    """The records can't be brought."""


class DestinationError(SyncError, ValueError):
    """There is nowhere to bring the records, or no way that we may take."""


class Undelivered(SyncError):
    """Less was brought than was asked."""


class CourierError(SyncError, OSError):
    """A batch was not handed over. retry_after_s: how long the other end asks us to wait, if it does."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Unreachable(CourierError):
    """No line to the other end."""


class Refused(CourierError):
    """The other end would not or could not."""


class Nonsense(CourierError, ValueError):
    """The answer is no receipt for this batch."""
