"""Which weights put the right memory first? Measures memory/rank.py on the development sets.

    python -m bench.quality.fusion [--cache FOLDER]

Prints one JSON line for each choice of weights and set, with 95 % intervals (bootstrap over questions, seed 0), and
last a cross-validation: the dense weight chosen on one half of the questions of all sets, measured on the other half.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
from collections.abc import Iterable
from pathlib import Path

import numpy
from msgspec.structs import replace
from numpy.typing import NDArray

from bench.quality import sets
from bench.quality.pool import Answer, Vectors, answers
from brainops.embedding import open_embedder
from brainops.memory.rank import DEFAULT, Weights, fuse

FIGURES = {"locomo": ("hit@5", "recall@10"), "cranfield": ("ndcg@10",), "gitbugs summary": ("hit@5",)}
USUAL = ("hit@1", "hit@5")
DENSE = (0.0, 0.3, 0.4, 0.5, 0.55, 0.6, 0.7, 1.0)
CHOICES: dict[str, Weights] = {
    **{f"dense {share}": replace(DEFAULT, dense=share) for share in DENSE},
    "no neighbours": replace(DEFAULT, neighbour=0.0, further=0.0),
    "next neighbours only": replace(DEFAULT, further=0.0),
}
RESAMPLES = 1_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--cache", type=Path, help="a folder outside the repository for the vectors")
    vectors = Vectors(open_embedder("minilm"), parser.parse_args().cache)
    asked = {name: [a for s in sets.read(name) for a in answers(s, vectors) if a.case.gold] for name in sets.SETS}
    for choice, weights in CHOICES.items():
        for name, found in asked.items():
            figures = {figure: interval(measured(figure, found, weights)) for figure in FIGURES.get(name, USUAL)}
            print(json.dumps({"weights": choice, "set": name, "questions": len(found), **figures}), flush=True)
    crossed(asked)


def measured(figure: str, found: Iterable[Answer], weights: Weights) -> NDArray[numpy.float64]:
    """Return a figure's value for each question."""
    kind, _, depth = figure.partition("@")
    return numpy.array([score(kind, answer, weights, int(depth)) for answer in found])


def score(kind: str, answer: Answer, weights: Weights, depth: int) -> float:
    """Return hit, recall or nDCG of one question."""
    gold = answer.case.gold
    top = [answer.ids[hit.key] for hit in fuse(answer.candidates, weights=weights)[:depth]]
    match kind:
        case "hit":
            return float(any(id in gold for id in top))
        case "recall":
            return sum(id in gold for id in top) / len(gold)
    gained = sum(gold.get(id, 0.0) / math.log2(place + 2) for place, id in enumerate(top))
    ideal = sorted(gold.values(), reverse=True)[:depth]
    return gained / sum(gain / math.log2(place + 2) for place, gain in enumerate(ideal))


def interval(values: NDArray[numpy.float64]) -> list[float]:
    """Return (mean, low, high) at 95 %."""
    random = numpy.random.default_rng(0)
    means = values[random.integers(0, len(values), (RESAMPLES, len(values)))].mean(1)
    return [round(float(figure), 3) for figure in (values.mean(), *numpy.quantile(means, (0.025, 0.975)))]


def crossed(asked: dict[str, list[Answer]]) -> None:
    """Choose the dense weight on one half, by the mean of all sets' first figures, and measure it on the other."""
    scored = {
        (name, share): measured(FIGURES.get(name, USUAL)[0], found, replace(DEFAULT, dense=share))
        for name, found in asked.items()
        for share in DENSE
    }
    half = {name: numpy.array([_half(answer.case.question) for answer in found]) for name, found in asked.items()}
    for chosen_on in (False, True):
        means = {
            share: numpy.mean([scored[name, share][half[name] == chosen_on].mean() for name in asked])
            for share in DENSE
        }
        best = max(DENSE, key=lambda share: means[share])
        other = {
            name: {
                "chosen": round(float(scored[name, best][half[name] != chosen_on].mean()), 3),
                "shipped": round(float(scored[name, DEFAULT.dense][half[name] != chosen_on].mean()), 3),
            }
            for name in asked
        }
        print(json.dumps({"chosen on half": int(chosen_on), "dense": best, "other half": other}))


def _half(question: str) -> bool:
    return hashlib.sha1(question.encode(errors="replace")).digest()[0] % 2 == 1


if __name__ == "__main__":
    main()
