"""Which constants make a match probability honest? Fits memory/confidence.py and shows how well it carries over.

    python -m bench.quality.fit_confidence [--cache FOLDER]

Each set weighs the same; in each, questions whose answer stands in the store and questions whose answer was taken out
(or was never there) weigh the same. "Left out" is a fit on all other sets: what a user's own data may expect.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy
from msgspec.structs import asdict
from numpy.typing import NDArray

from bench.quality import sets
from bench.quality.pool import Answer, Vectors, answers
from brainops.embedding import open_embedder
from brainops.memory.confidence import HitCurve, margins
from brainops.memory.rank import fuse

HITS = 3  # the first hits of each question teach the curve, so that it also holds for a second and third place
RIDGE = 1e-3
BINS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One hit: is it right, is the answer in the store at all, and was the store as it is (natural)?"""

    place: int
    signals: tuple[float, float, float]
    right: bool
    known: bool
    natural: bool
    weight: float = 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--cache", type=Path, help="a folder outside the repository for the vectors")
    cache = parser.parse_args().cache
    vectors = Vectors(open_embedder("minilm"), cache)
    for mode, source in (("with meaning", vectors), ("words only", None)):
        data = {name: balanced(examples(name, source)) for name in sets.SETS}
        print(json.dumps({"mode": mode, "curve": asdict(fit(list(data.values()), source is not None))}))
        for name, rows in data.items():
            family = name.split()[0]
            others = [data[other] for other in data if other.split()[0] != family]
            print(json.dumps({"set": name, **judged(rows, fit(others, source is not None))}))


def examples(name: str, vectors: Vectors | None) -> list[Example]:
    """Return the first hits of every question, asked with and without its answer in the store."""
    found: list[Example] = []
    for store in sets.read(name):
        cases = list(answers(store, vectors))
        stream = any(not case.case.gold for case in cases)
        for answer in cases:
            found += _hits(answer, natural=True)
            if not stream:
                found += _hits(answer.without(answer.case.gold), natural=False)
    return found


def _hits(answer: Answer, *, natural: bool) -> list[Example]:
    ranked = fuse(answer.candidates)
    cosines = {candidate.key: candidate.dense for candidate in answer.candidates}
    return [
        Example(
            place=place,
            signals=(cosines[hit.key] or 0.0, answer.shares[hit.key], margin),
            right=answer.ids[hit.key] in answer.case.gold,
            known=bool(answer.case.gold),
            natural=natural,
        )
        for place, (hit, margin) in enumerate(
            zip(ranked[:HITS], margins([hit.score for hit in ranked])[:HITS], strict=True)
        )
    ]


def balanced(rows: list[Example]) -> list[Example]:
    """Weigh known and unknown questions equally; the first places of a set add up to 1."""
    first = [row for row in rows if row.place == 0]
    number = {known: max(1, sum(row.known is known for row in first)) for known in (True, False)}
    return [replace(row, weight=0.5 / number[row.known]) for row in rows]


def fit(parts: Sequence[list[Example]], meaning: bool) -> HitCurve:
    """Fit a logistic curve by Newton's method with a light ridge on standardised signals."""
    rows = [row for part in parts for row in part]
    signals = numpy.array([row.signals for row in rows])
    if not meaning:
        signals[:, 0] = 0.0
    right = numpy.array([float(row.right) for row in rows])
    weight = numpy.array([row.weight for row in rows])
    weight /= weight.sum()
    middle, spread = signals.mean(0), signals.std(0) + 1e-9
    design = numpy.column_stack([numpy.ones(len(rows)), (signals - middle) / spread])
    ridge = RIDGE * numpy.diag([1e-6, 1.0, 1.0, 1.0])
    beta = numpy.zeros(4)
    for _ in range(50):
        share = 1.0 / (1.0 + numpy.exp(-design @ beta))
        gradient = design.T @ (weight * (share - right)) + ridge @ beta
        beta -= numpy.linalg.solve((design * (weight * share * (1.0 - share))[:, None]).T @ design + ridge, gradient)
    slopes = beta[1:] / spread
    intercept = beta[0] - float(slopes @ middle)
    return HitCurve(
        intercept=round(intercept, 2),
        cosine=round(float(slopes[0]), 2) if meaning else 0.0,
        covered=round(float(slopes[1]), 2),
        margin=round(float(slopes[2]), 2),
    )


