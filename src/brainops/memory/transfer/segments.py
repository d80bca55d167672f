"""What do archive segments hold, and how is it found, changed or taken out again?"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from brainops.errors import ArchiveDamaged
from brainops.memory.context import MemoryContext
from brainops.memory.draft import content_text
from brainops.memory.terms import query_terms, shared_terms
from brainops.memory.transfer.lines import dumps, row_of_line
from brainops.store import Transaction
from brainops.store.database import Row
from brainops.store.memories import memory_of
from brainops.store.operations import operation_of
from brainops.types import Explanation, Filter, Hit, Memory, MemoryState, Operation

MAX_SEGMENT_BYTES = 512 * 1024 * 1024  # decompressed; what claims to be more is no segment of ours
LEVEL = 6  # zlib's own default: level 9 took twice the time for 2 % on operation logs

Line = dict[str, Any]


def pack(lines: Iterable[Mapping[str, Any]]) -> bytes:
    """Return lines as the data of a segment."""
    return zlib.compress(b"".join(map(dumps, lines)), LEVEL)


def unpack(row: Row | Mapping[str, Any]) -> list[Line]:
    """Return the lines of a segment; raise ArchiveDamaged where it does not verify."""
    data = bytes(row["data"])
    if hashlib.sha256(data).hexdigest() != row["sha256"]:
        raise ArchiveDamaged(f"archive segment {row['id']} does not verify; take it from a backup")
    try:
        opened = zlib.decompressobj()
        text = opened.decompress(data, MAX_SEGMENT_BYTES)
        lines: list[Line] = [json.loads(line) for line in text.splitlines() if line]
        if not opened.eof or sum(line["kind"] != "occurrence" for line in lines) != row["row_count"]:
            raise ValueError("it is cut or holds another number of rows")
        for line in lines:
            row_of_line(line)
    except (zlib.error, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ArchiveDamaged(f"archive segment {row['id']} cannot be read: {error}") from error
    return lines


def segment_row(segment_id: str, kind: str, created_at: int, lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the row of a segment that holds these lines: memories with their occurrences, or operations."""
    moment = "created_at" if kind == "memory" else "started_at"
    times = [line[moment] for line in lines if line["kind"] == kind]
    data = pack(lines)
    return {
        "id": segment_id,
        "kind": kind,
        "created_at": created_at,
        "first_at": min(times),
        "last_at": max(times),
        "row_count": len(times),
        "sha256": hashlib.sha256(data).hexdigest(),
        "data": data,
    }


def opened(tx: Transaction, kind: str | None = None) -> Iterator[tuple[Row, list[Line]]]:
    """Yield every readable segment with its lines, one at a time."""
    for listed in tx.operations.segments(kind):
        row = tx.operations.segment(listed["id"])
        if row is not None:
            yield row, unpack(row)


def replace_segment(tx: Transaction, row: Row, lines: list[Line]) -> None:
    """Put other lines into a segment of the written namespace; one without lines goes."""
    tx.operations.remove_segment(row["id"])
    if lines:
        tx.operations.add_segment(segment_row(row["id"], row["kind"], row["created_at"], lines))


def search_segments(context: MemoryContext, query: str, limit: int, wanted: Filter | None = None) -> list[Hit]:
    """Return archived memories that share words with a query and pass a filter, best first.

    The score is the share of the query's words that a memory holds. An empty query returns the newest. Reads every
    readable memory segment, so that no answer is short while more match.
    """
    wanted = wanted or Filter()
    terms = tuple(dict.fromkeys(query_terms(query)))
    store = context.store.within(context.store.scope.narrowed(wanted.namespaces))
    hits: list[Hit] = []
    with store.read() as tx:
        for segment, lines in opened(tx, "memory"):
            found = (_hit(memory_of(row), terms) for row in _rows(segment, lines))
            hits += [hit for hit in found if (not terms or hit.why.terms) and passes(hit.memory, wanted)]
            hits = sorted(hits, key=lambda hit: (-hit.score, -hit.memory.created_at))[:limit]
    return hits


def archived_memory(tx: Transaction, memory_id: str) -> tuple[str, Memory] | None:
    """Return the segment that holds a memory, and the memory; None where no readable one does."""
    for segment, lines in opened(tx, "memory"):
        for row in _rows(segment, lines):
            if row["id"] == memory_id:
                return segment["id"], memory_of(row)
    return None


