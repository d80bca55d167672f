"""Does the test of improvements hold however often one looks, and does it find what is better?"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainops.statistics.always_valid import Counts, beyond, both, compare, is_sure, probability

COMPARISONS = 150  # of each kind; the bound is one in ten
UNITS = 400


def steady(rate: float, gain: float = 0.0) -> Callable[[random.Random, int, bool], bool]:
    """Outcomes of a rate, which is greater for the challenger by a gain."""
    return lambda chance, number, challenger: chance.random() < rate + gain * challenger


def in_batches(chance: random.Random, number: int, challenger: bool) -> bool:
    """Outcomes that come ten at a time alike: as if one fault made ten runs fail."""
    return random.Random(number // 10 * 7919).random() < 0.6


def drifting(chance: random.Random, number: int, challenger: bool) -> bool:
    """Outcomes that get worse and better again over days."""
    return chance.random() < (0.95 if number // 100 % 2 else 0.4)


def looks(
    outcome: Callable[[random.Random, int, bool], bool], share: float, seed: int, units: int = UNITS
) -> Iterator[tuple[Counts, Counts]]:
    """Yield the counts of both sides at every look, five units apart."""
    chance, sides = random.Random(seed), [[0, 0], [0, 0]]
    for number in range(units):
        challenger = chance.random() < share
        sides[challenger][not outcome(chance, number + seed * units, challenger)] += 1
        if number % 5 == 4:
            (usual, tried) = (Counts(well=well, badly=badly) for well, badly in sides)
            yield usual, tried


def promoted(outcome: Callable[[random.Random, int, bool], bool], share: float, seed: int) -> bool:
    return any(is_sure(compare(*seen, share=share).better) for seen in looks(outcome, share, seed))


@pytest.mark.parametrize(
    ("outcome", "share"),
    [(steady(0.5), 0.25), (steady(0.9), 0.25), (steady(0.98), 0.25), (in_batches, 0.25), (drifting, 0.8)],
)
def test_what_is_no_better_is_promoted_at_most_one_time_in_ten_over_all_looks(
    outcome: Callable[[random.Random, int, bool], bool], share: float
) -> None:
    wrongly = sum(promoted(outcome, share, seed) for seed in range(COMPARISONS))

    assert wrongly <= 0.10 * COMPARISONS


def test_what_is_worse_is_hardly_ever_promoted() -> None:
    assert sum(promoted(steady(0.8, -0.1), 0.25, seed) for seed in range(COMPARISONS)) <= 0.02 * COMPARISONS


@pytest.mark.parametrize(("rate", "gain", "least"), [(0.5, 0.4, 0.99), (0.6, 0.25, 0.9), (0.8, 0.15, 0.75)])
def test_what_is_better_is_found(rate: float, gain: float, least: float) -> None:
    found = sum(promoted(steady(rate, gain), 0.25, seed) for seed in range(COMPARISONS))

    assert found >= least * COMPARISONS


def test_a_record_no_better_than_a_rate_goes_beyond_it_at_most_one_time_in_ten() -> None:
    wrongly = 0
    for seed in range(COMPARISONS):
        chance, well = random.Random(seed), 0
        for number in range(1, UNITS):
            well += chance.random() < 0.8
            if is_sure(beyond(Counts(well=well, badly=number - well), 0.8).better):
                wrongly += 1
                break

    assert wrongly <= 0.10 * COMPARISONS


def test_nothing_seen_is_no_evidence() -> None:
    nothing = compare(Counts(), Counts(), share=0.25)

    assert (nothing.better, nothing.worse) == (1.0, 1.0)
    assert probability(nothing.better) == 0.0


@pytest.mark.parametrize(("evidence", "sure"), [(1.0, False), (9.9, False), (10.0, False), (10.1, True)])
def test_the_line_is_at_ten(evidence: float, sure: bool) -> None:
    assert is_sure(evidence) is sure


counts = st.builds(Counts, well=st.integers(0, 500), badly=st.integers(0, 500))


@given(counts, counts, st.sampled_from([0.25, 0.5, 0.8]))
def test_to_be_better_is_that_the_other_is_worse(usual: Counts, tried: Counts, share: float) -> None:
    seen, turned = compare(usual, tried, share=share), compare(tried, usual, share=1 - share)

    assert seen.better == pytest.approx(turned.worse)
    assert seen.worse == pytest.approx(turned.better)


@given(counts, counts)
def test_one_more_success_of_the_challenger_never_speaks_against_it(usual: Counts, tried: Counts) -> None:
    more = Counts(well=tried.well + 1, badly=tried.badly)

    assert compare(usual, more, share=0.25).better >= compare(usual, tried, share=0.25).better * (1 - 1e-9)


@given(counts, counts)
def test_both_measures_together_lie_between_them(usual: Counts, tried: Counts) -> None:
    first, second = compare(usual, tried, share=0.25), beyond(tried, 0.5)
    together = both(first, second).better

    assert min(first.better, second.better) <= together * (1 + 1e-9)
    assert together <= max(first.better, second.better) * (1 + 1e-9)
