"""How is a memory corrected, set aside, brought back, or removed for good?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from brainops import lazy
from brainops.errors import Conflict, InvalidInput, NamespaceDenied, NotFound
from brainops.memory.capture import store as store_prepared
from brainops.memory.capture import vouched
from brainops.memory.draft import prepare, words_of_row
from brainops.memory.identity import make_room
from brainops.store import acts
from brainops.store.ids import new_id
from brainops.store.memories import memory_of
from brainops.store.scope import STORE_NAMESPACE, checked_namespace
from brainops.types import JSON, AuditEntry, Draft, Feedback, Memory, MemoryState, MemoryUse, Trust, Verdict
from brainops_core.redaction.redact import safe_text

if TYPE_CHECKING:
    from brainops.memory.context import MemoryContext
    from brainops.memory.transfer import segments
    from brainops.store import Transaction
    from brainops.store.acts import Proven
    from brainops.store.database import Row
    from brainops.types import Captured, Proof
else:
    (segments,) = lazy.modules("brainops.memory.transfer", "segments")

VERDICT_CHANGE = {Verdict.HELPFUL: 1.0, Verdict.WRONG: -1.0, Verdict.OUTDATED: -0.5}
"""What one verdict adds to a memory's feedback; ranking bounds the sum, so that no crowd outweighs a match."""

_ENDS = {Verdict.OUTDATED}  # an outdated memory is no longer current; a wrong one is flagged for somebody to decide


class Removed(Struct, frozen=True, kw_only=True):
    """What a purge removed, and where it may still be: in which backups, and in the log as long as who reads."""

    memory_ids: tuple[str, ...]
    backups: tuple[str, ...]
    in_log_for: str | None = None


class History(Struct, frozen=True, kw_only=True):
    """Everything that is known of how a memory came to be as it is, and what came of it.

    Its versions, acts, verdicts and occurrences; `used` is how often all versions were handed out and followed.
    """

    versions: tuple[Memory, ...]
    acts: tuple[AuditEntry, ...]
    verdicts: tuple[Feedback, ...]
    occurrences: tuple[dict[str, JSON], ...]
    used: MemoryUse = MemoryUse()


def get(context: MemoryContext, memory_id: str) -> Memory:
    """Return one readable memory by its id; raise NotFound."""
    with context.store.read() as tx:
        try:
            return memory_of(tx.memories.row(memory_id))
        except NotFound:
            if (archived := segments.archived_memory(tx, memory_id)) is None:
                raise
            return archived[1]


def history(context: MemoryContext, memory_id: str) -> History:
    """Return a memory's versions, acts, verdicts and occurrences, each oldest first, and how it was used."""
    with context.store.read() as tx:
        tx.memories.row(memory_id)
        versions = tx.memories.chain(memory_id)
        ids = [version.id for version in versions]
        return History(
            versions=tuple(versions),
            acts=tuple(entry for each in ids for entry in tx.trail.of(each)),
            verdicts=tuple(verdict for each in ids for verdict in tx.trail.feedback_on(each)),
            occurrences=tuple(dict(row) for each in ids for row in reversed(tx.memories.occurrences(each))),
            used=tx.memories.used(ids),
        )


def supersede(context: MemoryContext, memory_id: str, draft: Draft) -> Captured:
    """Replace a memory by a corrected one; the old one stays as history. Raises NotFound, Conflict, InvalidInput."""
    with context.store.writing(acts.SUPERSEDE, context.actor) as tx:
        old = tx.memories.writable_row(memory_id)
        return _supersede(tx, context, old, draft)


