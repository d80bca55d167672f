"""May this operation begin, as values of the library? Decides by rules, from what is already known. (pure)"""

from __future__ import annotations

from collections.abc import Iterable

from brainops.types import (
    ActionClass,
    Allow,
    Ask,
    Decision,
    Deny,
    FailMode,
    GuardState,
    Guidance,
    OperationStart,
    ReceiptMatch,
    Rule,
    RuleKind,
    RuleMode,
)
from brainops_core.guard import guard
from brainops_core.guard.guard import holds_for_reading
from brainops_core.guard.rule_index import RuleIndex, compiled

__all__ = ["RuleIndex", "check", "compiled", "holds_for_reading", "standard_rules", "subject_of"]


def standard_rules(namespace: str, mode: RuleMode = RuleMode.WARN) -> tuple[Rule, ...]:
    """Return what every namespace starts with: memory first, once a task, and each time before what destroys."""
    changing, destructive = (ActionClass.CHANGING,), (ActionClass.DESTRUCTIVE,)
    first = RuleKind.MEMORY_FIRST
    return (
        Rule(
            id="memory-first",
            namespace=namespace,
            name="consult memory once a task",
            kind=first,
            classes=changing,
            mode=mode,
            receipt=ReceiptMatch.SESSION,
        ),
        Rule(
            id="memory-first-destructive",
            namespace=namespace,
            name="consult memory before anything destructive",
            kind=first,
            classes=destructive,
            mode=mode,
            fail_mode=FailMode.CLOSED,
            receipt=ReceiptMatch.EXACT,
            single_use=True,
        ),
    )


def check(
    operation: OperationStart, guidance: Guidance | None, rules: Iterable[Rule], state: GuardState, now: int
) -> Decision:
    """Decide whether an operation may begin. Pass `compiled(rules)` where the same rules serve many decisions.

    `guidance` is what was consulted just now, where that happened; it counts as a receipt beside those of `state`.
    """
    said = guard.check(operation, guidance, rules, state, now)
    if said.verdict == "allow":
        return Allow(
            warnings=said.warnings,
            observed=said.observed,
            rules=said.rules,
            receipt_ids=said.receipt_ids,
            approval_ids=said.approval_ids,
        )
    refusal = Deny if said.verdict == "deny" else Ask
    return refusal(reason=said.reason, rule=said.rule, way_out=said.way_out)


def subject_of(operation: OperationStart) -> str:
    """Return what an approval of this operation is about: "OPERATION TARGET", quoted so that it means nothing else."""
    return guard.subject_of(operation)
