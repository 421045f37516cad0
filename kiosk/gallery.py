"""The enrolled, in memory: who is this, and how sure.

Distances are Euclidean between embeddings of dlib's network. The search is whole and exact: |t - p|^2 is
|t|^2 - 2 t.p + |p|^2, so one product of a matrix and a vector in float32 ranks all templates; those that its rounding
can't tell from the nearest two people are then measured again, as differences in float64. The matrix lies with a row
for each of the 128 dimensions: so BLAS reads it in one stream, in two thirds of the time.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kiosk.store.people import Template
from kiosk.threshold import FPIR, decide
from kiosk.vision.engine import Embedding

_DIMENSIONS = 128
_LARGEST = 100.0  # an embedding's numbers are below 1; a template or probe with larger ones is damaged
_ROUNDING = 4e-5  # times |t|^2 + |p|^2: twice the error of two ranks; 128 additions in float32 make 128 * 2^-24 each
_CHUNK = 4096
_NEARLY = 0.06  # beyond the threshold, a mirrored look brings hardly anybody back (ORL)


@dataclass(frozen=True)
class Match:
    """The answer for one probe. person: None where nobody is near enough, or the next is as near.

    distance: to the nearest person; runner_up: to the nearest other person; None where there is none.
    confirm: the person found has a look-alike here, and is to be confirmed by finger.
    """

    person: str | None
    distance: float | None
    runner_up: float | None
    confirm: bool = False


class Gallery:
    """Every template of one model. Never changed: a new one takes its place, whole."""

    def __init__(
        self,
        templates: Iterable[Template],
        threshold: float | None = None,
        margin: float | None = None,
        *,
        fpir: float = FPIR,
        confirm: Collection[str] = (),
    ) -> None:
        """Farther than `threshold` is unknown; a runner-up within `margin` makes it doubtful, so unknown too.

        Either is found by the rule of kiosk/threshold.py, from `fpir`, where it is None. confirm: who has a look-alike.
        A template that is damaged is left out.
        """
        ordered = sorted(filter(_is_whole, templates), key=lambda item: item.person)
        self._matrix = np.empty((_DIMENSIONS, len(ordered)), dtype=np.float32)
        for start in range(0, len(ordered), _CHUNK):
            rows = [item.embedding for item in ordered[start : start + _CHUNK]]
            self._matrix[:, start : start + _CHUNK] = np.array(rows).T
        self._squares = np.einsum("ij,ij->j", self._matrix, self._matrix)
        self._largest_square = float(self._squares.max(initial=0.0))
        names = [item.person for item in ordered]
        self._starts = np.array([at for at, name in enumerate(names) if not at or name != names[at - 1]], dtype=int)
        self._people = [names[at] for at in self._starts]
        self._confirm = frozenset(confirm)
        self.decision = decide(len(ordered), fpir, threshold, margin)

    def __len__(self) -> int:
        """How many people."""
        return len(self._people)

    def identify(self, probe: Embedding, steadier: Callable[[], Embedding] | None = None) -> Match:
        """Who this is. A probe with a number that is none is nobody.

        steadier: makes a better embedding of the same face for more work (see Engine.embed_mirrored); it is asked for
        only where the first nearly matches.
        """
        match = self._match(probe)
        nearly = match.distance is not None and match.distance <= self.decision.threshold + _NEARLY
        if match.person is None and steadier and nearly:
            return self._match(steadier())
        return match

    def _match(self, probe: Embedding) -> Match:
        if not self._people or not _is_whole_vector(probe):
            return Match(None, None, None)
        people, distances = self._nearest(probe)
        distance = float(distances[0])
        runner_up = float(distances[1]) if len(distances) > 1 else None
        sure = distance <= self.decision.threshold
        sure = sure and (runner_up is None or runner_up - distance >= self.decision.margin)
        person = self._people[people[0]] if sure else None
        return Match(person, distance, runner_up, person in self._confirm)

    def _nearest(self, probe: Embedding) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """The nearest person and the nearest other one, by their number, with exact distances."""
        vector = np.asarray(probe, dtype=np.float32)
        rank = vector @ self._matrix  # distances squared, without |p|^2, which is the same for all
        rank *= -2
        rank += self._squares
        reach = self._second(rank) + _ROUNDING * (self._largest_square + float(vector @ vector))
        near = np.flatnonzero(rank <= reach)
        apart = self._matrix[:, near].astype(np.float64) - np.asarray(probe, dtype=np.float64)[:, np.newaxis]
        exact = np.sqrt(np.einsum("ij,ij->j", apart, apart))
        people, starts = np.unique(self._person_of(near), return_index=True)
        of_person = np.minimum.reduceat(exact, starts)
        order = np.argsort(of_person, kind="stable")[:2]
        return people[order], of_person[order]

    def _second(self, rank: NDArray[np.float32]) -> float:
        """The rank of the nearest template of the second nearest person; of the only one where there is no other."""
        first = int(rank.argmin())
        person = int(self._person_of(np.array([first]))[0])
        start = int(self._starts[person])
        end = int(self._starts[person + 1]) if person + 1 < len(self._starts) else len(rank)
        others = [part.min() for part in (rank[:start], rank[end:]) if part.size]
        return float(min(others, default=rank[first]))

    def _person_of(self, templates: NDArray[np.intp]) -> NDArray[np.intp]:
        return np.searchsorted(self._starts, templates, side="right") - 1


def _is_whole(template: Template) -> bool:
    return _is_whole_vector(template.embedding)


def _is_whole_vector(vector: Embedding) -> bool:
    return vector.shape == (_DIMENSIONS,) and bool(abs(vector).max() <= _LARGEST)
