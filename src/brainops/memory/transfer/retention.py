"""How is growth governed: what moves into archive segments, how does it come back, and how much of a log is kept?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict, replace

from brainops.errors import ArchiveDamaged, NotFound
from brainops.memory.context import MemoryContext
from brainops.memory.draft import words_of_row
from brainops.memory.identity import with_free_key
from brainops.memory.transfer.lines import dumps, line_of, row_of_line
from brainops.memory.transfer.segments import segment_row, unpack
from brainops.store import Transaction, acts
from brainops.store.database import Row
from brainops.store.ids import new_id
from brainops.store.operations import GrowthPolicy
from brainops.store.scope import Scope
from brainops.types import MemoryState, Micros
from brainops.types.limits import MAX_NAME_CHARACTERS
from brainops.types.times import DAY_MICROS, Days
from brainops.wire import checked, from_plain
from brainops_core.redaction.redact import clean

SEGMENT_ROWS = 5_000  # a segment is written in one transaction, and decompressed whole to be searched
SEGMENT_BYTES = 32 * 1024 * 1024  # before compression, for the same reason

Line = dict[str, Any]


class Compacted(Struct, frozen=True, kw_only=True):
    """What was moved into segments (or, in a dry run, would be), and its size as lines before and after compression.

    `runs_left` ended as long ago and stay: `brainops runs remove` removes them, and nothing else does.
    """

    operations: int
    memories: int
    segments: int
    bytes_before: int
    bytes_after: int
    runs_left: int = 0


class Restored(Struct, frozen=True, kw_only=True):
    """What came back from a segment; `standing` counts rows that stood in the store already."""

    memories: int
    operations: int
    standing: int


class _Chunk(Struct, frozen=True, kw_only=True):
    """Rows that go into one segment, their lines, and the key after which the next ones are looked for."""

    rows: Sequence[Row]
    lines: Sequence[Line]
    size: int
    after: int


def compact(context: MemoryContext, older_than_days: float, dry_run: bool = False) -> Compacted:
    """Move finished operations that began, and archived memories that last changed, before that into segments.

    Works on the written namespace, one segment a transaction: rows leave only after the segment was read back and
    verified. `restore_segment` brings them back; searches that ask for archived memories find them where they are.
    """
    cut = context.store.now() - int(from_plain(Days, older_than_days, "older_than_days") * DAY_MICROS)
    sums: Counter[str] = Counter()
    for kind in ("operation", "memory"):
        after: int | None = 0
        while after is not None:
            after = _compact_one(context, kind, cut, after, sums, dry_run)
    with context.store.read() as tx:
        runs = tx.records.ended_runs(cut)
    return Compacted(
        operations=sums["operation"],
        memories=sums["memory"],
        segments=sums["segments"],
        bytes_before=sums["before"],
        bytes_after=sums["after"],
        runs_left=runs,
    )


def _compact_one(
    context: MemoryContext, kind: str, cut: int, after: int, sums: Counter[str], dry_run: bool
) -> int | None:
    """Fill one segment with rows after a key; return the key to go on from, or None when nothing is left."""
    scope = Scope.of(context.store.scope.write)
    with (
        context.store.read(scope) if dry_run else context.store.writing(acts.COMPACT, context.actor, scope=scope) as tx
    ):
        chunk = _next_chunk(tx, kind, cut, after)
        if not chunk.rows:
            return None
        row = segment_row(new_id(), kind, context.store.now(), chunk.lines)
        if not dry_run:
            tx.operations.add_segment(row)
            written = tx.operations.segment(row["id"])
            if written is None or unpack(written) != list(chunk.lines):
                raise ArchiveDamaged("an archive segment did not read back as it was written; nothing was moved")
            if row["kind"] == "operation":
                tx.operations.remove_archived([each["key"] for each in chunk.rows])
            else:
                tx.memories.remove_archived(chunk.rows)
            detail = {name: row[name] for name in ("kind", "row_count", "sha256")}
            tx.trail.append(row["id"], row["created_at"], **detail)
    sums.update({kind: len(chunk.rows), "segments": 1, "before": chunk.size, "after": len(row["data"])})
    return chunk.after


def _next_chunk(tx: Transaction, kind: str, cut: int, after: int) -> _Chunk:
    rows: list[Row] = []
    lines: list[Line] = []
    size = 0
    for row, own in _due(tx, kind, cut, after):
        rows.append(row)
        lines += own
        size += sum(len(dumps(line)) for line in own)
        after = row["key"]
        if len(rows) >= SEGMENT_ROWS or size >= SEGMENT_BYTES:
            break
    return _Chunk(rows=rows, lines=lines, size=size, after=after)


def _due(tx: Transaction, kind: str, cut: int, after: int) -> Iterator[tuple[Row, list[Line]]]:
    """Yield the rows that are old enough, each with its lines."""
    if kind == "operation":
        while page := tx.operations.page(after):
            for row in page:
                if row["finished_at"] is not None and row["started_at"] < cut:
                    yield row, [line_of("operation", row)]
            after = page[-1]["key"]
        return
    while page := tx.memories.page(after):
        due = [row for row in page if row["state"] == MemoryState.ARCHIVED and row["updated_at"] < cut]
        seen: dict[str, list[Line]] = {}
        for each in tx.memories.occurrences_between(after, page[-1]["key"]) if due else ():
            seen.setdefault(each["memory_id"], []).append(line_of("occurrence", each))
        yield from ((row, [line_of("memory", row), *seen.get(row["id"], ())]) for row in due)
        after = page[-1]["key"]


def restore_segment(context: MemoryContext, segment_id: str) -> Restored:
    """Put a segment's rows back where they came from and remove the segment; raise NotFound, ArchiveDamaged."""
    with context.store.writing(acts.RESTORE_SEGMENT, context.actor) as tx:
        segment = tx.operations.segment(str(segment_id)[:MAX_NAME_CHARACTERS].replace("\0", ""))
        if segment is None or segment["namespace"] != tx.scope.write:
            raise NotFound(f"there is no archive segment {str(segment_id)[:80]!r} in the namespace {tx.scope.write!r}")
        back: Counter[str] = Counter()
        fresh = False
        for line in unpack(segment):
            kind, row = row_of_line(line)
            if kind == "occurrence":
                if fresh:
                    tx.memories.put_back_occurrence(row)
                continue
            fresh = _put_back(tx, kind, row, context.store.now())
            back[kind if fresh else "standing"] += 1
        tx.operations.remove_segment(segment["id"])
        tx.trail.append(segment["id"], context.store.now(), kind=segment["kind"], **dict(back))
    return Restored(memories=back["memory"], operations=back["operation"], standing=back["standing"])


def _put_back(tx: Transaction, kind: str, row: dict[str, Any], now: Micros) -> bool:
    if kind == "operation":
        return tx.operations.put_back(row, now)
    row = with_free_key(tx, row)
    return tx.memories.put_back(row, words_of_row(row))


def set_policy(context: MemoryContext, policy: GrowthPolicy) -> None:
    """Say how much of an operation's log the written namespace keeps; "" is every name. Raises InvalidInput."""
    policy = checked(from_plain(GrowthPolicy, policy, "a growth policy"))
    policy = replace(policy, operation_name=clean(policy.operation_name.strip()))
    with context.store.writing(acts.GROWTH_POLICY, context.actor) as tx:
        tx.operations.put_policy(policy)
        kept = {name: value for name, value in asdict(policy).items() if name != "operation_name"}
        tx.trail.append(policy.operation_name or "*", context.store.now(), **kept)
