"""What does a kind of improvement have to answer, so that it can be proposed, tried, applied, watched and taken back?

An improvement lets one value hold in place of another: `after` instead of `before`. To apply it is to put `after` where
`before` stands, to take it back to put `before` where `after` stands, and never anything where somebody put a third
value meanwhile. So a kind says what stands, puts a value, and measures; the service does all the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from brainops.learning.cycles.part import CycleWork
from brainops.statistics.always_valid import Measured
from brainops.store import Transaction
from brainops.store.acts import Proven
from brainops.store.ids import new_id
from brainops.types import (
    JSON,
    Actor,
    Improvement,
    ImprovementKind,
    ImprovementState,
    Micros,
    Trust,
)

"""Who applies what nobody was asked about."""


class Changer(Protocol):
    """One kind of improvement. Every method that takes a transaction works in it alone, and opens none."""

    kinds: frozenset[ImprovementKind]
    acts_outside: bool
    """Whether `outside` has anything to do: then it moves in a transaction of its own, not in that of a cycle."""

    def find(self, work: CycleWork) -> Sequence[Improvement]:
        """Return what would be better, by the record up to `work.to_at`; reads only. `draft` below makes one."""
        ...

    def tried(self, improvement: Improvement) -> bool:
        """Say whether it is tried beside what it would replace before it is applied; else its own record decides."""
        ...

    def stage(self, tx: Transaction, improvement: Improvement, by: Actor, now: Micros) -> None:
        """Make ready what is about to be tried, in the transaction that begins the trial."""
        ...

    def standing(self, tx: Transaction, improvement: Improvement) -> JSON:
        """Return what holds at present: `before`, `after`, or what somebody else put."""
        ...

    def put(self, tx: Transaction, improvement: Improvement, value: JSON, by: Actor, now: Micros, reason: str) -> None:
        """Let `value` (`before` or `after`) hold, in the caller's transaction."""
        ...

    def refused(self, tx: Transaction, improvement: Improvement, *, by_itself: bool) -> str | None:
        """Return why it may not be applied (by itself): what is strict, belongs to git, came from outside; or None."""
        ...

    def measure(self, tx: Transaction, improvement: Improvement, now: Micros) -> Measured:
        """Return what the record says of it, in trial, applied, or before either. Only what is verified or observed."""
        ...

    def outside(self, improvement: Improvement, value: JSON, proof: Proven | None) -> None:
        """Do what letting `value` hold takes outside of the database, before the transaction that says so.

        It may be called again after a kill, and must then find its own work done: known by the improvement's id.
        """
        ...


class InStore:
    """What kinds have in common that change nothing but rows, and are not tried beside what they replace."""

    acts_outside = False

    def tried(self, improvement: Improvement) -> bool:
        """Its own record decides."""
        return False

    def stage(self, tx: Transaction, improvement: Improvement, by: Actor, now: Micros) -> None:
        """Nothing has to be made ready."""

    def outside(self, improvement: Improvement, value: JSON, proof: Proven | None) -> None:
        """Nothing stands outside."""

    def refused(self, tx: Transaction, improvement: Improvement, *, by_itself: bool) -> str | None:
        """Nothing stands in the way."""
        return None


def draft(
    kind: ImprovementKind,
    key: str,
    subject: str,
    title: str,
    reason: str,
    *,
    before: JSON,
    after: JSON,
    at: Micros,
    evidence: Mapping[str, JSON] | None = None,
    trust: Trust = Trust.VERIFIED,
    basis: int = 0,
    probability_better: float | None = None,
    apply_at: Micros | None = None,
) -> Improvement:
    """Return a proposal, as `find` does. `trust` is that of what it rests on: only what is verified applies itself.

    With `apply_at` it is a plan that applies itself then, unless it is vetoed; its own kind says that it may.
    """
    return Improvement(
        id=new_id(),
        namespace="",
        kind=kind,
        key=key,
        subject=subject,
        title=title,
        reason=reason,
        before=before,
        after=after,
        evidence=dict(evidence or {}),
        state=ImprovementState.PROPOSED if apply_at is None else ImprovementState.PLANNED,
        probability_better=probability_better,
        trust=trust,
        by_itself=False,
        proposed_at=at,
        basis=basis,
        apply_at=apply_at,
    )
