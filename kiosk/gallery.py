"""The enrolled, in memory: who is this, and how sure.

Distances are Euclidean between embeddings of dlib's network, whose author gives 0.6 as the line between two people;
on a gallery that lets strangers in, so the configuration's default is stricter (see EyeSettings).
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from kiosk.store.people import Template
from kiosk.vision.engine import Embedding


@dataclass(frozen=True)
class Match:
    """The answer for one probe. person: None where nobody is near enough, or the next is as near.

    distance: to the nearest person; runner_up: to the nearest other person; None where there is none.
    """

    person: str | None
    distance: float | None
    runner_up: float | None


class Gallery:
    """Every template of one model, searched whole and exactly. Never changed: a new one takes its place."""

    def __init__(self, templates: Iterable[Template], threshold: float, margin: float) -> None:
        """Farther than `threshold` is unknown; a runner-up within `margin` makes it doubtful, so unknown too."""
        ordered = sorted(
            (item for item in templates if np.isfinite(item.embedding).all()), key=lambda item: item.person
        )
        self._threshold = threshold
        self._margin = margin
        self._embeddings = np.array([item.embedding for item in ordered], dtype=np.float32).reshape(len(ordered), 128)
        people = [item.person for item in ordered]
        self._people = sorted(set(people))
        self._starts = np.searchsorted(np.array(people), self._people) if people else np.array([], dtype=int)

    def __len__(self) -> int:
        """How many people."""
        return len(self._people)

    def identify(self, probe: Embedding) -> Match:
        """Who this is. A probe with a number that is none is nobody."""
        if not self._people or not np.isfinite(probe).all():
            return Match(None, None, None)
        distances = np.linalg.norm(self._embeddings - probe, axis=1)
        nearest = np.minimum.reduceat(distances, self._starts)
        order = np.argsort(nearest)[:2]
        distance = float(nearest[order[0]])
        runner_up = float(nearest[order[1]]) if len(order) > 1 else None
        sure = distance <= self._threshold and (runner_up is None or runner_up - distance >= self._margin)
        return Match(self._people[order[0]] if sure else None, distance, runner_up)