def judged(rows: list[Example], curve: HitCurve) -> dict[str, object]:
    """Return how well a curve that has not seen a set does on its first places."""
    first = [row for row in rows if row.place == 0]
    given = numpy.array([probability(curve, row.signals) for row in first])
    right = numpy.array([row.right for row in first])
    known = numpy.array([row.known for row in first])
    weight = numpy.array([row.weight for row in first])
    natural = numpy.array([row.natural for row in first])
    return {
        "questions": int(natural.sum()),
        "known_auc": round(auc(given[known], given[~known]), 3),
        "right_auc": round(auc(given[natural & right], given[natural & ~right]), 3),
        "coverage@p90": round(coverage(given[natural], right[natural]), 3),
        "ece": round(error(given, right, weight), 3),
        "ece_natural": round(error(given[natural], right[natural], numpy.ones(int(natural.sum()))), 3),
        "mean": round(float(numpy.average(given, weights=weight)), 3),
        "share_right": round(float(numpy.average(right, weights=weight)), 3),
        "reliability": reliability(given, right, weight),
    }


def probability(curve: HitCurve, signals: tuple[float, float, float]) -> float:
    cosine, covered, margin = signals
    odds = curve.intercept + curve.cosine * cosine + curve.covered * covered + curve.margin * margin
    return 1.0 / (1.0 + math.exp(-odds))


def auc(positive: NDArray[numpy.float64], negative: NDArray[numpy.float64]) -> float:
    """Return the chance that a positive stands above a negative; ties count half."""
    ordered = numpy.sort(negative)
    below = numpy.searchsorted(ordered, positive, "left") + numpy.searchsorted(ordered, positive, "right")
    return float(below.sum() / (2 * len(positive) * len(negative))) if len(positive) and len(negative) else math.nan


def coverage(given: NDArray[numpy.float64], right: NDArray[numpy.bool_], target: float = 0.9) -> float:
    """Return the largest share that can be answered, surest first, with this precision."""
    order = numpy.argsort(-given, kind="stable")
    precise = numpy.cumsum(right[order]) / numpy.arange(1, len(order) + 1)
    passing = numpy.flatnonzero(precise >= target)
    return float((passing[-1] + 1) / len(order)) if len(passing) else 0.0


def reliability(
    given: NDArray[numpy.float64], right: NDArray[numpy.bool_], weight: NDArray[numpy.float64]
) -> list[tuple[float, float]]:
    """Return (mean probability, share right) of ten bins of equal weight."""
    return [
        (
            round(float(numpy.average(given[b], weights=weight[b])), 2),
            round(float(numpy.average(right[b], weights=weight[b])), 2),
        )
        for b in _bins(given, weight)
    ]


def error(given: NDArray[numpy.float64], right: NDArray[numpy.bool_], weight: NDArray[numpy.float64]) -> float:
    """Return the expected calibration error over bins of equal weight."""
    whole = weight.sum()
    return float(
        sum(
            weight[b].sum()
            / whole
            * abs(numpy.average(given[b], weights=weight[b]) - numpy.average(right[b], weights=weight[b]))
            for b in _bins(given, weight)
        )
    )


def _bins(given: NDArray[numpy.float64], weight: NDArray[numpy.float64]) -> list[NDArray[numpy.intp]]:
    order = numpy.argsort(given, kind="stable")
    place = numpy.minimum((numpy.cumsum(weight[order]) / weight.sum() * BINS).astype(int), BINS - 1)
    return [order[place == number] for number in range(BINS) if (place == number).any()]


if __name__ == "__main__":
    main()
