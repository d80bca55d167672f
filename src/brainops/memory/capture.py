"""How does a draft become a memory that is never lost?"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from brainops.errors import EmbedderUnavailable
from brainops.memory.context import MemoryContext
from brainops.memory.draft import Prepared, prepare
from brainops.store import Transaction
from brainops.store.database import Row
from brainops.store.ids import new_id
from brainops.store.memories import Inserted
from brainops.types import Captured, Draft, Finding, Progress, Source

if TYPE_CHECKING:
    import numpy

BULK_MEMORIES = 500  # captured in one transaction: one sync for all, and never long enough to keep others waiting
KEPT_OCCURRENCES = 100  # of one memory; the count goes on
MAX_DETAIL_CHARACTERS = 4_000  # of one occurrence


def capture(context: MemoryContext, draft: Draft) -> Captured:
    """Store a memory durably and return its acknowledgement.

    Words are searchable at once; the vector too where the model is warm, otherwise soon (`status` shows the backlog).
    Raises InvalidInput, RecallLoop and StoreError; whatever is raised, nothing was acknowledged.
    """
    prepared = prepare(draft, context.redaction)
    vectors = _vectors_if_warm(context, [prepared])
    passages = vectors[0] if vectors else None
    return context.store.write_together(lambda tx: store(tx, prepared, draft.source, context, passages))


def capture_many(
    context: MemoryContext, drafts: Iterable[Draft], progress: Progress | None = None
) -> Iterator[Captured]:
    """Store many memories, some hundred a transaction, yielding each acknowledgement once it is durable.

    A draft that is refused raises after everything before it has been stored.
    """
    done, source = 0, iter(drafts)
    while chunk := list(islice(source, BULK_MEMORIES)):
        acknowledged, refused = _capture_chunk(context, chunk)
        yield from acknowledged
        done += len(acknowledged)
        if progress is not None:
            progress(done, None)
        if refused is not None:
            raise refused


def _capture_chunk(context: MemoryContext, chunk: Sequence[Draft]) -> tuple[list[Captured], Exception | None]:
    from brainops.errors import BrainOpsError

    ready: list[tuple[Prepared, Source]] = []
    refused: Exception | None = None
    for draft in chunk:
        try:
            ready.append((prepare(draft, context.redaction), draft.source))
        except BrainOpsError as error:
            refused = error
            break
    with context.store.write() as tx:
        acknowledged = [store(tx, prepared, source, context, None) for prepared, source in ready]
    return acknowledged, refused


def store(
    tx: Transaction, prepared: Prepared, source: Source, context: MemoryContext, vectors: numpy.ndarray | None
) -> Captured:
    """Store a prepared draft in a transaction that is open already."""
    now = context.store.now()
    row = {**prepared.row, "id": new_id(), "now": now}
    earlier = tx.memories.by_idempotency(row["idempotency_key"]) if row["idempotency_key"] else None
    if earlier is not None:
        return _acknowledge(
            Inserted(
                key=earlier["key"],
                id=earlier["id"],
                occurrences=earlier["occurrences"],
                created_at=earlier["created_at"],
                fresh=False,
            ),
            prepared,
            tx,
            "this idempotency key was captured before",
        )
    inserted = tx.memories.insert(row, prepared.words)
    if not inserted.fresh:
        _count_again(tx, inserted, prepared, source, now)
    elif vectors is not None and (embedder := context.meaning.embedder()) is not None:
        tx.index.store_vectors(tx.session, inserted.key, row["content_hash"], embedder.model_id, vectors)
    return _acknowledge(inserted, prepared, tx)


def _count_again(tx: Transaction, inserted: Inserted, prepared: Prepared, source: Source, now: int) -> None:
    """Keep what the repetition adds: when, who, and tags or metadata that the first one had not."""
    existing, row = tx.memories.row(inserted.id), prepared.row
    # The row's values are the clean and redacted ones; the draft's are as somebody handed them in.
    actor = replace(source.actor, id=row["actor_id"], proof=row["actor_proof"])
    source = replace(
        source, actor=actor, session_id=row["session_id"], operation_id=row["operation_id"], uri=row["uri"]
    )
    detail = prepared.row["metadata"] if prepared.row["metadata"] not in ("{}", existing["metadata"]) else None
    tx.memories.add_occurrence(inserted.key, now, source, detail, KEPT_OCCURRENCES)
    _merge_tags(tx, existing, prepared)


def _merge_tags(tx: Transaction, existing: Row, prepared: Prepared) -> None:
    have, given = json.loads(existing["tags"]), json.loads(prepared.row["tags"])
    merged = list(dict.fromkeys([*have, *given]))
    if merged != have:
        tx.memories.set_tags(existing["id"], json.dumps(merged, ensure_ascii=False), prepared.words)


def _acknowledge(inserted: Inserted, prepared: Prepared, tx: Transaction, *notes: str) -> Captured:
    redacted: tuple[Finding, ...] = prepared.redacted
    return Captured(
        id=inserted.id,
        namespace=tx.scope.write,
        occurrences=inserted.occurrences,
        repeated=not inserted.fresh,
        created_at=inserted.created_at,
        redacted=redacted,
        notes=(*prepared.notes, *notes),
    )


def _vectors_if_warm(context: MemoryContext, ready: Sequence[Prepared]) -> list[numpy.ndarray] | None:
    """Embed before the transaction where that costs no loading; a model that fails now leaves the vector pending."""
    if not context.meaning.warm:
        return None
    try:
        return context.meaning.of_memories([(prepared.row["title"], prepared.body) for prepared in ready])
    except EmbedderUnavailable:
        return None
