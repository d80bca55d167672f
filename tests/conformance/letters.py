"""A small real embedding model for tests that need vectors and no meaning."""

from __future__ import annotations

from collections.abc import Sequence

import numpy

from brainops.brain import Brain
from brainops.types import Embedder
from tests.inside import inside


class Letters:
    """How often each letter stands in a text, as a vector of length 1."""

    dimension = 26

    def __init__(self, model_id: str) -> None:
        self.model_id = model_id
        self.embedded = 0
        self.calls = 0

    def embed(self, texts: Sequence[str]) -> numpy.ndarray:
        self.embedded += len(texts)
        self.calls += 1
        counts = [[1 + text.lower().count(chr(97 + letter)) for letter in range(26)] for text in texts]
        rows = numpy.array(counts, dtype=numpy.float32)
        unit: numpy.ndarray = rows / numpy.linalg.norm(rows, axis=1, keepdims=True)
        return unit


def with_model(brain: Brain, embedder: Embedder) -> Brain:
    """Give an open Brain a model, as settings would."""
    meaning = inside(brain).context.meaning
    meaning.model, meaning._embedder = "letters", embedder
    return brain
