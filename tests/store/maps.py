"""What do the tests of the vector map put into it?"""

from __future__ import annotations

from pathlib import Path

import numpy

from brainops.store.vectors import VectorMap

MODEL = "model-1"
DIMENSION = 96


def clustered(rows: int, seed: int = 0, dimension: int = DIMENSION) -> numpy.ndarray:
    """Unit vectors in groups, as texts are: a few latent directions, many centres, some noise."""
    random = numpy.random.default_rng(seed)
    basis = numpy.random.default_rng(99).normal(size=(24, dimension))
    centres = numpy.random.default_rng(98).normal(size=(60, 24))
    latent = centres[random.integers(0, len(centres), rows)] + 0.7 * random.normal(size=(rows, 24))
    found = latent @ basis + 0.3 * random.normal(size=(rows, dimension))
    unit: numpy.ndarray = found / numpy.linalg.norm(found, axis=1, keepdims=True)
    return unit.astype(numpy.float32)


def opened(path: Path, model: str = MODEL) -> VectorMap:
    return VectorMap.open(path, model, DIMENSION)


def filled(path: Path, rows: int = 300) -> tuple[VectorMap, numpy.ndarray]:
    found, data = opened(path), clustered(rows)
    found.append(range(1, rows + 1), data)
    return found, data
