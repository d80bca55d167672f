"""How does a log's file become UTF-8 that can be read from any place: what if it is compressed, or in UTF-16?"""

from __future__ import annotations

import bz2
import codecs
import gzip
import importlib
import lzma
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, cast

from brainops.errors import InvalidInput

HEAD_BYTES = 4_096
"""First bytes by which a file's kind is known: a text has no null character in them."""

CHUNK_BYTES = 1 << 20
UNPACKED_BYTES = 2 << 30
"""Of one compressed file: some days of a busy log. More may be an archive that is made to fill a disk."""

MOST_NULLS = 0.3  # of every second byte: text in UTF-16 without a mark is mostly Latin, so every other byte is null


def _zstd(path: Path) -> IO[bytes]:
    try:
        opened: Callable[[Path], IO[bytes]] = importlib.import_module("compression.zstd").open
    except ImportError:
        raise InvalidInput(
            f"{path} is zstd, which this Python cannot read: zstdcat {path} | brainops ingest -"
        ) from None
    return opened(path)


PACKED: dict[bytes, Callable[[Path], IO[bytes] | gzip.GzipFile]] = {
    b"\x1f\x8b": gzip.GzipFile,
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
    b"\x28\xb5\x2f\xfd": _zstd,
}
"""How what begins so is unpacked; the name of a file may lie."""


@contextmanager
def text_file(path: Path) -> Iterator[BinaryIO]:
    """Open a log as UTF-8 that can be read from any place; what is packed or UTF-16 is unpacked beside it.

    So a log that was packed by rotation is known by what it holds, and read on from where it was left. Raises
    InvalidInput where it is no text, damaged, or larger than is unpacked here.
    """
    with path.open("rb") as plain:
        begin = plain.read(HEAD_BYTES)
        unpack = next((unpack for magic, unpack in PACKED.items() if begin.startswith(magic)), None)
        if unpack is None and (encoding := _encoding(begin, path)) is None:
            plain.seek(0)
            yield plain
            return
    with tempfile.TemporaryFile() as unpacked:
        try:
            with unpack(path) if unpack else path.open("rb") as packed:
                first = packed.read(CHUNK_BYTES)
                encoding = _encoding(first[:HEAD_BYTES], path)
                recode = codecs.getincrementaldecoder(encoding)("replace") if encoding else None
                while first:
                    unpacked.write(recode.decode(first).encode("utf-8", "replace") if recode else first)
                    if unpacked.tell() > UNPACKED_BYTES:
                        raise InvalidInput(f"{path} holds more than {UNPACKED_BYTES >> 30} GB: hand it over in parts")
                    first = packed.read(CHUNK_BYTES)
        except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as error:
            raise InvalidInput(f"{path} is damaged or cut short, so it cannot be unpacked: {error}") from None
        unpacked.seek(0)
        yield cast("BinaryIO", unpacked)


def _encoding(begin: bytes, path: Path) -> str | None:
    """Return the encoding of what is no UTF-8 by its first bytes; raise InvalidInput where it is no text."""
    if begin.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if begin.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if b"\0" not in begin:
        return None
    for encoding, every in (("utf-16-le", begin[1::2]), ("utf-16-be", begin[::2])):
        if every.count(0) > MOST_NULLS * len(every) and begin.count(0) == every.count(0):
            return encoding
    raise InvalidInput(f"{path} is no text: a log or a page of metrics is taken in, in UTF-8 or UTF-16")
