"""How does a draft become a memory that is never lost?"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from brainops.errors import Conflict, EmbedderUnavailable, OutcomeUnknown
from brainops.memory.draft import MAX_METADATA_BYTES, dumped, prepare, words_of_row
from brainops.memory.identity import key_hash, make_room, said, stays
from brainops.store import acts
from brainops.store.ids import new_id
from brainops.store.memories import Inserted
from brainops.store.search import Embedded
from brainops.types import Captured, Trust
from brainops.types.limits import MAX_TAGS

if TYPE_CHECKING:
    import numpy

    from brainops.memory.context import MemoryContext
    from brainops.memory.draft import Prepared
    from brainops.store import Transaction
    from brainops.store.database import Row
    from brainops.types import Draft, Finding, Progress, Source

BULK_MEMORIES = 500  # captured in one transaction: one sync for all, and never long enough to keep others waiting
EMBEDDED_AT_ONCE = 6_000  # characters, some eight passages and a tenth of a second; longer texts get vectors afterwards
KEPT_OCCURRENCES = 100  # of one memory; the count goes on
MAX_DETAIL_CHARACTERS = 4_000  # of one occurrence
STAYS = (
    "that memory is verified and stays as it is: of what this one says otherwise, only the metadata is kept, with the "
    "repetition. A person changes it"
)


def capture(context: MemoryContext, draft: Draft) -> Captured:
    """Store a memory durably and return its acknowledgement.

    Words are searchable at once; the vector too where the model is warm, otherwise soon (`status` shows the backlog).
    Raises InvalidInput, RecallLoop, Conflict and StoreError; whatever is raised, nothing was acknowledged.
    """
    prepared = prepare(context.own(draft), context.redaction)
    passages = _vectors_if_warm(context, prepared)
    captured: list[Captured] = []

    def write(tx: Transaction) -> None:
        captured.append(store(tx, vouched(tx, prepared, prepared.source), prepared.source, context, passages))

    try:
        # No other memory is looked at or changed but one of the same content, or of the same key.
        keys = {prepared.row["content_hash"], prepared.row["idempotency_key"] or prepared.row["content_hash"]}
        context.store.write_together(_act_of([draft]), context.actor, write, keys)
    except OutcomeUnknown as error:
        raise _repeatable(error, [draft], captured) from error
    return captured[0]


def _repeatable(error: OutcomeUnknown, drafts: Sequence[Draft], done: Sequence[Captured]) -> OutcomeUnknown:
    """Return the error with the keys under which what was perhaps written is captured again.

    The key of a draft that has none is the id of its memory, so that nothing is stored for it; where that was there
    before, it is a new one, and the repetition is perhaps counted twice.
    """
    keys = (
        draft.idempotency_key or (new_id() if each.repeated else each.id)
        for draft, each in zip(drafts, done, strict=False)
    )
    return OutcomeUnknown(str(error), idempotency_keys=tuple(keys))


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


def capture_all(context: MemoryContext, drafts: Iterable[Draft], progress: Progress | None = None) -> list[Captured]:
    """Store many memories and return their acknowledgements; an unknown outcome names the keys of all so far."""
    done: list[Captured] = []
    try:
        done.extend(capture_many(context, drafts, progress))
    except OutcomeUnknown as error:
        keys = (*(each.id for each in done), *error.idempotency_keys)
        raise OutcomeUnknown(str(error), idempotency_keys=keys) from error
    return done


def _capture_chunk(context: MemoryContext, chunk: Sequence[Draft]) -> tuple[list[Captured], Exception | None]:
    from brainops.errors import BrainOpsError

    ready: list[Prepared] = []
    refused: Exception | None = None
    for draft in chunk:
        try:
            ready.append(prepare(context.own(draft), context.redaction))
        except BrainOpsError as error:
            refused = error
            break
    acknowledged: list[Captured] = []
    try:
        with context.store.writing(_act_of(chunk), context.actor) as tx:
            for prepared in ready:
                try:
                    captured = store(tx, vouched(tx, prepared, prepared.source), prepared.source, context, None)
                except Conflict as error:  # nothing of it was written
                    refused = error
                    break
                acknowledged.append(captured)
    except OutcomeUnknown as error:
        raise _repeatable(error, chunk, acknowledged) from error
    return acknowledged, refused


def _act_of(drafts: Sequence[Draft]) -> acts.Act:
    return acts.CAPTURE_VERIFIED if any(draft.trust is Trust.VERIFIED for draft in drafts) else acts.CAPTURE


def vouched(tx: Transaction, prepared: Prepared, source: Source) -> Prepared:
    """Return what is captured with the trust that whoever says it can give: an agent's word is never verified."""
    if prepared.row["trust"] != Trust.VERIFIED.value or tx.lets(acts.VOUCH, source.actor):
        return prepared
    note = (
        "kept with trust agent: that it is verified was said by an agent, or by somebody who did not prove to be one "
        "who may approve, as this strict namespace asks"
    )
    row = {**prepared.row, "trust": Trust.AGENT.value}
    return replace(prepared, row=row, notes=(*prepared.notes, note))


