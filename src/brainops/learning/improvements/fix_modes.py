"""Which fixes have earned to be applied without anybody being asked, and which no longer?

A fix needs two things: the confidence that each automatic application asks for anyway, and evidence that its rate of
verified success is beyond LEAST_RATE, by a test that holds however often one looks. Both count only what was verified
since it was last demoted; a new model or a refit of anything changes neither.
"""

from __future__ import annotations

from collections.abc import Sequence

from brainops.errors import Conflict
from brainops.learning.cycles.part import CycleWork
from brainops.learning.improvements.port import InStore, draft
from brainops.procedures.fixes.confidence import confidence, may_apply
from brainops.procedures.fixes.record import Proofs
from brainops.statistics.always_valid import Counts, EValues, Measured, beyond, is_sure, probability
from brainops.store import Transaction, acts
from brainops.types import (
    JSON,
    Actor,
    ActorKind,
    Fix,
    FixKind,
    FixMode,
    Improvement,
    ImprovementKind,
    ImprovementState,
    Micros,
    Trust,
)

LEAST_RATE = 0.80
"""What a fix must surely be beyond: where more than one application in five fails, people stop relying on it, as with a
rule of the guard."""

MAX_FIXES = 10_000


class FixModes(InStore):
    """Promotes fixes to `auto`, and demotes them."""

    kinds = frozenset((ImprovementKind.FIX,))

    def find(self, work: CycleWork) -> Sequence[Improvement]:
        """Return the fixes that have proved themselves, and those that act although they have surely not."""
        with work.context.store.read() as tx:
            records = tx.improvements.fixes()
            fixes = [fix for fix in tx.fixes.list(mode=None, detached=False, limit=MAX_FIXES) if fix.id in records]
            proofs = Proofs(tx, work.to_at)
            found = []
            for fix in fixes:
                counts = Counts(well=records[fix.id][0], badly=records[fix.id][1])
                sure = may_apply(proofs.of(fix)) and _enough(counts)
                # A person put it where it is: it was never demoted, and its mode has a reason.
                if (
                    fix.mode is not FixMode.AUTO
                    and not (fix.mode is FixMode.SUGGEST and fix.reason and fix.demoted_at is None)
                    and sure
                    and is_sure(beyond(counts, LEAST_RATE).better)
                ):
                    found.append(_promotion(fix, counts, work.to_at))
                elif fix.mode is not FixMode.SUGGEST and is_sure(beyond(counts, LEAST_RATE).worse):
                    found.append(_demotion(fix, counts, work.to_at))
        return found

    def standing(self, tx: Transaction, improvement: Improvement) -> JSON:
        """Return the mode that the fix is in."""
        fix = tx.fixes.get(improvement.subject)
        return {"mode": fix.mode.value} if fix is not None and fix.detached_at is None else None

    def put(self, tx: Transaction, improvement: Improvement, value: JSON, by: Actor, now: Micros, reason: str) -> None:
        """Let the fix go that far by itself."""
        fix, mode = tx.fixes.get(improvement.subject), _of_value(value)
        assert fix is not None
        asked = mode is FixMode.AUTO and by != acts.ITSELF
        trail = tx.also(acts.FIX_AUTO if asked else acts.IMPROVED_FIX, by)
        demoted_at = now if mode is FixMode.SUGGEST else fix.demoted_at
        if not tx.fixes.set_mode(fix.id, mode, f"improvement {improvement.id}: {reason}", demoted_at):
            raise Conflict(f"fix {fix.id} is detached, or not of the namespace that is written here")
        detail: dict[str, JSON] = {"before": fix.mode.value, "after": mode.value, "improvement": improvement.id}
        trail.append(fix.id, now, **detail, reason=reason)

    def refused(self, tx: Transaction, improvement: Improvement, *, by_itself: bool) -> str | None:
        """What came from outside is vouched for first; what is advice cannot be applied."""
        fix = tx.fixes.get(improvement.subject)
        if fix is None or fix.detached_at is not None:
            return "the fix is gone"
        if _of_value(improvement.after) is not FixMode.AUTO:
            return None
        if fix.kind is FixKind.ADVICE:
            return "advice is for a person; only what can be run applies itself"
        if fix.trust == Trust.EXTERNAL.value:
            return f"the fix came from outside; vouch for it first: brainops fix trust {fix.id} --reason ..."
        if by_itself and not (fix.trust == Trust.VERIFIED.value if tx.is_strict() else _trust(fix) is Trust.VERIFIED):
            return f"nobody vouched for the fix; vouch for it first: brainops fix trust {fix.id} --reason ..."
        return None

    def measure(self, tx: Transaction, improvement: Improvement, now: Micros) -> Measured:
        """Return what its verified record says; once applied, what came of it since, a demotion above all."""
        if improvement.state is ImprovementState.APPLIED:
            return _watched(tx, improvement)
        counts = _counts(tx, improvement)
        promotes = _of_value(improvement.after) is FixMode.AUTO
        evidence = beyond(counts, LEAST_RATE)
        if not promotes:
            evidence = EValues(better=evidence.worse, worse=evidence.better)
        elif not _proven(tx, improvement, counts, now):
            evidence = EValues(better=min(1.0, evidence.better), worse=evidence.worse)
        return Measured(evidence=evidence, counted=counts.total, figures=_figures(counts))


