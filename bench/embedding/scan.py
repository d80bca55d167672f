"""How fast is the vector scan, and how much does it find?

Run: python bench/embedding/scan.py [--rows N] [--vectors FILE.npy]. Without --vectors the rows are synthetic: 1,000
groups in 40 latent directions with some noise, 384 dimensions. With it they are the rows of a float32 matrix, whose
last 300 are the queries. CPU milliseconds are those of one process, the median of 25 searches.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy

from brainops.store.vectors import VectorMap

DIMENSION = 384
BATCH = 50_000
QUERIES = 100
REPEATS = 25


def clustered(rows: int, seed: int) -> numpy.ndarray:
    fixed, random = numpy.random.default_rng(12345), numpy.random.default_rng(seed)
    basis, centres = fixed.normal(size=(40, DIMENSION)), fixed.normal(size=(1000, 40))
    latent = centres[random.integers(0, len(centres), rows)] + 0.6 * random.normal(size=(rows, 40))
    found = (latent @ basis + 0.3 * random.normal(size=(rows, DIMENSION))).astype(numpy.float32)
    return found / numpy.linalg.norm(found, axis=1, keepdims=True)


def batches(rows: int, vectors: numpy.ndarray | None) -> Iterator[tuple[int, numpy.ndarray]]:
    for start in range(0, rows, BATCH):
        size = min(BATCH, rows - start)
        yield start, clustered(size, start + 1) if vectors is None else vectors[start : start + size]


def measured(call: Callable[[], object]) -> dict[str, float]:
    call()
    cpu, wall = [], []
    for _ in range(REPEATS):
        before, began = time.process_time(), time.perf_counter()
        call()
        cpu.append(time.process_time() - before)
        wall.append(time.perf_counter() - began)
    return {
        "cpu_ms": round(float(numpy.median(cpu)) * 1e3, 2),
        "wall_p50_ms": round(float(numpy.median(wall)) * 1e3, 2),
        "wall_p95_ms": round(float(numpy.quantile(wall, 0.95)) * 1e3, 2),
    }


def recall(
    vectors: VectorMap, exact: numpy.ndarray, queries: numpy.ndarray, k: int, allowed: numpy.ndarray | None
) -> float:
    hits = 0
    for query, scores in zip(queries, exact, strict=True):
        keys = numpy.arange(1, len(scores) + 1) if allowed is None else allowed
        scores = scores[keys - 1]
        truth = keys[numpy.argpartition(-scores, k)[:k]]
        hits += len(numpy.intersect1d(truth, vectors.search(query, k, allowed)[0]))
    return round(hits / (k * len(queries)), 4)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--vectors", type=Path)
    arguments = parser.parse_args()
    given = numpy.load(arguments.vectors) if arguments.vectors else None
    queries = clustered(QUERIES, 0) if given is None else given[-300:]
    rows = arguments.rows if given is None else min(arguments.rows, len(given) - 300)
    with tempfile.TemporaryDirectory() as folder:
        vectors = VectorMap.open(Path(folder) / "bench.vec", "bench", DIMENSION)
        exact = numpy.empty((len(queries), rows), numpy.float32)
        spent = 0.0
        for start, batch in batches(rows, given):
            exact[:, start : start + len(batch)] = queries @ batch.T
            before = time.process_time()
            vectors.append(numpy.arange(start + 1, start + len(batch) + 1), batch)
            spent += time.process_time() - before
        result: dict[str, object] = {
            "rows": rows,
            "source": "synthetic" if given is None else "MiniLM vectors of mixed texts",
            "append_rows_per_cpu_second": round(rows / spent),
            "file_megabytes": round(vectors.path.stat().st_size / 1e6, 1),
        }
        random = numpy.random.default_rng(0)
        for k in (10, 100):
            found = recall(vectors, exact, queries, k, None)
            result[f"top_{k}"] = {"recall": found, **measured(lambda k=k: vectors.search(queries[0], k))}  # type: ignore[misc]
        for share in (0.01, 0.2):
            allowed = numpy.sort(random.choice(rows, int(share * rows), replace=False)) + 1
            found = recall(vectors, exact[:50], queries[:50], 10, allowed)
            timing = measured(lambda allowed=allowed: vectors.search(queries[0], 10, allowed))  # type: ignore[misc]
            result[f"filter_{share:.0%}"] = {"recall": found, **timing}

    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
