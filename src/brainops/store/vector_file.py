"""Where do the rows of a vector map lie in its file, and is the file whole?

The file is one header page and then blocks of BLOCK_ROWS rows. A block keeps its columns apart: sign planes (one 64-bit
word of every row, then the next word of every row), keys, scales, codes. The header names the model and the dimension;
which rows are there stands in two slots, written in turn and each with a checksum, so a torn write leaves the other.
All numbers are little-endian. Rows are only ever added, in the order of their keys; a removed row keeps its place and
has the scale zero.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import secrets
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy
from msgspec import Struct

from brainops.errors import StoreCorrupt

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAGIC: Final = b"BRNVEC01"
HEADER_BYTES: Final = 4096
BLOCK_ROWS: Final = 8192  # planes of 64 kB: long enough for numpy's loops, short enough for the processor's cache
IDENTITY: Final = struct.Struct(
    "<8sIIH"
)  # magic, dimension, rows a block, bytes of the model id that follows, then a crc
SLOTS: Final = (2048, 3072)  # in different sectors
SLOT: Final = struct.Struct("<QQqQ")  # sequence, rows, mark, removed, then a crc
CRC: Final = struct.Struct("<I")
NO_MARK: Final = -(2**63)


class State(Struct, frozen=True, kw_only=True):
    """What a file holds: rows written, the key of the last one, how many were removed; sequence counts the writes."""

    sequence: int = 0
    rows: int = 0
    mark: int = NO_MARK
    removed: int = 0


class Layout:
    """The sizes and places inside a file of vectors with one dimension."""

    def __init__(self, dimension: int) -> None:
        self.dimension = dimension
        self.words = -(-dimension // 64)
        self.block = numpy.dtype(
            [
                ("planes", "<u8", (self.words, BLOCK_ROWS)),
                ("keys", "<i8", (BLOCK_ROWS,)),
                ("scales", "<f4", (BLOCK_ROWS,)),
                ("codes", "i1", (BLOCK_ROWS, dimension)),
            ]
        )
        self.block_bytes = self.block.itemsize

    def place(self, column: str, block: int, row: int, row_bytes: int) -> int:
        """Return where in the file a row of a column begins."""
        offset: int = self.block.fields[column][1]  # type: ignore[index]
        return HEADER_BYTES + block * self.block_bytes + offset + row * row_bytes

    def file_bytes(self, rows: int) -> int:
        """Return the size of a file with so many rows: whole blocks, the unused part of the last one takes no disk."""
        return HEADER_BYTES + -(-rows // BLOCK_ROWS) * self.block_bytes


class Mapping:
    """A file mapped for reading: views of its columns, each (blocks, ...). Stays readable when the file is replaced."""

    def __init__(self, path: Path, model_id: str, dimension: int) -> None:
        """Raises FileNotFoundError, or StoreCorrupt where it is not a whole map of this model and dimension."""
        layout = Layout(dimension)
        with path.open("rb") as stream:
            status = os.fstat(stream.fileno())
            if status.st_size < HEADER_BYTES or (status.st_size - HEADER_BYTES) % layout.block_bytes:
                raise StoreCorrupt(f"{path} is not a whole vector map; it is filled anew from the store.")
            self.memory = mmap.mmap(stream.fileno(), status.st_size, access=mmap.ACCESS_READ)
        self.path = path
        self.file = (status.st_dev, status.st_ino)
        self.size = status.st_size
        check_identity(path, self.memory[: SLOTS[0]], model_id, dimension)
        shape = ((self.size - HEADER_BYTES) // layout.block_bytes,)
        blocks = numpy.ndarray(shape, layout.block, self.memory if shape[0] else None, HEADER_BYTES if shape[0] else 0)
        self.planes: NDArray[numpy.uint64] = blocks["planes"]
        self.keys: NDArray[numpy.int64] = blocks["keys"]
        self.scales: NDArray[numpy.float32] = blocks["scales"]
        self.codes: NDArray[numpy.int8] = blocks["codes"]

    def state(self) -> State | None:
        """Return what the file holds at this moment, or None where it has grown beyond what is mapped here.

        Raises StoreCorrupt where it is shorter than it says, or its last row is not the one that it names.
        """
        state = read_state(self.path, self.memory[SLOTS[0] : HEADER_BYTES])
        if state.rows > len(self.keys) * BLOCK_ROWS:
            if os.stat(self.path).st_size != self.size:
                return None
            raise StoreCorrupt(f"{self.path} lacks rows that it names; it is filled anew from the store.")
        if state.rows and self.keys[divmod(state.rows - 1, BLOCK_ROWS)] != state.mark:
            raise StoreCorrupt(f"{self.path} ends in a torn row; it is filled anew from the store.")
        return state


def identity(model_id: str, dimension: int) -> bytes:
    """Return the bytes that say whose vectors a file holds."""
    name = model_id.encode()
    fields = IDENTITY.pack(MAGIC, dimension, BLOCK_ROWS, len(name)) + name
    return fields + CRC.pack(zlib.crc32(fields))


def check_identity(path: Path, header: bytes, model_id: str, dimension: int) -> None:
    """Raise StoreCorrupt unless the header is that of this model and dimension."""
    expected = identity(model_id, dimension)
    if header[: len(expected)] != expected:
        raise StoreCorrupt(f"{path} is not a vector map of {model_id}; it is filled anew from the store.")


def read_state(path: Path, slots: bytes) -> State:
    """Return the newer of the two states that verify."""
    found = []
    for offset in SLOTS:
        start = offset - SLOTS[0]
        fields, crc = slots[start : start + SLOT.size], slots[start + SLOT.size : start + SLOT.size + CRC.size]
        if CRC.pack(zlib.crc32(fields)) == crc:
            sequence, rows, mark, removed = SLOT.unpack(fields)
            found.append(State(sequence=sequence, rows=rows, mark=mark, removed=removed))
    if not found:
        raise StoreCorrupt(f"The header of {path} is damaged; it is filled anew from the store.")
    return max(found, key=lambda state: state.sequence)


def write_state(descriptor: int, state: State) -> None:
    """Write a state over the older slot, after everything that it names has reached the disk."""
    os.fsync(descriptor)
    fields = SLOT.pack(state.sequence, state.rows, state.mark, state.removed)
    write(descriptor, fields + CRC.pack(zlib.crc32(fields)), SLOTS[state.sequence % 2])


def write(descriptor: int, content: bytes | memoryview, offset: int) -> None:
    """Write all of the content at a place."""
    rest = memoryview(content).cast("B")
    while rest:
        done = os.pwrite(descriptor, rest, offset)
        rest, offset = rest[done:], offset + done


def create(path: Path, model_id: str, dimension: int) -> Path:
    """Write an empty map beside the path, readable by its owner only, and return where; the caller renames it."""
    beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.ftruncate(descriptor, HEADER_BYTES)
        write(descriptor, identity(model_id, dimension), 0)
        write_state(descriptor, State())
    finally:
        os.close(descriptor)
    return beside


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the map's exclusive lock; it is on a file of its own, as the map's file may be replaced."""
    descriptor = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def write_rows(
    path: Path, state: State, keys: NDArray[numpy.int64], scales: NDArray[numpy.float32], codes: NDArray[numpy.int8]
) -> State:
    """Add rows behind those of a state and return the new one; the caller holds the lock."""
    layout = Layout(codes.shape[1])
    planes = sign_planes(codes > 0)
    after = State(sequence=state.sequence + 1, rows=state.rows + len(keys), mark=int(keys[-1]), removed=state.removed)
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.ftruncate(descriptor, max(layout.file_bytes(after.rows), os.fstat(descriptor).st_size))
        for start, end, block, row in pieces(state.rows, len(keys)):
            for word in range(layout.words):
                place = layout.place("planes", block, word * BLOCK_ROWS + row, 8)
                write(descriptor, planes[word, start:end].astype("<u8").tobytes(), place)
            write(descriptor, keys[start:end].astype("<i8").tobytes(), layout.place("keys", block, row, 8))
            write(descriptor, scales[start:end].astype("<f4").tobytes(), layout.place("scales", block, row, 4))
            write(descriptor, codes[start:end].tobytes(), layout.place("codes", block, row, layout.dimension))
        write_state(descriptor, after)
    finally:
        os.close(descriptor)
    return after


