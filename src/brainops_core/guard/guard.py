"""May this operation begin? Decides by rules, from what is already known. (pure)

Read-only operations are never gated. Of the others each rule that applies is met, unmet or cannot be evaluated; the
hardest unmet rule decides, and every reason is told.
"""

from __future__ import annotations

from brainops_core.commands.classes import DESTROY, READ
from brainops_core.commands.shell import quoted
from brainops_core.guard import requirements
from brainops_core.guard.rule_index import canonical, compiled
from brainops_core.guard.values import PlainReceipt, Ruling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from brainops_core.guard.values import PlainApproval, PlainPast, PlainRule, PlainStart, PlainState

_HARDNESS = {"observe": 0, "warn": 1, "ask": 2, "deny": 3}


class Met:
    """A rule that holds: by which receipt or approval (both are used up where they serve once), and with what worry."""

    __slots__ = ("approval_id", "receipt_id", "warning")

    def __init__(
        self, *, receipt_id: str | None = None, approval_id: str | None = None, warning: str | None = None
    ) -> None:
        self.receipt_id = receipt_id
        self.approval_id = approval_id
        self.warning = warning


class Unmet:
    """A rule that does not hold: why, and the one call that clears it."""

    __slots__ = ("reason", "way_out")

    def __init__(self, *, reason: str, way_out: str) -> None:
        self.reason = reason
        self.way_out = way_out


class Unknown(Unmet):
    """A rule that could not be evaluated, and why."""

    __slots__ = ()


def holds_for_reading(rule: Any) -> bool:
    """Say whether a rule holds for what only reads: one that names the operation does, one that covers all does not."""
    named = any(set(glob) - set("*? ") for glob in rule.operations)
    return rule.kind != "memory_first" and (named or READ in rule.classes)


def check(operation: Any, guidance: Any, rules: Iterable[Any], state: Any, now: int) -> Ruling:
    """Decide whether an operation may begin. Pass `compiled(rules)` where the same rules serve many decisions.

    `guidance` is what was consulted just now, where that happened; it counts as a receipt beside those of `state`.
    """
    facts = Facts(operation, guidance, state, now)
    allow = Ruling(verdict="allow")
    unmet: list[tuple[PlainRule, Unmet]] = []
    for rule in compiled(rules).applying(operation):
        if operation.action_class == READ and not holds_for_reading(rule):
            continue
        found = _with_approval(rule, _closed_or_open(rule, _judge(rule, facts), facts), facts)
        if isinstance(found, Unknown):
            allow.warnings += (f"alarm: {rule.name}: {found.reason}; it was passed over",)
        elif isinstance(found, Unmet):
            unmet.append((rule, found))
        else:
            allow.receipt_ids += (found.receipt_id,) if found.receipt_id else ()
            allow.approval_ids += (found.approval_id,) if found.approval_id else ()
            allow.warnings += (found.warning,) if found.warning else ()
    allow.receipt_ids = tuple(dict.fromkeys(allow.receipt_ids))
    allow.approval_ids = tuple(dict.fromkeys(allow.approval_ids))
    return _decided(unmet, allow, facts)


