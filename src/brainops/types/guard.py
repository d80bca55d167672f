"""What may be done: which rules are there, and what does the guard decide?"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from brainops.types.knowledge import JSON, Actor, Micros
from brainops.types.limits import Said
from brainops.types.operation import ActionClass, Evidence
from brainops.types.run import Approval


class Enforcement(StrEnum):
    """Whether a namespace only watches or holds."""

    OBSERVE = "observe"
    STRICT = "strict"


class Autonomy(StrEnum):
    """What a namespace lets BrainOps change by itself."""

    OBSERVE = "observe"
    PROPOSE = "propose"
    AUTO = "auto"


class RuleKind(StrEnum):
    """What a rule asks for before an operation."""

    MEMORY_FIRST = "memory_first"
    PROCEDURE = "procedure"
    ORDER = "order"
    APPROVAL = "approval"
    CONDITION = "condition"


class RuleMode(StrEnum):
    """What happens when a rule is not met, from mildest to hardest."""

    OBSERVE = "observe"
    WARN = "warn"
    ASK = "ask"
    DENY = "deny"


class FailMode(StrEnum):
    """What happens when a rule cannot be evaluated."""

    OPEN = "open"
    CLOSED = "closed"


class ReceiptMatch(StrEnum):
    """How close a receipt must be to the operation: same operation and target, same target, or same session."""

    EXACT = "exact"
    TARGET = "target"
    SESSION = "session"


class Done(Struct, frozen=True, kw_only=True, tag_field="requires", tag="done"):
    """That an operation of this name was done before and succeeded, with these arguments where any are named.

    `arguments` maps an argument of the earlier operation to one of the guarded operation, or to a literal
    ({"literal": value}); `result` is a condition that the earlier result must meet; `after` is what that operation
    itself must have come after. `operation` may be a glob. `evidence` is the least that shows it: an agent's word that
    something was done is a claim, and does not, unless the rule says so.
    """

    requires = "done"
    operation: Said
    arguments: Mapping[str, JSON] = {}
    result: str | None = None
    after: Requirement | None = None
    evidence: Evidence = Evidence.OBSERVED


class AllOf(Struct, frozen=True, kw_only=True, tag_field="requires", tag="all"):
    """That all of these hold."""

    requires = "all"
    parts: Annotated[tuple[Requirement, ...], Meta(min_length=1)]


class AnyOf(Struct, frozen=True, kw_only=True, tag_field="requires", tag="any"):
    """That one of these holds."""

    requires = "any"
    parts: Annotated[tuple[Requirement, ...], Meta(min_length=1)]


Requirement = Done | AllOf | AnyOf


class Rule(Struct, frozen=True, kw_only=True):
    """A rule as data: to which operations it applies (globs, classes; () means any), what it asks for, how hard.

    `requirement` belongs to order rules, `condition` (CEL) to condition rules, `procedure` to procedure rules.
    `source` says where it comes from: "written", "procedure:NAME@HASH" or "learned:...".
    """

    id: str
    namespace: str
    name: str
    kind: RuleKind
    operations: tuple[Said, ...] = ()
    targets: tuple[Said, ...] = ()
    classes: tuple[ActionClass, ...] = ()
    requirement: Requirement | None = None
    condition: str | None = None
    procedure: str | None = None
    mode: RuleMode = RuleMode.WARN
    fail_mode: FailMode = FailMode.OPEN
    receipt: ReceiptMatch = ReceiptMatch.TARGET
    single_use: bool = False
    source: str = "written"
    created_at: Micros = 0


class PastOperation(Struct, frozen=True, kw_only=True):
    """What a rule may know of an earlier operation of the same session or target.

    `denied`: it ran although the guard, while it held, had denied it.
    """

    name: str
    target: str | None
    arguments: Mapping[str, JSON]
    result: JSON
    succeeded: bool
    at: Micros
    session_id: str | None = None
    denied: bool = False
    evidence: Evidence = Evidence.OBSERVED


class Receipt(Struct, frozen=True, kw_only=True):
    """Proof that memory was consulted: for what, by whom, until when, with which active procedures in view.

    `acknowledged` are the memory ids that were named back, of those that were `required`.
    """

    id: str
    operation: str
    target: str | None
    action_class: ActionClass
    actor: Actor
    session_id: str | None
    created_at: Micros
    expires_at: Micros
    procedures: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    acknowledged: tuple[str, ...] = ()
    used_at: Micros | None = None


class GuardState(Struct, frozen=True, kw_only=True):
    """Everything besides the operation and the rules that a decision rests on; gathered before, so that it is pure.

    `past` are earlier operations of the session and target, oldest first; `approvals` those granted and unused;
    `followed` names procedures (NAME@HASH) with a run for this target that is under way or succeeded, `undone` those of
    them of which no step was done yet; `active` maps a procedure's name to its active hash; `critical_error_at` is when
    this target last failed; `bypassed_until` ends an audited bypass; `unmet` are ids of condition rules whose condition
    came out false, `broken` those that could not be evaluated.
    """

    enforcement: Enforcement = Enforcement.OBSERVE
    receipts: tuple[Receipt, ...] = ()
    past: tuple[PastOperation, ...] = ()
    approvals: tuple[Approval, ...] = ()
    followed: tuple[str, ...] = ()
    undone: frozenset[str] = frozenset()
    active: Mapping[str, str] = {}
    critical_error_at: Micros | None = None
    bypassed_until: Micros | None = None
    unmet: frozenset[str] = frozenset()
    broken: frozenset[str] = frozenset()


class Allow(Struct, frozen=True, kw_only=True, tag_field="verdict", tag="allow"):
    """Go ahead. `warnings` are worth knowing; `observed` is what a stricter mode would have asked or denied; `rules`
    are the ids of the rules behind both; `receipt_ids` and `approval_ids` are used up by going ahead.
    """

    warnings: tuple[str, ...] = ()
    observed: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    receipt_ids: tuple[str, ...] = ()
    approval_ids: tuple[str, ...] = ()


class Ask(Struct, frozen=True, kw_only=True, tag_field="verdict", tag="ask"):
    """A person must agree first: why, by which rule, and the one call that asks."""

    reason: str
    rule: str
    way_out: str


class Deny(Struct, frozen=True, kw_only=True, tag_field="verdict", tag="deny"):
    """Not so: why, by which rule, and the one call that clears it."""

    reason: str
    rule: str
    way_out: str


Decision = Allow | Ask | Deny


class SettingChange(Struct, frozen=True, kw_only=True):
    """What is set in a namespace, since when and by whom."""

    name: str
    value: str
    at: Micros
    by: Actor


class Bypass(Struct, frozen=True, kw_only=True):
    """A stretch of time in which the guard of one namespace lets everything pass: until when, why, by whom."""

    id: str
    namespace: str
    opened_at: Micros
    until: Micros
    reason: str
    by: Actor
    closed_at: Micros | None = None


class GuardSettings(Struct, frozen=True, kw_only=True):
    """How a namespace's guard is set. `automatic_stopped` says why nothing happens by itself, None where it may."""

    namespace: str
    enforcement: Enforcement = Enforcement.OBSERVE
    autonomy: Autonomy = Autonomy.PROPOSE
    per_person: bool = False
    automatic_stopped: str | None = None
    bypass: Bypass | None = None
    changes: tuple[SettingChange, ...] = ()


