"""What makes memory worse to read, and which command mends it?"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from msgspec import Struct

from brainops.memory.context import MemoryContext
from brainops.memory.likeness import NEAR, likeness, same_subject, shingles
from brainops.memory.meaning import body_of
from brainops.memory.terms import STOP_WORDS, words
from brainops.store import Transaction
from brainops.store.database import Row
from brainops.store.memories import PAGE_ROWS
from brainops.types import Junk, Progress
from brainops.types.counted import counted
from brainops.types.times import DAY_MICROS
from brainops_core.redaction.injected import contains_injected

AUDITED_MEMORIES = 20_000  # the newest; some seconds of reading, and old junk was told before
OVERSIZED_CHARACTERS = 50_000  # about 12,000 tokens: no agent reads that as one memory
UNUSED_DAYS = 90
SKETCH = 16  # the smallest word pairs of a text, of which two texts share about as much as of all their pairs
MAYBE_NEAR = 0.37  # of the sketches: six of sixteen, which three in two thousand miss of those that are 0.7 alike
LOOKED_FOR = 8  # of a sketch are looked for in the others'; near texts share
SHARED = 2  # of them at least: one in a thousand shares fewer
CROWDED = 40  # memories behind one word pair; a phrase that everybody uses tells nothing apart
TITLE_CHARACTERS = 60


class _Read(Struct, frozen=True, kw_only=True):
    """What the audit keeps of one memory while it looks at the others: little, and what it says is read again."""

    key: int
    said: int
    sketch: tuple[int, ...]
    retrieved: bool


def audit(context: MemoryContext, *, limit: int, progress: Progress | None = None) -> list[Junk]:
    """Return at most `limit` findings, the worst kinds first, each with the command that mends it. Changes nothing."""
    found: list[Junk] = []
    read: list[_Read] = []
    written = context.store.scope.write
    with context.store.read() as tx:
        newest = tx.memories.newest_key()
        first = max(0, newest - AUDITED_MEMORIES)
        for row in _current(tx, first):
            body = body_of(row)
            found.extend(_of_one(row, body, written))
            pairs = shingles(row["title"], body)
            sketch = tuple(heapq.nsmallest(SKETCH, pairs))
            read.append(_Read(key=row["key"], said=hash(pairs), sketch=sketch, retrieved=row["retrieved_count"] > 0))
            if progress is not None and len(read) % PAGE_ROWS == 0:
                progress(row["key"] - first, newest - first)
        used = any(memory.retrieved for memory in read)
        found.extend(_old(context, tx, used=used, limit=limit))
        found.extend(_duplicates(tx, read, written))
    return sorted(found, key=lambda junk: ORDER.index(junk.kind))[:limit]


ORDER = (
    "recall loop",
    "exact duplicate",
    "called wrong",
    "flagged",
    "stale",
    "empty",
    "near duplicate",
    "oversized",
    "never retrieved",
)


def _current(tx: Transaction, after: int) -> Iterator[Row]:
    """Yield the current memories after a key."""
    while rows := tx.memories.page(after):
        yield from (row for row in rows if row["state"] == "active" and not row["superseded_by"])
        after = rows[-1]["key"]


def _of_one(row: Row, body: str, written: str) -> Iterator[Junk]:
    name = row["title"][:TITLE_CHARACTERS]
    if contains_injected(body) or contains_injected(row["title"]):
        yield _junk("recall loop", [row["id"]], f"{name}: holds what BrainOps handed out", "forget", row, written)
    elif not any(word not in STOP_WORDS for word in words(f"{row['title']} {body}")):
        yield _junk("empty", [row["id"]], f"{name}: nothing but words that say nothing", "forget", row, written)


def _old(context: MemoryContext, tx: Transaction, *, used: bool, limit: int) -> Iterator[Junk]:
    now = context.store.now()
    # Where use is not counted at all, "never retrieved" would be said of everything.
    unused_before = now - UNUSED_DAYS * DAY_MICROS if used else 0
    rows = tx.memories.junk(oversized=OVERSIZED_CHARACTERS, unused_before=unused_before, limit=limit)
    for row in rows:
        kind, detail, verb = _why(row, now)
        where = tx.memories.row(row["id"])
        told = f"{row['title'][:TITLE_CHARACTERS]}: {detail}"
        yield _junk(kind, [row["id"]], told, verb, where, context.store.scope.write)


def _why(row: Row, now: int) -> tuple[str, str, str]:
    if row["flag"]:
        kind = "called wrong" if row["flag"] == "called wrong" else "flagged"
        return kind, row["flag"], "forget"
    if row["valid_to"] is not None and row["valid_to"] < now:
        return "stale", f"not valid for {(now - row['valid_to']) // DAY_MICROS} days", "archive"
    if row["characters"] > OVERSIZED_CHARACTERS:
        return "oversized", f"{row['characters']:,} characters; split it, then set it aside", "archive"
    days = (now - row["created_at"]) // DAY_MICROS
    return "never retrieved", f"captured {days} days ago and never used since", "archive"


def _duplicates(tx: Transaction, read: list[_Read], written: str) -> Iterator[Junk]:
    """Yield groups of the same text (the oldest stays) and pairs of near ones (the newer stays)."""
    same: dict[int, list[_Read]] = defaultdict(list)
    for memory in read:
        if memory.sketch:
            same[memory.said].append(memory)
    for alike in same.values():
        if len(alike) > 1:
            rows = tx.memories.by_keys([memory.key for memory in alike])
            group = [rows[memory.key] for memory in alike]
            # The oldest of the written namespace stays; only memories of one namespace are told to go.
            kept = next((row for row in group if row["namespace"] == written), group[0])
            extra = [row for row in group if row is not kept]
            where = extra[0]["namespace"]
            yield Junk(
                kind="exact duplicate",
                memory_ids=(kept["id"], *(row["id"] for row in extra)),
                detail=f"{kept['title'][:TITLE_CHARACTERS]}: {counted(len(group), 'memory')} say the same",
                command=_command("forget", [row["id"] for row in extra if row["namespace"] == where], where, written),
            )
    for first, second, share in _near(tx, [group[0] for group in same.values()]):
        detail = f"{second['title'][:TITLE_CHARACTERS]}: {share:.0%} the same as an older one"
        yield Junk(
            kind="near duplicate",
            memory_ids=(first["id"], second["id"]),
            detail=detail,
            command=_command("archive", [first["id"]], first["namespace"], written),
        )


def _near(tx: Transaction, read: list[_Read]) -> Iterator[tuple[Row, Row, float]]:
    """Yield (older, newer, likeness) of near pairs; only those are compared whose sketches share as much."""
    standing = Counter(pair for memory in read for pair in memory.sketch[:LOOKED_FOR])
    behind: Mapping[int, list[int]] = defaultdict(list)
    for number, memory in enumerate(read):
        telling = [pair for pair in memory.sketch[:LOOKED_FOR] if 1 < standing[pair] <= CROWDED]
        shared = Counter(other for pair in telling for other in behind[pair])
        for other in sorted(other for other, times in shared.items() if times >= SHARED):
            if _estimated(read[other], memory) < MAYBE_NEAR:
                continue
            rows = tx.memories.by_keys([read[other].key, memory.key])
            older, newer = rows[read[other].key], rows[memory.key]
            share = likeness(*(shingles(row["title"], body_of(row)) for row in (older, newer)))
            # Parts of one file stand side by side on purpose: an alert for each severity, a section for each system.
            of_one_file = _file(older) is not None and _file(older) == _file(newer)
            if share >= NEAR and not of_one_file and same_subject(older["title"], newer["title"]):
                yield older, newer, share
        for pair in telling:
            behind[pair].append(number)


def _estimated(first: _Read, second: _Read) -> float:
    """Return how much of two texts is alike, by the smallest word pairs of both (Broder 1997)."""
    smallest = sorted({*first.sketch, *second.sketch})[:SKETCH]
    return sum(pair in first.sketch and pair in second.sketch for pair in smallest) / len(smallest)


def _file(row: Row) -> str | None:
    return row["source_key"].partition("#")[0] if row["source_key"] else None


def _junk(kind: str, ids: list[str], detail: str, verb: str, row: Row, written: str) -> Junk:
    return Junk(
        kind=kind,
        memory_ids=tuple(ids),
        detail=detail,
        command=_command(verb, ids, row["namespace"], written),
    )


def _command(verb: str, ids: list[str], namespace: str, written: str) -> str:
    where = "" if namespace == written else f" --namespace {namespace}"
    return f"brainops {verb} {' '.join(ids)}{where}"
