"""The gallery: the nearest person, and only where it is sure."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kiosk.gallery import Gallery, Match
from kiosk.store import Template
from kiosk.threshold import CAP, Decision, decide
from kiosk.vision import Embedding


def direction(axis: int, length: float = 1.0) -> Embedding:
    vector = np.zeros(128, dtype=np.float32)
    vector[axis] = length
    return vector


def enrolled(*pairs: tuple[str, Embedding]) -> list[Template]:
    return [Template(person, "a-model", embedding) for person, embedding in pairs]


def gallery(*pairs: tuple[str, Embedding], threshold: float = 0.45, margin: float = 0.04) -> Gallery:
    return Gallery(enrolled(*pairs), threshold, margin)


def test_the_nearest_of_a_persons_templates_counts() -> None:
    found = gallery(("ani", direction(0)), ("ani", direction(1)), ("budi", direction(2))).identify(direction(1, 0.8))
    assert found.person == "ani"
    assert found.distance == pytest.approx(0.2)
    assert found.runner_up == pytest.approx(np.sqrt(1.64))


def test_a_face_farther_than_the_threshold_is_unknown() -> None:
    found = gallery(("ani", direction(0))).identify(direction(0, 0.5))
    assert found == Match(None, 0.5, None)


def test_a_runner_up_as_near_makes_it_doubtful() -> None:
    twins = (("ani", direction(0, 1.0)), ("ina", direction(0, 1.05)))
    assert gallery(*twins).identify(direction(0, 1.02)).person is None
    assert gallery(*twins, margin=0.0).identify(direction(0, 1.02)).person == "ani"


def test_the_runner_up_is_another_person() -> None:
    found = gallery(("ani", direction(0, 1.0)), ("ani", direction(0, 1.01))).identify(direction(0, 1.0))
    assert found == Match("ani", 0.0, None)


def test_an_empty_gallery_knows_nobody() -> None:
    assert gallery().identify(direction(0)) == Match(None, None, None)
    assert len(gallery()) == 0


def test_a_probe_with_numbers_that_are_none_is_nobody() -> None:
    broken = direction(0)
    broken[5] = np.nan
    assert gallery(("ani", direction(0))).identify(broken) == Match(None, None, None)


def test_a_template_with_numbers_that_are_none_is_left_out() -> None:
    broken = direction(1)
    broken[5] = np.inf
    only = gallery(("budi", broken), ("ani", direction(0)))
    assert len(only) == 1
    assert only.identify(direction(0)).person == "ani"


def test_without_a_threshold_it_follows_from_the_templates() -> None:
    few, many = (Gallery(enrolled(*((f"p{n}", direction(n % 128)) for n in range(count)))) for count in (3, 3000))
    assert few.decision.threshold == CAP
    assert many.decision == decide(3000)
    assert Gallery(enrolled(("ani", direction(0))), 0.3, 0.1).decision == Decision(0.3, 0.1)


def test_whoever_has_a_lookalike_is_to_be_confirmed() -> None:
    both = Gallery(enrolled(("ani", direction(0)), ("budi", direction(1))), 0.45, 0.04, confirm={"ani"})
    assert both.identify(direction(0)).person == "ani"
    assert both.identify(direction(0)).confirm
    assert not both.identify(direction(1)).confirm
    assert not both.identify(direction(5)).confirm


def test_templates_that_are_all_the_same_are_told_by_their_people() -> None:
    same = Gallery(enrolled(*((f"p{n % 50:02}", direction(0)) for n in range(500))), 0.45, 0.0)
    assert len(same) == 50
    assert same.identify(direction(0)) == Match("p00", 0.0, 0.0)


def test_distances_in_a_large_gallery_are_exact() -> None:
    rng = np.random.default_rng(1)
    rows = rng.normal(0, 0.12, (20_000, 128)).astype(np.float32)
    large = Gallery(Template(f"p{at // 4}", "a-model", row) for at, row in enumerate(rows))
    for probe in (rows[77] + np.float32(0.01), rng.normal(0, 0.12, 128).astype(np.float32)):
        exact = np.linalg.norm(rows.astype(np.float64) - probe, axis=1).reshape(-1, 4).min(axis=1)
        found = large.identify(probe)
        assert [found.distance, found.runner_up] == pytest.approx(np.sort(exact)[:2].tolist(), abs=1e-9)


def test_a_template_or_a_probe_of_another_length_is_left_out() -> None:
    short = np.ones(64, dtype=np.float32)
    assert len(gallery(("ani", short))) == 0
    assert gallery(("ani", direction(0))).identify(short) == Match(None, None, None)


unit = arrays(np.float32, 128, elements=st.floats(-1, 1, width=32))


@given(st.lists(st.tuples(st.sampled_from("abcd"), unit), min_size=1, max_size=12), unit)
def test_it_agrees_with_looking_at_every_template(rows: list[tuple[str, Embedding]], probe: Embedding) -> None:
    nearest = {
        person: min(float(np.linalg.norm(vector.astype(np.float64) - probe)) for name, vector in rows if name == person)
        for person, _ in rows
    }
    best, *others = sorted(nearest.values())
    found = gallery(*rows, threshold=99.0, margin=0.0).identify(probe)
    assert found.distance == pytest.approx(best, abs=1e-6)
    assert found.runner_up == (pytest.approx(others[0], abs=1e-6) if others else None)
    assert found.person is not None
    assert nearest[found.person] == pytest.approx(best, abs=1e-5)


def test_a_steadier_look_is_asked_for_only_where_the_first_nearly_matches() -> None:
    asked: list[float] = []

    def steadier() -> Embedding:
        asked.append(1.0)
        return direction(0, 0.9)

    one = gallery(("ani", direction(0)), threshold=0.45, margin=0.04)
    assert one.identify(direction(0, 0.8), steadier).person == "ani"
    assert one.identify(direction(1), steadier).person is None
    assert not asked
    assert one.identify(direction(0, 0.52), steadier).person == "ani"
    assert asked == [1.0]