class DecisionKind(StrEnum):
    """What became of a rule that was not simply met: it held, it only watched or warned, or somebody excused it."""

    BLOCKED = "blocked"
    OBSERVED = "observed"
    WARNED = "warned"
    OVERRIDE = "override"
    BYPASSED = "bypassed"
    ALARM = "alarm"


class RecordedDecision(Struct, frozen=True, kw_only=True):
    """What one rule said of one operation: `verdict` is what was done, `would` what strict enforcement would have done.

    `judged` is "right" or "false" once somebody has said whether a block was.
    """

    id: str
    namespace: str
    at: Micros
    kind: DecisionKind
    rule_id: str
    rule_name: str
    rule_kind: RuleKind
    procedure: str | None
    verdict: str
    would: str
    mode: RuleMode
    enforcement: Enforcement
    reason: str
    way_out: str
    operation_id: str | None
    operation_name: str
    target: str | None
    service: str
    action_class: ActionClass
    receipt_id: str | None
    approval_id: str | None
    bypass_id: str | None
    actor: Actor
    session_id: str | None
    judged: str | None = None
    judged_at: Micros | None = None
    judged_by: Actor | None = None
    judged_note: str | None = None


class Replayed(Struct, frozen=True, kw_only=True):
    """What another enforcement would have said of one recorded operation."""

    operation_id: str
    operation_name: str
    target: str | None
    at: Micros
    verdict: str
    rule: str
    reason: str


class Replay(Struct, frozen=True, kw_only=True):
    """What another enforcement would have done to the recorded operations since a time.

    `cut` says that there were more operations than a replay looks at, so that the oldest are left out.
    """

    since: Micros
    enforcement: Enforcement
    operations: int
    allowed: int
    asked: int
    denied: int
    by_rule: Mapping[str, int]
    held: tuple[Replayed, ...]
    cut: bool = False


class ComplianceRow(Struct, frozen=True, kw_only=True):
    """How one procedure, service, day or person fared; `rate` is followed over begun, None where nothing was begun."""

    name: str
    applied: int
    followed: int
    overridden: int
    violated: int
    bypassed: int
    blocked: int
    rate: float | None


class Departure(Struct, frozen=True, kw_only=True):
    """One time that a rule or procedure was not followed, with the ids that show it."""

    kind: str
    at: Micros
    rule: str
    procedure: str | None
    operation: str
    target: str | None
    reason: str
    actor: str | None
    evidence: Mapping[str, str]


class Compliance(Struct, frozen=True, kw_only=True):
    """How far rules and procedures were followed since a time, counted from the record."""

    by: str
    since: Micros
    rows: tuple[ComplianceRow, ...]
    total: ComplianceRow
    departures: tuple[Departure, ...]
    cut: bool = False
