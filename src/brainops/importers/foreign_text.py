"""How is foreign material read without being trusted? Bounded text, JSON and YAML, as values or InvalidInput."""

from __future__ import annotations

import codecs
import json
import math
from collections.abc import Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

from msgspec import Struct

from brainops.errors import InvalidInput
from brainops.importers.items import Leave
from brainops.types import JSON

FILE_LIMIT_BYTES = 10 * 2**20
"""A document that is read whole; real runbooks and rule files stay below 1 MB."""
LINES_LIMIT_BYTES = 256 * 2**20
"""A file that is read line by line; a long day's transcript passes 10 MB, and only one line is held at a time."""
LINE_LIMIT_BYTES = FILE_LIMIT_BYTES
DEPTH_LIMIT = 64
"""Nesting of JSON and YAML; people write below 20, and the recursion below must end."""
NODES_LIMIT = 500_000
"""YAML nodes with every alias written out, so that a few lines cannot become gigabytes."""
RECORDS_UNDER = {
    "entities": "entity",
    "relations": "relation",
    "memories": "",
    "items": "",
    "records": "",
    "incidents": "",
    "data": "",
}
"""Names under which the records of a file stand, and the type that they have by it."""
FAULTS_SHOWN = 50
"""Broken lines told one by one; the rest of them are counted."""


class Line(Struct, frozen=True, kw_only=True):
    """One JSON object of a file with an object on each line."""

    number: int
    value: dict[str, JSON]


def read_text(path: Path) -> str:
    """Return the file as text with plain newlines and no byte order mark.

    Raises InvalidInput when it is too large, unreadable, binary or not UTF-8 (UTF-16 is read where its mark says so).
    """
    if not path.is_file():
        raise InvalidInput("not a regular file")
    try:
        with path.open("rb") as file:
            data = file.read(FILE_LIMIT_BYTES + 1)
    except OSError as error:
        raise InvalidInput(f"cannot be read: {error.strerror}") from error
    if len(data) > FILE_LIMIT_BYTES:
        raise InvalidInput(f"larger than {FILE_LIMIT_BYTES // 2**20} MB; split it")
    return decode(data)


def decode(data: bytes) -> str:
    """Return bytes as text with plain newlines; raises InvalidInput when they are not text."""
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"not UTF-8 (byte {error.start}); save it as UTF-8") from error
    if "\x00" in text:
        raise InvalidInput("holds NUL characters, so it is no text")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def clean(value: Any, depth: int = 0) -> JSON:
    """Return a parsed value as JSON that every store holds: text keys, no NUL or lone surrogates, finite numbers."""
    if depth > DEPTH_LIMIT:
        raise InvalidInput(f"nested deeper than {DEPTH_LIMIT} levels")
    match value:
        case None | bool() | int():
            return value
        case str():
            return clean_text(value)
        case float():
            return value if math.isfinite(value) else str(value)
        case dict():
            return {clean_text(str(key)): clean(part, depth + 1) for key, part in value.items()}
        case list() | tuple():
            return [clean(part, depth + 1) for part in value]
        case set():
            return [clean(part, depth + 1) for part in sorted(value, key=str)]
        case date():
            return value.isoformat()
        case _:
            return f"<{type(value).__name__}>"


def clean_text(text: str) -> str:
    """Return the text with NUL and lone surrogates replaced, since neither SQLite nor PostgreSQL text can hold both."""
    if text.isascii():
        return text.replace("\x00", "\ufffd")
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")


def json_value(text: str | bytes) -> JSON:
    """Return the JSON value of the text; raises InvalidInput when it is none."""
    try:
        return clean(json.loads(text))
    except UnicodeDecodeError as error:
        raise InvalidInput(f"not UTF-8 (byte {error.start})") from error
    except json.JSONDecodeError as error:
        raise InvalidInput(f"not JSON: {error.msg} at character {error.pos + 1}") from error
    except (ValueError, RecursionError) as error:
        raise InvalidInput("not usable JSON: a number too long or nesting too deep") from error


def json_lines(path: Path, limit: int | None = None) -> Iterator[Line | Leave]:
    """Yield the objects of a file with one on each line (the first `limit` of them), and what was wrong with others.

    Raises InvalidInput when the file as a whole cannot be read.
    """
    faults = 0
    for number, raw, whole in islice(_raw_lines(path), limit):
        try:
            yield from (Line(number=number, value=value) for value in _json_objects(raw, whole))
        except InvalidInput as fault:
            faults += 1
            if faults <= FAULTS_SHOWN:
                yield Leave(what=f"line {number}", why=str(fault), fault=True)
    if faults > FAULTS_SHOWN:
        yield Leave(what=f"{faults - FAULTS_SHOWN} more lines", why="not JSON objects either", fault=True)


