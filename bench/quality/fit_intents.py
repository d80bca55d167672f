"""Which curves does the confidence of an intent start from, and how does it do with few phrases?

    python -m bench.quality.fit_intents [--shared PATH]

Draws labels and a few phrases of each from the training phrases of two sets, decides other training phrases of these
labels and of others, and fits the curve to whether that was right; three in ten are about another label. Further draws
show accuracy, calibration and how well other labels are told, by the number of labels and phrases.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy
from msgspec.structs import replace

from bench.part import SHARED, say
from bench.quality.run import auc
from brainops.embedding import open_embedder
from brainops.procedures.triggers import intents
from brainops.procedures.triggers.intents import WITH_MEANING, WORDS_ONLY, IntentCurve, Intents, PhraseVectors, learn
from brainops.statistics.calibration import reliability

SHAPES = ((1, 5), (2, 3), (3, 2), (3, 5), (10, 3), (10, 8), (30, 3), (30, 10))  # labels, phrases of each
ASKED = 60  # phrases about what was learned, and as many about other labels
FITTING, JUDGING = 30, 20  # draws a shape
NONE_SHARE = 0.3
WEIGHT = 2_000.0  # of all decisions together: the prior around nothing must not count

Phrases = list[tuple[str, str]]
Rows = Callable[[Any], Any]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--shared", type=Path, default=SHARED)
    found: dict[str, Any] = {}
    sets = training(parser.parse_args().shared / "data")
    for way, shipped in (("with meaning", WITH_MEANING), ("words only", WORDS_ONLY)):
        cases = [decisions(draw) for name in sets for _, draw in draws(sets[name], way, FITTING, seed=1)]
        figures, right, weight = (numpy.concatenate(part) for part in zip(*cases, strict=True))
        if way == "words only":
            figures[:, 2] = 0.0  # with words alone a lead comes out as a flaw; it is none
        nothing = IntentCurve(intercept=0.0, score=0.0, lead=0.0, near=0.0)
        fitted = intents._fit(figures, right, weight * WEIGHT / weight.sum(), nothing)
        found[way] = {"fitted": repr(fitted), "shipped": repr(shipped)}
        for name in sets:
            judged = [row for _, draw in draws(sets[name], way, JUDGING, seed=7) for row in judge(draw, shipped)]
            found[way][name] = judged
    print(json.dumps(found, indent=1))


def training(data: Path) -> dict[str, tuple[Phrases, Any]]:
    """Return the training phrases of both sets with their vectors."""
    with (data / "banking77" / "train.csv").open(newline="") as stream:
        banking = [(row["text"], row["category"]) for row in csv.DictReader(stream)]
    clinc = [(text, label) for text, label in json.loads((data / "clinc" / "data_full.json").read_text())["train"]]
    embedder = open_embedder("minilm")
    assert embedder is not None
    say("embedding the training phrases")
    return {
        name: (phrases, embedder.embed([text for text, _ in phrases]))
        for name, phrases in (("clinc", clinc), ("banking77", banking))
    }


def draws(given: tuple[Phrases, Any], way: str, count: int, seed: int) -> Iterator[tuple[tuple[int, int], Any]]:
    """Yield (shape, (learned rows, labels, asked rows, their labels, rows of other labels))."""
    phrases, vectors = given
    texts, labels = numpy.array([text for text, _ in phrases], object), numpy.array([label for _, label in phrases])
    generator = numpy.random.default_rng(seed)
    for shape in SHAPES:
        for _ in range(count):
            chosen = generator.choice(numpy.unique(labels), shape[0], replace=False)
            mixed = [generator.permutation(numpy.flatnonzero(labels == label)) for label in chosen]
            learned = numpy.concatenate([each[: shape[1]] for each in mixed])
            asked = numpy.concatenate([each[shape[1] :][: max(1, ASKED // shape[0])] for each in mixed])
            other = generator.choice(numpy.flatnonzero(~numpy.isin(labels, chosen)), ASKED)
            spoken = PhraseVectors.of(texts[learned])
            rows: Rows = vectors.__getitem__ if way == "with meaning" else lambda at: spoken.vectors(texts[at])  # noqa: B023
            yield shape, (shape, rows(learned), labels[learned], rows(asked), labels[asked], rows(other))


def decisions(draw: Any) -> tuple[Any, Any, Any]:
    """Return the figures of each decision, whether it was right, and its weight."""
    _, rows, labels, asked, meant, other = draw
    learned = learn(rows, list(labels))
    (figures, best), (figures_other, _) = figures_of(learned, asked), figures_of(learned, other)
    right = numpy.array(learned.labels)[best] == meant
    weights = [numpy.full(len(asked), (1 - NONE_SHARE) / len(asked)), numpy.full(len(other), NONE_SHARE / len(other))]
    return (
        numpy.concatenate([figures, figures_other]),
        numpy.concatenate([right, numpy.zeros(len(other), bool)]),
        numpy.concatenate(weights),
    )


def judge(draw: Any, start: IntentCurve) -> list[dict[str, Any]]:
    """Return what one draw shows with the shipped curve."""
    shape, rows, labels, asked, meant, other = draw
    learned = learn(rows, list(labels), replace(start))
    pairs = [learned.decide(row) for row in asked]
    right = [label == wanted for (label, _), wanted in zip(pairs, meant, strict=True)]
    sure, unsure = ([learned.decide(row)[1] for row in some] for some in (asked, other))
    _, error = reliability(zip(sure, right, strict=True))
    return [
        {
            "labels": shape[0],
            "phrases": shape[1],
            "accuracy": round(sum(right) / len(right), 3),
            "ece": round(error, 3),
            "told_from_others_auc": round(auc(numpy.array(sure), numpy.array(unsure)), 3),
        }
    ]


def figures_of(learned: Intents, rows: Any) -> tuple[Any, Any]:
    """Return the figures of the decisions on some rows, and the labels decided for."""
    scores = intents._kernel(rows, learned.landmarks) @ learned.weights
    best = scores.argmax(axis=1)
    near = rows @ learned.phrases.T
    near[learned.owners[None, :] != best[:, None]] = -1.0
    return intents._figures(scores, best, near.max(axis=1)), best


if __name__ == "__main__":
    main()