def store(
    tx: Transaction, prepared: Prepared, source: Source, context: MemoryContext, vectors: numpy.ndarray | None
) -> Captured:
    """Store a prepared draft in a transaction that is open already.

    Raises Conflict, before anything is written, where its idempotency key was used for something else.
    """
    now = context.store.now()
    row = {**prepared.row, "id": new_id(), "now": now}
    if row["idempotency_key"] and (earlier := _captured_before(tx, row)) is not None:
        return _acknowledge(earlier, prepared, tx, ["this idempotency key was captured before"])
    inserted = tx.memories.insert(row, prepared.words)
    if inserted is None:
        standing = make_room(tx, row, now)
        if standing is not None and stays(tx, standing):
            inserted = tx.memories.count(standing["id"], now)
        else:
            inserted = tx.memories.insert(row, prepared.words, asked=True)
        assert inserted is not None
    if row["idempotency_key"]:
        tx.memories.keep_key(key_hash(row["idempotency_key"]), inserted.key, said(row))
    if not inserted.fresh:
        return _acknowledge(inserted, prepared, tx, _count_again(tx, inserted, prepared, source, now))
    if vectors is not None and (embedder := context.meaning.embedder()) is not None:
        embedded = Embedded(key=inserted.key, content_hash=row["content_hash"], vectors=vectors)
        tx.index.store_vectors(tx.session, embedder.model_id, [embedded])
    return _acknowledge(inserted, prepared, tx, [])


def _captured_before(tx: Transaction, row: dict[str, Any]) -> Inserted | None:
    """Return what was captured under the same key; raise Conflict where that said something else."""
    earlier = tx.memories.by_idempotency(row["idempotency_key"], key_hash(row["idempotency_key"]))
    if earlier is None:
        return None
    # What is known by its id is known by its row alone, to which repetitions have added since.
    told = ("type", "title", "content", "subject")
    same = earlier["said"] == said(row) if earlier["said"] else all(earlier[name] == row[name] for name in told)
    if not same:
        raise Conflict(
            f"this idempotency key was used before, for memory {earlier['id']}, which says something else. Nothing was "
            "captured: repeat what was said under the key, or give another memory a key of its own"
        )
    return Inserted(
        key=earlier["key"],
        id=earlier["id"],
        occurrences=earlier["occurrences"],
        created_at=earlier["created_at"],
        fresh=False,
    )


def _count_again(tx: Transaction, inserted: Inserted, prepared: Prepared, source: Source, now: int) -> list[str]:
    """Keep what a repetition adds: when, who, and tags or metadata that the first one had not; return what is left."""
    existing, row = tx.memories.row(inserted.id), prepared.row
    # The row's values are the clean and redacted ones; the draft's are as somebody handed them in.
    actor = replace(source.actor, id=row["actor_id"], proof=row["actor_proof"])
    source = replace(
        source, actor=actor, session_id=row["session_id"], operation_id=row["operation_id"], uri=row["uri"]
    )
    detail = prepared.row["metadata"] if prepared.row["metadata"] not in ("{}", existing["metadata"]) else None
    kept = tx.memories.add_occurrence(inserted.key, now, source, detail, KEPT_OCCURRENCES)
    if stays(tx, existing):
        return [STAYS] if _says_more(existing, row) else []
    add_what_is_new(tx, existing, row)
    if kept or detail is None or _all_in(detail, tx.memories.row(inserted.id)["metadata"]):
        return []
    return [f"of a memory's repetitions {KEPT_OCCURRENCES} are kept: what this one's metadata said otherwise is not"]


def add_what_is_new(tx: Transaction, standing: Row, row: Mapping[str, Any]) -> None:
    """Add to a memory the tags and the metadata's names that another one of the same content brings."""
    have, given = json.loads(standing["tags"]), json.loads(row["tags"])
    merged = list(dict.fromkeys([*have, *given]))[:MAX_TAGS]
    if merged != have:
        tx.memories.set_tags(standing["id"], json.dumps(merged, ensure_ascii=False), words_of_row(standing))
    if row["metadata"] in ("{}", standing["metadata"]):
        return
    known, said_now = json.loads(standing["metadata"]), json.loads(row["metadata"])
    metadata = dumped({**known, **{name: said_now[name] for name in said_now if name not in known}}, "metadata")
    if metadata != standing["metadata"] and len(metadata.encode()) <= MAX_METADATA_BYTES:
        tx.memories.set_metadata(standing["id"], metadata)


def _says_more(standing: Row, row: Mapping[str, Any]) -> bool:
    """Say whether a repetition would have changed a memory that stays as it is."""
    return (
        not set(json.loads(row["tags"])) <= set(json.loads(standing["tags"]))
        or not _all_in(row["metadata"], standing["metadata"])
        or row["valid_to"] != standing["valid_to"]
        or (row["valid_from"] or standing["valid_from"]) < standing["valid_from"]
    )


def _all_in(metadata: str, other: str) -> bool:
    """Say whether some metadata stands in another as it is (JSON texts)."""
    known = json.loads(other)
    return all(name in known and known[name] == value for name, value in json.loads(metadata).items())


def _acknowledge(inserted: Inserted, prepared: Prepared, tx: Transaction, notes: list[str]) -> Captured:
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


def _vectors_if_warm(context: MemoryContext, prepared: Prepared) -> numpy.ndarray | None:
    """Embed before the transaction where that costs no loading; what is long, or fails now, waits for its vectors."""
    if not context.meaning.warm or len(prepared.body) > EMBEDDED_AT_ONCE:
        return None
    try:
        return context.meaning.of_memories([(prepared.row["title"], prepared.body)])[0]
    except EmbedderUnavailable:
        return None
