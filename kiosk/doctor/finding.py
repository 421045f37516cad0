"""What a check has found: a value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Result(Enum):
    """How a thing is."""

    OK = "ok"
    WRONG = "wrong"
    DOUBTFUL = "doubtful"
    NOT_APPLICABLE = "not applicable"


_WORST = (Result.WRONG, Result.DOUBTFUL, Result.OK, Result.NOT_APPLICABLE)


@dataclass(frozen=True)
class Finding:
    """One row of what is told. found: in a few words; advice: a sentence of what to do; figures: for programs."""

    name: str
    result: Result
    found: str
    advice: str = ""
    figures: Mapping[str, object] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """The same as an object of JSON."""
        return {
            "name": self.name,
            "result": self.result.value,
            "found": self.found,
            "advice": self.advice,
            "figures": dict(self.figures),
        }


def joined(name: str, *parts: Finding) -> Finding:
    """Several findings as one: as bad as the worst of them, and what is bad is said first."""
    ordered = sorted(parts, key=lambda part: _WORST.index(part.result))
    figures: dict[str, object] = {}
    for part in parts:
        figures |= part.figures
    found = "; ".join(part.found for part in ordered if part.found)
    return Finding(name, ordered[0].result, found, " ".join(part.advice for part in ordered if part.advice), figures)
