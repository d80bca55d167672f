"""Is anything believed, or does anything act by itself, on nobody's word; and who put this store in its place?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from brainops.memory.context import MemoryContext
from brainops.store import Transaction, acts
from brainops.store.scope import STORE_NAMESPACE, Scope
from brainops.types import ActorKind, Fix, FixMode, Trust
from brainops.types.limits import SHOWN_IN_A_LINE

LOOKED_AT = 1_000  # of memories and fixes, the newest
MENDED = acts.FIX_AUTO.name


def claims(context: MemoryContext) -> tuple[str, str]:
    """Name what counts as verified on an agent's word, and the fixes that act by themselves on nobody's."""
    floor = context.store.floor()
    with context.store.read() as tx:
        wrong = [
            f"the memory {row['id']} ({row['title']!r:.60}) is verified by the word of agent:{row['actor_id']}"
            for row in tx.trust.claimed_memories(LOOKED_AT)
        ]
        wrong += _fixes(tx, strict=tx.rules.is_strict(floor=floor))
    if not wrong:
        return "nothing is verified by an agent's word alone", ""
    more = f"; and {len(wrong) - SHOWN_IN_A_LINE} more" if len(wrong) > SHOWN_IN_A_LINE else ""
    way_out = "look at each: brainops feedback ID wrong, brainops fix trust ID, or brainops fix demote ID"
    return f"{'; '.join(wrong[:SHOWN_IN_A_LINE])}{more}", way_out


def place(context: MemoryContext) -> tuple[str, str]:
    """Name the stores that were kept aside when this one took their place, where no line says who put it there."""
    location = context.store.database.location
    if context.store.database.dialect != "sqlite" or location == ":memory:":
        return "no file that another could take the place of", ""
    with context.store.read(Scope.of(STORE_NAMESPACE)) as tx:
        told = {str(line.detail.get("kept")) for line in tx.trail.of(acts.RESTORED.name)}
    kept = sorted(
        path
        for path in Path(location).parent.glob(f"{Path(location).name}.replaced-*")
        if path.is_file() and not path.name.endswith((".sha256", "-wal", "-shm"))
    )
    unknown = [path for path in kept if path.name not in told]
    if not unknown:
        return "nobody put another store in its place, or its trail says who", ""
    return (
        f"another store was put in the place of {unknown[-1].name}, and the trail does not say by whom",
        f"compare the two: brainops --store {unknown[-1]} doctor; then move that file away",
    )


def _fixes(tx: Transaction, *, strict: bool) -> Iterator[str]:
    for fix in tx.fixes.list(mode=None, detached=False, limit=LOOKED_AT):
        lines = tx.trail.of(fix.id)
        names = {line.act for line in lines}
        by_agent = fix.created_by.kind is ActorKind.AGENT
        if by_agent and fix.trust == Trust.VERIFIED.value and acts.FIX_TRUST.name not in names:
            yield f"the fix {_named(fix)} of an agent counts as vouched for, and nobody did"
        if fix.mode is not FixMode.AUTO or fix.namespace != tx.scope.write:
            continue
        last = next((line for line in reversed(lines) if line.act == MENDED), None)
        if last is None:
            yield f"the fix {_named(fix)} was let apply itself by nobody"
        elif strict and fix.trust != Trust.VERIFIED.value and "improvement" in last.detail:
            yield f"the fix {_named(fix)} applies itself in a strict namespace, and nobody vouched for it"


def _named(fix: Fix) -> str:
    return f"{fix.id} ({fix.title!r:.60})"
