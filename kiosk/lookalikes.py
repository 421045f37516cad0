"""Who looks like whom: found when somebody is enrolled, so that neither is ever recorded as the other."""

from collections.abc import Iterable, Sequence

import numpy as np

from kiosk.store.people import Likeness, Template


def find_lookalikes(
    person: str, templates: Sequence[Template], everybody: Iterable[Template], within: float
) -> list[Likeness]:
    """The others whose nearest template is nearer than `within` to one of this person's, the nearest first.

    Somebody who is enrolled twice under two names is found in the same way. Templates of other models say nothing.
    """
    models = {item.model for item in templates}
    others = [item for item in everybody if item.person != person and item.model in models]
    if not others or not templates:
        return []
    rows = np.stack([item.embedding for item in others])
    nearest = np.full(len(others), np.inf)
    for item in templates:
        # A damaged template has distances that are none; fmin leaves them out.
        nearest = np.fmin(nearest, np.linalg.norm(rows - item.embedding, axis=1))
    found: dict[str, float] = {}
    for index in np.flatnonzero(nearest < within):
        name, distance = others[index].person, float(nearest[index])
        found[name] = min(distance, found.get(name, distance))
    return [Likeness(person, other, distance) for other, distance in sorted(found.items(), key=lambda item: item[1])]
