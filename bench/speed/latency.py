"""How long does a retrieve take at 10,000 and 100,000 memories, filtered or not, and next to the bare minimum?"""

from __future__ import annotations

import sqlite3
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy

from bench.figures import Figure, Timing, add, bootstrap, latencies, median, work
from bench.part import Options, fresh, options, profiled, publish, say, store_of
from bench.scale import build
from bench.speed.questions import NAMESPACE, ONE_PERCENT, TEN_PERCENT, questions
from brainops import Brain
from brainops.embedding import open_embedder
from brainops.memory.terms import query_terms

HITS = 10
WARM = 20  # calls before the clock starts: the model, the mapped files, the statements
TARGET_P50, TARGET_P95 = 12.0, 30.0  # at 100,000 memories


def main() -> None:
    given = options()
    counts = (1_000, 5_000) if given.quick else (10_000, 100_000)
    asked = questions(60 if given.quick else 400)
    figures: list[Figure] = []
    profiles = {}
    for count in counts:
        found, profile = measure(given, count, asked, judged=count == counts[-1])
        figures += found
        profiles[f"{count:,}"] = profile
    publish(figures, quick=given.quick, profile=profiles)


def measure(given: Options, count: int, asked: list[str], *, judged: bool) -> tuple[list[Figure], Any]:
    """Ask a store of so many memories in several ways that take turns, so that a disturbance meets all of them."""
    at = f"retrieve, {count:,} memories"
    ways: dict[str, Callable[[str], object]] = {}
    with Brain.open(store_of(given, count), namespace=NAMESPACE, background=False) as brain:
        ways["hybrid"] = lambda question: checked(brain.retrieve(question, limit=HITS))
        ways["1 % tag"] = lambda question: checked(brain.retrieve(question, limit=HITS, **ONE_PERCENT))
        ways["10 % type"] = lambda question: checked(brain.retrieve(question, limit=HITS, **TEN_PERCENT))
        with Brain.open(store_of(given, count), namespace=NAMESPACE, model="none", background=False) as words:
            ways["words only"] = lambda question: words.retrieve(question, limit=HITS)
            ways |= references(given, count)
            say(f"asking {len(asked) - WARM} questions in {len(ways)} ways")
            timings = in_turn(ways, asked)
            profile = profiled(ways["hybrid"], asked[WARM : WARM + 100])
    p50, p95 = (TARGET_P50, TARGET_P95) if judged else (None, None)
    figures = latencies(f"{at}, with query embedding", timings["hybrid"], p50=p50, p95=p95)
    figures.append(work(f"{at}, with query embedding", timings["hybrid"]))
    for way in ("1 % tag", "10 % type"):
        figures.append(latencies(f"{at}, {way} filter", timings[way])[0])
        line = 1.0 if judged and way == "1 % tag" else None
        figures.append(ratio(f"{at}, {way} filter over no filter, CPU", timings[way], timings["hybrid"], line))
    figures.append(latencies(f"{at}, words only", timings["words only"])[0])
    for way in ("FTS5", "numpy"):
        figures.append(work(f"bare {way}, {count:,} texts", timings[way]))
    bare = Timing(wall=[], cpu=[a + b for a, b in zip(timings["FTS5"].cpu, timings["numpy"].cpu, strict=True)])
    figures.append(ratio(f"{at}, CPU over bare FTS5 and numpy together", timings["hybrid"], bare))
    return figures, profile


def checked(hits: list[Any]) -> None:
    """Fail where a search came back short: a fast wrong answer is none."""
    assert len(hits) == HITS, f"{len(hits)} hits"


def in_turn(ways: dict[str, Callable[[str], object]], asked: list[str]) -> dict[str, Timing]:
    """Ask each question in every way, one way after the other."""
    timings = {way: Timing(wall=[], cpu=[]) for way in ways}
    for question in asked[:WARM]:
        for call in ways.values():
            call(question)
    for question in asked[WARM:]:
        for way, call in ways.items():
            add(timings[way], lambda: call(question))  # noqa: B023 - it is called before the next round
    return timings


def ratio(name: str, over: Timing, under: Timing, at_most: float | None = None) -> Figure:
    """Return the ratio of two median CPU times, with an interval over the questions that both were asked."""
    pairs = numpy.array([over.cpu, under.cpu])
    places = numpy.arange(pairs.shape[1])
    return Figure(
        name=name,
        value=statistics.median(over.cpu) / statistics.median(under.cpu),
        n=len(over.cpu),
        interval=bootstrap(
            places, lambda drawn: median(pairs[0][drawn.astype(int)]) / median(pairs[1][drawn.astype(int)])
        ),
        method="bootstrap",
        at_most=at_most,
    )


def references(given: Options, count: int) -> dict[str, Callable[[str], object]]:
    """Return the least that anybody pays: FTS5 by rank on the same texts, and a float32 product over all vectors."""
    embedder = open_embedder("minilm")
    assert embedder is not None
    matrix = numpy.concatenate(
        [
            build.vectors(min(build.BATCH, count - start), embedder.dimension, start).astype(numpy.float32)
            for start in range(0, count, build.BATCH)
        ]
    )
    plain = plain_words(fresh(given, f"plain-{count}"), count)

    def by_words(question: str) -> list[Any]:
        expression = " OR ".join(f'"{term}"' for term in query_terms(question))
        return plain.execute(
            "select rowid from text where text match ? order by rank limit 10", (expression,)
        ).fetchall()

    def by_meaning(question: str) -> object:
        vector = embedder.embed([question])[0]
        scores = numpy.einsum("ij,j->i", matrix, vector)  # on one core, as the product searches; @ would take all
        best = numpy.argpartition(-scores, HITS)[:HITS]
        return best[numpy.argsort(-scores[best])]

    return {"FTS5": by_words, "numpy": by_meaning}


def plain_words(path: Path, count: int) -> sqlite3.Connection:
    """Return an FTS5 table of the texts of a built store, in one merged index."""
    connection = sqlite3.connect(path)
    connection.execute("pragma mmap_size = 1073741824")
    connection.execute("create virtual table text using fts5 (words, tokenize = 'porter unicode61')")
    for start in range(0, count, build.BATCH):
        rows = build.texts(min(build.BATCH, count - start), start)
        connection.executemany("insert into text (words) values (?)", ((row,) for row in rows))
    connection.execute("insert into text (text) values ('optimize')")
    connection.commit()
    return connection


if __name__ == "__main__":
    main()
