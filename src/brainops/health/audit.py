"""What makes memory worse to read, and which command mends it?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from msgspec import Struct

from brainops.memory.context import MemoryContext
from brainops.memory.likeness import NEAR, likeness, same_subject, shingles
from brainops.memory.meaning import body_of
from brainops.memory.terms import STOP_WORDS, words
from brainops.store import Transaction
from brainops.store.database import Row
from brainops.types import Junk
from brainops.types.counted import counted
from brainops.types.times import DAY_MICROS
from brainops_core.redaction.injected import contains_injected

AUDITED_MEMORIES = 20_000  # the newest; about ten seconds of reading, and old junk was told before
OVERSIZED_CHARACTERS = 50_000  # about 12,000 tokens: no agent reads that as one memory
UNUSED_DAYS = 90
SKETCH = 8  # the smallest word pairs of a text: two near texts share some of them
CROWDED = 40  # memories behind one word pair; a phrase that everybody uses tells nothing apart
TITLE_CHARACTERS = 60


class _Read(Struct, frozen=True, kw_only=True):
    """What the audit keeps of one memory while it looks at the others."""

    id: str
    namespace: str
    title: str
    pairs: frozenset[int]
    retrieved: bool
    file: str | None


def audit(context: MemoryContext, *, limit: int) -> list[Junk]:
    """Return at most `limit` findings, the worst kinds first, each with the command that mends it. Changes nothing."""
    found: list[Junk] = []
    read: list[_Read] = []
    written = context.store.scope.write
    with context.store.read() as tx:
        for row in _newest(tx):
            body = body_of(row)
            found.extend(_of_one(row, body, written))
            read.append(
                _Read(
                    id=row["id"],
                    namespace=row["namespace"],
                    title=row["title"],
                    pairs=shingles(row["title"], body),
                    retrieved=row["retrieved_count"] > 0,
                    file=row["source_key"].partition("#")[0] if row["source_key"] else None,
                )
            )
        used = any(memory.retrieved for memory in read)
        found.extend(_old(context, tx, used=used, limit=limit))
    found.extend(_duplicates(read, written))
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


def _newest(tx: Transaction) -> Iterator[Row]:
    """Yield the newest current memories."""
    after = max(0, tx.memories.newest_key() - AUDITED_MEMORIES)
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


def _duplicates(read: list[_Read], written: str) -> Iterator[Junk]:
    """Yield groups of the same text (the oldest stays) and pairs of near ones (the newer stays)."""
    same: dict[frozenset[int], list[_Read]] = defaultdict(list)
    for memory in read:
        if memory.pairs:
            same[memory.pairs].append(memory)
    for group in same.values():
        if len(group) > 1:
            # The oldest of the written namespace stays; only memories of one namespace are told to go.
            kept = next((memory for memory in group if memory.namespace == written), group[0])
            extra = [memory for memory in group if memory is not kept]
            where = extra[0].namespace
            yield Junk(
                kind="exact duplicate",
                memory_ids=(kept.id, *(memory.id for memory in extra)),
                detail=f"{kept.title[:TITLE_CHARACTERS]}: {counted(len(group), 'memory')} say the same",
                command=_command(
                    "forget", [memory.id for memory in extra if memory.namespace == where], where, written
                ),
            )
    for first, second, share in _near([group[0] for group in same.values()]):
        detail = f"{second.title[:TITLE_CHARACTERS]}: {share:.0%} the same as an older one"
        yield Junk(
            kind="near duplicate",
            memory_ids=(first.id, second.id),
            detail=detail,
            command=_command("archive", [first.id], first.namespace, written),
        )


def _near(read: list[_Read]) -> Iterator[tuple[_Read, _Read, float]]:
    """Yield (older, newer, likeness) of near pairs; only those are compared that share a rare word pair."""
    behind: Mapping[int, list[int]] = defaultdict(list)
    for number, memory in enumerate(read):
        for pair in sorted(memory.pairs)[:SKETCH]:
            behind[pair].append(number)
    for first, second in sorted(
        {
            (first, second)
            for group in behind.values()
            if len(group) <= CROWDED
            for position, first in enumerate(group)
            for second in group[position + 1 :]
        }
    ):
        share = likeness(read[first].pairs, read[second].pairs)
        older, newer = read[first], read[second]
        # Parts of one file stand side by side on purpose: an alert for each severity, a section for each system.
        of_one_file = older.file is not None and older.file == newer.file
        if share >= NEAR and not of_one_file and same_subject(older.title, newer.title):
            yield older, newer, share


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
