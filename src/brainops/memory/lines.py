"""How does a stored row read as one line of an export or archive segment, and how is it read back? (pure)"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from brainops.store.database import Row
from brainops.store.memories import memory_of
from brainops.store.operations import operation_of, policy_of
from brainops.store.scope import checked_namespace
from brainops.store.trail import entry_of, feedback_of

_FIELDS = {
    "memory": (
        "id namespace type title content_format content:content tags:texts importance:number metadata:object trust"
        " actor_kind actor_id actor_proof session_id? operation_id? run_id? uri? source_key? subject? content_hash"
        " idempotency_key? fingerprint? message_fingerprint? occurrences:count state created_at:count"
        " updated_at:count last_seen_at:count valid_from:count valid_to:count? forgotten_at:count? supersedes?"
        " superseded_by? feedback:number flag?"
        " retrieved_count:count"
    ),
    "occurrence": "memory_id namespace at:count actor_kind actor_id session_id? operation_id? uri? detail:json?",
    "feedback": (
        "id namespace memory_id verdict actor_kind actor_id actor_proof at:count note? correction_id? undone_at:count?"
    ),
    "operation": (
        "id namespace name target? context:object action_class actor_kind actor_id actor_proof session_id? parent_id?"
        " guidance_id? started_at:count finished_at:count? outcome? result:json? error:json? fingerprint?"
        " error_memory_id? duration_us:count? cost:number? evidence? followed_id? contradicted_at:count? contradiction?"
    ),
    "operation_count": "namespace name day:count succeeded:count failed:count recorded:count",
    "guidance": (
        "id namespace operation_name target? action_class actor_kind actor_id session_id? created_at:count"
        " expires_at:count confidence:number raw_confidence:number failure_probability:number? primary_id? body:object"
    ),
    "growth_policy": "namespace operation_name mode rate:number failures_per_fingerprint:count",
    "audit": (
        "namespace sequence:count at:count actor_kind actor_id actor_proof act subject detail previous_hash hash"
    ),
    "segment": "id namespace kind created_at:count first_at:count last_at:count row_count:count sha256 data:bytes",
}
"""The columns of each kind of line. A value is text unless it says otherwise, and `?` marks what may be null: `json` is
a value that the store keeps as JSON text, `object` and `texts` are JSON of that shape; the trail's detail stays text,
because its hash covers every character."""

_CLOSED: dict[str, frozenset[str | None]] = {
    "content_format": frozenset({"text", "json"}),
    "outcome": frozenset({None, "succeeded", "failed"}),
    "mode": frozenset({"full", "sampled", "counted"}),
}
_SEGMENT_KINDS = {"memory", "operation"}

_READERS: dict[str, Callable[[Any], object]] = {
    "memory": memory_of,
    "operation": operation_of,
    "feedback": feedback_of,
    "growth_policy": policy_of,
    "audit": entry_of,
}
"""What a row must be readable as before it is taken in."""

MAX_COUNT = 2**63 - 1  # what a column of either database holds


def _parsed(fields: str) -> dict[str, tuple[str, bool]]:
    """Return column -> (sort of value, may be null)."""
    found = {}
    for field in fields.split():
        name, _, sort = field.rstrip("?").partition(":")
        found[name] = (sort or "text", field.endswith("?"))
    return found


KINDS = {kind: _parsed(fields) for kind, fields in _FIELDS.items()}


def line_of(kind: str, row: Row) -> dict[str, Any]:
    """Return a stored row as the object of its line; internal keys and what is derived stay behind."""
    line: dict[str, Any] = {"kind": kind}
    for name, (sort, _) in KINDS[kind].items():
        line[_line_name(kind, name)] = _shown(row, name, sort)
    return line


def row_of_line(line: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return a line's kind and its row, checked so far that every reader of the store can read it; raise ValueError."""
    kind = line.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"there is no kind of line {str(kind)[:40]!r}")
    fields = KINDS[kind]
    names = {_line_name(kind, name): name for name in fields}
    if set(line) - {"kind"} != set(names):
        differing = sorted(set(names) ^ (set(line) - {"kind"}))
        raise ValueError(f"a {kind} has other fields: {', '.join(differing)[:200]}")
    row = {name: _stored(line, shown, *fields[name]) for shown, name in names.items()}
    checked_namespace(row["namespace"])
    if any(row[name] not in values for name, values in _CLOSED.items() if name in row):
        raise ValueError(f"this {kind} holds a value that means nothing")
    if kind == "segment" and row["kind"] not in _SEGMENT_KINDS:
        raise ValueError("a segment holds memories or operations")
    try:
        _READERS.get(kind, dict)(row)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"this {kind} cannot be read: {error}") from error
    return kind, row


def dumps(line: Mapping[str, Any]) -> bytes:
    """Return an object as one line of JSON."""
    return (json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _line_name(kind: str, name: str) -> str:
    return "segment_kind" if kind == "segment" and name == "kind" else name


def _shown(row: Row, name: str, sort: str) -> Any:
    value = row[name]
    if value is None:
        return None
    match sort:
        case "json" | "object" | "texts":
            return json.loads(value)
        case "content":
            return json.loads(value) if row["content_format"] == "json" else value
        case "bytes":
            from base64 import b64encode

            return b64encode(value).decode()
        case "number":
            return float(value)
        case _:
            return value


def _stored(line: Mapping[str, Any], shown: str, sort: str, nullable: bool) -> Any:
    value = line[shown]
    # JSON null is a value of its own where a column holds JSON, but no result is stored as one.
    if value is None and nullable:
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
        case "bytes":
            from base64 import b64decode

            return b64decode(_text(value, shown), validate=True)
        case "number" if isinstance(value, (int, float)) and not isinstance(value, bool):
            return float(value)
        case "count" if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_COUNT:
            return value
        case "text" | "content":
            return _text(value, shown)
        case _:
            raise ValueError(f"{shown} is no {sort}: {str(value)[:40]!r}")


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError(f"{name} is not text that a database holds")
    value.encode()
    return value
