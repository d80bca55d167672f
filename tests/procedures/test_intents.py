"""Do example phrases decide what words mean, and does the confidence say how often that is right?"""

from __future__ import annotations

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brainops.procedures.triggers import intents
from brainops.procedures.triggers.intents import WORDS_ONLY, Intents, PhraseVectors, learn

DIMENSIONS = 32
PHRASES = {
    "restart": ["restart the worker", "the worker hangs", "bounce the job runner", "restart the stuck consumer"],
    "rotate": ["rotate the api keys", "an api key has leaked", "issue new keys", "replace the leaked credentials"],
    "scale": ["add more replicas", "scale the service up", "more instances please", "we need more capacity"],
}


def by_words(phrases: dict[str, list[str]]) -> tuple[PhraseVectors, Intents]:
    texts = [text for several in phrases.values() for text in several]
    labels = [label for label, several in phrases.items() for _ in several]
    words = PhraseVectors.of(texts)
    return words, learn(words.vectors(texts), labels, WORDS_ONLY)


def clusters(labels: int, each: int, spread: float, seed: int) -> tuple[numpy.ndarray, list[str]]:
    generator = numpy.random.default_rng(seed)
    centres = numpy.random.default_rng(1).standard_normal((100, DIMENSIONS))[:labels]
    rows = numpy.repeat(centres, each, axis=0) + spread * generator.standard_normal((labels * each, DIMENSIONS))
    unit = rows / numpy.linalg.norm(rows, axis=1, keepdims=True)
    return unit.astype(numpy.float32), [str(number) for number in range(labels) for _ in range(each)]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("please restart the hanging worker", "restart"),
        ("a leaked key", "rotate"),
        ("we need more replicas of the service", "scale"),
    ],
)
def test_words_mean_the_label_of_the_phrases_that_say_the_same(said: str, meant: str) -> None:
    words, intents = by_words(PHRASES)

    label, confidence = intents.decide(words.vectors([said])[0])

    assert label == meant
    assert confidence > 0.5


def test_words_about_something_else_are_less_sure_than_any_phrase() -> None:
    words, intents = by_words(PHRASES)
    texts = [text for several in PHRASES.values() for text in several]

    surest_other = max(
        intents.decide(words.vectors([text])[0])[1] for text in ("what is for lunch", "book a flight to the sea")
    )

    assert surest_other < min(intents.decide(words.vectors([text])[0])[1] for text in texts)
    assert surest_other < 0.5


def test_nothing_is_meant_where_nothing_was_learned_or_said() -> None:
    words, intents = by_words(PHRASES)

    assert learn(numpy.zeros((0, DIMENSIONS), numpy.float32), []).decide(numpy.ones(DIMENSIONS, numpy.float32)) == (
        None,
        0.0,
    )
    assert intents.decide(words.vectors(["!!!"])[0]) == (None, 0.0)


def test_one_phrase_of_one_label_is_enough_to_begin_with() -> None:
    words, intents = by_words({"restart": ["restart the worker"]})

    same, other = (intents.decide(words.vectors([text])[0])[1] for text in ("restart the worker", "lunch at noon"))

    assert same > 0.9
    assert other < 0.3


def test_the_confidence_is_how_often_the_decision_is_right() -> None:
    rows, labels = clusters(40, 25, 1.6, seed=2)
    asked, meant = clusters(40, 25, 1.6, seed=3)
    intents = learn(rows, labels)

    decided = [intents.decide(row) for row in asked]

    right = numpy.array([label == wanted for (label, _), wanted in zip(decided, meant, strict=True)])
    sure = numpy.array([confidence for _, confidence in decided])
    assert 0.5 < right.mean() < 0.99
    assert abs(sure.mean() - right.mean()) < 0.05
    assert right[sure > 0.9].mean() > right[sure < 0.5].mean() + 0.3


def test_a_label_that_was_never_learned_is_told_from_those_that_were() -> None:
    rows, labels = clusters(30, 20, 0.5, seed=2)
    asked, meant = clusters(40, 10, 0.5, seed=3)
    intents = learn(rows, labels)

    sure = numpy.array([intents.decide(row)[1] for row in asked])

    known = numpy.array([int(label) < 30 for label in meant])
    assert sure[known].mean() > 0.9
    assert sure[~known].mean() < 0.5
    assert intents.curve.cases > 0


def test_more_phrases_than_landmarks_still_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intents, "MAX_LANDMARKS", 500)  # 2,048 take ten seconds
    rows, labels = clusters(50, 20, 0.4, seed=2)
    asked, meant = clusters(50, 2, 0.4, seed=3)

    learned = learn(rows, labels)

    assert len(learned.landmarks) == 500 < len(rows)
    assert numpy.mean([learned.decide(row)[0] == label for row, label in zip(asked, meant, strict=True)]) > 0.95


def test_equal_phrases_under_two_labels_leave_it_open() -> None:
    words, intents = by_words({"one": ["restart it", "start again"], "other": ["restart it", "begin anew"]})

    _, confidence = intents.decide(words.vectors(["restart it"])[0])

    assert confidence < 0.7


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=30), st.sampled_from("abc")), max_size=12), st.text(max_size=40))
def test_any_phrases_can_be_learned_and_any_words_decided(phrases: list[tuple[str, str]], said: str) -> None:
    texts, labels = [text for text, _ in phrases], [label for _, label in phrases]
    words = PhraseVectors.of(texts)

    label, confidence = learn(words.vectors(texts), labels, WORDS_ONLY).decide(words.vectors([said])[0])

    assert label is None or label in labels
    assert 0.0 <= confidence <= 1.0
    assert (label is None) == (confidence == 0.0)
