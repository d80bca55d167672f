"""Which of the found memories come first, and why? (pure)

A hit is found by its words (FTS5 bm25) or by its meaning (cosine). Each side is divided by its own best score and
the two are added; a memory captured shortly before or after a strong one in its session shares a part of that score;
importance and recency only break near ties. docs/decisions/0002 has the measurements.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Annotated

from msgspec import Meta, Struct

# Below this a prior could overturn a clearly better match: up to a tenth of the best score is harmless even when
# the prior carries no information at all (measured with random importance).
MAX_PRIOR_SHARE = 0.1

# Explicit feedback is evidence about this memory, so it may weigh twice as much as the author's own estimate.
MAX_FEEDBACK_SHARE = 0.2


Weight = Annotated[float, Meta(ge=0)]


class Weights(Struct, frozen=True, kw_only=True):
    """Hold the constants of the fusion; the defaults are the measured ones.

    `dense` is the share of meaning (0 to 1, the rest is words); `neighbour` the part of the better neighbour's score
    that a memory gets, `further` that of the better one behind a neighbour; `importance`, `recency` and `feedback` are
    shares of the best score; `half_life_days` halves recency.
    """

    dense: Weight = 0.55
    neighbour: Weight = 0.25
    further: Weight = 0.125
    importance: Weight = 0.05
    recency: Weight = 0.05
    feedback: Weight = MAX_FEEDBACK_SHARE
    half_life_days: Weight = 30.0


DEFAULT = Weights()


class Candidate(Struct, frozen=True, kw_only=True):
    """Describe one found memory before it is ranked.

    `lexical` is the positive bm25 score (None: not matched by words), `dense` the cosine (None: no vector),
    `importance` 0 to 1, `age_days` since its last change, `feedback` -1 (wrong) to 1 (helpful), `neighbours` the keys
    captured directly before and after it in its session (keys that are no candidates are ignored).
    """

    key: int
    lexical: float | None = None
    dense: float | None = None
    importance: float = 0.5
    age_days: float = 0.0
    feedback: float = 0.0
    neighbours: tuple[int, ...] = ()


class Ranked(Struct, frozen=True, kw_only=True):
    """Explain one hit: `score` is the sum of the four parts that follow it."""

    key: int
    score: float
    lexical: float
    dense: float
    neighbour: float
    prior: float


def fuse(candidates: Iterable[Candidate], *, weights: Weights = DEFAULT) -> list[Ranked]:
    """Rank candidates, best first; equal scores keep the order of their keys."""
    pool = {candidate.key: candidate for candidate in candidates}
    # Each side divided by its best; a side that found nothing leaves the whole weight to the other.
    best_lexical = max((c.lexical for c in pool.values() if c.lexical is not None), default=0.0)
    best_dense = max((c.dense for c in pool.values() if c.dense is not None), default=0.0)
    share = weights.dense if best_lexical > 0.0 else 1.0
    if best_dense <= 0.0:
        share = 0.0
    # What still waits for its vector is judged by its words alone: otherwise a new exact answer would lie below
    # everything that merely has a vector.
    by_words = {key: 1.0 if c.dense is None else 1.0 - share for key, c in pool.items()}
    lexical, dense = (
        {key: _share(c.lexical, best_lexical) * by_words[key] for key, c in pool.items()},
        {key: _share(c.dense, best_dense) * share for key, c in pool.items()},
    )
    match = {key: lexical[key] + dense[key] for key in pool}
    best = max(match.values(), default=0.0)
    ranked = [
        _ranked(candidate, lexical[key], dense[key], _context(candidate, pool, match, weights), best, weights)
        for key, candidate in pool.items()
    ]
    return sorted(ranked, key=lambda hit: (-hit.score, hit.key))


def _share(value: float | None, best: float) -> float:
    return max(value, 0.0) / best if value is not None and best > 0.0 else 0.0


def _context(
    candidate: Candidate, pool: Mapping[int, Candidate], match: Mapping[int, float], weights: Weights
) -> float:
    """Return what the neighbours lend: an answer follows its question, a fix its error."""
    if not candidate.neighbours:
        return 0.0
    near = [key for key in candidate.neighbours if key in pool]
    behind = {key for neighbour in near for key in pool[neighbour].neighbours} - {candidate.key, *near}
    return weights.neighbour * _best(near, match) + weights.further * _best(behind, match)


def _best(keys: Iterable[int], match: Mapping[int, float]) -> float:
    return max((match.get(key, 0.0) for key in keys), default=0.0)


def _ranked(
    candidate: Candidate, lexical: float, dense: float, neighbour: float, best: float, weights: Weights
) -> Ranked:
    importance = weights.importance * (2.0 * candidate.importance - 1.0)
    recency = weights.recency * math.exp2(-max(candidate.age_days, 0.0) / weights.half_life_days)
    given = max(-MAX_PRIOR_SHARE, min(MAX_PRIOR_SHARE, importance + recency))
    prior = best * (given + weights.feedback * max(-1.0, min(1.0, candidate.feedback)))
    score = lexical + dense + neighbour + prior
    return Ranked(key=candidate.key, score=score, lexical=lexical, dense=dense, neighbour=neighbour, prior=prior)
