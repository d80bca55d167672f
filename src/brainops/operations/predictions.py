"""What did the record teach about when operations fail, and where is that kept?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from brainops.memory.context import MemoryContext
from brainops.operations.prediction import EndedOperation, learn
from brainops.statistics.calibration import reliability
from brainops.store import Transaction
from brainops.store.database import Row
from brainops.types import Micros

LEARNED_OPERATIONS = 5_000  # the newest: some seconds' work, and what is older is of another time


class Refitted(Struct, frozen=True, kw_only=True):
    """What a refit found: the models by name, and how well the record would have been foretold."""

    models: Mapping[str, Mapping[str, Any]]
    operations: int
    judged: int
    calibration_error: float | None


class Predictions:
    """What is known of when operations of a namespace fail."""

    def __init__(self, context: MemoryContext) -> None:
        self._context = context

    def refit(self, until: Micros | None = None) -> Refitted:
        """Learn from the newest operations (that ended before `until`) what raises their failures; write nothing."""
        before = self._context.store.now() if until is None else until
        with self._context.store.read() as tx:
            sparse = {row["operation_name"] for row in tx.operations.policies() if row["mode"] != "full"}
            rows = tx.operations.ended(before, LEARNED_OPERATIONS)
        # Where successes are not all kept, the record says nothing of how often it fails.
        record = [_ended(row) for row in rows if not sparse & {row["name"], ""}]
        taught = learn(record)
        said = taught.foretold
        return Refitted(
            models=taught.models,
            operations=len(record),
            judged=len(said),
            calibration_error=reliability(said)[1] if said else None,
        )

    def keep(self, tx: Transaction, found: Refitted, now: Micros) -> None:
        """Write what a refit found, and drop what it found no more."""
        for name, model in found.models.items():
            tx.cases.put_failure_model(name, model, now)
        tx.cases.forget_failure_models(now)

    def model(self, name: str) -> Mapping[str, Any] | None:
        """Return what was learned of when operations of a name fail."""
        with self._context.store.read() as tx:
            return tx.cases.failure_model(name)


def _ended(row: Row) -> EndedOperation:
    error = json.loads(row["error"]) if row["error"] else {}
    title = f"{error.get('type') or ''}: {error.get('message') or ''}".strip(": ")
    context = json.loads(row["context"])
    return EndedOperation(
        name=row["name"],
        target=row["target"],
        actor=row["actor_id"],
        context=context if isinstance(context, dict) else {},
        started_at=row["started_at"],
        finished_at=row["finished_at"] or row["started_at"],
        failed=row["outcome"] == "failed" or row["contradicted_at"] is not None,
        fingerprint=row["fingerprint"],
        error=title.split("\n", 1)[0],
    )
