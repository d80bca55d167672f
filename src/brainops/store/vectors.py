"""Which stored vectors are nearest to a query's, found without an index that has to be built?

A vector is stored as int8 codes and one float32 scale that gives them length 1 again. The map holds all vectors of a
model in a file that every process maps; it is derived from the store's rows and may be lost at any time. A search
compares signs first (48 bytes a row), which leaves a few thousand rows, and then takes the exact product of their codes
with the query.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy

import brainops.store.vector_file as vector_file
from brainops.errors import InvalidInput, StoreCorrupt
from brainops.store.vector_file import BLOCK_ROWS, NO_MARK, Mapping, State

if TYPE_CHECKING:
    from numpy.typing import NDArray

CODE_LIMIT: Final = 127
# How many rows the signs leave for the exact product. Recall@10 against float32, on 100,000 MiniLM vectors of mixed
# texts: texts of the same kinds have all that int8 allows (0.995) at 1,000 rows; queries of random words, which
# resemble nothing there, have 0.98 at 4,000 and 0.99 with all rows. Each 1,000 rows cost 0.1 ms.
KEPT_ROWS: Final = 4_000
KEPT_SHARE: Final = 0.04
KEPT_PER_RESULT: Final = 10
KEPT_TIES: Final = 4  # equal texts have equal signs: at most so many times the rows above are compared exactly
GATHERED_SHARE: Final = (
    0.05  # up to this share of the rows, comparing all that are allowed is cheaper than masking the rest
)
CHUNK_ROWS: Final = 256  # rows turned to float32 at a time: 400 kB, which stays in the cache

Found = tuple["NDArray[numpy.int64]", "NDArray[numpy.float32]"]


def quantise(vectors: numpy.ndarray) -> tuple[NDArray[numpy.float32], NDArray[numpy.int8]]:
    """Return (scales, codes) of vectors (rows, dimension), whatever their length.

    The scale is 1 / |codes|, not the step of the quantisation: a product is then the true cosine with the direction of
    the codes, which on real vectors lifts recall@10 from 0.981 to 0.994. Raises InvalidInput for a vector without a
    direction.
    """
    rows = numpy.atleast_2d(numpy.asarray(vectors, numpy.float32))
    widest = numpy.abs(rows).max(axis=1, initial=0.0)
    if not (numpy.isfinite(widest).all() and (widest > 0).all()):
        raise InvalidInput(
            "A vector has no direction: it is all zeros or holds a value that is no number. Embed it anew."
        )
    codes = numpy.rint(rows * (CODE_LIMIT / widest[:, None])).astype(numpy.int8)
    lengths = numpy.linalg.norm(codes.astype(numpy.float32), axis=1)
    return (1 / lengths).astype(numpy.float32), codes


def encode(vector: numpy.ndarray) -> bytes:
    """Return a vector as bytes: float32 scale, then int8 codes; 388 bytes for 384 dimensions."""
    scales, codes = quantise(vector)
    return scales.astype("<f4").tobytes() + codes.tobytes()


def decode_many(blobs: Sequence[bytes]) -> NDArray[numpy.float32]:
    """Return encoded vectors as float32 rows of length 1; raises StoreCorrupt unless they are all of one size."""
    scales, codes = parse(blobs)
    return codes.astype(numpy.float32) * scales[:, None]


def parse(blobs: Sequence[bytes]) -> tuple[NDArray[numpy.float32], NDArray[numpy.int8]]:
    """Return (scales, codes) of encoded vectors."""
    sizes = {len(blob) for blob in blobs}
    if not sizes:
        return numpy.empty(0, numpy.float32), numpy.empty((0, 0), numpy.int8)
    if len(sizes) > 1 or min(sizes) < 5:
        raise StoreCorrupt(f"Stored vectors have {sorted(sizes)} bytes, not all the same; run `brainops reembed`.")
    raw = numpy.frombuffer(b"".join(blobs), numpy.uint8).reshape(len(blobs), -1)
    scales = raw[:, :4].copy().view("<f4")[:, 0]
    return scales.astype(numpy.float32), raw[:, 4:].view(numpy.int8)


class VectorMap:
    """All vectors of one model in a file that many processes map at once; keys are added in ascending order.

    Appending locks the file; searching never does, and sees what others have appended or rebuilt before it began. A
    file that is missing, damaged or of another model is replaced by an empty one, which the caller fills with the
    vectors after its `mark`. Threads may share a map.
    """

    def __init__(self, path: Path, model_id: str, dimension: int) -> None:
        self.path = path
        self.model_id = model_id
        self.dimension = dimension
        self._view: View | None = None

    @classmethod
    def open(cls, path: Path, model_id: str, dimension: int) -> VectorMap:
        """Open the map at a path, or begin one there."""
        found = cls(path, model_id, dimension)
        found._current()
        return found

    @property
    def mark(self) -> int | None:
        """The key of the last row, or None while there is none; vectors with later keys are still to be appended."""
        state = self._current().state
        return None if state.mark == NO_MARK else state.mark

    def __len__(self) -> int:
        state = self._current().state
        return state.rows - state.removed

    def append(self, keys: Sequence[int] | NDArray[numpy.int64], vectors: numpy.ndarray) -> int:
        """Add vectors (rows, dimension) under ascending keys; keys up to the mark are there and are left out.

        Returns how many were added. Raises InvalidInput where keys do not ascend or a vector has no direction.
        """
        return self._append(keys, *quantise(vectors)) if len(keys) else 0

    def append_encoded(self, keys: Sequence[int] | NDArray[numpy.int64], blobs: Sequence[bytes]) -> int:
        """Add vectors as `encode` gave them, otherwise as `append` does."""
        return self._append(keys, *parse(blobs)) if len(keys) else 0

    def _append(
        self,
        keys: Sequence[int] | NDArray[numpy.int64],
        scales: NDArray[numpy.float32],
        codes: NDArray[numpy.int8],
    ) -> int:
        numbers = checked_keys(keys, codes, self.dimension)
        with vector_file.locked(self.path):
            state = self._usable().state
            first = int(numpy.searchsorted(numbers, state.mark, side="right")) if state.rows else 0
            if first < len(numbers):
                vector_file.write_rows(self.path, state, numbers[first:], scales[first:], codes[first:])
        return len(numbers) - first

    def remove(self, keys: Sequence[int] | NDArray[numpy.int64]) -> int:
        """Take vectors out of every search and return how many were there; a map made anew frees their room."""
        with vector_file.locked(self.path):
            view = self._usable()
            positions = view.living(view.positions(numpy.asarray(keys, numpy.int64)))
            if len(positions):
                vector_file.clear_scales(self.path, view.state, self.dimension, positions.tolist())
        return len(positions)

    def search(
        self,
        query: numpy.ndarray,
        k: int,
        allowed_keys: NDArray[numpy.int64] | None = None,
        extra: tuple[Sequence[int] | NDArray[numpy.int64], numpy.ndarray] | None = None,
    ) -> Found:
        """Return the keys nearest to a query (dimension,) and their cosines, best first, at most k of them.

        Only `allowed_keys` are considered where given. `extra` holds keys and vectors (rows, dimension) newer than the
        map; those that it has got in the meantime count once. Raises InvalidInput for a query without a direction.
        """
        direction = unit(query, self.dimension)
        view = self._current()
        keys, scores = view.nearest(direction, k, allowed_keys)
        if extra is not None and len(extra[0]):
            newer, cosines = compare(direction, *extra, after=view.state.mark, allowed=allowed_keys)
            keys, scores = numpy.concatenate([keys, newer]), numpy.concatenate([scores, cosines])
        return best(keys, scores, k)

    def verify(self) -> list[str]:
        """Return what is wrong inside the rows; reads the whole file."""
        return self._current().faults()

    def _current(self) -> View:
        """Return a view of the file as it is now."""
        try:
            return self._mapped()
        except (FileNotFoundError, StoreCorrupt):
            with vector_file.locked(self.path):
                return self._usable()

    def _usable(self) -> View:
        """Return the current view, of an empty file where there is none to use; the caller holds the lock."""
        try:
            return self._mapped()
        except (FileNotFoundError, StoreCorrupt):
            os.replace(vector_file.create(self.path, self.model_id, self.dimension), self.path)
            return self._mapped()

    def _mapped(self) -> View:
        """Return the last view, or a new one where the file was replaced, has grown or says something else."""
        while True:
            view = self._view
            mapping = view.mapping if view else None
            status = os.stat(self.path)
            if mapping is None or mapping.file != (status.st_dev, status.st_ino) or mapping.size != status.st_size:
                mapping = Mapping(self.path, self.model_id, self.dimension)
            state = mapping.state()
            if state is None:
                continue  # it grew while it was mapped; each turn means that an append has ended
            if view is None or view.mapping is not mapping or view.state != state:
                view = self._view = View(mapping, state)
            return view


class View:
    """The rows of a map at one moment: the mapped columns, and the keys in memory of our own (8 bytes a row)."""

    def __init__(self, mapping: Mapping, state: State) -> None:
        self.mapping = mapping
        self.state = state
        self.rows = state.rows
        blocks = -(-self.rows // BLOCK_ROWS)
        self.keys: NDArray[numpy.int64] = mapping.keys[:blocks].reshape(-1)[: self.rows].astype(numpy.int64)
        self.removed = numpy.flatnonzero(mapping.scales[:blocks].reshape(-1)[: self.rows] == 0)

    def positions(self, keys: NDArray[numpy.int64]) -> NDArray[numpy.intp]:
        """Return the places of those keys that are here, ascending."""
        wanted = numpy.unique(keys)
        places = numpy.searchsorted(self.keys, wanted)
        inside = places < self.rows
        places, wanted = places[inside], wanted[inside]
        found: NDArray[numpy.intp] = places[self.keys[places] == wanted]
        return found

    def living(self, positions: NDArray[numpy.intp]) -> NDArray[numpy.intp]:
        """Return the positions that were not removed."""
        if not len(self.removed):
            return positions
        return numpy.setdiff1d(positions, self.removed, assume_unique=True)

    def nearest(self, query: NDArray[numpy.float32], k: int, allowed: NDArray[numpy.int64] | None) -> Found:
        """Return up to k keys and cosines, best first."""
        pool = self.rows if allowed is None else len(allowed)
        kept = max(KEPT_ROWS, int(KEPT_SHARE * pool), KEPT_PER_RESULT * k)
        if pool <= max(kept, GATHERED_SHARE * self.rows):
            positions = numpy.arange(self.rows) if allowed is None else self.positions(allowed)
            return self._best(query, k, self.living(positions))
        distances = self.distances(query)
        if allowed is not None:
            distances[~numpy.isin(self.keys, allowed)] = self.farthest
        distances[self.removed] = self.farthest
        return self._best(query, k, closest(distances, kept, self.farthest))

    def _best(self, query: NDArray[numpy.float32], k: int, positions: NDArray[numpy.intp]) -> Found:
        return best(self.keys[positions], self.cosines(query, positions), k)

    @property
    def farthest(self) -> int:
        """One more than any distance between signs: the mark of a row that is not to be found."""
        return int(self.mapping.planes.shape[1]) * 64 + 1

    def distances(self, query: NDArray[numpy.float32]) -> NDArray[numpy.uint16]:
        """Return in how many signs each row differs from the query."""
        words = vector_file.sign_planes(query[None, :] > 0)[:, 0]
        differing = numpy.empty(BLOCK_ROWS, numpy.uint64)
        counted = numpy.empty(BLOCK_ROWS, numpy.uint8)
        result = numpy.zeros(self.rows, numpy.uint16)
        for block in range(-(-self.rows // BLOCK_ROWS)):
            part = result[block * BLOCK_ROWS : (block + 1) * BLOCK_ROWS]
            size = len(part)
            for word, plane in zip(words, self.mapping.planes[block], strict=True):
                numpy.bitwise_xor(plane[:size], word, out=differing[:size])
                numpy.bitwise_count(differing[:size], out=counted[:size])
                numpy.add(part, counted[:size], out=part)
        return result

    def cosines(self, query: NDArray[numpy.float32], positions: NDArray[numpy.intp]) -> NDArray[numpy.float32]:
        """Return the exact product of the query with the codes at these positions."""
        result = numpy.empty(len(positions), numpy.float32)
        room = numpy.empty((CHUNK_ROWS, len(query)), numpy.float32)
        blocks, rows = numpy.divmod(positions, BLOCK_ROWS)
        for start in range(0, len(positions), CHUNK_ROWS):
            chosen = blocks[start : start + CHUNK_ROWS], rows[start : start + CHUNK_ROWS]
            codes = room[: len(chosen[0])]
            codes[:] = self.mapping.codes[chosen]
            result[start : start + CHUNK_ROWS] = (codes @ query) * self.mapping.scales[chosen]
        return result

    def faults(self) -> list[str]:
        """Return what does not agree: keys that do not ascend, scales that are not those of the codes, other signs."""
        found = []
        if (numpy.diff(self.keys) <= 0).any():
            found.append("keys do not ascend")
        for block in range(-(-self.rows // BLOCK_ROWS)):
            size = min(BLOCK_ROWS, self.rows - block * BLOCK_ROWS)
            codes, scales = self.mapping.codes[block, :size], self.mapping.scales[block, :size]
            lengths = numpy.linalg.norm(codes.astype(numpy.float32), axis=1)
            if not numpy.isclose(scales[scales != 0] * lengths[scales != 0], 1, atol=1e-3).all():
                found.append(f"block {block}: scales do not fit the codes")
            if (self.mapping.planes[block, :, :size] != vector_file.sign_planes(codes > 0)).any():
                found.append(f"block {block}: signs do not fit the codes")
        return found


def checked_keys(
    keys: Sequence[int] | NDArray[numpy.int64], codes: NDArray[numpy.int8], dimension: int
) -> NDArray[numpy.int64]:
    """Return keys as int64; raises InvalidInput unless they ascend and each has a vector of the dimension."""
    numbers = numpy.asarray(keys, numpy.int64)
    if codes.shape != (len(numbers), dimension):
        raise InvalidInput(f"{len(numbers)} keys need as many vectors of {dimension} dimensions, not {codes.shape}.")
    if (numpy.diff(numbers) <= 0).any():
        raise InvalidInput("The keys of a vector map must ascend.")
    return numbers


def unit(vector: numpy.ndarray, dimension: int) -> NDArray[numpy.float32]:
    """Return a vector with length 1."""
    found = numpy.asarray(vector, numpy.float32)
    length = numpy.linalg.norm(found)
    if found.shape != (dimension,) or not numpy.isfinite(length) or length == 0:
        raise InvalidInput(f"A query is one vector of {dimension} numbers, not all zero; it has shape {found.shape}.")
    return (found / length).astype(numpy.float32)


def compare(
    query: NDArray[numpy.float32],
    keys: Sequence[int] | NDArray[numpy.int64],
    vectors: numpy.ndarray,
    *,
    after: int,
    allowed: NDArray[numpy.int64] | None,
) -> Found:
    """Return the keys after a mark, of the allowed ones, with their cosines to the query."""
    numbers = numpy.asarray(keys, numpy.int64)
    wanted = numbers > after
    if allowed is not None:
        wanted &= numpy.isin(numbers, allowed)
    rows = numpy.asarray(vectors, numpy.float32)[wanted]
    return numbers[wanted], (rows @ query) / numpy.linalg.norm(rows, axis=1)


def closest(distances: NDArray[numpy.uint16], count: int, limit: int) -> NDArray[numpy.intp]:
    """Return the positions of the `count` smallest distances below a limit and of those equal to the last of them."""
    numbers = numpy.bincount(distances, minlength=limit + 1)[:limit].cumsum()
    last = min(int(numpy.searchsorted(numbers, count)), limit - 1)
    found = numpy.flatnonzero(distances <= last)
    if len(found) <= KEPT_TIES * count:
        return found
    ties = numpy.flatnonzero(distances == last)[-KEPT_TIES * count :]
    return numpy.sort(numpy.concatenate([numpy.flatnonzero(distances < last), ties]))


def best(keys: NDArray[numpy.int64], scores: NDArray[numpy.float32], k: int) -> Found:
    """Return the k highest scores with their keys, best first; of equal scores the lower key comes first."""
    if k <= 0:
        return keys[:0], scores[:0]
    if len(scores) > k:
        least = numpy.partition(scores, len(scores) - k)[len(scores) - k]
        kept = scores >= least
        keys, scores = keys[kept], scores[kept]
    order = numpy.lexsort((keys, -scores))[:k]
    return keys[order], numpy.clip(scores[order], -1, 1)
