"""Does fusion put the right memory first, and can it say why?"""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainops.memory.rank import MAX_PRIOR_SHARE, Candidate, Weights, fuse

CANDIDATES = st.lists(
    st.builds(
        Candidate,
        key=st.integers(1, 30),
        lexical=st.none() | st.just(0.0) | st.floats(1e-9, 40.0),
        dense=st.none() | st.floats(-1.0, 1.0),
        importance=st.floats(0.0, 1.0),
        age_days=st.floats(-1.0, 10_000.0),
        feedback=st.floats(-1.0, 1.0),
        neighbours=st.lists(st.integers(1, 30), max_size=2).map(tuple),
    ),
    unique_by=lambda candidate: candidate.key,
)


def keys(candidates: list[Candidate], weights: Weights | None = None) -> list[int]:
    return [hit.key for hit in fuse(candidates, weights=weights or Weights())]


def test_a_memory_found_by_words_and_meaning_stands_before_those_found_by_one() -> None:
    both = Candidate(key=3, lexical=8.0, dense=0.6)
    words, meaning = Candidate(key=1, lexical=9.0, dense=0.1), Candidate(key=2, lexical=None, dense=0.7)

    assert keys([words, meaning, both])[0] == 3


def test_without_a_model_the_order_is_that_of_the_words() -> None:
    found = [Candidate(key=key, lexical=score) for key, score in ((1, 2.0), (2, 7.0), (3, 5.0))]

    assert keys(found) == [2, 3, 1]


def test_without_a_shared_word_the_order_is_that_of_the_meaning_and_the_best_scores_fully() -> None:
    bare = Weights(recency=0.0)
    hits = fuse([Candidate(key=1, dense=0.3), Candidate(key=2, dense=0.6)], weights=bare)

    assert [hit.key for hit in hits] == [2, 1]
    assert hits[0].score == pytest.approx(1.0)


def test_the_answer_beside_a_strong_question_rises_above_an_unrelated_memory() -> None:
    question = Candidate(key=1, lexical=10.0, dense=0.8, neighbours=(2,))
    answer = Candidate(key=2, lexical=2.0, dense=0.2, neighbours=(1,))
    unrelated = Candidate(key=9, lexical=3.0, dense=0.25)

    assert keys([question, answer, unrelated]) == [1, 2, 9]
    assert keys([question, answer, unrelated], Weights(neighbour=0.0, further=0.0)) == [1, 9, 2]


def test_a_memory_two_steps_away_gets_half_of_what_a_neighbour_gets() -> None:
    chain = [
        Candidate(key=1, lexical=10.0, neighbours=(2,)),
        Candidate(key=2, lexical=0.1, neighbours=(1, 3)),
        Candidate(key=3, lexical=0.1, neighbours=(2,)),
    ]
    hits = {hit.key: hit for hit in fuse(chain, weights=Weights(recency=0.0))}

    assert hits[2].neighbour == pytest.approx(0.25)
    assert hits[3].neighbour == pytest.approx(0.125, abs=0.01)


def test_neighbours_that_were_not_found_lend_nothing() -> None:
    hit = fuse([Candidate(key=1, lexical=1.0, neighbours=(2, 7)), Candidate(key=2, lexical=0.0, neighbours=(1, 9))])[0]

    assert hit.neighbour == 0.0


def test_importance_and_recency_decide_between_equals_but_never_over_a_clearly_better_match() -> None:
    plain, important = Candidate(key=1, lexical=5.0, age_days=900.0), Candidate(key=2, lexical=5.0, importance=1.0)
    better = Candidate(key=3, lexical=6.0, importance=0.0, age_days=900.0)

    assert keys([plain, important]) == [2, 1]
    assert keys([plain, important, better])[0] == 3


def test_a_memory_marked_wrong_falls_behind_a_slightly_weaker_one() -> None:
    wrong, other = Candidate(key=1, lexical=10.0, feedback=-1.0), Candidate(key=2, lexical=9.0)

    assert keys([wrong, other]) == [2, 1]


def test_weights_that_promise_too_much_are_still_bounded() -> None:
    loud = Weights(importance=5.0, recency=5.0)
    hit = fuse([Candidate(key=1, lexical=4.0, importance=1.0)], weights=loud)[0]

    assert hit.prior == pytest.approx(MAX_PRIOR_SHARE)


def test_equal_scores_keep_the_order_of_their_keys() -> None:
    assert keys([Candidate(key=key, lexical=1.0) for key in (5, 2, 9)]) == [2, 5, 9]


def test_nothing_found_is_an_empty_list() -> None:
    assert fuse([]) == []


@given(CANDIDATES)
def test_every_candidate_is_ranked_once_and_its_parts_add_up_to_its_score(candidates: list[Candidate]) -> None:
    hits = fuse(candidates)

    assert sorted(hit.key for hit in hits) == sorted(candidate.key for candidate in candidates)
    assert all(earlier.score >= later.score for earlier, later in pairwise(hits))
    for hit in hits:
        assert hit.score == pytest.approx(hit.lexical + hit.dense + hit.neighbour + hit.prior)
        assert 0.0 <= hit.lexical + hit.dense <= 1.0 + 1e-9


@given(CANDIDATES, st.randoms(use_true_random=False))
def test_the_order_in_which_candidates_arrive_does_not_matter(candidates: list[Candidate], random: object) -> None:
    shuffled = list(candidates)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert fuse(shuffled) == fuse(candidates)


@given(CANDIDATES, st.floats(0.1, 100.0))
def test_only_the_ratios_of_the_word_scores_count(candidates: list[Candidate], factor: float) -> None:
    scaled = [
        Candidate(key=c.key, lexical=None if c.lexical is None else c.lexical * factor, dense=c.dense)
        for c in candidates
    ]
    plain = [Candidate(key=c.key, lexical=c.lexical, dense=c.dense) for c in candidates]

    before = {hit.key: hit.score for hit in fuse(plain)}
    assert {hit.key: hit.score for hit in fuse(scaled)} == pytest.approx(before, abs=1e-9)
