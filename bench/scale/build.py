"""Build a store of many memories with vectors supplied, for the scale measurements.

    python bench/scale/build.py STORE COUNT

Texts recombine pieces of real English sentences; vectors are clustered unit vectors of the bundled model's id, so that
a query embedded by the model can be searched among them.
"""

from __future__ import annotations

import importlib
import inspect
import random
import re
import sys
import time
from functools import cache

import numpy

from brainops.brain import Brain
from brainops.memory.draft import prepare
from brainops.memory.redaction.policy import RedactionPolicy
from brainops.memory.terms import query_terms
from brainops.store import acts
from brainops.store.ids import new_id
from brainops.store.search import Embedded
from brainops.types import Draft, MemoryType

PIECES_A_TEXT = 5
WORDS_A_QUESTION = 6
DOCUMENTED = ("argparse", "logging", "unittest", "socket", "subprocess", "threading", "typing", "statistics", "decimal")
CLUSTERS = 400
LATENT = 40
TEAMS = 100
BATCH = 2_000


@cache
def pieces() -> list[str]:
    """Return pieces of English sentences: the documentation that Python itself carries, cut at its punctuation."""
    from pydoc_data.topics import topics

    prose = "\n".join(str(text) for text in topics.values())
    for name in DOCUMENTED:
        prose += inspect.getdoc(importlib.import_module(name)) or ""
    found = (" ".join(piece.split()) for piece in re.split(r"[.,;:()\n]{1,2}\s", prose))
    return sorted({piece for piece in found if 4 <= len(piece.split()) <= 14 and piece.isascii()})


def texts(count: int, seed: int) -> list[str]:
    """Return texts of about 40 words: pieces of real sentences put together at random, each with a number."""
    generator = random.Random(seed)
    return [
        f"{'. '.join(generator.choice(pieces()) for _ in range(PIECES_A_TEXT))}. ticket {seed + number}"
        for number in range(count)
    ]


def questions(count: int) -> list[str]:
    """Return questions of six telling words, in the order in which a text says them."""
    asked = (tuple(query_terms(text))[:WORDS_A_QUESTION] for text in texts(count, 10**9))
    return [" ".join(words) for words in asked]


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
        store = brain._context.store
        while done < count:
            size = min(BATCH, count - done)
            rows, embedded = vectors(size, dimension, done), []
            with store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
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
                        said = prepared.row["content_hash"]
                        embedded.append(
                            Embedded(key=inserted.key, content_hash=said, vectors=rows[number : number + 1])
                        )
                tx.index.store_vectors(tx.session, model_id, embedded)
            done += size
            print(f"\r{done:,} of {count:,}  {done / (time.time() - started):,.0f}/s", end="", file=sys.stderr)
    print(file=sys.stderr)


if __name__ == "__main__":
    from brainops.embedding import open_embedder

    embedder = open_embedder("minilm")
    assert embedder is not None
    build(sys.argv[1], int(sys.argv[2]), embedder.model_id, embedder.dimension)
