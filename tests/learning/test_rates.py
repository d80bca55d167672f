"""Is a change of a rate told where there is one, when it was, and hardly ever where there is none?"""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainops.statistics.proportions import wilson_interval
from brainops.statistics.rates import FALSE_SHARE, FailureCounts, RateChange, latest_change, told

HOURS = 14 * 24


def series(seed: int, *rates: tuple[int, float], a_hour: int = 2) -> list[FailureCounts]:
    """Return hourly counts: each rate holds from its hour on."""
    dice, counts = random.Random(seed), []
    for hour in range(HOURS):
        rate = [rate for begin, rate in rates if begin <= hour][-1]
        failed = sum(dice.random() < rate for _ in range(a_hour))
        counts.append(FailureCounts(at=hour, ended=a_hour, failed=failed))
    return counts


def test_a_change_is_found_at_its_hour() -> None:
    change = latest_change(series(1, (0, 0.02), (200, 0.4)))

    assert change is not None
    assert abs(change.at - 200) <= 6
    assert change.before < 0.05
    assert change.after > 0.3
    assert change.probability > 0.99


def test_of_two_changes_the_latest_is_told() -> None:
    change = latest_change(series(2, (0, 0.02), (100, 0.5), (220, 0.02)))

    assert change is not None
    assert abs(change.at - 220) <= 6
    assert change.after < change.before


def test_a_rate_that_never_changed_is_hardly_ever_told() -> None:
    """Thirty teams of twenty kinds of operations that never changed: no more are told of one than the line allows."""
    teams, kinds = 30, 20
    wrong = sum(
        bool(told([(str(kind), change) for kind in range(kinds) if (change := unchanged(team * kinds + kind))], kinds))
        for team in range(teams)
    )

    assert wrong <= FALSE_SHARE * teams


def unchanged(seed: int) -> RateChange | None:
    return latest_change(series(seed, (0, random.Random(seed).choice((0.02, 0.1, 0.3))), a_hour=1))


def test_where_many_are_looked_at_a_change_takes_more_evidence() -> None:
    likely = RateChange(at=5, ended_before=50, failed_before=2, ended_after=20, failed_after=9, log_factor=8.0)

    assert told([("deploy", likely)], series=1)
    assert not told([("deploy", likely)], series=1_000)
    assert told([(f"deploy {number}", likely) for number in range(100)], series=1_000)


def test_a_difference_too_small_to_matter_is_not_told() -> None:
    small = RateChange(
        at=5, ended_before=10**6, failed_before=10**4, ended_after=10**6, failed_after=3 * 10**4, log_factor=900.0
    )

    assert told([("deploy", small)], series=1) == []


@pytest.mark.parametrize("failed", [0, 1])
def test_what_always_or_never_fails_did_not_change(failed: int) -> None:
    assert latest_change([FailureCounts(at=hour, ended=1, failed=failed) for hour in range(100)]) is None


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=60))
def test_the_counts_of_a_change_are_those_of_the_series(pairs: list[tuple[int, int]]) -> None:
    counts = [FailureCounts(at=at, ended=a + b, failed=a) for at, (a, b) in enumerate(pairs)]
    change = latest_change(counts)
    if change is None:
        return
    since = [each for each in counts if each.at >= change.at]

    assert change.ended_after == sum(each.ended for each in since)
    assert change.failed_after == sum(each.failed for each in since)
    assert change.ended_before + change.ended_after <= sum(each.ended for each in counts)


@given(st.integers(0, 1_000), st.integers(0, 1_000))
def test_an_interval_holds_the_share_that_it_is_about(right: int, wrong: int) -> None:
    low, high = wilson_interval(right, wrong)

    assert 0 <= low <= high <= 1
    assert not right + wrong or low - 1e-9 <= right / (right + wrong) <= high + 1e-9
