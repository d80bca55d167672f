"""How does a stored row read as one line of an export or archive segment, and how is it read back? (pure)"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from brainops.memory.transfer.line_kinds import KINDS, LineField, check, folded, unfolded
from brainops.store.database import Row
from brainops.store.scope import checked_namespace

VERSION = 3  # of the format; a program reads its own version and older ones
MAX_COUNT = 2**63 - 1  # what a column of either database holds


def line_of(kind: str, row: Row) -> dict[str, Any]:
    """Return a stored row as the object of its line; internal keys and what is derived stay behind."""
    line: dict[str, Any] = {"kind": kind}
    for name, field in KINDS[kind].items():
        line[field.shown] = _shown(row, name, field.sort)
    return line


def row_of_line(line: Mapping[str, Any], version: int = VERSION) -> tuple[str, dict[str, Any]]:
    """Return a line's kind and its row, checked so far that every reader of the store can read it; raise ValueError.

    `version` is that of the format in which the line was written.
    """
    kind = line.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"there is no kind of line {str(kind)[:40]!r}")
    fields = KINDS[kind]
    expected = {field.shown for field in fields.values() if field.since <= version}
    if set(line) - {"kind"} != expected:
        differing = sorted(expected ^ (set(line) - {"kind"}))
        raise ValueError(f"a {kind} has other fields: {', '.join(differing)[:200]}")
    row: dict[str, Any] = {
        name: _stored(line, field) if field.since <= version else field.absent  # an older program did not know it
        for name, field in fields.items()
    }
    checked_namespace(row["namespace"])
    try:
        check(kind, row)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"this {kind} cannot be read: {error}") from error
    return kind, row


def dumps(line: Mapping[str, Any]) -> bytes:
    """Return an object as one line of JSON."""
    return (json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _shown(row: Row, name: str, sort: str) -> Any:
    value = row[name]
    if value is None:
        return None
    match sort:
        case "json" | "object" | "texts":
            return json.loads(value)
        case "folded":
            return unfolded(bytes(value))
        case "content":
            return json.loads(value) if row["content_format"] == "json" else value
        case "bytes":
            from base64 import b64encode

            return b64encode(value).decode()
        case "number":
            return float(value)
        case "flag":
            return bool(value)
        case _:
            return value


def _stored(line: Mapping[str, Any], field: LineField) -> Any:
    shown, sort, value = field.shown, field.sort, line[field.shown]
    # JSON null is a value of its own where a column holds JSON, but no result is stored as one.
    if value is None and field.nullable:
        return None
    match sort:
        case "object" if not isinstance(value, dict):
            raise ValueError(f"{shown} is no object")
        case "texts" if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise ValueError(f"{shown} is no list of texts")
        case "json" | "object" | "texts":
            return _text(json.dumps(value, ensure_ascii=False, allow_nan=False), shown)
        case "content" if line["content_format"] == "json":
            return _text(json.dumps(value, ensure_ascii=False, allow_nan=False), shown)
        case "folded":
            return folded(value)
        case "bytes":
            from base64 import b64decode

            return b64decode(_text(value, shown), validate=True)
        case "number" if isinstance(value, (int, float)) and not isinstance(value, bool):
            return float(value)
        case "count" if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_COUNT:
            return value
        case "flag" if isinstance(value, bool):
            return int(value)
        case "text" | "content":
            return _text(value, shown)
        case _ if "|" in sort and value in sort.split("|"):
            return value
        case _:
            raise ValueError(f"{shown} is no {sort}: {str(value)[:40]!r}")


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError(f"{name} is not text that a database holds")
    value.encode()
    return value
