"""How do stored errors come to the fingerprints that they have now, with the fixes that are bound to them?

Earlier programs counted the service as a part of an error's identity. What they stored is fingerprinted again, once for
each namespace, when it is opened for the first time: only where the stored digest is that of what stands there by the
old rule, so that no other identity is touched. Doing it twice, or half, does no harm.
"""

from __future__ import annotations

import logging

from msgspec.structs import replace

from brainops.errors import StoreError
from brainops.memory.context import MemoryContext
from brainops.memory.draft import content_hash
from brainops.memory.recognition.digests import frames_of, text_digests, told_by
from brainops.memory.recognition.fingerprint import VERSION, digest_with_service, fingerprint
from brainops.store import Transaction, acts
from brainops.store.database import Row
from brainops.store.memories import memory_of
from brainops.store.operations import operation_of
from brainops.store.search import filter_token
from brainops.types import ErrorEvent, Failed

WAITS = "fingerprints"  # the setting by which a migration says that a store was written by the old rule

log = logging.getLogger("brainops")


def move(context: MemoryContext, *, again: bool = False) -> int:
    """Move the fingerprints of the written namespace where that was not done yet, or `again`; return how many moved."""
    if not again and not waits(context):
        return 0
    store, moved = context.store, 0
    try:
        for of_page, pages in ((_memory, "memories"), (_operation, "operations")):
            after = 0
            while True:
                with store.writing(acts.RECORD, acts.ITSELF) as tx:
                    rows = getattr(tx.fingerprints, pages)(after)
                    moved += sum(of_page(tx, row) for row in rows)
                if not rows:
                    break
                after = rows[-1]["key"]
        with store.writing(acts.RECORD, acts.ITSELF) as tx:
            tx.set(_done(context), "moved")
    except StoreError as error:  # a store that is only read, or busy: what it holds is found by its words meanwhile
        log.warning("stored errors keep the fingerprints of an earlier program for now: %s", error)
    return moved


def waits(context: MemoryContext) -> bool:
    """Say whether the written namespace still holds what an earlier program may have identified by another rule."""
    with context.store.read() as tx:
        return tx.setting(WAITS) is not None and tx.setting(_done(context)) is None


def _done(context: MemoryContext) -> str:
    return f"{WAITS}:{filter_token('namespace', context.store.scope.write)}"


def _memory(tx: Transaction, row: Row) -> bool:
    memory = memory_of(row)
    said = memory.content.get("service") if isinstance(memory.content, dict) else None
    event = replace(told_by(memory), service=said if isinstance(said, str) else None)
    forms = (replace(event, frames=frames_of(memory)), event, *_of_operation(tx, memory.source.operation_id))
    whole = _moved(tx, str(memory.fingerprint), *forms)
    text, before = text_digests(event)[-1], row["message_fingerprint"]
    if before is not None and before == digest_with_service(event):
        tx.fingerprints.rename(before, fingerprint(event).digest)
    identity = content_hash("fingerprint", str(VERSION), whole)
    stands = row["content_hash"] != content_hash("fingerprint", str(VERSION), str(memory.fingerprint))
    if stands or tx.memories.same(identity) is not None:
        identity = row["content_hash"]
    if (whole, text) == (memory.fingerprint, before):
        return False
    tx.fingerprints.move_memory(row["key"], whole=whole, text=text, content_hash=identity)
    return True


def _operation(tx: Transaction, row: Row) -> bool:
    outcome = operation_of(row).outcome
    if not isinstance(outcome, Failed):
        return False
    digest = _moved(tx, row["fingerprint"], outcome.error)
    if digest != row["fingerprint"]:
        tx.fingerprints.move_operation(row["key"], digest)
    return bool(digest != row["fingerprint"])


def _moved(tx: Transaction, digest: str, *events: ErrorEvent) -> str:
    """Return what a digest is now, if it is that of one of these by the old rule; what is bound to it comes along."""
    for event in events:
        if digest_with_service(event) == digest:
            now = fingerprint(event).digest
            if now != digest:
                tx.fingerprints.rename(digest, now)
            return now
    return digest


def _of_operation(tx: Transaction, operation_id: str | None) -> tuple[ErrorEvent, ...]:
    operation = tx.operations.get(operation_id) if operation_id else None
    return (operation.outcome.error,) if operation is not None and isinstance(operation.outcome, Failed) else ()