def _supersede(tx: Transaction, context: MemoryContext, old: Row, draft: Draft) -> Captured:
    if old["superseded_by"] or old["state"] != MemoryState.ACTIVE:
        standing = f"superseded by {old['superseded_by']}" if old["superseded_by"] else old["state"]
        raise Conflict(f"memory {old['id']} is {standing}; only a current one can be superseded")
    if old["trust"] == Trust.VERIFIED:
        tx.require(acts.SET_ASIDE_VERIFIED)
    prepared = prepare(context.own(draft), context.redaction)
    prepared = vouched(tx, prepared, prepared.source)
    nothing = Conflict(f"memory {old['id']} says that already; nothing to supersede")
    if prepared.row["content_hash"] == old["content_hash"] and prepared.row["subject"] in (None, old["subject"]):
        raise nothing
    now = context.store.now()
    prepared.row["supersedes"] = old["id"]
    captured = store_prepared(tx, prepared, prepared.source, context, None)
    if captured.id == old["id"]:
        raise nothing
    if captured.repeated:
        tx.memories.link_supersedes(captured.id, old["id"])
    tx.memories.mark_superseded(old["id"], captured.id, max(now, old["valid_from"] + 1), words_of_row(old))
    tx.also(acts.SUPERSEDE).append(old["id"], now, by=captured.id)
    return captured


_STATES = {MemoryState.ACTIVE: acts.RESTORE, MemoryState.ARCHIVED: acts.ARCHIVE, MemoryState.FORGOTTEN: acts.FORGET}


def set_state(context: MemoryContext, memory_id: str, state: MemoryState, reason: str = "") -> Memory:
    """Archive, forget (both can be undone) or restore a memory; raise NotFound, Conflict."""
    with context.store.writing(_STATES[state], context.actor) as tx:
        row = _row_to_change(tx, memory_id)
        if row["state"] == state:
            raise Conflict(f"memory {row['id']} is {state.value} already")
        if not stands_again(tx, row, context.store.now(), state):
            raise Conflict(f"the same content was captured again since; memory {row['id']} is not needed back")
        if state is not MemoryState.ACTIVE and row["trust"] == Trust.VERIFIED:
            tx.require(acts.SET_ASIDE_VERIFIED)
        tx.memories.set_state(row["id"], state, MemoryState(row["state"]), words_of_row(row))
        tx.trail.append(row["id"], context.store.now(), reason=context.text(reason))
        return memory_of(tx.memories.row(row["id"]))


def stands_again(tx: Transaction, row: Row, now: int, state: MemoryState = MemoryState.ACTIVE) -> bool:
    """Say whether a memory may be current again: no other one says the same of the same subject."""
    if state is not MemoryState.ACTIVE or row["superseded_by"] is not None:
        return True
    back = dict(row)
    if make_room(tx, back, now) is not None:
        return False
    if back["content_hash"] != row["content_hash"]:
        tx.memories.set_hash(row["id"], back["content_hash"])
    if back["supersedes"] != row["supersedes"]:
        tx.memories.link_supersedes(row["id"], back["supersedes"])
    return True


def _row_to_change(tx: Transaction, memory_id: str) -> Row:
    """Return a writable row; one that lies in an archive segment is named with the way to bring it back."""
    try:
        return tx.memories.writable_row(memory_id)
    except NotFound as error:
        if (segment_id := _own_segment(tx, memory_id)) is None:
            raise
        raise Conflict(
            f"memory {memory_id} lies in the archive segment {segment_id}; bring that back first: "
            f"`brainops compact --restore {segment_id}`"
        ) from error


def _own_segment(tx: Transaction, memory_id: str) -> str | None:
    """Return the archive segment of the written namespace that holds a memory; what is only read is not one's own."""
    found = segments.archived_memory(tx, memory_id)
    return found[0] if found is not None and found[1].namespace == tx.scope.write else None


def feedback(
    context: MemoryContext,
    memory_id: str,
    verdict: Verdict,
    *,
    note: str = "",
    correction: Draft | None = None,
    told: Callable[[Transaction, Feedback, Memory], None] | None = None,
) -> Feedback:
    """Say how good a memory is; it acts at once and `undo_feedback` takes it back.

    "outdated" ends its validity, "wrong" flags it for review; a correction supersedes it; `told` learns from it in the
    same transaction. Raises NotFound, Conflict.
    """
    with context.store.writing(acts.FEEDBACK, context.actor) as tx:
        row = tx.memories.writable_row(memory_id)
        corrected = _supersede(tx, context, row, correction) if correction is not None else None
        given = Feedback(
            id=new_id(),
            memory_id=row["id"],
            verdict=verdict,
            actor=context.actor,
            at=context.store.now(),
            note=context.text(note) or None,
            correction_id=corrected.id if corrected else None,
            undone_at=None,
        )
        tx.trail.add_feedback(given)
        ends = verdict in _ENDS and corrected is None and row["valid_to"] is None
        ends = ends and (row["trust"] != Trust.VERIFIED or tx.lets(acts.SET_ASIDE_VERIFIED))
        tx.memories.add_feedback(row["id"], VERDICT_CHANGE[verdict], given.at, ends=ends)
        if verdict is Verdict.WRONG or (verdict in _ENDS and corrected is None and not ends):
            tx.memories.set_flag(row["id"], _flag_of(verdict))
        tx.trail.append(row["id"], given.at, verdict=verdict.value, feedback=given.id)
        if told is not None:
            told(tx, given, memory_of(row))
        return given