def _watched(tx: Transaction, improvement: Improvement) -> Measured:
    since = improvement.applied_at or 0
    counts = _counts(tx, improvement, since)
    fix = tx.fixes.get(improvement.subject)
    worse = undone = ""
    if fix is None or fix.mode is not _of_value(improvement.after):
        demoted = fix is not None and (fix.demoted_at or 0) >= since
        reason = fix.reason if fix is not None else "it is gone"
        worse, undone = (f"the fix was demoted: {reason}", "") if demoted else ("", f"the fix was changed: {reason}")
    return Measured(counted=counts.total, figures=_figures(counts), worse=worse, undone=undone)


def _counts(tx: Transaction, improvement: Improvement, since: Micros | None = None) -> Counts:
    verified, contradicted = tx.improvements.fixes(improvement.subject, since=since).get(improvement.subject, (0, 0))
    return Counts(well=verified, badly=contradicted)


def _proven(tx: Transaction, improvement: Improvement, counts: Counts, now: Micros) -> bool:
    fix = tx.fixes.get(improvement.subject)
    if fix is None or not _enough(counts):
        return False
    return may_apply(Proofs(tx, now).of(fix))


def _enough(counts: Counts) -> bool:
    """Say whether what was verified since the last demotion suffices by itself: each promotion is earned anew."""
    return confidence(counts.well, counts.badly).enough


def _trust(fix: Fix) -> Trust:
    """Return what a fix rests on: vouched for or attached by no agent, else that agent's word."""
    if fix.trust == Trust.AGENT.value and fix.created_by.kind is not ActorKind.AGENT:
        return Trust.VERIFIED
    return Trust(fix.trust)


def _promotion(fix: Fix, counts: Counts, at: Micros) -> Improvement:
    return draft(
        ImprovementKind.FIX,
        f"fix:{fix.id}:auto",
        fix.id,
        f"let the fix apply itself: {fix.title}",
        f"it helped {counts.well} of {counts.total} verified times",
        before={"mode": fix.mode.value},
        after={"mode": FixMode.AUTO.value},
        at=at,
        evidence=_figures(counts),
        trust=_trust(fix),
        basis=counts.well,
        probability_better=round(probability(beyond(counts, LEAST_RATE).better), 4),
    )


def _demotion(fix: Fix, counts: Counts, at: Micros) -> Improvement:
    return draft(
        ImprovementKind.FIX,
        f"fix:{fix.id}:suggest",
        fix.id,
        f"let the fix only be suggested: {fix.title}",
        f"it helped only {counts.well} of {counts.total} verified times",
        before={"mode": fix.mode.value},
        after={"mode": FixMode.SUGGEST.value},
        at=at,
        evidence=_figures(counts),
        basis=counts.total,
        probability_better=round(probability(beyond(counts, LEAST_RATE).worse), 4),
    )


def _figures(counts: Counts) -> dict[str, JSON]:
    return {"verified": counts.well, "contradicted": counts.badly}


def _of_value(value: JSON) -> FixMode:
    return FixMode(value["mode"]) if isinstance(value, dict) else FixMode.SUGGEST
