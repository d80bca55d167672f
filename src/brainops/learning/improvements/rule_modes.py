"""Which rules of the guard block so often wrongly that they should step down one mode?

A rule whose blocks somebody judges false steps down where that is said (guard/decisions.py). Found here are rules
that nobody was entitled to let step down then: they are proposed, with the judgements, for a person to apply.
"""

from __future__ import annotations

from collections.abc import Sequence

from brainops.errors import Conflict
from brainops.learning.cycles.part import CycleWork
from brainops.learning.improvements.port import InStore, draft
from brainops.operations.guard import breaker
from brainops.operations.guard.enforcement import Guard
from brainops.statistics.always_valid import Counts, EValues, Measured, beyond, probability
from brainops.store import Transaction, acts
from brainops.types import JSON, Actor, Improvement, ImprovementKind, ImprovementState, Micros, Rule, RuleMode
from brainops.types.times import DAY_MICROS


class RuleModes(InStore):
    """Puts rules into a milder mode."""

    kinds = frozenset((ImprovementKind.RULE,))

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def find(self, work: CycleWork) -> Sequence[Improvement]:
        """Return the rules whose judged blocks were false oftener than a rule may err."""
        rules = self._guard.rules()
        with work.context.store.read() as tx:
            judged = [(rule, _judged(tx, rule.id, work.to_at)) for rule in rules]
        return [
            _milder(rule, counts, work.to_at)
            for rule, counts in judged
            if breaker.blocks_wrongly(counts.badly, counts.well) and breaker.may_step_down(rule, by_volume=False)
        ]

    def standing(self, tx: Transaction, improvement: Improvement) -> JSON:
        """Return the mode that was set for the rule, else the one it was found in."""
        modes = {row["rule_id"]: row["mode"] for row in tx.rules.modes()}
        own = improvement.evidence.get("own_mode")
        return {"mode": modes.get(_rule_id(improvement), own)}

    def put(self, tx: Transaction, improvement: Improvement, value: JSON, by: Actor, now: Micros, reason: str) -> None:
        """Let the rule hold in a mode."""
        if not isinstance(value, dict):
            raise Conflict(f"improvement {improvement.id} names no mode")
        rule_id, said = _rule_id(improvement), f"improvement {improvement.id}: {reason}"
        mode = RuleMode(value["mode"])
        tx.rules.set_mode(rule_id, mode, by, now, reason=said, stepped_down=by == acts.ITSELF)
        tx.rules.touch(by, now)
        tx.also(acts.IMPROVED_RULE, by).append(rule_id, now, mode=mode.value, reason=said)

    def refused(self, tx: Transaction, improvement: Improvement, *, by_itself: bool) -> str | None:
        """A rule of a strict namespace is loosened by a person."""
        return "a person loosens the rules of a strict namespace" if by_itself and tx.is_strict() else None

    def measure(self, tx: Transaction, improvement: Improvement, now: Micros) -> Measured:
        """Return how its blocks were judged since its mode was last set."""
        counts = _judged(tx, _rule_id(improvement), now)
        if improvement.state is ImprovementState.APPLIED:
            moved = self.standing(tx, improvement) != improvement.after
            undone = "somebody set it otherwise" if moved else ""
            return Measured(counted=counts.total, figures=_figures(counts), undone=undone)
        evidence = beyond(counts, breaker.PRECISION_LINE)
        turned = EValues(better=evidence.worse, worse=evidence.better)
        return Measured(evidence=turned, counted=counts.total, figures=_figures(counts))


def _milder(rule: Rule, counts: Counts, at: Micros) -> Improvement:
    mode = breaker.softer(rule.mode)
    assert mode is not None
    return draft(
        ImprovementKind.RULE,
        f"rule:{rule.id}:{rule.mode.value}",
        f"rule:{rule.id}",
        f"{mode.value} instead of {rule.mode.value}: {rule.name}",
        f"{counts.badly} of {counts.total} blocks that were judged were false",
        before={"mode": rule.mode.value},
        after={"mode": mode.value},
        at=at,
        evidence={**_figures(counts), "own_mode": rule.mode.value},
        basis=counts.total,
        probability_better=round(probability(beyond(counts, breaker.PRECISION_LINE).worse), 4),
    )


def _judged(tx: Transaction, rule_id: str, now: Micros) -> Counts:
    changed = max((row["at"] for row in tx.rules.modes() if row["rule_id"] == rule_id), default=0)
    row = tx.rules.judged(rule_id, max(changed + 1, now - breaker.JUDGED_DAYS * DAY_MICROS))
    return Counts(well=int(row["proper"]), badly=int(row["wrong"]))


def _rule_id(improvement: Improvement) -> str:
    return improvement.subject.removeprefix("rule:")


def _figures(counts: Counts) -> dict[str, JSON]:
    return {"right": counts.well, "false": counts.badly}
