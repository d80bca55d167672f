"""How much does memory hold, how fast does it grow, and how far are its indexes?"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from brainops.types import ApprovalState
from brainops.types.times import DAY_MICROS
from brainops.version import __version__
from brainops.wire import plain
from brainops_core.regex import Regex

if TYPE_CHECKING:
    from brainops.memory.context import MemoryContext
    from brainops.store import Transaction
    from brainops.store.database import Row

SHOWN_BACKUPS = 3

_PASSWORD = Regex(r"(?<=://)([^:/@\s]*):[^@/\s]*@", "://")


def status(context: MemoryContext) -> dict[str, Any]:
    """Return counts, index state and backlog, the last capture, growth, sizes and schema, as JSON-ready values.

    Counts are those of the readable namespaces; sizes are the whole store's, in bytes. Loads no model.
    """
    from brainops.agents.language.language import budget_of

    store = context.store
    floor = store.floor()
    with store.read() as tx:
        counts = tx.counts.memories()
        now = store.now()
        day, week = tx.operations.growth(now - DAY_MICROS), tx.operations.growth(now - 7 * DAY_MICROS)
        rows = tx.operations.segments()
        figures = {
            "memories": {**_memories(counts), "last_capture_at": tx.counts.last_captured()},
            "index": _index(tx.counts.models(), context.meaning.model),
            "operations": {
                "total": week["operations"],
                "open": week["open"],
                "day": day["recent"],
                "week": week["recent"],
                "last_at": week["last_at"],
                "receipts": tx.operations.guidance_count(0),
            },
            "waiting": waiting(tx),
            "inbox": tx.alerts.inbox(),
            "records": _records(tx.records.counts(store.now() - 7 * DAY_MICROS)),
            "policies": [dict(row) for row in tx.operations.policies()],
            "guard": guarding(tx, store.now(), floor),
            "language": plain(budget_of(tx, store.now())),
            "segments": {
                "count": len(rows),
                "rows": sum(row["row_count"] for row in rows),
                "bytes": sum(row["bytes"] for row in rows),
            },
            "backups": [{"at": row["at"], "path": row["path"]} for row in tx.trail.backups(SHOWN_BACKUPS)],
        }
        captured = {
            name: {each: row[each] for each in ("memories", "characters")}
            for name, days in (("day", 1), ("week", 7))
            for row in (tx.counts.growth(store.now() - days * DAY_MICROS),)
        }
    sizes = store.upkeep.sizes()
    state = store.upkeep.log()
    return {
        "version": __version__,
        "store": masked(store.database.location),
        "schema": store.upkeep.schema(),
        "namespace": store.scope.write,
        "read": list(store.scope.read),
        "now": store.now(),
        **figures,
        "growth": {**captured, "days_until_full": _days_until_full(counts, captured["week"], sizes)},
        "sizes": sizes,
        "log": None if state is None else {**plain(state), "trouble": state.trouble},
    }


def masked(location: str) -> str:
    """Return a store's location without the password of a URL."""
    return _PASSWORD.sub(r"\1:***@", location)


def _memories(counts: Sequence[Row]) -> dict[str, Any]:
    by: dict[str, Counter[str]] = {"type": Counter(), "state": Counter(), "namespace": Counter()}
    for row in counts:
        for name, counter in by.items():
            counter[row[name]] += row["memories"]
    return {
        "total": sum(row["memories"] for row in counts),
        "occurrences": sum(row["occurrences"] for row in counts),
        "by_type": dict(by["type"].most_common()),
        "by_state": dict(by["state"].most_common()),
        "by_namespace": dict(by["namespace"].most_common()),
    }


def _index(embedded: Counter[str], model: str) -> dict[str, Any]:
    """Count vectors by model. The newest model is the one in use; nothing is loaded to find out."""
    without = embedded.pop("", 0)
    current = max(embedded, key=lambda name: embedded[name], default=None)
    others = sum(count for name, count in embedded.items() if name != current)
    return {
        "model": model,
        "model_id": current,
        "with_vector": embedded.get(current, 0) if current else 0,
        "waiting": 0 if model == "none" else without + others,
        "of_other_models": others,
    }


def _records(rows: Sequence[Row]) -> dict[str, dict[str, Any]]:
    """Return how many procedures, runs, approvals, agents and the like there are, by state, and in a week."""
    found: dict[str, dict[str, Any]] = {
        kind: {"total": 0, "week": 0, "by_state": {}}
        for kind in ("procedure", "run", "approval", "fix", "notice", "decision", "agent", "execution", "improvement")
    }
    for row in rows:
        figures = found[row["kind"]]
        figures["total"] += int(row["total"])
        figures["week"] += int(row["recent"])
        figures["by_state"][row["state"]] = int(row["total"])
    return found


def waiting(tx: Transaction) -> dict[str, int]:
    """Count what waits for people: questions, and notices that nobody was told."""
    from brainops.procedures.consent.outbox import ATTEMPTS

    notices = tx.approvals.notice_counts(ATTEMPTS)
    return {
        "approvals": tx.approvals.counts().get(ApprovalState.PENDING, 0),
        "notices": int(notices["pending"]),
        "given_up": int(notices["given_up"]),
    }


def guarding(tx: Transaction, now: int, floor: bool) -> dict[str, Any]:
    """Return both settings, and what is open or stopped, so that nobody has to ask for it."""
    from brainops.operations.guard.state import settings_of
    from brainops.procedures.consent.automatic import automatic_stopped

    settings, bypass = settings_of(tx.rules.settings(), tx.scope.write, floor=floor), tx.rules.bypass(now)
    return {
        "enforcement": settings.enforcement.value,
        "autonomy": settings.autonomy.value,
        "automatic_stopped": automatic_stopped(os.environ) or settings.automatic_stopped,
        "bypassed_until": bypass.until if bypass else None,
    }


def _days_until_full(counts: Sequence[Row], week: dict[str, int], sizes: dict[str, int]) -> float | None:
    """Return in how many days the disk is full at the last week's rate; None where that cannot be said.

    What a character of text costs in all (rows, indexes, vectors) is taken from the store as it stands.
    """
    characters = sum(row["characters"] for row in counts)
    free: int | None = sizes.get("free")
    if free is None or not characters or not week["characters"]:
        return None
    taken = sum(size for name, size in sizes.items() if name != "free")
    a_day: float = week["characters"] * (taken / characters) / 7
    return round(free / a_day, 1)
