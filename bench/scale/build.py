"""Build a store of many memories with vectors supplied, for the scale measurements.

    python bench/scale/build.py STORE COUNT

Texts recombine words of a Zipf vocabulary with the shape of operations notes; vectors are clustered unit vectors of the
bundled model's id, so that a query embedded by the model can be searched among them.
"""

from __future__ import annotations

import random
import sys
import time

import numpy

from brainops.brain import Brain
from brainops.memory.draft import prepare
from brainops.memory.redact import RedactionPolicy
from brainops.store.ids import new_id
from brainops.types import Draft, MemoryType

WORDS = 30_000
WORDS_A_TEXT = 40
CLUSTERS = 400
LATENT = 40
TEAMS = 100
BATCH = 2_000


def vocabulary() -> list[str]:
    """Return pronounceable words, common ones first."""
    random.seed(1)
    parts = [c + v for c in "bcdfghklmnprstvw" for v in "aeiou"]
    return list(dict.fromkeys("".join(random.choices(parts, k=random.randint(2, 5))) for _ in range(WORDS * 2)))[:WORDS]


def texts(count: int, seed: int) -> list[str]:
    """Return texts of about WORDS_A_TEXT words with Zipf frequencies."""
    words = numpy.array(vocabulary())
    generator = numpy.random.default_rng(seed)
    weights = 1.0 / numpy.arange(10, len(words) + 10)
    drawn = generator.choice(len(words), size=(count, WORDS_A_TEXT), p=weights / weights.sum())
    return [" ".join(words[row]) for row in drawn]


def vectors(count: int, dimension: int, seed: int) -> numpy.ndarray:
    """Return clustered unit vectors."""
    basis = numpy.random.default_rng(7).standard_normal((LATENT, dimension)).astype(numpy.float32)
    centres = numpy.random.default_rng(8).standard_normal((CLUSTERS, LATENT)).astype(numpy.float32)
    generator = numpy.random.default_rng(seed)
    latent = centres[generator.integers(0, CLUSTERS, count)] + 0.7 * generator.standard_normal((count, LATENT))
    rows = latent.astype(numpy.float32) @ basis
    return rows / numpy.linalg.norm(rows, axis=1, keepdims=True)


def build(path: str, count: int, model_id: str, dimension: int) -> None:
    """Fill a store; a twentieth of the memories carries the tag of its team, types take turns."""
    types, done, started = list(MemoryType), 0, time.time()
    with Brain.open(path, namespace="bench/scale", model="none", background=False) as brain:
        store = brain._store
        while done < count:
            size = min(BATCH, count - done)
            rows = vectors(size, dimension, done)
            with store.write() as tx:
                for number, text in enumerate(texts(size, done)):
                    position = done + number
                    draft = Draft(
                        title=" ".join(text.split()[:6]),
                        content=text,
                        type=types[position % len(types)],
                        tags=(f"team-{position % TEAMS}",),
                    )
                    prepared = prepare(draft, RedactionPolicy())
                    inserted = tx.memories.insert({**prepared.row, "id": new_id(), "now": store.now()}, prepared.words)
                    if inserted.fresh:
                        tx.index.store_vectors(
                            tx.session, inserted.key, prepared.row["content_hash"], model_id, rows[number : number + 1]
                        )
            done += size
            print(f"\r{done:,} of {count:,}  {done / (time.time() - started):,.0f}/s", end="", file=sys.stderr)
    print(file=sys.stderr)


if __name__ == "__main__":
    from brainops.embedding import open_embedder

    embedder = open_embedder("minilm")
    assert embedder is not None
    build(sys.argv[1], int(sys.argv[2]), embedder.model_id, embedder.dimension)
