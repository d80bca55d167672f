"""May this operation begin? Decides by rules, from what is already known. (pure)

Read-only operations are never gated. Of the others each rule that applies is met, unmet or cannot be evaluated; the
hardest unmet rule decides, and every reason is told. Coding agents' hooks import this module alone: it needs the
standard library and `brainops.types` only.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import assert_never

from msgspec import Struct

from brainops.operations.guard import requirements
from brainops.operations.guard.rule_index import RuleIndex, canonical, compiled
from brainops.types import (
    ActionClass,
    Allow,
    Approval,
    ApprovalKind,
    ApprovalState,
    Ask,
    Decision,
    Deny,
    Enforcement,
    FailMode,
    GuardState,
    Guidance,
    OperationStart,
    PastOperation,
    Receipt,
    ReceiptMatch,
    Rule,
    RuleKind,
    RuleMode,
)

__all__ = ["RuleIndex", "check", "compiled", "standard_rules", "subject_of"]

_HARDNESS = {mode: number for number, mode in enumerate(RuleMode)}


class Met(Struct, frozen=True, kw_only=True):
    """A rule that holds: by which receipt or approval (both are used up where they serve once), and with what worry."""

    receipt_id: str | None = None
    approval_id: str | None = None
    warning: str | None = None


class Unmet(Struct, frozen=True, kw_only=True):
    """A rule that does not hold: why, and the one call that clears it."""

    reason: str
    way_out: str


class Unknown(Struct, frozen=True, kw_only=True):
    """A rule that could not be evaluated, and why."""

    reason: str
    way_out: str


Verdict = Met | Unmet | Unknown


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


def holds_for_reading(rule: Rule) -> bool:
    """Say whether a rule holds for what only reads: one that names the operation does, one that covers all does not."""
    named = any(set(glob) - set("*? ") for glob in rule.operations)
    return rule.kind is not RuleKind.MEMORY_FIRST and (named or ActionClass.READ_ONLY in rule.classes)


def check(
    operation: OperationStart, guidance: Guidance | None, rules: Sequence[Rule], state: GuardState, now: int
) -> Decision:
    """Decide whether an operation may begin. Pass `compiled(rules)` where the same rules serve many decisions.

    `guidance` is what was consulted just now, where that happened; it counts as a receipt beside those of `state`.
    """
    index = rules if isinstance(rules, RuleIndex) else compiled(rules)
    facts = Facts(operation, guidance, state, now)
    warnings: list[str] = []
    receipts: list[str] = []
    approvals: list[str] = []
    unmet: list[tuple[Rule, Unmet]] = []
    for rule in index.applying(operation):
        if operation.action_class is ActionClass.READ_ONLY and not holds_for_reading(rule):
            continue
        match _with_approval(rule, _closed_or_open(rule, _judge(rule, facts), facts), facts):
            case Met(receipt_id=receipt_id, approval_id=approval_id, warning=warning):
                receipts += [receipt_id] if receipt_id else []
                approvals += [approval_id] if approval_id else []
                warnings += [warning] if warning else []
            case Unmet() as found:
                unmet.append((rule, found))
            case Unknown(reason=reason):
                warnings.append(f"alarm: {rule.name}: {reason}; it was passed over")
    allow = Allow(
        warnings=tuple(warnings),
        receipt_ids=tuple(dict.fromkeys(receipts)),
        approval_ids=tuple(dict.fromkeys(approvals)),
    )
    return _decided(unmet, allow, facts)


class Facts:
    """What the rules ask of one operation, each worked out once."""

    def __init__(self, operation: OperationStart, guidance: Guidance | None, state: GuardState, now: int) -> None:
        self.operation = operation
        self.state = state
        self.now = now
        self.destructive = operation.action_class is ActionClass.DESTRUCTIVE
        self._guidance = guidance

    @cached_property
    def name(self) -> str:
        return canonical(self.operation.name)

    @cached_property
    def target(self) -> str:
        return canonical(self.operation.target or "")

    @cached_property
    def receipts(self) -> list[Receipt]:
        """Receipts of this actor, newest first; the guidance at hand is one unless it is stored already."""
        found = list(self.state.receipts)
        if self._guidance is not None and all(receipt.id != self._guidance.id for receipt in found):
            found.append(_receipt_of(self._guidance))
        mine = (self.operation.actor.kind, self.operation.actor.id)
        found = [receipt for receipt in found if (receipt.actor.kind, receipt.actor.id) == mine]
        return sorted(found, key=lambda receipt: -receipt.created_at)

    @cached_property
    def past(self) -> requirements.PastOperations:
        return requirements.PastOperations(self.state.past)

    @cached_property
    def breach(self) -> PastOperation | None:
        """The first operation of this session that ran although it was denied."""
        session = self.operation.session_id
        return next((each for each in self.state.past if each.denied and each.session_id == session), None)

    def followed(self, name: str) -> set[str]:
        """The hashes of a procedure's versions that are or were followed for this target."""
        beginning = f"{name}@"
        return {entry.removeprefix(beginning) for entry in self.state.followed if entry.startswith(beginning)}

    @cached_property
    def words(self) -> str:
        """The operation as a command line names it."""
        return shlex.quote(self.operation.name) + self.on_target

    @cached_property
    def on_target(self) -> str:
        return f" --target {shlex.quote(self.operation.target)}" if self.operation.target else ""

    def approval(self, kind: ApprovalKind, *subjects: str) -> Approval | None:
        """Return a granted approval of this kind that covers one of these subjects and holds now."""
        wanted = set(map(canonical, subjects))
        for approval in self.state.approvals:
            granted = approval.state is ApprovalState.GRANTED and approval.used_at is None
            if granted and approval.kind is kind and approval.expires_at > self.now:  # noqa: SIM102 - one line a question
                if canonical(approval.subject) in wanted:
                    return approval
        return None


