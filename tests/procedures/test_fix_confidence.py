"""Is a fix only as sure as its verified record makes it?"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainops.procedures.fixes.confidence import (
    MINIMUM_VERIFIED,
    POOL_WEIGHT,
    confidence,
    may_apply,
    sentence,
)
from brainops.statistics.proportions import beta_cumulative, beta_quantile

NEEDED = [21, 6, 5, 6, 13]

counts = st.integers(min_value=0, max_value=500)


def test_a_fix_without_a_record_is_not_sure() -> None:
    fresh = confidence(0, 0)

    assert fresh.value == pytest.approx(0.1, abs=1e-4)
    assert not may_apply(fresh)


def test_the_bound_is_the_quantile_of_a_power_where_nothing_was_contradicted() -> None:
    assert beta_quantile(0.1, 22, 1) == pytest.approx(0.1 ** (1 / 22), abs=1e-9)


def test_the_cumulative_of_a_beta_distribution_is_that_of_its_polynomial() -> None:
    assert beta_cumulative(0.3, 2, 2) == pytest.approx(3 * 0.3**2 - 2 * 0.3**3, abs=1e-12)


def test_twenty_one_verified_successes_alone_pass_the_line_and_twenty_do_not() -> None:
    assert may_apply(confidence(21, 0))
    assert not may_apply(confidence(20, 0))


def successes_needed(pooled_verified: int, pooled_contradicted: int) -> int:
    """Return how many successes without a failure let a fix apply itself, after such a record of other causes."""
    return next(
        count
        for count in range(1, 100)
        if may_apply(confidence(count, 0, pooled_verified=pooled_verified, pooled_contradicted=pooled_contradicted))
    )


def test_the_record_of_other_causes_says_how_many_successes_are_needed_as_the_docs_say() -> None:
    assert [successes_needed(*record) for record in ((0, 0), (48, 2), (98, 2), (95, 5), (180, 20))] == NEEDED
    page = (Path(__file__).parents[2] / "docs/reference/fixes.md").read_text(encoding="utf-8")

    assert "| none | 48 of 50 | 98 of 100 | 95 of 100 | 180 of 200 |" in page
    assert f"| {' | '.join(map(str, NEEDED))} |" in page


def test_however_well_others_did_a_fix_has_successes_of_its_own() -> None:
    assert not may_apply(confidence(MINIMUM_VERIFIED - 1, 0, pooled_verified=100_000))


def test_a_fix_does_not_apply_itself_with_what_it_was_never_seen_to_work_with() -> None:
    sure = confidence(25, 0, pooled_verified=100, unseen="version 3.x")

    assert not may_apply(sure)
    assert "never with version 3.x" in sentence(sure)


def test_a_pool_never_counts_more_than_its_weight() -> None:
    assert POOL_WEIGHT - 0.02 < confidence(0, 0, pooled_verified=10_000).pooled <= POOL_WEIGHT
    assert confidence(0, 0, pooled_verified=8).pooled == POOL_WEIGHT / 2


def test_similar_fixes_that_failed_make_a_fix_less_sure() -> None:
    assert confidence(20, 0, pooled_contradicted=50).value < confidence(20, 0).value


def test_the_sentence_names_the_counts_and_what_is_missing() -> None:
    assert "helped 4 of 5 verified times" in sentence(confidence(4, 1))
    assert f"{MINIMUM_VERIFIED} are needed" in sentence(confidence(4, 1))
    assert "never verified yet" in sentence(confidence(0, 0))


@given(counts, counts)
def test_one_more_contradiction_never_makes_a_fix_surer(verified: int, contradicted: int) -> None:
    assert confidence(verified, contradicted + 1).value <= confidence(verified, contradicted).value


@given(counts, counts)
def test_one_more_success_never_makes_a_fix_less_sure(verified: int, contradicted: int) -> None:
    assert confidence(verified + 1, contradicted).value >= confidence(verified, contradicted).value


@given(st.floats(0.01, 0.99), st.floats(0.5, 400), st.floats(0.5, 400))
def test_the_quantile_is_the_inverse_of_the_cumulative(probability: float, successes: float, failures: float) -> None:
    x = beta_quantile(probability, successes, failures)

    assert beta_cumulative(x, successes, failures) == pytest.approx(probability, abs=1e-6)
