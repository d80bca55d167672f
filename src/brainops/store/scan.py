"""How are the vectors of one model searched, those in the mapped file and those that are newer, as one?"""

from __future__ import annotations

import threading
from pathlib import Path

import numpy

import brainops.store.vectors as vectors
from brainops.store.database import Session
from brainops_core.blake2 import blake2b

TAIL_ROWS = 1_024  # newer vectors are compared in memory (0.2 ms); more than this are appended to the map
FETCH_ROWS = 10_000  # vectors read from the rows at a time


def map_path(location: str, store_id: str, model_id: str) -> Path | None:
    """Return where a store's vector map of a model lies; None for a store without a file.

    Another store that took the place of this one while nobody looked does not find the map of this one.
    """
    if location == ":memory:":
        return None
    digest = blake2b(f"{store_id}\0{model_id}".encode(), digest_size=6).hexdigest()
    return Path(f"{location}.{digest}.vec")


class Scan:
    """The vectors of one model, by their sequence in the store."""

    def __init__(self, path: Path | None, model_id: str, dimension: int) -> None:
        self.model_id = model_id
        self._dimension = dimension
        self._map = _opened(path, model_id, dimension)
        self._lock = threading.Lock()
        self._base = -1
        self._tail_keys = numpy.empty(0, numpy.int64)
        self._tail = numpy.empty((0, dimension), numpy.float32)

    def __len__(self) -> int:
        return (len(self._map) if self._map else 0) + len(self._tail_keys)

    def refresh(self, session: Session) -> None:
        """Take in what was committed since; vectors removed since are dropped by the caller's look at the rows."""
        with self._lock:
            mark = (self._map.mark or 0) if self._map else 0
            if mark != self._base:
                self._forget_tail(mark)
            while rows := session.all(
                "vector_since",
                model_id=self.model_id,
                after=int(self._tail_keys[-1]) if len(self._tail_keys) else self._base,
                limit=FETCH_ROWS,
            ):
                self._take([row["sequence"] for row in rows], [row["vector"] for row in rows])
                if len(rows) < FETCH_ROWS:
                    break

    def nearest(
        self, vector: numpy.ndarray, k: int, among: numpy.ndarray | None = None
    ) -> tuple[numpy.ndarray, numpy.ndarray]:
        """Return the sequences nearest to a vector and their cosines, best first."""
        with self._lock:
            tail = (self._tail_keys, self._tail)
        if self._map is not None:
            return self._map.search(vector, k, among, tail)
        direction = vectors.unit(vector, self._dimension)
        return vectors.best(*vectors.compare(direction, *tail, after=-1, allowed=among), k)

    def _take(self, keys: list[int], blobs: list[bytes]) -> None:
        if self._map is not None and len(keys) + len(self._tail_keys) > TAIL_ROWS:
            try:
                assert self._map is not None
                if len(self._tail_keys):
                    self._map.append(self._tail_keys, self._tail)
                self._map.append_encoded(keys, blobs)
                self._forget_tail(self._map.mark or 0)
                return
            except OSError:
                self._map = None  # the folder cannot be written: everything is kept in memory instead
                self._forget_tail(0)
                return
        self._tail_keys = numpy.concatenate([self._tail_keys, numpy.asarray(keys, numpy.int64)])
        self._tail = numpy.concatenate([self._tail, vectors.decode_many(blobs)])

    def _forget_tail(self, base: int) -> None:
        self._base = base
        self._tail_keys = numpy.empty(0, numpy.int64)
        self._tail = numpy.empty((0, self._dimension), numpy.float32)


def _opened(path: Path | None, model_id: str, dimension: int) -> vectors.VectorMap | None:
    if path is None:
        return None
    try:
        return vectors.VectorMap.open(path, model_id, dimension)
    except OSError:
        return None