def subject_of(operation: OperationStart) -> str:
    """Return what an approval of this operation is about: "OPERATION TARGET", quoted so that it means nothing else."""
    return _subject(operation.name, operation.target)


def _subject(name: str, target: str | None) -> str:
    return shlex.join([name, target] if target else [name])


def _judge(rule: Rule, facts: Facts) -> Verdict:
    if rule.id in facts.state.broken:
        return Unknown(reason="its condition could not be evaluated", way_out=_asking(facts))
    match rule.kind:
        case RuleKind.MEMORY_FIRST:
            return _memory_first(rule, facts)
        case RuleKind.PROCEDURE:
            return _procedure(rule, facts)
        case RuleKind.ORDER:
            return _order(rule, facts)
        case RuleKind.APPROVAL:
            return _approval(rule, facts)
        case RuleKind.CONDITION:
            return _condition(rule, facts)
        case _:
            assert_never(rule.kind)


def _closed_or_open(rule: Rule, verdict: Verdict, facts: Facts) -> Verdict:
    """A rule that cannot be evaluated counts as unmet where it fails closed: always before what destroys."""
    if isinstance(verdict, Unknown) and (facts.destructive or rule.fail_mode is FailMode.CLOSED):
        return Unmet(reason=f"{verdict.reason}, and the rule fails closed", way_out=verdict.way_out)
    return verdict


def _with_approval(rule: Rule, verdict: Verdict, facts: Facts) -> Verdict:
    """What only asks is answered by an approval of this operation; so is a condition, which nothing else can clear."""
    if not isinstance(verdict, Unmet) or not (rule.mode is RuleMode.ASK or rule.kind is RuleKind.CONDITION):
        return verdict
    approval = facts.approval(ApprovalKind.OPERATION, subject_of(facts.operation))
    return verdict if approval is None else Met(approval_id=approval.id)


