"""What does this instance give to others: which learnings, and how is each written so that it holds no secret?"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from brainops.learning.sharing.bundle import Item
from brainops.memory.context import MemoryContext
from brainops.memory.redaction.redact import redact_json
from brainops.procedures.definition.canonical import as_mapping
from brainops.store import Transaction
from brainops.store.fixes import fix_row
from brainops.types import (
    JSON,
    Filter,
    Fix,
    FixSuggestion,
    Memory,
    MemoryType,
    Micros,
    ProcedureVersion,
    Trust,
)

SHARED_TYPES = (MemoryType.LEARNING_INSIGHT, MemoryType.SYSTEM_IMPROVEMENT, MemoryType.SUCCESS_PATTERN)
"""What learning found. Errors, decisions and logs are this instance's own; of errors, only what mends them leaves."""

MAX_OF_EACH = 5_000
OWN_WORDS = frozenset(
    "id namespace created_at actor_kind actor_id actor_proof demoted_at detached_at reason trust mode".split()
)


def insights(tx: Transaction, wanted: Filter, now: Micros) -> list[Memory]:
    """Return the insights that may leave: nothing that came from outside is passed on."""
    found = tx.memories.newest(wanted, MAX_OF_EACH, now)
    return [memory for memory in found if memory.trust is not Trust.EXTERNAL]


def of_insight(memory: Memory, context: MemoryContext) -> Item:
    """Return an insight as it leaves."""
    body: dict[str, JSON] = {
        "type": memory.type.value,
        "title": memory.title,
        "content": memory.content,
        "tags": list(memory.tags),
        "importance": memory.importance,
    }
    return Item(kind="insight", id=memory.id, body=without_secrets(body, context))


def of_procedure(version: ProcedureVersion, context: MemoryContext) -> Item:
    """Return a procedure as it leaves; versions hold no secrets, only references, which mean nothing elsewhere."""
    body: dict[str, JSON] = {"definition": as_mapping(version.procedure), "number": version.number}
    return Item(kind="procedure", id=version.procedure.name, body=without_secrets(body, context))


def of_fix(found: FixSuggestion, context: MemoryContext) -> Item:
    """Return a fix as it leaves, with how often it was verified and contradicted here."""
    row = {name: value for name, value in fix_row(found.fix).items() if name not in OWN_WORDS}
    for name in ("action", "verify", "rollback", "context", "limits"):
        row[name] = json.loads(row[name]) if row[name] else None
    counts: dict[str, JSON] = {"verified": found.confidence.verified, "contradicted": found.confidence.contradicted}
    return Item(kind="fix", id=found.fix.id, body=without_secrets({**row, **counts}, context))


def needed(fixes: Iterable[Fix], versions: Sequence[ProcedureVersion]) -> set[str]:
    """Return the names of procedures that fixes need and that are not among these."""
    there = {version.procedure.name for version in versions}
    return {fix.procedure for fix in fixes if fix.procedure and fix.procedure not in there}


def without_secrets(body: dict[str, JSON], context: MemoryContext) -> dict[str, JSON]:
    """Return a body with secrets and personal data taken out: what leaves an instance names nobody."""
    policy = replace(context.redaction, personal="drop")
    redacted = redact_json(body, policy).value
    assert isinstance(redacted, dict)
    return redacted
