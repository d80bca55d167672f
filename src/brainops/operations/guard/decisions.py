"""What is kept of a decision, rule by rule: what each said, how it fared, and whether a rule must step down?"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from brainops.operations.guard.guard import RuleIndex, check
from brainops.procedures.runs.admission import Within
from brainops.store import acts
from brainops.store.ids import new_id
from brainops.types import (
    ActionClass,
    ActorKind,
    Allow,
    Ask,
    Decision,
    DecisionKind,
    Deny,
    Enforcement,
    GuardSettings,
    GuardState,
    Guidance,
    NoticeKind,
    OperationStart,
    RecordedDecision,
    Rule,
    RuleKind,
    RuleMode,
)
from brainops.types.times import DAY_MICROS, HOUR_MICROS
from brainops_core.commands.shell import quoted

if TYPE_CHECKING:
    from brainops.operations.guard.state import Ruleset
    from brainops.procedures.consent.outbox import Outbox
    from brainops.store import Transaction

KEPT_A_DAY = 100  # lines of one rule and kind; the counts know of all, and a hundred examples show what is wrong
BLOCKS_KEPT_A_DAY = 1_000  # an agent that tries again and again is worth seeing, up to a point
SERVICES_A_DAY = 1_000  # that are counted by name; a target with an id in it would make a row of each operation
MAX_SERVICE_CHARACTERS = 200
OTHERS = "(others)"


class Looked(Struct, frozen=True, kw_only=True):
    """A decision with everything that it rests on; `trouble` says why the store was not asked.

    `within` is the run that the operation is a step of, where it is one; `alone` that another namespace asks what this
    one says, which uses nothing up here.
    """

    start: OperationStart
    guidance: Guidance | None
    decision: Decision
    applied: tuple[Rule, ...]
    state: GuardState
    settings: GuardSettings
    now: int
    service: str
    trouble: str | None = None
    within: Within | None = None
    alone: bool = False

    @property
    def counts(self) -> bool:
        """Whether it is put on record: not what only reads and no rule asked about."""
        reads = self.start.action_class is ActionClass.READ_ONLY
        return not reads or bool(self.applied) or not isinstance(self.decision, Allow)

    @property
    def plain(self) -> bool:
        """Whether every rule was simply met."""
        match self.decision:
            case Allow(rules=(), approval_ids=(), warnings=()):
                return True
        return False


class RuleFinding(Struct, frozen=True, kw_only=True):
    """What one rule said by itself, held strictly: None as `would` where it was met, by `approval_id` perhaps."""

    rule: Rule
    would: Ask | Deny | Allow
    approval_id: str | None = None

    @property
    def met(self) -> bool:
        """Whether the rule held, by itself or by an approval."""
        return isinstance(self.would, Allow) and not self.would.rules and not self.alarm

    @property
    def alarm(self) -> str | None:
        """Why it could not be evaluated, where it could not."""
        if isinstance(self.would, Allow):
            return next((said for said in self.would.warnings if said.startswith("alarm: ")), None)
        return None


def findings(looked: Looked) -> Iterator[RuleFinding]:
    """Yield what each rule that applied would say alone, under strict enforcement and without a bypass."""
    strict = replace(looked.state, enforcement=Enforcement.STRICT, bypassed_until=None)
    for rule in looked.applied:
        said = check(looked.start, looked.guidance, RuleIndex([_alone(rule)]), strict, looked.now)
        approvals = said.approval_ids if isinstance(said, Allow) else ()
        yield RuleFinding(rule=rule, would=said, approval_id=approvals[0] if approvals else None)


def _alone(rule: Rule) -> Rule:
    """Return a rule that applies to whatever is asked: that it does was found out before."""
    return replace(rule, operations=(), targets=(), classes=())


def record(tx: Transaction, looked: Looked, operation_id: str | None, outbox: Outbox) -> None:
    """Count how each rule fared, keep a line of each that was not simply met, and see whether one must step down."""
    if looked.plain:
        tx.rules.count([_count(looked, rule, "followed") for rule in looked.applied if not _too_early(looked, rule)])
        return
    found = list(findings(looked))
    match looked.decision:
        case Allow():
            told = [each for each in found if not (each.met and not each.approval_id and _too_early(looked, each.rule))]
            tx.rules.count([_count(looked, each.rule, _fared(looked, each)) for each in told])
            for each in found:
                if (line := _line_of_passed(looked, each, operation_id)) is not None:
                    _keep(tx, line, KEPT_A_DAY)
        case Ask(rule=rule_id) | Deny(rule=rule_id):
            for each in (one for one in found if one.rule.id == rule_id):
                tx.rules.count([_count(looked, each.rule, "blocked")])
                _keep(tx, _blocked(looked, each), BLOCKS_KEPT_A_DAY)
                _see_whether_it_blocks_too_much(tx, each.rule, looked.now, outbox)


def _too_early(looked: Looked, rule: Rule) -> bool:
    """Say whether nobody can tell yet: a run of the procedure was begun and none of its steps was done."""
    return rule.kind is RuleKind.PROCEDURE and rule.procedure in looked.state.undone


def _fared(looked: Looked, finding: RuleFinding) -> str:
    if finding.met:
        return "overridden" if finding.approval_id else "followed"
    return "bypassed" if _bypassed(looked, finding) else "violated"


def _bypassed(looked: Looked, finding: RuleFinding) -> bool:
    open_now = looked.settings.bypass is not None and looked.state.enforcement is Enforcement.STRICT
    return open_now and isinstance(finding.would, Ask | Deny)


def _line_of_passed(looked: Looked, finding: RuleFinding, operation_id: str | None) -> RecordedDecision | None:
    """Return the line of a rule that did not hold an operation back; None where it was simply met."""
    if finding.met and finding.approval_id is None:
        return None
    reason, way_out = "", ""
    match finding.would:
        case Ask(reason=reason, way_out=way_out) | Deny(reason=reason, way_out=way_out):
            kind = DecisionKind.OBSERVED
        case Allow(warnings=warnings, observed=observed):
            kind = DecisionKind.WARNED if finding.rule.mode is RuleMode.WARN else DecisionKind.OBSERVED
            reason = "; ".join((*warnings, *observed))
    if finding.approval_id is not None:
        kind, reason = DecisionKind.OVERRIDE, reason or "a person approved it"
    elif finding.alarm:
        kind, reason = DecisionKind.ALARM, finding.alarm
    elif _bypassed(looked, finding):
        kind = DecisionKind.BYPASSED
    return _line(looked, finding, kind, "allow", reason, way_out, operation_id)


def _blocked(looked: Looked, finding: RuleFinding) -> RecordedDecision:
    assert isinstance(looked.decision, Ask | Deny)
    verdict = "ask" if isinstance(looked.decision, Ask) else "deny"
    reason, way_out = looked.decision.reason, looked.decision.way_out
    return _line(looked, finding, DecisionKind.BLOCKED, verdict, reason, way_out, None)


def _line(
    looked: Looked,
    finding: RuleFinding,
    kind: DecisionKind,
    verdict: str,
    reason: str,
    way_out: str,
    operation_id: str | None,
) -> RecordedDecision:
    start, rule, bypass = looked.start, finding.rule, looked.settings.bypass
    return RecordedDecision(
        id=new_id(),
        namespace=looked.settings.namespace,
        at=looked.now,
        kind=kind,
        rule_id=rule.id,
        rule_name=rule.name,
        rule_kind=rule.kind,
        procedure=_procedure(rule),
        verdict=verdict,
        would={Ask: "ask", Deny: "deny", Allow: "allow"}[type(finding.would)],
        mode=rule.mode,
        enforcement=looked.settings.enforcement,
        reason=reason,
        way_out=way_out,
        operation_id=operation_id,
        operation_name=start.name,
        target=start.target,
        service=looked.service,
        action_class=start.action_class,
        receipt_id=looked.guidance.id if looked.guidance else None,
        approval_id=finding.approval_id,
        bypass_id=bypass.id if bypass and kind is DecisionKind.BYPASSED else None,
        actor=start.actor,
        session_id=start.session_id,
    )


def _procedure(rule: Rule) -> str | None:
    """Return the procedure that a rule stands for, by what it names or where it comes from."""
    if rule.procedure or not rule.source.startswith("procedure:"):
        return rule.procedure
    return rule.source.removeprefix("procedure:").rpartition("@")[0] or None


def _keep(tx: Transaction, line: RecordedDecision, kept: int) -> None:
    tx.rules.record(line, day_start=line.at - line.at % DAY_MICROS, kept=kept)


def _count(looked: Looked, rule: Rule, fared: str) -> dict[str, str | int | None]:
    person = looked.start.actor
    counted = dict.fromkeys(("followed", "overridden", "violated", "bypassed", "blocked"), 0)
    return {
        "day": looked.now // DAY_MICROS,
        "rule_id": rule.id,
        "service": looked.service,
        "person": person.id if looked.settings.per_person and person.kind is ActorKind.PERSON else "",
        "procedure": _procedure(rule),
        **counted,
        fared: 1,
    }


class ServiceNames:
    """Names the service that an operation is counted under: as many a day as there is room for, then the others."""

    def __init__(self) -> None:
        self._day = -1
        self._known: set[str] = set()

    def name(self, start: OperationStart, service: str | None, now: int) -> str:
        """Return the service: the one that is given, the context's, or the target."""
        said = start.context.get("service")
        found = service or (said if isinstance(said, str) else None) or start.target or ""
        found = found[:MAX_SERVICE_CHARACTERS]
        if now // DAY_MICROS != self._day:
            self._day, self._known = now // DAY_MICROS, set()
        if found not in self._known and len(self._known) >= SERVICES_A_DAY:
            return OTHERS
        self._known.add(found)
        return found