class Facts:
    """What the rules ask of one operation, each worked out once."""

    def __init__(self, operation: PlainStart, guidance: Any, state: PlainState, now: int) -> None:
        self.operation = operation
        self.state = state
        self.now = now
        self.destructive = operation.action_class == DESTROY
        self.name = canonical(operation.name)
        self.target = canonical(operation.target or "")
        self._guidance = guidance
        self._receipts: list[PlainReceipt] | None = None
        self._past: requirements.PastOperations | None = None

    @property
    def receipts(self) -> list[PlainReceipt]:
        """Receipts of this actor, newest first; the guidance at hand is one unless it is stored already."""
        if self._receipts is None:
            found = list(self.state.receipts)
            if self._guidance is not None and all(receipt.id != self._guidance.id for receipt in found):
                found.append(_receipt_of(self._guidance))
            mine = (self.operation.actor.kind, self.operation.actor.id)
            found = [receipt for receipt in found if (receipt.actor.kind, receipt.actor.id) == mine]
            self._receipts = sorted(found, key=lambda receipt: -receipt.created_at)
        return self._receipts

    @property
    def past(self) -> requirements.PastOperations:
        """What was done before, by name."""
        if self._past is None:
            self._past = requirements.PastOperations(self.state.past)
        return self._past

    @property
    def breach(self) -> PlainPast | None:
        """The first operation of this session that ran although it was denied."""
        session = self.operation.session_id
        return next((each for each in self.state.past if each.denied and each.session_id == session), None)

    def followed(self, name: str) -> set[str]:
        """The hashes of a procedure's versions that are or were followed for this target."""
        beginning = f"{name}@"
        return {entry.removeprefix(beginning) for entry in self.state.followed if entry.startswith(beginning)}

    @property
    def words(self) -> str:
        """The operation as a command line names it."""
        return quoted(self.operation.name) + self.on_target

    @property
    def on_target(self) -> str:
        return f" --target {quoted(self.operation.target)}" if self.operation.target else ""

    def approval(self, kind: str, *subjects: str) -> PlainApproval | None:
        """Return a granted approval of this kind that covers one of these subjects and holds now."""
        wanted = set(map(canonical, subjects))
        for approval in self.state.approvals:
            granted = approval.state == "granted" and approval.used_at is None
            holds = granted and approval.kind == kind and approval.expires_at > self.now
            if holds and canonical(approval.subject) in wanted:
                return approval
        return None


def subject_of(operation: Any) -> str:
    """Return what an approval of this operation is about: "OPERATION TARGET", quoted so that it means nothing else."""
    return _subject(operation.name, operation.target)


def _subject(name: str, target: str | None) -> str:
    return f"{quoted(name)} {quoted(target)}" if target else quoted(name)


def _judge(rule: PlainRule, facts: Facts) -> Met | Unmet:
    if rule.id in facts.state.broken:
        return Unknown(reason="its condition could not be evaluated", way_out=_asking(facts))
    return JUDGES[rule.kind](rule, facts)


def _closed_or_open(rule: PlainRule, verdict: Met | Unmet, facts: Facts) -> Met | Unmet:
    """A rule that cannot be evaluated counts as unmet where it fails closed: always before what destroys."""
    if isinstance(verdict, Unknown) and (facts.destructive or rule.fail_mode == "closed"):
        return Unmet(reason=f"{verdict.reason}, and the rule fails closed", way_out=verdict.way_out)
    return verdict


def _with_approval(rule: PlainRule, verdict: Met | Unmet, facts: Facts) -> Met | Unmet:
    """What only asks is answered by an approval of this operation; so is a condition, which nothing else can clear."""
    if type(verdict) is not Unmet or not (rule.mode == "ask" or rule.kind == "condition"):
        return verdict
    approval = facts.approval("operation", subject_of(facts.operation))
    return verdict if approval is None else Met(approval_id=approval.id)


def _memory_first(rule: PlainRule, facts: Facts) -> Met | Unmet:
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
    "exact": "for this operation on this target",
    "target": "for this target",
    "session": "in this session",
}


def _session(facts: Facts) -> str:
    session = facts.operation.session_id
    return f" --session {quoted(session)}" if session else ""


def _matches(wanted: str, receipt: PlainReceipt, facts: Facts) -> bool:
    """Another session never lends its receipt; without a session, only the same target can stand for a task."""
    if receipt.session_id != facts.operation.session_id:
        return False
    same_target = canonical(receipt.target or "") == facts.target
    if wanted == "exact":
        same_class = receipt.action_class == facts.operation.action_class
        return same_target and same_class and canonical(receipt.operation) == facts.name
    return same_target or (wanted == "session" and receipt.session_id is not None)


def _fault(rule: PlainRule, receipt: PlainReceipt, facts: Facts) -> tuple[str, str] | None:
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
        named = "".join(f" --acknowledge {quoted(memory_id)}" for memory_id in missing)
        return f"what must be known was not named back: {', '.join(missing)}", named
    return None