def _flag_of(verdict: Verdict) -> str:
    return f"called {verdict.value}"


def undo_feedback(context: MemoryContext, feedback_id: str) -> Feedback:
    """Take a verdict back with what it did; a correction that it brought stays. Raises NotFound, Conflict."""
    with context.store.writing(acts.FEEDBACK_UNDO, context.actor) as tx:
        given = tx.trail.feedback(feedback_id)
        if given is None:
            raise NotFound(f"there is no feedback {feedback_id[:80]!r} in the namespace that you write")
        if not tx.trail.undo_feedback(feedback_id):
            raise Conflict(f"feedback {feedback_id} was taken back before")
        now = context.store.now()
        ended_at = given.at if given.verdict in _ENDS and given.correction_id is None else None
        tx.memories.add_feedback(given.memory_id, -VERDICT_CHANGE[given.verdict], now, ended_at=ended_at)
        standing = [each for each in tx.trail.feedback_on(given.memory_id) if each.undone_at is None]
        if all(each.verdict is not given.verdict for each in standing):
            tx.memories.clear_flag(given.memory_id, _flag_of(given.verdict))
        tx.trail.append(given.memory_id, now, feedback=feedback_id)
        return replace(given, undone_at=now)


def purge(
    context: MemoryContext, memory_id: str | Sequence[str], *, reason: str, proof: Proof | None = None
) -> Removed:
    """Remove a memory, or several together, for good, with vectors, occurrences, verdicts, traces in the log and runs.

    A run that found it keeps which steps were done and when, and loses what they were given and found, with the runs
    that it began or that began it. Raises NotFound.
    """
    with context.store.writing(acts.PURGE, context.actor, proof) as tx:
        ids = list(dict.fromkeys([memory_id] if isinstance(memory_id, str) else memory_id))
        rows = [tx.memories.writable_row(each) for each in ids if not _own_segment(tx, each)]
        removed = _purge(tx, context, rows, ids, reason, subject=None)
    return replace(removed, in_log_for=context.store.upkeep.scrub())


def purge_subject(context: MemoryContext, subject: str, *, reason: str, proof: Proof | Proven | None = None) -> Removed:
    """Remove every memory about a subject for good; raise NotFound where there is none."""
    with context.store.writing(acts.PURGE, context.actor, proof) as tx:
        named = context.name(subject)
        rows = list(tx.memories.by_subject(named))
        ids = [*(row["id"] for row in rows), *segments.archived_ids_about(tx, named)]
        if not ids:
            raise NotFound(f"nothing in the namespace {tx.scope.write!r} is about {subject[:80]!r}")
        removed = _purge(tx, context, rows, ids, reason, subject=subject)
    return replace(removed, in_log_for=context.store.upkeep.scrub())


def _purge(
    tx: Transaction, context: MemoryContext, rows: list[Row], ids: list[str], reason: str, *, subject: str | None
) -> Removed:
    if not reason.strip():
        raise InvalidInput("a purge cannot be undone; say why with `reason`")
    found = (segments.archived_memory(tx, memory_id) for memory_id in ids)
    fingerprints = {row["id"]: row["fingerprint"] for row in rows} | {
        archived[1].id: archived[1].fingerprint for archived in found if archived is not None
    }
    for memory_id in ids:
        tx.records.purge(memory_id, fingerprints.get(memory_id))  # first: it asks which operations ended in it
    for row in rows:
        tx.memories.delete(row)
    segments.purge_from_segments(tx, ids)
    tx.answers.forget()
    now, said = context.store.now(), context.text(reason)
    for memory_id in ids:
        tx.operations.purge(memory_id)
        tx.trail.purge_feedback(memory_id)
        tx.trail.append(memory_id, now, reason=said, by="subject" if subject else "id")
    return Removed(memory_ids=tuple(ids), backups=tuple(row["path"] for row in tx.trail.backups()))