class LastLook:
    """What the guards of one scope saw when one of them last looked, and what they told of."""

    def __init__(self) -> None:
        self.rules: Ruleset | None = None
        self.enforcement: Enforcement | None = None
        self.looked_at = 0.0
        self.services = ServiceNames()
        self.alarmed: dict[str, int] = {}
        self.waiting_alarm: str | None = None
        self.lock = threading.Lock()


def _see_whether_it_blocks_too_much(tx: Transaction, rule: Rule, now: int, outbox: Outbox) -> None:
    from brainops.operations.guard import breaker

    since = now - breaker.USUAL_DAYS * DAY_MICROS
    counts = tx.rules.blocked(rule.id, now - HOUR_MICROS, since)
    hours = (now - HOUR_MICROS - (counts["first_at"] or now)) / HOUR_MICROS
    reason = breaker.blocks_too_much(counts["lately"], counts["before"], hours)
    if reason is not None:
        step_down(tx, rule, reason, now, outbox, by_volume=True)


def see_whether_it_blocks_wrongly(tx: Transaction, rule: Rule, now: int, outbox: Outbox) -> RuleMode | None:
    """Let a rule step down whose precision fell below the line; return its new mode, None where it stays.

    What was judged before its mode was last set counts no more: each step has to be earned anew.
    """
    from brainops.operations.guard import breaker

    changed = max((row["at"] for row in tx.rules.modes() if row["rule_id"] == rule.id), default=0)
    judged = tx.rules.judged(rule.id, max(changed + 1, now - breaker.JUDGED_DAYS * DAY_MICROS))
    reason = breaker.blocks_wrongly(judged["wrong"], judged["proper"])
    return step_down(tx, rule, reason, now, outbox, by_volume=False) if reason is not None else None