def _receipt_of(guidance: Any) -> PlainReceipt:
    start = guidance.operation
    return PlainReceipt(
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


def _procedure(rule: PlainRule, facts: Facts) -> Met | Unmet:
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
    approval = facts.approval("skip_procedure", name, _subject(name, facts.operation.target))
    if approval is not None:
        return Met(approval_id=approval.id, warning=f"{name} is skipped with approval {approval.id}")
    way_out = f"brainops run {quoted(name)}{facts.on_target}"
    if name not in facts.state.active:
        return Unknown(
            reason=f"the procedure {name!r} is not active", way_out=f"brainops procedure activate {quoted(name)}"
        )
    return Unmet(reason=f"the procedure {name} is to be followed here, and no run of it is under way", way_out=way_out)


def _order(rule: PlainRule, facts: Facts) -> Met | Unmet:
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
    way_out = f"brainops run {quoted(name)}{facts.on_target}" if origin == "procedure" else missing.way_out
    return Unmet(reason=f"{missing.reason} must be done first", way_out=way_out)


def _after_a_breach(breach: PlainPast, facts: Facts) -> Met | Unmet:
    """An order that was broken in spite of a denial is not mended by what follows: a person looks at it first."""
    approval = facts.approval("operation", subject_of(facts.operation))
    if approval is not None:
        return Met(approval_id=approval.id)
    return Unmet(reason=f"{breach.name} ran in this session although it was denied", way_out=_asking(facts))


def _approval(rule: PlainRule, facts: Facts) -> Met | Unmet:
    """A granted approval of this very operation."""
    approval = facts.approval("operation", subject_of(facts.operation))
    if approval is None:
        return Unmet(reason="a person must approve this operation", way_out=_asking(facts))
    return Met(approval_id=approval.id)


def _condition(rule: PlainRule, facts: Facts) -> Met | Unmet:
    """The condition was evaluated before; here stands only how it came out."""
    if rule.id in facts.state.unmet:
        said = f": {rule.condition}" if rule.condition else ""
        return Unmet(reason=f"its condition does not hold{said}", way_out=_asking(facts))
    return Met()


def _asking(facts: Facts) -> str:
    return f"brainops approvals ask {facts.words}"


JUDGES = {
    "memory_first": _memory_first,
    "procedure": _procedure,
    "order": _order,
    "approval": _approval,
    "condition": _condition,
}


def _decided(unmet: list[tuple[PlainRule, Unmet]], allow: Ruling, facts: Facts) -> Ruling:
    """The hardest unmet rule decides; where nothing is enforced, what it would have said is only observed."""
    hardest = max(unmet, key=lambda pair: _HARDNESS[pair[0].mode], default=None)
    if hardest is None:
        return allow
    rule, found = hardest
    until = facts.state.bypassed_until
    bypassed = until is not None and facts.now < until
    if facts.state.enforcement == "strict" and not bypassed and _HARDNESS[rule.mode] >= _HARDNESS["ask"]:
        reason = "; ".join(map(_told, [hardest, *(pair for pair in unmet if pair is not hardest)]))
        way_out = found.way_out if rule.mode == "deny" else _asking(facts)
        return Ruling(verdict=rule.mode, reason=reason, rule=rule.id, way_out=way_out)
    return _only_observed(unmet, allow, until if bypassed else None)


def _only_observed(unmet: list[tuple[PlainRule, Unmet]], allow: Ruling, bypassed_until: int | None) -> Ruling:
    warned = [_told(pair) for pair in unmet if pair[0].mode == "warn"]
    if bypassed_until is not None:
        from datetime import UTC, datetime

        until = datetime.fromtimestamp(bypassed_until / 1e6, UTC).isoformat(timespec="seconds")
        warned.insert(0, f"a bypass of the guard is open until {until}")
    allow.warnings = (*warned, *allow.warnings)
    allow.observed = tuple(f"{pair[0].mode}: {_told(pair)}" for pair in unmet if pair[0].mode != "warn")
    allow.rules = tuple(rule.id for rule, _ in unmet)
    return allow


def _told(pair: tuple[PlainRule, Unmet]) -> str:
    rule, found = pair
    return f"{rule.name}: {found.reason}"
