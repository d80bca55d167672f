"""How probable is it that a found memory answers the query? (pure)

A ranking always has a first place, so a score is no confidence. The probability is a logistic function of three
figures: how near the meanings are, how much of what the query says the memory holds, and how far it stands before the
next one. The constants are fitted by bench/quality/fit_confidence.py on seven sets of questions, weighted equally, each
asked with its answer in the store and with the answer taken out: a probability holds for a store that knows half of
what it is asked. A store that knows more or less is served by the calibration of its own outcomes.

Whether a memory is *about* what somebody is going to do is another question, with a figure of its own (`relevance`):
standing before all others proves nothing where there are few others, so a memory also has to be near by itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from brainops.statistics.calibration import sigmoid
from brainops.store.stem import stem


class HitSignals(Struct, frozen=True, kw_only=True):
    """Hold what is known of one hit: `cosine` (None without a model), `covered` 0 to 1, `margin` -1 to 1."""

    cosine: float | None
    covered: float
    margin: float


class HitCurve(Struct, frozen=True, kw_only=True):
    """Hold the constants of one logistic curve, in log-odds a unit of each signal."""

    intercept: float
    cosine: float
    covered: float
    margin: float


WITH_MEANING = HitCurve(intercept=-4.4, cosine=3.6, covered=1.5, margin=5.2)
WORDS_ONLY = HitCurve(intercept=-2.8, cosine=0.0, covered=2.0, margin=4.2)

NEAR_IN_MEANING = HitCurve(intercept=-7.6, cosine=15.5, covered=13.5, margin=0.0)
NEAR_IN_WORDS = HitCurve(intercept=-4.4, cosine=0.0, covered=16.0, margin=0.0)
"""Of nearness, whatever else the store holds. Fitted on the shaping half of bench/guidance/cases.jsonl in stores of 1
to 30 memories, as if one question in five had its answer there; without meaning the slope is flatter than the fit,
since two common words that both say (add, page) looked like a subject."""

FEW = 50  # memories: below that a word's rarity says nothing, so it is weighed as in a store of that size
FEW_WORDS = 2.0  # so many words that are not shared are thought beside those that are: one word alone is a coincidence


def match_probability(signals: HitSignals) -> float:
    """Return the probability that the hit answers the query."""
    return _on(WORDS_ONLY if signals.cosine is None else WITH_MEANING, signals)


def relevance(signals: HitSignals, shared: int) -> float:
    """Return the probability that a hit is about the query: it is near by itself, and stands before what else is found.

    `shared` is the number of words that both say.
    """
    curve = NEAR_IN_WORDS if signals.cosine is None else NEAR_IN_MEANING
    told = replace(signals, covered=signals.covered * shared / (shared + FEW_WORDS))
    return min(_on(curve, told), match_probability(signals))


def _on(curve: HitCurve, signals: HitSignals) -> float:
    log_odds = (
        curve.intercept
        + curve.cosine * (signals.cosine or 0.0)
        + curve.covered * signals.covered
        + curve.margin * signals.margin
    )
    return sigmoid(log_odds)


def telling(terms: Iterable[str], frequencies: Mapping[str, int], total: int) -> dict[str, float]:
    """Return how telling each of a query's words is, by its stem; `frequencies` says in how many of `total` memories.

    A word that none holds counts too: the query says something that is not known here.
    """
    return {stem(term): inverse_frequency(frequencies.get(term, 0), total) for term in terms}


def covered_share(terms: Iterable[str], shared: Iterable[str], frequencies: Mapping[str, int], total: int) -> float:
    """Return the share of the query's information that a memory holds, 0 to 1.

    `terms` are the query's words and `shared` those of them that the memory holds; the others are as for `telling`.
    """
    return held_share(telling(terms, frequencies, total), shared)


def held_share(weights: Mapping[str, float], shared: Iterable[str]) -> float:
    """Return the same of many memories by weights that were worked out once."""
    held = {stem(term) for term in shared}
    whole = sum(weights.values())
    return sum(weight for key, weight in weights.items() if key in held) / whole if whole > 0.0 else 0.0


def inverse_frequency(count: int, total: int) -> float:
    """Return how telling a word is: BM25's inverse document frequency, never negative."""
    return math.log1p((max(total - count, 0) + 0.5) / (count + 0.5))


def margins(scores: Sequence[float]) -> list[float]:
    """Return how far each score stands before the next best one, as a share of the larger of both.

    `scores` are in falling order and complete at the top: only the first has a margin of more than 0.
    """
    if not scores:
        return []
    if len(scores) == 1:
        return [1.0 if scores[0] > 0.0 else 0.0]
    best = scores[0]
    others = [(score - best) / best if best > 0.0 else 0.0 for score in scores[1:]]
    return [(best - scores[1]) / best if best > 0.0 else 0.0, *others]
