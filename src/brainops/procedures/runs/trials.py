"""Which version does a run follow, while a change of its procedure is tried beside what it would replace?

Each run is given to one of the two by its own id, at random and once: so nothing that happens, and nobody who looks,
has a hand in which run follows what. What was given stands beside the run, for the test that compares them.
"""

from __future__ import annotations

import hashlib

from msgspec import Struct

from brainops.procedures.catalog import subject_of
from brainops.store import Transaction
from brainops.types import Improvement, ImprovementState, Run

TRIAL_SHARE = 25
"""Of a hundred runs follow what is tried: bad luck hits one in four, and the test needs half as many again at most as
with equal shares."""

WATCH_SHARE = 80
"""Of a hundred runs follow what was applied while it is watched; the others show what it replaced would have done."""


class Given(Struct, frozen=True, kw_only=True):
    """Which version a run was given to, and why."""

    improvement_id: str
    version_id: str
    digest: str
    challenger: bool
    share: int

    def note(self, tx: Transaction, run: Run) -> None:
        """Keep that this run was given to this version."""
        tx.improvements.assign(
            self.improvement_id, run.id, challenger=self.challenger, share=self.share, at=run.created_at
        )


def given(tx: Transaction, run: Run) -> Given | None:
    """Return the version that a run is given to, None where nothing is tried of its procedure."""
    improvement = tx.improvements.tried(subject_of(run.procedure_name))
    if improvement is None or run.procedure_hash not in (digest_of(improvement.before), digest_of(improvement.after)):
        return None
    share = share_of(improvement)
    challenger = belongs(improvement.id, run.id, share)
    digest = digest_of(improvement.after if challenger else improvement.before)
    found = [row for row in tx.procedures.versions(run.procedure_name) if row["hash"] == digest]
    mine = [row["id"] for row in found if row["namespace"] == tx.scope.write]
    if not mine:
        return None
    return Given(
        improvement_id=improvement.id, version_id=mine[0], digest=str(digest), challenger=challenger, share=share
    )


def share_of(improvement: Improvement) -> int:
    """Return how many of a hundred units are given to what is tried, or was applied."""
    return TRIAL_SHARE if improvement.state is ImprovementState.TRIAL else WATCH_SHARE


def belongs(improvement_id: str, unit: str, share: int) -> bool:
    """Say whether a unit of work is given to what is tried: the same one always is, or never."""
    digest = hashlib.sha256(f"{improvement_id}:{share}:{unit}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % 100 < share


def digest_of(value: object) -> str | None:
    """Return the hash of the version that one side of a change names."""
    found = value.get("hash") if isinstance(value, dict) else None
    return found if isinstance(found, str) else None