def _memory_first(rule: Rule, facts: Facts) -> Verdict:
    """A receipt of this actor that matches closely enough, has not aged in any way, and was acknowledged."""
    reasons = []
    for receipt in facts.receipts:
        if not _matches(rule.receipt, receipt, facts):
            continue
        fault = _fault(rule, receipt, facts)
        if fault is None:
            return Met(receipt_id=receipt.id if rule.single_use or facts.destructive else None)
        reasons.append(fault)
    reason, again = reasons[0] if reasons else (f"memory was not consulted {_SCOPES[rule.receipt]}", "")
    return Unmet(reason=reason, way_out=f"brainops guide {facts.words}{_session(facts)}{again}")


_SCOPES = {
    ReceiptMatch.EXACT: "for this operation on this target",
    ReceiptMatch.TARGET: "for this target",
    ReceiptMatch.SESSION: "in this session",
}


def _session(facts: Facts) -> str:
    session = facts.operation.session_id
    return f" --session {shlex.quote(session)}" if session else ""


def _matches(wanted: ReceiptMatch, receipt: Receipt, facts: Facts) -> bool:
    """Another session never lends its receipt; without a session, only the same target can stand for a task."""
    if receipt.session_id != facts.operation.session_id:
        return False
    same_target = canonical(receipt.target or "") == facts.target
    match wanted:
        case ReceiptMatch.EXACT:
            same_class = receipt.action_class is facts.operation.action_class
            return same_target and same_class and canonical(receipt.operation) == facts.name
        case ReceiptMatch.TARGET:
            return same_target
        case ReceiptMatch.SESSION:
            return same_target or receipt.session_id is not None


def _fault(rule: Rule, receipt: Receipt, facts: Facts) -> tuple[str, str] | None:
    """Return why a receipt that matches does not hold any more, and what to add to the call that clears it."""
    state = facts.state
    if receipt.expires_at <= facts.now:
        return "the consultation has expired", ""
    if receipt.used_at is not None and (rule.single_use or facts.destructive):
        return "the consultation was used by an operation before; this one needs its own", ""
    if state.critical_error_at is not None and state.critical_error_at >= receipt.created_at:
        return "this target failed after memory was consulted", ""
    for seen in receipt.procedures:
        name, _, digest = seen.rpartition("@")
        if state.active.get(name) != digest:
            return f"the procedure {name} changed after memory was consulted", ""
    missing = [memory_id for memory_id in receipt.required if memory_id not in receipt.acknowledged]
    if missing:
        named = "".join(f" --acknowledge {shlex.quote(memory_id)}" for memory_id in missing)
        return f"what must be known was not named back: {', '.join(missing)}", named
    return None


def _receipt_of(guidance: Guidance) -> Receipt:
    start = guidance.operation
    return Receipt(
        id=guidance.id,
        operation=start.name,
        target=start.target,
        action_class=start.action_class,
        actor=start.actor,
        session_id=start.session_id,
        created_at=guidance.created_at,
        expires_at=guidance.expires_at,
        required=guidance.required_ids,
    )


def _procedure(rule: Rule, facts: Facts) -> Verdict:
    """A run of the procedure for this target, under way or succeeded, or a granted approval to do without.

    `state.followed` may name an earlier version only where its run began before the active one was activated: such a
    run goes on, with a warning.
    """
    name = rule.procedure or ""
    if rule.id in facts.state.unmet:  # the trigger's own condition: the procedure does not apply
        return Met()
    hashes = facts.followed(name)
    if hashes:
        current = facts.state.active.get(name)
        older = None if current is None or current in hashes else f"an earlier version of {name} is being followed"
        return Met(warning=older)
    approval = facts.approval(ApprovalKind.SKIP_PROCEDURE, name, _subject(name, facts.operation.target))
    if approval is not None:
        return Met(approval_id=approval.id, warning=f"{name} is skipped with approval {approval.id}")
    way_out = f"brainops run {shlex.quote(name)}{facts.on_target}"
    if name not in facts.state.active:
        return Unknown(
            reason=f"the procedure {name!r} is not active", way_out=f"brainops procedure activate {shlex.quote(name)}"
        )
    return Unmet(reason=f"the procedure {name} is to be followed here, and no run of it is under way", way_out=way_out)


