"""A contact bounces; what it does in the end is one change."""

from math import inf

from drivers.inputs.contract import Change, Name


class Debouncer:
    """One contact: told of every edge, and asked for its change once it has been still for long enough.

    Times in seconds on one clock. active: how the contact is at first, or None to be told whatever it is.
    """

    def __init__(self, name: Name, debounce_s: float, active: bool | None) -> None:
        self._name: Name = name
        self._debounce_s = debounce_s
        self._active = active
        self._edge_s = 0.0
        self.due_s = inf

    def edge(self, at_s: float) -> None:
        """It moved: what it will be is known at due_s at the earliest."""
        self._edge_s = at_s
        self.due_s = at_s + self._debounce_s

    def settle(self, active: bool) -> Change | None:
        """How it is at due_s, which is a change unless it bounced back."""
        self.due_s = inf
        if active == self._active:
            return None
        self._active = active
        return Change(self._name, active, self._edge_s)
