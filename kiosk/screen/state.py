"""What the page says now: a value, and pure functions from one state to the next. Times are monotonic seconds."""

from dataclasses import dataclass, replace

from kiosk.answers import Answer
from kiosk.events import Sign

# These last until the next answer, and are too important to stand beside the picture.
_LASTING = frozenset(
    sign.value
    for sign in (
        Sign.UNKNOWN_USE_FINGER,
        Sign.CONFIRM_BY_FINGER,
        Sign.UNKNOWN,
        Sign.FINGER_UNKNOWN,
        Sign.NEEDS_SERVICE,
    )
)


@dataclass(frozen=True)
class State:
    """One state of the page.

    number: grows with each change; until_s: when the answer leaves, None if it lasts; faults: the parts that do not
    serve; notes: what is wrong, in words.
    """

    number: int = 0
    answer: Answer | None = None
    until_s: float | None = None
    faults: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    unsent: int | None = None

    def shown(self, answer: Answer, now_s: float) -> "State":
        """With this answer in place of the one before."""
        until_s = now_s + answer.stays_s if answer.stays_s > 0 else None
        return replace(self, number=self.number + 1, answer=answer, until_s=until_s)

    def settled(self, now_s: float) -> "State":
        """Without an answer whose time is over."""
        if self.until_s is None or now_s < self.until_s:
            return self
        return replace(self, number=self.number + 1, answer=None, until_s=None)

    def with_faults(self, parts: frozenset[str], notes: tuple[str, ...]) -> "State":
        """With these parts missing and these words about it; the very same state if that is nothing new."""
        if (parts, notes) == (self.faults, self.notes):
            return self
        return replace(self, number=self.number + 1, faults=parts, notes=notes)

    def with_unsent(self, count: int | None) -> "State":
        """With so many records not yet sent, None where nobody counts; the very same state if nothing changed."""
        return self if count == self.unsent else replace(self, number=self.number + 1, unsent=count)

    def as_json(self, now_s: float) -> dict[str, object]:
        """The same for a browser. fills: whether the answer takes the whole page; left_s: how much longer, or null."""
        answer = self.answer
        return {
            "number": self.number,
            "answer": answer and answer.as_json(),
            "fills": answer is not None and (self.until_s is not None or answer.sign in _LASTING),
            "left_s": None if self.until_s is None else round(max(0.0, self.until_s - now_s), 3),
            "faults": sorted(self.faults),
            "notes": self.notes,
            "unsent": self.unsent,
        }
