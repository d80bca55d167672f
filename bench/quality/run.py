"""How well does the product find what was asked for, on sets that nobody here wrote, beside plain FTS5 in the same run?

    python -m bench.quality.run --work FOLDER [--shared PATH] SET

Each script of the development sets runs as it stands, once for each way of searching; its rows give the intervals.
"""

from __future__ import annotations

import contextlib
import io
import os
import runpy
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy

from bench.figures import RESAMPLES, SEED, Figure, Floats, mean, percentiles, rounded, wilson
from bench.part import options, publish, say
from bench.quality import sets
from brainops.memory.terms import STOP_WORDS

WAYS = {  # name -> adapter, and what the product's adapter reads of the environment
    "product": ("bench.quality.adapter:Product", None),
    "product, words only": ("bench.quality.adapter:Product", "none"),
    "FTS5 porter, stop list": ("full stop list", None),
    "FTS5 porter, short stop list": ("fts5porter", None),
}
LINES = ("FTS5 porter, stop list", "FTS5 porter, short stop list")  # the product must never be below them

# What each set is judged by: the figure, and the line of the product as it is installed.
JUDGED: dict[str, dict[str, float | None]] = {
    "locomo": {"hit@5": 0.65, "recall@10": 0.68},
    "locomo sessions": {"hit@1": 0.68, "recall@10": 0.93},
    "stackeval title": {"hit@1": 0.64, "coverage@p90": 0.35},
    "stackeval full": {"hit@1": 0.82, "coverage@p90": 0.82},
    "alert runbook": {"hit@1": 0.88, "hit@5": None},
    "gitbugs full": {"known_auc": 0.83, "coverage@p90": None, "hit@5": None},
    "cranfield": {"ndcg@10": 0.45, "recall@10": None},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one way found: a row for each question, and confidences with what they were worth."""

    rows: Sequence[Mapping[str, float]]
    pairs: Sequence[tuple[float, bool]]
    known: Sequence[float]
    new: Sequence[float]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A figure of one way with its resamples; questions that several ways were asked are resampled alike."""

    value: float
    n: int
    interval: tuple[float, float]
    method: str
    resampled: Floats


def main() -> None:
    given = options()
    wanted = given.rest or tuple(JUDGED)
    figures: list[Figure] = []
    for name in wanted:
        found = {}
        for way, (adapter, model) in WAYS.items():
            if given.quick and way == "product" and name.startswith("gitbugs"):
                say(f"{name}: {way} is left out of the quick form")
                continue
            found[way] = ask(given.shared, name, adapter, model)
            say(f"{name}: {way}, {len(found[way].rows):,} questions in {found[way].seconds:.0f} s")
        for judged, line in JUDGED[name].items():
            figures += compared(name, judged, {way: measure(judged, each) for way, each in found.items()}, line)
    publish(figures, quick=given.quick)


def ask(shared: Path, name: str, adapter: str, model: str | None) -> Found:
    """Run a script of the development sets as it stands with an adapter, and return what it counted."""
    script, *arguments = sets.SETS[name]
    began = time.monotonic()
    with surroundings(shared, model), contextlib.redirect_stdout(io.StringIO()):
        plain_words()
        sys.argv = [script, *arguments, "--adapter", adapter]
        counted = runpy.run_path(str(shared / script))
    return Found(
        rows=counted["S"].rows,
        pairs=counted.get("pairs", counted.get("P", [])),
        known=counted.get("pos", []),
        new=counted.get("neg", []),
        seconds=time.monotonic() - began,
    )


@contextlib.contextmanager
def surroundings(shared: Path, model: str | None) -> Iterator[None]:
    """Stand in the folder of the sets with the model set; put everything back at the end."""
    before, arguments = Path.cwd(), sys.argv
    if str(shared) not in sys.path:
        sys.path.append(str(shared))
    if model is not None:
        os.environ["BRAINOPS_BENCH_MODEL"] = model
    try:
        os.chdir(shared)
        yield
    finally:
        os.chdir(before)
        sys.argv = arguments
        os.environ.pop("BRAINOPS_BENCH_MODEL", None)


def plain_words() -> None:
    """Offer the scripts plain FTS5 with porter stems and the whole stop list."""
    import common

    class FullStopList(common.FTS5Porter):  # type: ignore[misc]
        def scored(self, query: str, k: int) -> list[tuple[str, float]]:
            words = [word for word in dict.fromkeys(common.toks(query, stop=False)) if word not in STOP_WORDS]
            expression = " OR ".join(f'"{word}"' for word in words)
            sql = "select id, bm25(d) from d where d match ? order by bm25(d) limit ?"
            return [(id, -score) for id, score in self.db.execute(sql, (expression, k))] if words else []

    common.BUILTIN["full stop list"] = FullStopList


def measure(judged: str, found: Found) -> Value:
    """Return one figure of what a way found."""
    if judged == "known_auc":
        known, new = numpy.array(found.known), numpy.array(found.new)
        generator = numpy.random.default_rng(SEED)
        drawn = [auc(generator.choice(known, len(known)), generator.choice(new, len(new))) for _ in range(RESAMPLES)]
        return value(auc(known, new), len(known) + len(new), numpy.array(drawn))
    if judged == "coverage@p90":
        pairs = numpy.array(found.pairs, dtype=float)
        return resampled(pairs, coverage)
    right = numpy.array([row[judged] for row in found.rows])
    counted = resampled(right, lambda rows: float(rows.mean()), mean)
    if not judged.startswith("hit@"):
        return counted
    return Value(
        value=counted.value,
        n=counted.n,
        interval=wilson(round(float(right.sum())), len(right)),
        method="Wilson",
        resampled=counted.resampled,
    )


def resampled(rows: Floats, statistic: Callable[[Floats], float], together: Any = None) -> Value:
    """Return a statistic of the questions' rows and what it is on resampled questions."""
    generator = numpy.random.default_rng(SEED)
    drawn = generator.integers(0, len(rows), (RESAMPLES, len(rows)))
    several = together(rows[drawn]) if together else numpy.array([statistic(rows[each]) for each in drawn])
    return value(statistic(rows), len(rows), several)


def value(found: float, n: int, several: Floats) -> Value:
    """Return a value with the interval of its resamples."""
    return Value(value=found, n=n, interval=percentiles(several), method="bootstrap", resampled=several)


def auc(known: Floats, new: Floats) -> float:
    """Return the chance that a known question has a surer first hit than a new one; ties count half."""
    ordered = numpy.sort(new)
    below = numpy.searchsorted(ordered, known, "left") + numpy.searchsorted(ordered, known, "right")
    return float(below.sum() / (2 * len(known) * len(new)))


def coverage(pairs: Floats, precision: float = 0.9) -> float:
    """Return the largest share that can be answered, surest first, with this precision; equal ones go together."""
    ordered = pairs[numpy.argsort(-pairs[:, 0], kind="stable")]
    precise = numpy.cumsum(ordered[:, 1]) / numpy.arange(1, len(ordered) + 1)
    last_of_its_confidence = numpy.append(ordered[1:, 0] != ordered[:-1, 0], True)
    passing = numpy.flatnonzero((precise >= precision) & last_of_its_confidence)
    return float((passing[-1] + 1) / len(ordered)) if len(passing) else 0.0


def compared(name: str, judged: str, ways: Mapping[str, Value], line: float | None) -> Iterator[Figure]:
    """Yield a figure for each way, and how far the product stands above plain FTS5."""
    for way, found in ways.items():
        yield Figure(
            name=f"{name}, {judged}: {way}",
            value=found.value,
            n=found.n,
            interval=found.interval,
            method=found.method,
            at_least=line if way == "product" else None,
        )
    for way, plain in product(("product", "product, words only"), LINES):
        if way in ways:
            yield Figure(
                name=f"{name}, {judged}: {way} less {plain}",
                value=rounded(ways[way].value - ways[plain].value),
                n=ways[way].n,
                interval=percentiles(ways[way].resampled - ways[plain].resampled),
                method="bootstrap, same questions",
                at_least=0.0 if way == "product" else None,
            )


if __name__ == "__main__":
    main()