def step_down(
    tx: Transaction, rule: Rule, reason: str, now: int, outbox: Outbox, *, by_volume: bool
) -> RuleMode | None:
    """Put a rule into the next milder mode, on record and told; where only a person may do that, tell the person."""
    from brainops.operations.guard import breaker

    mode = breaker.softer(rule.mode)
    if mode is None or not breaker.may_step_down(rule, by_volume=by_volume):
        if rule.mode is RuleMode.DENY:
            outbox.put(tx, NoticeKind.GUARD_ALARM, rule.name, rule=rule.id, reason=reason, mode=rule.mode.value)
        return None
    tx.rules.set_mode(rule.id, mode, acts.ITSELF, now, reason=reason, stepped_down=True)
    tx.rules.touch(acts.ITSELF, now)
    tx.also(acts.RULE_STEP_DOWN, acts.ITSELF).append(
        rule.id, now, reason=reason, mode=mode.value, before=rule.mode.value
    )
    outbox.put(
        tx,
        NoticeKind.RULE_STEPPED_DOWN,
        rule.name,
        rule=rule.id,
        reason=reason,
        mode=mode.value,
        before=rule.mode.value,
        command=f"brainops guard rule mode {rule.id} {rule.mode.value}",
    )
    return mode


def told_of(refusal: Ask | Deny) -> str:
    """Return a refusal as a person reads it, with the way out."""
    what = "needs a person's approval" if isinstance(refusal, Ask) else "is not allowed"
    return f"this operation {what}: {refusal.reason} (rule {refusal.rule}). The way out: {refusal.way_out}"


def guide_call(start: OperationStart) -> str:
    """Return the call that consults memory about an operation."""
    target = f" --target {quoted(start.target)}" if start.target else ""
    return f"brainops guide {quoted(start.name)}{target}"