def pieces(rows: int, count: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield (start, end, block, first row in it) of the parts into which `count` new rows behind `rows` fall."""
    start = 0
    while start < count:
        block, row = divmod(rows + start, BLOCK_ROWS)
        end = min(count, start + BLOCK_ROWS - row)
        yield start, end, block, row
        start = end


def clear_scales(path: Path, state: State, dimension: int, positions: list[int]) -> State:
    """Mark rows as removed by a scale of zero and return the new state; the caller holds the lock."""
    layout = Layout(dimension)
    after = State(sequence=state.sequence + 1, rows=state.rows, mark=state.mark, removed=state.removed + len(positions))
    descriptor = os.open(path, os.O_RDWR)
    try:
        for block, row in (divmod(position, BLOCK_ROWS) for position in positions):
            write(descriptor, bytes(4), layout.place("scales", block, row, 4))
        write_state(descriptor, after)
    finally:
        os.close(descriptor)
    return after


def sign_planes(positive: NDArray[numpy.bool_]) -> NDArray[numpy.uint64]:
    """Pack signs (rows, dimension) into 64-bit words, shape (words, rows); missing dimensions are zero."""
    rows, dimension = positive.shape
    packed = numpy.zeros((rows, -(-dimension // 64) * 8), numpy.uint8)
    packed[:, : -(-dimension // 8)] = numpy.packbits(positive, axis=1)
    return numpy.ascontiguousarray(packed.view(numpy.uint64).T)
