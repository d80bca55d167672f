"""Confidence is honest: it starts from what is believed and moves by what happened."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainops.operations.calibration import failure_probability, raw_confidence
from brainops.statistics.calibration import START, Case, calibrated, fit, reliability
from brainops.types import Trust

PROBABILITIES = st.floats(0, 1)
CASES = st.lists(st.builds(Case, raw=PROBABILITIES, right=st.booleans()), max_size=60)


def outcomes(count: int, truth: float, seed: int = 1) -> list[Case]:
    """Return followed cases whose raw confidence is spread and that are right in `truth` of what it says."""
    generator = random.Random(seed)
    raws = [generator.uniform(0.05, 0.95) for _ in range(count)]
    return [Case(raw=raw, right=generator.random() < raw * truth) for raw in raws]


def test_without_a_case_the_calibration_is_the_start() -> None:
    assert fit([]) == START


def test_a_few_cases_move_it_a_little_and_many_move_it_fully() -> None:
    few, many = fit(outcomes(5, 0.5)), fit(outcomes(2_000, 0.5))

    assert abs(calibrated(0.8, few) - 0.8) < 0.15
    assert calibrated(0.8, many) == pytest.approx(0.4, abs=0.08)


def test_refitting_lowers_the_calibration_error_of_an_overconfident_store() -> None:
    learned = fit(outcomes(500, 0.4))
    fresh = outcomes(2_000, 0.4, seed=2)
    _, before = reliability((case.raw, case.right) for case in fresh)
    _, after = reliability((calibrated(case.raw, learned), case.right) for case in fresh)

    assert after < before / 3


@given(CASES, PROBABILITIES, PROBABILITIES)
def test_calibration_never_turns_a_ranking_round(cases: list[Case], one: float, other: float) -> None:
    found = fit(cases)
    lower, higher = sorted((one, other))

    assert 0 < calibrated(lower, found) <= calibrated(higher, found) < 1


@given(PROBABILITIES)
def test_less_trust_is_less_confidence(match: float) -> None:
    verified, agent, external = (raw_confidence(match, trust) for trust in Trust)

    assert verified > agent > external


def test_an_operation_that_never_ran_has_no_failure_probability() -> None:
    assert failure_probability(0, 0, 0, 0) is None


def test_a_targets_own_record_outweighs_that_of_the_name() -> None:
    by_name_only = failure_probability(100, 10, 0, 0)
    bad_target = failure_probability(100, 10, 10, 9)

    assert by_name_only == pytest.approx(11 / 102)
    assert bad_target is not None
    assert bad_target > 0.6


@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500))
def test_a_failure_probability_is_a_probability(finished: int, failed: int, here: int) -> None:
    failed, here = min(failed, finished), min(here, finished)
    found = failure_probability(finished, failed, here, min(failed, here))

    assert found is None or 0 < found < 1


def test_a_reliability_diagram_of_perfect_confidence_has_no_error() -> None:
    bars, error = reliability([(1.0, True)] * 10 + [(0.0, False)] * 10)

    assert [(bar.share_right, bar.cases) for bar in bars] == [(0.0, 10), (1.0, 10)]
    assert error == 0
