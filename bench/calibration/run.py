"""Does a confidence say how often it is right? For hits on questions that did not shape it; for guidance as it learns.

    python -m bench.calibration.run --work FOLDER [--shared PATH] [--quick]

Hits: every question of the development sets is asked twice, once with its answer in the store and once with the answer
taken out, as the constants were fitted (bench/quality/fit_confidence.py). Half of the questions shape a curve, the
other half is judged: the shipped curve (whose constants saw all of them), the curve of the first half, and a curve that
has seen no question of that set.
Guidance: outcomes are drawn from a world whose truth is another curve than the shipped start, and `fit` learns it.
"""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Iterable, Sequence
from typing import Any

import numpy
from msgspec.structs import asdict

from bench.figures import SEED, Figure, percentiles, wilson
from bench.part import options, publish, say
from bench.quality import fit_confidence, sets
from bench.quality.fit_confidence import Example, HitCurve, auc, balanced, error, probability
from bench.quality.pool import Vectors, answers
from brainops.embedding import open_embedder
from brainops.memory.confidence import WITH_MEANING, WORDS_ONLY
from brainops.statistics.calibration import START, Calibration, Case, calibrated, fit, reliability

BINS = 10
RESAMPLES = 500
SIMULATED_STORES = 200  # each with outcomes of its own
FOLLOWED = (0, 5, 20, 100, 500)  # recommendations that a store has seen the outcome of
JUDGED_CASES = 2_000  # new recommendations that each fitted curve is judged on

# What a store's own truth may be, against the shipped start: (what it is, intercept, slope).
WORLDS = (
    ("advice is wrong more often than its match says", -1.2, 1.0),
    ("advice is right more often than its match says", 1.0, 1.0),
    ("a match says little", -0.3, 0.4),
    ("the start is true", 0.0, 1.0),
)


