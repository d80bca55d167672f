"""How do stored errors come to the fingerprints that they have now, with the fixes that are bound to them?

Each namespace says by which version its errors are identified; where that is not this program's, they are identified
again when it is opened for the first time, and so is what an export of another version brings. Only an identity that a
program made is touched: that of an operation's error, of a memory's text, or of the memory that an error became. Doing
it twice, or half, does no harm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from brainops import lazy
from brainops.errors import StoreError
from brainops.store import acts
from brainops.store.search import filter_token
from brainops.types import Failed
from brainops_core.recognition import fingerprint

if TYPE_CHECKING:
    from brainops.memory.context import MemoryContext
    from brainops.store import Transaction
    from brainops.store.database import Row

FIRST = 2  # the version of a namespace that says none: the first release's
UNSAID = 0  # of an export that says none: by programs before the first release the service counted

log = lazy.logger()


def move(context: MemoryContext, written: int | None = None) -> int:
    """Identify the errors of the written namespace anew where another version did; return how many moved.

    `written` is the version of what was just taken in; without it, that of the namespace counts.
    """
    if not waits(context) if written is None else written == fingerprint.VERSION:
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
            tx.set(setting(context), str(fingerprint.VERSION))
    except StoreError as error:  # a store that is only read, or busy: what it holds is found by its words meanwhile
        log.warning("stored errors keep the fingerprints of an earlier program for now: %s", error)
    return moved


def version_of(context: MemoryContext) -> int:
    """Return the version by which the errors of the written namespace are identified."""
    with context.store.read() as tx:
        return int(tx.setting(setting(context)) or FIRST)


def waits(context: MemoryContext) -> bool:
    """Say whether the errors of the written namespace are identified by another version than this program's."""
    return version_of(context) != fingerprint.VERSION


def setting(context: MemoryContext) -> str:
    """Return the name under which the store keeps the version of the written namespace."""
    return f"fingerprints:{filter_token('namespace', context.store.scope.write)}"


def _memory(tx: Transaction, row: Row) -> bool:
    from brainops.memory.draft import content_hash
    from brainops.memory.recognition.digests import frames_of, told_by
    from brainops.store.memories import memory_of
    from brainops_core.recognition.digests import text_digests

    memory = memory_of(row)
    before, text_before = str(memory.fingerprint), row["message_fingerprint"]
    event = told_by(memory)
    text = text_digests(event)[-1]
    identities = {content_hash("fingerprint", str(each), before) for each in range(fingerprint.VERSION + 1)}
    if row["content_hash"] in identities or before == text_before:
        whole = fingerprint.identity(replace(event, frames=frames_of(memory)))[0]
    else:  # told of by hand, or by the error of its operation
        whole = before
        operation = tx.operations.get(memory.source.operation_id) if memory.source.operation_id else None
        if operation is not None and isinstance(operation.outcome, Failed) and operation.fingerprint == before:
            whole = fingerprint.identity(operation.outcome.error)[0]
    for earlier, now in ((text_before, text), (before, whole)):
        if earlier is not None and earlier != now:
            tx.fingerprints.rename(earlier, now)
    identity = row["content_hash"]
    if identity in identities:
        moved = content_hash("fingerprint", str(fingerprint.VERSION), whole)
        identity = identity if tx.memories.same(moved) is not None else moved
    if (whole, text, identity) == (before, text_before, row["content_hash"]):
        return False
    tx.fingerprints.move_memory(row["key"], whole=whole, text=text, content_hash=identity)
    return True


def _operation(tx: Transaction, row: Row) -> bool:
    from brainops.store.operations import operation_of

    outcome = operation_of(row).outcome
    if not isinstance(outcome, Failed):
        return False
    digest = fingerprint.identity(outcome.error)[0]
    if digest == row["fingerprint"]:
        return False
    tx.fingerprints.rename(row["fingerprint"], digest)
    tx.fingerprints.move_operation(row["key"], digest)
    return True
