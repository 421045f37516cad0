"""What every bench prints: a table for people, or with --json one object last."""

import json
from dataclasses import dataclass, field
from typing import Any, Literal

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Goal:
    """What a figure must reach: at least, or at most, this value."""

    value: float
    at: Literal["least", "most"]

    def holds(self, figure: float) -> bool:
        """Whether the figure reaches it."""
        return figure >= self.value if self.at == "least" else figure <= self.value


@dataclass
class Report:
    """Figures by name, in the order of the table, and goals for some of them."""

    bench: str
    figures: dict[str, Any] = field(default_factory=dict)
    goals: dict[str, Goal] = field(default_factory=dict)

    def add(self, name: str, figure: Any, goal: Goal | None = None) -> None:
        """One more figure, which may have a goal."""
        self.figures[name] = float(f"{figure:.6g}") if isinstance(figure, float) else figure
        if goal:
            self.goals[name] = goal

    @property
    def holds(self) -> bool:
        """Whether every goal is reached."""
        return all(goal.holds(self.figures[name]) for name, goal in self.goals.items())

    def show(self, *, as_json: bool) -> None:
        """Print it."""
        if as_json:
            print(
                json.dumps({"bench": self.bench, "figures": self.figures, "goals": self._goals(), "holds": self.holds})
            )
            return
        table = Table("figure", "measured", "goal", "", title=f"bench {self.bench}")
        for name, figure in self.figures.items():
            goal = self.goals.get(name)
            text = f"at {goal.at} {goal.value:g}" if goal else ""
            table.add_row(name, _text(figure), text, ("✓" if goal.holds(figure) else "✗") if goal else "")
        Console().print(table)

    def _goals(self) -> dict[str, Any]:
        return {
            name: {"goal": goal.value, "at": goal.at, "holds": goal.holds(self.figures[name])}
            for name, goal in self.goals.items()
        }


def _text(figure: Any) -> str:
    return f"{figure:.4g}" if isinstance(figure, float) else str(figure)
