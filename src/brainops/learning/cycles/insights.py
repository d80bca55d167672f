"""How does an insight become one memory, is kept up to date, and ends when it holds no longer?"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from brainops.memory.capture import store as store_prepared
from brainops.memory.context import MemoryContext
from brainops.memory.draft import Prepared, content_hash, prepare, words_of_row
from brainops.store import Transaction
from brainops.types import JSON, Actor, ActorKind, Draft, Insight, MemoryState, Micros, Source

LEARNER = Actor(kind=ActorKind.SERVICE, id="brainops.learning")  # whoever's process it was: the record is the same
PREFIX = "learning:"  # of the source key of everything that a cycle wrote
REWRITTEN = ("title", "content", "metadata", "tags", "content_hash")


class KeptInsight(Struct, frozen=True, kw_only=True):
    """What became of an insight: the memory's id, and whether anything was written."""

    id: str
    written: bool


def source_key(part: str, key: str) -> str:
    """Return the identity of what a part found, as it stands with its memory."""
    return f"{PREFIX}{part}:{key}"


def keep(tx: Transaction, context: MemoryContext, part: str, insight: Insight) -> KeptInsight:
    """Write an insight, as one memory a key: nothing where it stands so already.

    The same title with other figures is written over; another title supersedes the memory. What somebody set aside, or
    called wrong or outdated, is left as it is.
    """
    prepared = _prepared(context, part, insight)
    row = tx.learning.insight(source_key(part, insight.key))
    if row is None:
        return KeptInsight(id=_capture(tx, context, prepared), written=True)
    if row["state"] != MemoryState.ACTIVE or row["feedback"] < 0:
        return KeptInsight(id=row["id"], written=False)
    reopened = row["valid_to"] is not None
    if reopened:
        tx.learning.reopen_insight(row["id"])
    if row["title"] != prepared.row["title"]:
        now = context.store.now()
        prepared.row["supersedes"] = row["id"]
        new_id = _capture(tx, context, prepared)
        tx.memories.mark_superseded(row["id"], new_id, max(now, row["valid_from"] + 1), words_of_row(row))
        return KeptInsight(id=new_id, written=True)
    if all(row[name] == prepared.row[name] for name in REWRITTEN):
        return KeptInsight(id=row["id"], written=reopened)
    tx.memories.rewrite(row, {name: prepared.row[name] for name in REWRITTEN}, prepared.words)
    return KeptInsight(id=row["id"], written=True)


def end_others(tx: Transaction, part: str, keys: frozenset[str], now: Micros) -> list[str]:
    """End the insights of a part that were not found again; return the ids of those that held until now."""
    begin = source_key(part, "")
    standing = [
        memory
        for memory in tx.memories.by_source(begin)
        if memory.source.key is not None and memory.source.key.removeprefix(begin) not in keys
    ]
    return [memory.id for memory in standing if tx.learning.end_insight(memory.id, now)]


def _prepared(context: MemoryContext, part: str, insight: Insight) -> Prepared:
    metadata: dict[str, JSON] = {
        "insight": insight.key,
        "probability": round(insight.probability, 4),
        "since": insight.since,
        "operations": list(insight.operations),
        "evidence": dict(insight.evidence),
    }
    draft = Draft(
        title=insight.title,
        content=insight.statement,
        type=insight.type,
        tags=tuple(dict.fromkeys(("insight", *insight.tags))),
        importance=insight.importance,
        metadata=metadata,
        trust=insight.trust,
        source=Source(actor=LEARNER, key=source_key(part, insight.key)),
    )
    prepared = prepare(draft, context.redaction)
    # The identity of an insight is its key: two that happen to say the same stay two.
    said = f"{insight.key}\0{prepared.row['title']}"
    return replace(
        prepared, row={**prepared.row, "content_hash": content_hash("insight", said, prepared.row["content"])}
    )


def _capture(tx: Transaction, context: MemoryContext, prepared: Prepared) -> str:
    return store_prepared(tx, prepared, Source(actor=LEARNER), context, None).id