def main() -> None:
    given = options()
    diagrams: dict[str, list[dict[str, Any]]] = {}
    figures: list[Figure] = []
    names = ("alert runbook", "cranfield") if given.quick else tuple(sets.SETS)
    sets.BENCH = given.shared
    vectors = Vectors(open_embedder("minilm"), given.work)
    for mode, source, shipped in (("with meaning", vectors, WITH_MEANING), ("words only", None, WORDS_ONLY)):
        halves = {name: split(name, source) for name in names}
        found, diagrams[f"hits, {mode}"] = hits(mode, halves, shipped, source is not None)
        figures += found
    found, more = guidance(SIMULATED_STORES // 10 if given.quick else SIMULATED_STORES)
    publish([*figures, *found], quick=given.quick, reliability=diagrams | more)


def split(name: str, source: Vectors | None) -> tuple[list[Example], list[Example]]:
    """Return the first hits of a set's questions in two halves, by a digest of the question."""
    shaping: list[Example] = []
    judged: list[Example] = []
    for store in sets.read(name):
        cases = list(answers(store, source))
        stream = any(not case.case.gold for case in cases)
        for answer in cases:
            half = judged if digest(answer.case.question) % 2 else shaping
            half += fit_confidence._hits(answer, natural=True)
            if not stream:
                half += fit_confidence._hits(answer.without(answer.case.gold), natural=False)
    say(f"{name}: {sum(row.place == 0 for row in judged):,} judged first hits")
    return balanced(shaping), balanced(judged)


def digest(text: str) -> int:
    """Return a number of a text that is the same everywhere."""
    return int.from_bytes(hashlib.sha256(text.encode(errors="replace")).digest()[:8], "big")


def hits(
    mode: str, halves: dict[str, tuple[list[Example], list[Example]]], shipped: HitCurve, meaning: bool
) -> tuple[list[Figure], list[dict[str, Any]]]:
    """Judge three curves on the half that shaped none of the fitted ones; each set weighs the same."""
    first_half = fit_confidence.fit([shaping for shaping, _ in halves.values()], meaning)
    given, unseen, refitted, right, known, weight = ([] for _ in range(6))
    for name, (_, judged) in halves.items():
        family = name.split()[0]
        others = [shaping for other, (shaping, _) in halves.items() if other.split()[0] != family]
        elsewhere = fit_confidence.fit(others, meaning) if others else shipped
        for row in judged:
            if row.place == 0:
                given.append(probability(shipped, row.signals))
                refitted.append(probability(first_half, row.signals))
                unseen.append(probability(elsewhere, row.signals))
                right.append(row.right)
                known.append(row.known)
                weight.append(row.weight)
    at = f"hits, {mode}"
    curves = {
        "as shipped": given,
        "fitted on the other half": refitted,
        "fitted on the other sets": unseen,
    }
    figures = [
        calibration_error(f"{at}, calibration error, {name}", rows, right, weight) for name, rows in curves.items()
    ]
    known_now = numpy.array(known)
    shown = numpy.array(given)
    figures.append(
        Figure(name=f"{at}, known_auc as shipped", value=auc(shown[known_now], shown[~known_now]), n=len(known),
               beside={"shipped": asdict(shipped), "other_half": asdict(first_half)})
    )  # fmt: skip
    return figures, bars(zip(given, right, weight, strict=True))


def calibration_error(name: str, given: Sequence[float], right: Sequence[bool], weight: Sequence[float]) -> Figure:
    """Return the expected calibration error with its interval over resampled questions."""
    rows = numpy.array([given, right, weight], dtype=float)
    generator = numpy.random.default_rng(SEED)
    drawn = [rows[:, generator.integers(0, rows.shape[1], rows.shape[1])] for _ in range(RESAMPLES)]
    return Figure(
        name=name,
        value=error(rows[0], rows[1].astype(bool), rows[2]),
        n=rows.shape[1],
        interval=percentiles([error(each[0], each[1].astype(bool), each[2]) for each in drawn]),
        method="bootstrap",
    )


def bars(rows: Iterable[tuple[float, bool, float]]) -> list[dict[str, Any]]:
    """Return the points of a reliability diagram over equal widths of confidence, with Wilson's interval."""
    groups: list[list[tuple[float, bool, float]]] = [[] for _ in range(BINS)]
    for row in rows:
        groups[min(int(row[0] * BINS), BINS - 1)].append(row)
    found = []
    for group in filter(None, groups):
        whole = sum(weight for _, _, weight in group)
        share = sum(weight for _, right, weight in group if right) / whole
        # the size of an equally weighted sample that would be as sure
        effective = whole * whole / sum(weight * weight for _, _, weight in group)
        low, high = wilson(round(share * effective), max(1, round(effective)))
        given = sum(given * weight for given, _, weight in group) / whole
        found.append({"given": round(given, 4), "right": round(share, 4), "low": round(min(low, share), 4),
                      "high": round(max(high, share), 4), "n": len(group)})  # fmt: skip
    return found


def guidance(stores: int) -> tuple[list[Figure], dict[str, list[dict[str, Any]]]]:
    """Show what refitting from a store's own outcomes does to the error of guidance's confidence."""
    figures, diagrams = [], {}
    for world, intercept, slope in WORLDS:
        truth = Calibration(intercept=intercept, slope=slope)
        errors = {followed: [one_store(truth, followed, number) for number in range(stores)] for followed in FOLLOWED}
        started = numpy.array(errors[0])
        assert fit([]) == START, "no cases must leave the start as it is"
        for followed in FOLLOWED:
            fitted = numpy.array(errors[followed])
            learned = followed == FOLLOWED[-1] and truth != START
            figures.append(
                Figure(
                    name=f"guidance, {world}: calibration error after {followed} outcomes",
                    value=float(fitted.mean()),
                    n=stores,
                    interval=mean_interval(fitted),
                    method="bootstrap over stores",
                    at_most=round(float(started.mean()), 4) if learned else None,
                )
            )
        if world == WORLDS[0][0]:
            diagrams = {"guidance, start": simulated(truth, 0), "guidance, refitted": simulated(truth, FOLLOWED[-1])}
    return figures, diagrams


def mean_interval(rows: Any) -> tuple[float, float]:
    """Return the interval of a mean."""
    generator = numpy.random.default_rng(SEED)
    return percentiles(rows[generator.integers(0, len(rows), (RESAMPLES, len(rows)))].mean(axis=1))


def one_store(truth: Calibration, followed: int, number: int) -> float:
    """Fit the outcomes of one simulated store and return its error on new recommendations."""
    return reliability(judged(truth, followed, number))[1]


def judged(truth: Calibration, followed: int, number: int) -> list[tuple[float, bool]]:
    """Return (confidence, right) of new recommendations in a store that has seen so many outcomes."""
    chance = random.Random(number * 1_000 + followed)
    learned = fit([drawn(truth, chance) for _ in range(followed)])
    chance = random.Random(number)  # the same new recommendations, however many outcomes came before
    return [(calibrated(case.raw, learned), case.right) for case in (drawn(truth, chance) for _ in range(JUDGED_CASES))]


def drawn(truth: Calibration, chance: random.Random) -> Case:
    """Return a followed recommendation: its raw confidence, and whether this world made it right."""
    raw = 1.0 / (1.0 + math.exp(-chance.gauss(0.0, 1.5)))
    return Case(raw=raw, right=chance.random() < calibrated(raw, truth))


def simulated(truth: Calibration, followed: int) -> list[dict[str, Any]]:
    """Return the diagram of ten stores together."""
    return bars((given, right, 1.0) for number in range(10) for given, right in judged(truth, followed, number))


if __name__ == "__main__":
    main()
