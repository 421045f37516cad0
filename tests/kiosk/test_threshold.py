"""The rule: more people and fewer accepted errors never make the gate less strict."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.config import EyeSettings, parse_config
from kiosk.errors import ConfigError
from kiosk.threshold import CAP, FPIR, decide, false_match_rate

counts = st.integers(0, 10_000_000)
rates = st.floats(1e-9, 0.5)


@given(counts, counts, rates)
def test_more_templates_are_never_looser(one: int, other: int, fpir: float) -> None:
    assert decide(max(one, other), fpir).threshold <= decide(min(one, other), fpir).threshold


@given(counts, rates, rates)
def test_a_smaller_accepted_rate_is_never_looser(templates: int, one: float, other: float) -> None:
    assert decide(templates, min(one, other)).threshold <= decide(templates, max(one, other)).threshold


@given(counts, rates)
def test_no_threshold_is_above_the_cap(templates: int, fpir: float) -> None:
    assert 0 <= decide(templates, fpir).threshold <= CAP


@given(st.integers(100, 200_000), st.floats(1e-5, 1e-3))
def test_the_threshold_has_the_accepted_rate(templates: int, fpir: float) -> None:
    single = false_match_rate(decide(templates, fpir).threshold)
    assert 1 - (1 - single) ** templates == pytest.approx(fpir, rel=1e-3)


@given(counts, rates)
def test_what_is_given_stands(templates: int, fpir: float) -> None:
    decision = decide(templates, fpir, threshold=0.5, margin=0.0)
    assert (decision.threshold, decision.margin) == (0.5, 0.0)


def test_small_schools_lie_between_0_43_and_the_cap() -> None:
    assert decide(0).threshold == decide(3).threshold == CAP
    for people in range(1, 20):
        assert 0.43 <= decide(3 * people).threshold <= CAP


def test_lookalikes_are_farther_than_a_match() -> None:
    decision = decide(39)
    assert decision.lookalike == pytest.approx(decision.threshold + decision.margin)
    assert decision.margin == pytest.approx(0.04)


@pytest.mark.parametrize("fpir", [0.0, 1.0, -0.1])
def test_a_rate_that_is_none_is_refused(fpir: float) -> None:
    with pytest.raises(ValueError, match="false positive"):
        decide(10, fpir)


def test_an_empty_setting_is_an_absent_one() -> None:
    assert parse_config('[eye]\nthreshold = ""\nmargin = ""').eye == EyeSettings()
    assert EyeSettings().threshold is EyeSettings().margin is None
    assert EyeSettings().fpir == FPIR
    assert parse_config("[eye]\nthreshold = 0.4\nmargin = 0.1\nfpir = 0.01").eye == EyeSettings(
        threshold=0.4, margin=0.1, fpir=0.01
    )


@pytest.mark.parametrize("line", ["threshold = 0.7", 'threshold = "near"', "margin = -1", "fpir = 0", 'engine = "eye"'])
def test_a_setting_out_of_bounds_is_named(line: str) -> None:
    with pytest.raises(ConfigError, match=f"eye.{line.split()[0]}"):
        parse_config(f"[eye]\n{line}")