def json_records(path: Path) -> Iterator[Line | Leave]:
    """Yield the objects of a file: one on each line, an array of them, or arrays under names (entities, relations).

    Raises InvalidInput when the file as a whole cannot be read.
    """
    records = _together(path)
    if records is None:
        yield from json_lines(path)
        return
    for number, record in enumerate(records, 1):
        if isinstance(record, dict):
            yield Line(number=number, value=record)
        else:
            yield Leave(what=f"record {number}", why="not a JSON object", fault=True)


def _together(path: Path) -> list[JSON] | None:
    """Return the records of a file that is one JSON value; None where each line is one, or it cannot be told."""
    try:
        with path.open("rb") as file:
            begin = [line.strip() for line in islice(file, 2)]
        if len(begin) == 2 and begin[0].startswith(b"{") and begin[0].endswith(b"}") and begin[1].startswith(b"{"):
            return None
        value = json_value(read_text(path))
    except (InvalidInput, OSError):
        return None
    if isinstance(value, list):  # `gh api --paginate --slurp` writes an array of pages
        return [part for page in value for part in (page if isinstance(page, list) else [page])]
    named = [
        {**record, "type": kind, "entityType": record.get("entityType") or record.get("type")}
        if kind and isinstance(record, dict)
        else record
        for name, kind in RECORDS_UNDER.items()
        if isinstance(value, dict) and "title" not in value and isinstance(given := value.get(name), list)
        for record in given
    ]
    return named or [value]


def _json_objects(raw: bytes, whole: bool) -> list[dict[str, JSON]]:
    """Return the object of a line, or those of the array on it: a page of an answer."""
    if len(raw) > LINE_LIMIT_BYTES:
        raise InvalidInput(f"longer than {LINE_LIMIT_BYTES // 2**20} MB")
    try:
        value = json_value(raw)
    except InvalidInput as fault:
        if whole:
            raise
        raise InvalidInput(f"half-written last line ({fault}); import again when it is finished") from fault
    parts = value if isinstance(value, list) else [value]
    objects = [part for part in parts if isinstance(part, dict)]
    if len(objects) < len(parts):
        raise InvalidInput("not a JSON object, nor an array of nothing else")
    return objects


def _raw_lines(path: Path) -> Iterator[tuple[int, bytes, bool]]:
    """Yield number, bytes (never more than the limit and one) and whether the line was ended."""
    if not path.is_file():
        raise InvalidInput("not a regular file")
    try:
        with path.open("rb") as file:
            if path.stat().st_size > LINES_LIMIT_BYTES:
                raise InvalidInput(f"larger than {LINES_LIMIT_BYTES // 2**20} MB; split it at a line end")
            number = 0
            while raw := file.readline(LINE_LIMIT_BYTES + 1):
                number += 1
                part = raw
                while not part.endswith(b"\n") and (part := file.readline(LINE_LIMIT_BYTES)):
                    pass  # the rest of a line that is too long anyway
                if number == 1:
                    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                        raise InvalidInput("UTF-16; save it as UTF-8")
                    raw = raw.removeprefix(codecs.BOM_UTF8)
                if raw.strip():
                    yield number, raw, part.endswith(b"\n")
    except OSError as error:
        raise InvalidInput(f"cannot be read: {error.strerror}") from error


def yaml_value(text: str) -> JSON:
    """Return the one YAML document in the text as JSON; raises InvalidInput when it is broken, too deep or a bomb."""
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _check_size(yaml.parse(text, Loader=loader))
        return clean(yaml.load(text, Loader=loader))
    except yaml.MarkedYAMLError as error:
        line = f" at line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise InvalidInput(f"not YAML: {error.problem or error.context}{line}") from error
    except yaml.YAMLError as error:
        raise InvalidInput(f"not YAML: {str(error).splitlines()[0] if str(error) else 'unreadable'}") from error
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as error:
        # The constructors of explicitly tagged scalars (`!!int ""`, `!!timestamp x`) raise these unwrapped.
        raise InvalidInput(f"not YAML: a value does not fit its tag ({error})") from error


def _check_size(events: Iterator[Any]) -> None:
    """Count the nodes with aliases written out, by events alone: nothing is built before it is known to be small."""
    import yaml

    sizes: dict[str, int] = {}
    open_nodes: list[tuple[str | None, int]] = []
    total = 0
    for event in events:
        match event:
            case yaml.AliasEvent():
                if event.anchor not in sizes:
                    raise InvalidInput("not YAML that import reads: an alias inside of what it names, or of nothing")
                total += sizes[event.anchor]
            case yaml.ScalarEvent():
                total += 1
                if event.anchor:
                    sizes[event.anchor] = 1
            case yaml.CollectionStartEvent():
                total += 1
                open_nodes.append((event.anchor, total))
            case yaml.CollectionEndEvent():
                anchor, before = open_nodes.pop()
                if anchor:
                    sizes[anchor] = total - before + 1
        if len(open_nodes) > DEPTH_LIMIT:
            raise InvalidInput(f"nested deeper than {DEPTH_LIMIT} levels")
        if total > NODES_LIMIT:
            raise InvalidInput(f"more than {NODES_LIMIT} nodes with its aliases written out")