def _order(rule: Rule, facts: Facts) -> Verdict:
    """What must have been done before was done, on the same things, and succeeded."""
    if rule.requirement is None:
        return Unknown(reason="it names no requirement", way_out=_asking(facts))
    if facts.breach is not None:
        return _after_a_breach(facts.breach, facts)
    try:
        missing = requirements.missing(rule.requirement, facts.operation, facts.past)
    except requirements.NotEvaluated as error:
        return Unknown(reason=str(error), way_out=_asking(facts))
    if missing is None:
        return Met()
    origin, _, rest = rule.source.partition(":")
    name = rest.rpartition("@")[0] or rest
    way_out = f"brainops run {shlex.quote(name)}{facts.on_target}" if origin == "procedure" else missing.way_out
    return Unmet(reason=f"{missing.reason} must be done first", way_out=way_out)


def _after_a_breach(breach: PastOperation, facts: Facts) -> Verdict:
    """An order that was broken in spite of a denial is not mended by what follows: a person looks at it first."""
    approval = facts.approval(ApprovalKind.OPERATION, subject_of(facts.operation))
    if approval is not None:
        return Met(approval_id=approval.id)
    return Unmet(reason=f"{breach.name} ran in this session although it was denied", way_out=_asking(facts))


def _approval(rule: Rule, facts: Facts) -> Verdict:
    """A granted approval of this very operation."""
    approval = facts.approval(ApprovalKind.OPERATION, subject_of(facts.operation))
    if approval is None:
        return Unmet(reason="a person must approve this operation", way_out=_asking(facts))
    return Met(approval_id=approval.id)


def _condition(rule: Rule, facts: Facts) -> Verdict:
    """The condition was evaluated before; here stands only how it came out."""
    if rule.id in facts.state.unmet:
        said = f": {rule.condition}" if rule.condition else ""
        return Unmet(reason=f"its condition does not hold{said}", way_out=_asking(facts))
    return Met()


def _asking(facts: Facts) -> str:
    return f"brainops approvals ask {facts.words}"


def _decided(unmet: list[tuple[Rule, Unmet]], allow: Allow, facts: Facts) -> Decision:
    """The hardest unmet rule decides; where nothing is enforced, what it would have said is only observed."""
    hardest = max(unmet, key=lambda pair: _HARDNESS[pair[0].mode], default=None)
    if hardest is None:
        return allow
    rule, found = hardest
    bypassed = facts.state.bypassed_until is not None and facts.now < facts.state.bypassed_until
    held = facts.state.enforcement is Enforcement.STRICT and not bypassed
    if held and _HARDNESS[rule.mode] >= _HARDNESS[RuleMode.ASK]:
        ordered = [hardest, *(pair for pair in unmet if pair is not hardest)]
        reason = "; ".join(_told(pair) for pair in ordered)
        verdict = Deny if rule.mode is RuleMode.DENY else Ask
        if verdict is Ask:
            return Ask(reason=reason, rule=rule.id, way_out=_asking(facts))
        return Deny(reason=reason, rule=rule.id, way_out=found.way_out)
    return _only_observed(unmet, allow, facts.state.bypassed_until if bypassed else None)


def _only_observed(unmet: Iterable[tuple[Rule, Unmet]], allow: Allow, bypassed_until: int | None) -> Allow:
    warned = [_told(pair) for pair in unmet if pair[0].mode is RuleMode.WARN]
    observed = [f"{rule.mode}: {_told((rule, found))}" for rule, found in unmet if rule.mode is not RuleMode.WARN]
    if bypassed_until is not None:
        until = datetime.fromtimestamp(bypassed_until / 1e6, UTC).isoformat(timespec="seconds")
        warned.insert(0, f"a bypass of the guard is open until {until}")
    return Allow(
        warnings=(*warned, *allow.warnings),
        observed=tuple(observed),
        rules=tuple(rule.id for rule, _ in unmet),
        receipt_ids=allow.receipt_ids,
        approval_ids=allow.approval_ids,
    )


def _told(pair: tuple[Rule, Unmet]) -> str:
    rule, found = pair
    return f"{rule.name}: {found.reason}"