def archived_operations(
    tx: Transaction,
    *,
    name: str | None = None,
    target: str | None = None,
    outcome: str | None = None,
    since: int | None = None,
    limit: int = 50,
) -> list[Operation]:
    """Return operations of the readable segments, newest first, under the conditions of the operation log."""
    found: list[Operation] = []
    for segment, lines in opened(tx, "operation"):
        if since is not None and segment["last_at"] < since:
            continue
        rows = [
            row
            for row in _rows(segment, lines)
            if (name is None or row["name"] == name)
            and (target is None or row["target"] == target)
            and (outcome is None or row["outcome"] == outcome)
            and (since is None or row["started_at"] >= since)
        ]
        found = sorted([*found, *map(operation_of, rows)], key=lambda each: -each.started_at)[:limit]
    return found


def archived_ids_about(tx: Transaction, subject: str) -> list[str]:
    """Return the ids of the archived memories about a subject in the written namespace."""
    return [
        row["id"]
        for segment, lines in opened(tx, "memory")
        if segment["namespace"] == tx.scope.write
        for row in _rows(segment, lines)
        if row["subject"] == subject
    ]


def purge_from_segments(tx: Transaction, ids: Collection[str]) -> list[str]:
    """Take purged memories, and what names them, out of the written namespace's segments; return those found there."""
    gone = frozenset(ids)
    found: list[str] = []

    for segment, lines in opened(tx):
        if segment["namespace"] != tx.scope.write:
            continue
        kept = [_unlinked(line, gone) for line in lines if memory_id_of(line) not in gone]
        if kept != lines:
            found += [line["id"] for line in lines if line["kind"] == "memory" and line["id"] in gone]
            replace_segment(tx, segment, kept)
    return found


def memory_id_of(line: Line) -> str:
    """Return the id of the memory that a line of a memory segment is about (of an operation's line, its own)."""
    return str(line["memory_id" if line["kind"] == "occurrence" else "id"])


def _unlinked(line: Line, gone: frozenset[str]) -> Line:
    """Return a line without what it says of purged memories, as the rows themselves lose it."""
    match line["kind"]:
        case "memory":
            links = {name: None for name in ("supersedes", "superseded_by") if line[name] in gone}
            return {**line, **links}
        case "operation" if line["error_memory_id"] in gone:
            return {**line, "error": None, "error_memory_id": None, "result": None, "context": {}}
        case _:
            return line


def passes(memory: Memory, wanted: Filter) -> bool:
    """Say whether an archived memory passes a filter, as the store's own filter would say of its row."""
    if wanted.as_of is not None:
        if memory.created_at > wanted.as_of or memory.valid_from > wanted.as_of:
            return False
        if memory.valid_to is not None and memory.valid_to <= wanted.as_of:
            return False
    elif memory.superseded_by is not None and not wanted.include_superseded:
        return False
    return (
        memory.state is MemoryState.ARCHIVED
        and (not wanted.types or memory.type in wanted.types)
        and (not wanted.trust or memory.trust in wanted.trust)
        and (not wanted.namespaces or memory.namespace in wanted.namespaces)
        and set(wanted.tags) <= set(memory.tags)
        and (wanted.session_id is None or memory.source.session_id == wanted.session_id)
        and (wanted.since is None or memory.created_at >= wanted.since)
        and (wanted.until is None or memory.created_at < wanted.until)
    )


def _rows(segment: Row, lines: Iterable[Line]) -> Iterator[dict[str, Any]]:
    """Yield a segment's own rows; a segment that was imported under another namespace brings its rows along."""
    for line in lines:
        if line["kind"] == segment["kind"]:
            yield {**row_of_line(line)[1], "namespace": segment["namespace"]}


def _hit(memory: Memory, terms: tuple[str, ...]) -> Hit:
    shared = shared_terms(terms, f"{memory.title}\n{content_text(memory.content)}") if terms else ()
    share = len(shared) / len(terms) if terms else 0.0
    return Hit(memory=memory, score=share, confidence=0.0, why=Explanation(lexical=share, terms=shared))
