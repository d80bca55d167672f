"""Does a match probability behave like one?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainops.memory.confidence import HitSignals, covered_share, inverse_frequency, margins, match_probability

SHARE = st.floats(0.0, 1.0)
COSINE = st.none() | st.floats(-1.0, 1.0)


@given(COSINE, SHARE, st.floats(-1.0, 1.0))
def test_a_probability_lies_between_0_and_1(cosine: float | None, covered: float, margin: float) -> None:
    assert 0.0 < match_probability(HitSignals(cosine=cosine, covered=covered, margin=margin)) < 1.0


@given(COSINE, SHARE, SHARE, st.floats(-1.0, 1.0))
def test_holding_more_of_the_query_never_makes_a_hit_less_probable(
    cosine: float | None, one: float, other: float, margin: float
) -> None:
    low, high = sorted((one, other))

    assert match_probability(HitSignals(cosine=cosine, covered=low, margin=margin)) <= match_probability(
        HitSignals(cosine=cosine, covered=high, margin=margin)
    )


def test_a_near_full_and_lonely_match_is_probable_and_a_far_crowded_one_is_not() -> None:
    good = HitSignals(cosine=0.85, covered=0.95, margin=0.4)
    poor = HitSignals(cosine=0.25, covered=0.2, margin=0.01)

    assert match_probability(good) > 0.85
    assert match_probability(poor) < 0.1


def test_without_a_model_words_alone_still_tell_good_from_poor() -> None:
    good, poor = HitSignals(cosine=None, covered=1.0, margin=0.5), HitSignals(cosine=None, covered=0.1, margin=0.0)

    assert match_probability(good) > 0.7
    assert match_probability(poor) < 0.1


def test_a_rare_word_covers_more_of_a_query_than_a_common_one() -> None:
    frequencies = {"pod": 900, "enospc": 2}

    rare = covered_share(("pod", "enospc"), ("enospc",), frequencies, 1_000)
    common = covered_share(("pod", "enospc"), ("pod",), frequencies, 1_000)
    assert rare > 0.9 > 0.1 > common
    assert rare + common == pytest.approx(1.0)


def test_a_word_that_no_memory_holds_counts_against_the_hit() -> None:
    assert covered_share(("disk", "quota"), ("disk",), {"disk": 5}, 100) < 0.5


def test_forms_of_one_word_count_once() -> None:
    assert covered_share(("error", "errors", "disk"), ("disk",), {}, 10) == pytest.approx(0.5)


def test_a_query_without_words_is_covered_by_nothing() -> None:
    assert covered_share((), (), {}, 0) == 0.0


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_word_is_never_worth_less_than_nothing(count: int, total: int) -> None:
    assert inverse_frequency(count, total) > 0.0


def test_only_the_first_hit_stands_before_the_next() -> None:
    assert margins([1.0, 0.75, 0.5]) == pytest.approx([0.25, -0.25, -0.5])
    assert margins([1.0, 1.0]) == [0.0, 0.0]


def test_a_single_hit_has_the_whole_margin_and_no_hit_none() -> None:
    assert margins([0.4]) == [1.0]
    assert margins([0.0, 0.0]) == [0.0, 0.0]
    assert margins([]) == []
