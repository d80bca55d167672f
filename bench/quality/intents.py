"""Does the trigger decision know what words mean, and when they mean nothing of what it knows? With the cost of both.

    python -m bench.quality.intents --work FOLDER [--shared PATH]

Runs the development script as it stands through the product's own decision, with and without a model.
"""

from __future__ import annotations

import contextlib
import io
import runpy
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy

from bench.figures import SEED, Figure, Floats, percentiles, wilson
from bench.part import options, publish, say
from bench.quality.run import auc, coverage, resampled, surroundings
from brainops.statistics.calibration import reliability

ADAPTER = "bench.quality.intents_adapter:Decider"
SETS = {"clinc": "data/clinc/data_full.json", "banking77": "data/banking77"}
LEAST_AUC, LEAST_COVERAGE, MOST_ERROR = 0.92, 0.87, 0.04
RESAMPLES = 500
TIMED = 300  # decisions


def main() -> None:
    given = options()
    figures: list[Figure] = []
    for name in given.rest or SETS:
        for way, model in (("product", None), ("product, words only", "none")):
            counted = run_script(given.shared, name, model)
            say(f"{name}: {way}, {len(counted['P']):,} questions")
            figures += judged(f"{name}: {way}", counted, lines=way == "product")
            figures += cost(f"{name}: {way}", counted)
    publish(figures, quick=given.quick)


def run_script(shared: Path, name: str, model: str | None) -> dict[str, Any]:
    """Run the development script with the product's decision and return what it counted."""
    with surroundings(shared, model), contextlib.redirect_stdout(io.StringIO()):
        sys.argv = ["intents_oos.py", SETS[name], "--half", "dev", "--adapter", ADAPTER]
        return runpy.run_path(str(shared / "intents_oos.py"))


def judged(at: str, counted: Mapping[str, Any], *, lines: bool) -> list[Figure]:
    """Return accuracy, calibration, coverage and how well other words are told, each with its interval."""
    pairs = numpy.array(counted["P"], dtype=float)
    known, other = numpy.array(counted["top_in"]), numpy.array(counted["top_out"])
    inside = pairs[: len(known)]
    right = round(float(inside[:, 1].sum()))
    covered = resampled(pairs, coverage)
    wrong = resampled(inside, lambda rows: calibration_error(rows))
    figures = [
        Figure(name=f"{at}, accuracy", value=right / len(known), n=len(known), interval=wilson(right, len(known)),
               method="Wilson"),
        Figure(name=f"{at}, coverage@p90", value=covered.value, n=covered.n, interval=covered.interval,
               method="bootstrap", at_least=LEAST_COVERAGE if lines else None),
        Figure(name=f"{at}, calibration error", value=wrong.value, n=wrong.n, interval=wrong.interval,
               method="bootstrap", at_most=MOST_ERROR if lines else None),
    ]  # fmt: skip
    if len(other):
        generator = numpy.random.default_rng(SEED)
        drawn = [
            auc(generator.choice(known, len(known)), generator.choice(other, len(other))) for _ in range(RESAMPLES)
        ]
        figures.append(
            Figure(name=f"{at}, oos_auc", value=auc(known, other), n=len(known) + len(other),
                   interval=percentiles(drawn), method="bootstrap", at_least=LEAST_AUC if lines else None)
        )  # fmt: skip
    return figures


def calibration_error(rows: Floats) -> float:
    """Return the expected calibration error of (confidence, right)."""
    return reliability((float(sure), bool(right)) for sure, right in rows)[1]


def cost(at: str, counted: Mapping[str, Any]) -> list[Figure]:
    """Return what learning anew costs once the phrases are embedded, and what a decision costs."""
    triggers = counted["store"].brain.triggers
    triggers._learned = None
    began = time.perf_counter()
    triggers.classify("anything")
    fit = time.perf_counter() - began
    questions = [text for text, _ in counted["test"][:TIMED]]
    each = []
    for text in questions:
        began = time.perf_counter()
        triggers.classify(text)
        each.append((time.perf_counter() - began) * 1e3)
    return [
        Figure(name=f"{at}, learning anew", value=fit, unit="s", n=1),
        Figure(name=f"{at}, a decision p50", value=float(numpy.median(each)), unit="ms", n=len(each)),
    ]


if __name__ == "__main__":
    main()
