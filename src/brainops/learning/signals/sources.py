"""How are logs and pages of metrics read: each part of a file once, however often it is named, grows or is renamed?"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from brainops.errors import InvalidInput
from brainops.learning.signals.exposition import is_exposition, samples
from brainops.learning.signals.intake import Gatherer
from brainops.learning.signals.log_lines import LogFormat
from brainops.learning.signals.pages import page
from brainops.learning.signals.text_files import text_file
from brainops.memory.context import MemoryContext
from brainops.store import acts
from brainops.store.database import Row
from brainops.types import Progress

HEAD_BYTES = 1_024
"""By which a file is known under whatever name; and as many before the place where reading ended say the same."""

SETTLED_SECONDS = 10.0
"""A last line without an end is taken once nobody has written for this long; before, it may be half a line."""

PAGE_BYTES = 8_000_000  # of a page of metrics: some hundred thousand samples
LINE_BYTES = 65_536  # what is longer is no line of a log; the rest of it is read as another
LOOKED_AT = 40  # first lines by which a text is known to be a page of metrics


class _FileReading(Struct):
    """A file that is being read, and how far."""

    path: str
    key: str
    head: str
    head_bytes: int
    position: int
    lines: int


def read_lines(gatherer: Gatherer, context: MemoryContext, lines: Iterable[str], form: LogFormat | None) -> None:
    """Take lines as they come, or a page of metrics; what waits is written now and then."""
    given = iter(lines)
    first = list(islice(given, LOOKED_AT))
    if form is LogFormat.PROMETHEUS or (form is None and is_exposition("\n".join(first))):
        for sample in samples(chain(first, given), now=context.store.now()):
            gatherer.sample(sample)
            _write_if(gatherer, context, gatherer.full)
    else:
        for line in chain(first, given):
            gatherer.line(line)
            _write_if(gatherer, context, gatherer.full)
    gatherer.end()
    _write_if(gatherer, context, True)


def read_page(gatherer: Gatherer, context: MemoryContext, url: str, form: LogFormat | None) -> None:
    """Ask an address for its page and take it; only hosts that a person allowed. Raises StepFailed."""
    text, cut = page(context, url, PAGE_BYTES)
    if cut:
        gatherer.left_out[f"of the page: what lies beyond {PAGE_BYTES:,} bytes"] += 1
    read_lines(gatherer, context, text.splitlines(), form)


def read_file(
    gatherer: Gatherer, context: MemoryContext, path: Path, form: LogFormat | None, progress: Progress | None
) -> int:
    """Take what of a file was not read before; return the place where reading began. Raises InvalidInput."""
    try:
        with text_file(path) as file:
            size = os.fstat(file.fileno()).st_size
            settled = time.time() - path.stat().st_mtime > SETTLED_SECONDS
            reading = _reading(context, file, path, size)
            began = reading.position
            if form is not LogFormat.PROMETHEUS and not (form is None and _is_page(file)):
                _read_on(gatherer, context, file, reading, size, settled, progress)
            elif began < size:
                file.seek(0)
                read_lines(gatherer, context, _decoded(file), LogFormat.PROMETHEUS)
                _mark(context, file, reading, size)
            return began
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror or error}") from None


def _is_page(file: BinaryIO) -> bool:
    file.seek(0)
    return is_exposition(file.read(16_384).decode("utf-8", "replace"))


def _decoded(file: BinaryIO) -> Iterator[str]:
    while line := file.readline(LINE_BYTES):
        yield line.decode("utf-8", "surrogateescape")


def _read_on(
    gatherer: Gatherer,
    context: MemoryContext,
    file: BinaryIO,
    reading: _FileReading,
    size: int,
    settled: bool,
    progress: Progress | None,
) -> None:
    file.seek(reading.position)
    while reading.position < size:
        line = file.readline(LINE_BYTES)
        if not line or (not line.endswith(b"\n") and len(line) < LINE_BYTES and not settled):
            break
        reading.position += len(line)
        reading.lines += 1
        gatherer.line(line.decode("utf-8", "surrogateescape"))
        if gatherer.full:
            _mark(context, file, reading, reading.position, gatherer)
            file.seek(reading.position)
            if progress is not None:
                progress(reading.position, size)
    gatherer.end()
    _mark(context, file, reading, reading.position, gatherer)


def _reading(context: MemoryContext, file: BinaryIO, path: Path, size: int) -> _FileReading:
    """Return a file with the place where it was left: known by how it begins, and by what lies before that place."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    own = str(path.resolve())
    named = f"head:{_digest(head)}" if len(head) == HEAD_BYTES else own
    free = ""
    with context.store.read() as tx:
        for key in dict.fromkeys((named, own)):
            row = tx.signals.file(key)
            if row is None:
                free = free or key
            elif row["position"] <= size and _same(file, row):
                return _FileReading(own, free or key, _digest(head), len(head), row["position"], row["lines"])
    return _FileReading(own, free or own, _digest(head), len(head), 0, 0)


def _same(file: BinaryIO, row: Row) -> bool:
    file.seek(0)
    if _digest(file.read(row["head_bytes"])) != row["head"]:
        return False
    return bool(_tail(file, row["position"]) == row["tail"])


def _tail(file: BinaryIO, position: int) -> str:
    start = max(0, position - HEAD_BYTES)
    file.seek(start)
    return _digest(file.read(position - start))


def _digest(found: bytes) -> str:
    return hashlib.blake2b(found, digest_size=16).hexdigest()


def _mark(
    context: MemoryContext, file: BinaryIO, reading: _FileReading, position: int, gatherer: Gatherer | None = None
) -> None:
    """Write what waits and how far the file was read, both or neither."""
    tail, now = _tail(file, position), context.store.now()
    with context.store.writing(acts.RECORD, context.actor) as tx:
        if gatherer is not None:
            gatherer.write(tx)
        tx.signals.put_file(
            {
                "key": reading.key,
                "path": reading.path,
                "head": reading.head,
                "head_bytes": reading.head_bytes,
                "position": position,
                "tail": tail,
                "lines": reading.lines,
                "read_at": now,
            }
        )
    if gatherer is not None:
        gatherer.written()


def _write_if(gatherer: Gatherer, context: MemoryContext, wanted: bool) -> None:
    if wanted:
        with context.store.writing(acts.RECORD, context.actor) as tx:
            gatherer.write(tx)
        gatherer.written()
