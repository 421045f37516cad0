"""A contact bounces; what it does in the end is one change."""

from math import inf
from typing import Final

from drivers.inputs.contract import Change, Name

_NEVER_RESTS: Final = 10  # times as long as a contact that is still, and it is in doubt


class Debouncer:
    """One contact: told of every edge, and asked for its change once it has been still for long enough.

    Times in seconds on one clock. active: how the contact is at first, or None to be told whatever it is; in_doubt:
    what it is taken for while it never rests, or None to wait until it does.
    """

    def __init__(self, name: Name, debounce_s: float, active: bool | None, in_doubt: bool | None = None) -> None:
        self._name: Name = name
        self._debounce_s = debounce_s
        self._active = active
        self._in_doubt = in_doubt
        self._edge_s = 0.0
        self._restless_since_s: float | None = None
        self.due_s = inf

    def edge(self, at_s: float) -> None:
        """It moved: what it will be is known at due_s at the earliest."""
        self._edge_s = at_s
        if self._restless_since_s is None:
            self._restless_since_s = at_s
        limit_s = inf if self._in_doubt is None else self._restless_since_s + _NEVER_RESTS * self._debounce_s
        self.due_s = min(self._rests_s, limit_s)

    def settle(self, active: bool) -> Change | None:
        """How it is at due_s, which is a change unless it bounced back."""
        if self._in_doubt is not None and self.due_s < self._rests_s:
            since_s, active, self.due_s = self._restless_since_s, self._in_doubt, self._rests_s
        else:
            since_s, self.due_s = self._edge_s, inf
        self._restless_since_s = None
        if active == self._active:
            return None
        self._active = active
        return Change(self._name, active, since_s if since_s is not None else self._edge_s)

    @property
    def _rests_s(self) -> float:
        return self._edge_s + self._debounce_s