def promote(context: MemoryContext, memory_id: str, namespace: str, *, reason: str = "") -> Captured:
    """Copy a readable memory into another namespace, as an audited act on both sides; the original stays.

    The copy keeps its trust and says where it came from. Raises NotFound, InvalidInput, NamespaceDenied.
    """
    target = checked_namespace(namespace)
    with context.store.read() as tx:
        memory = memory_of(tx.memories.row(memory_id))
    if memory.namespace == target:
        raise Conflict(f"memory {memory.id} stands in {target} already")
    if target == STORE_NAMESPACE or (context.actor.remote and target != context.store.scope.write):
        raise NamespaceDenied(f"{target} is not what this view writes; who writes it, and reads this, promotes into it")
    if memory.state is not MemoryState.ACTIVE or memory.superseded_by:
        raise Conflict(f"memory {memory.id} is not current; promote the one that is")
    now, said = context.store.now(), context.text(reason)
    with context.store.writing(
        acts.PROMOTE, context.actor, scope=replace(context.store.scope, write=target, read=(target,))
    ) as tx:
        draft = draft_of(memory)
        captured = store_prepared(tx, prepare(draft, context.redaction), draft.source, context, None)
        tx.trail.append(captured.id, now, source=memory.id, source_namespace=memory.namespace, reason=said)
    if memory.namespace == context.store.scope.write:
        with context.store.writing(acts.PROMOTE, context.actor) as tx:
            tx.trail.append(memory.id, now, copy=captured.id, target_namespace=target, reason=said)
    return captured


def draft_of(memory: Memory) -> Draft:
    """Return a draft that says what a memory says; it names the memory that it came from."""
    metadata = {**memory.metadata, "promoted_from": {"id": memory.id, "namespace": memory.namespace}}
    return Draft(
        title=memory.title,
        content=memory.content,
        type=memory.type,
        tags=memory.tags,
        importance=memory.importance,
        metadata=metadata,
        trust=memory.trust,
        source=replace(memory.source, key=None),
        subject=memory.subject,
        fingerprint=memory.fingerprint,
        valid_from=memory.valid_from,
        valid_to=memory.valid_to,
    )


def corrected(memory: Memory, text: str) -> Draft:
    """Return a draft that is the memory with its content replaced by the right answer."""
    draft = draft_of(memory)
    return replace(draft, content=text, metadata=memory.metadata, source=memory.source, valid_from=None, valid_to=None)


def flag(context: MemoryContext, memory_id: str, reason: str | None) -> None:
    """Mark a memory for review, or clear the mark with None; nothing else about it changes."""
    with context.store.writing(acts.FLAG if reason else acts.UNFLAG, context.actor) as tx:
        row = tx.memories.writable_row(memory_id)
        said = context.text(reason) if reason else None
        if row["flag"] == said:
            return
        tx.memories.set_flag(row["id"], said)
        tx.trail.append(row["id"], context.store.now(), reason=said)


def move_source(context: MemoryContext, memory_id: str, key: str, uri: str | None) -> None:
    """Say that the source of a memory was renamed."""
    with context.store.writing(acts.MOVE_SOURCE, context.actor) as tx:
        row, named = tx.memories.writable_row(memory_id), context.name(key)
        tx.memories.set_source(row["id"], named, safe_text(uri, context.redaction) if uri else None)
        tx.trail.append(row["id"], context.store.now(), key=named)


def by_source(context: MemoryContext, prefix: str) -> list[Memory]:
    """Return the memories of the written namespace whose source key begins like this, those set aside too."""
    with context.store.read() as tx:
        return tx.memories.by_source(prefix)
