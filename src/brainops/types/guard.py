"""What may be done: which rules are there, and what does the guard decide?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from brainops.types.knowledge import JSON, Actor, Micros
from brainops.types.operation import ActionClass
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """That an operation of this name was done before and succeeded, with these arguments where any are named.

    `arguments` maps an argument of the earlier operation to one of the guarded operation, or to a literal
    ({"literal": value}); `result` is a condition that the earlier result must meet; `after` is what that operation
    itself must have come after. `operation` may be a glob.
    """

    operation: str
    arguments: Mapping[str, JSON] = field(default_factory=dict)
    result: str | None = None
    after: Requirement | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AllOf:
    """That all of these hold."""

    parts: tuple[Requirement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyOf:
    """That one of these holds."""

    parts: tuple[Requirement, ...]


Requirement = Done | AllOf | AnyOf


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule as data: to which operations it applies (globs, classes; () means any), what it asks for, how hard.

    `requirement` belongs to order rules, `condition` (CEL) to condition rules, `procedure` to procedure rules.
    `source` says where it comes from: "written", "procedure:NAME@HASH" or "learned:...".
    """

    id: str
    namespace: str
    name: str
    kind: RuleKind
    operations: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
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


@dataclass(frozen=True, slots=True, kw_only=True)
class PastOperation:
    """What a rule may know of an earlier operation of the same session or target."""

    name: str
    target: str | None
    arguments: Mapping[str, JSON]
    result: JSON
    succeeded: bool
    at: Micros
    session_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardState:
    """Everything besides the operation and the rules that a decision rests on; gathered before, so that it is pure.

    `past` are earlier operations of the session and target, oldest first; `approvals` those granted and unused;
    `followed` names procedures (NAME@HASH) with a run for this target that is under way or succeeded; `active` maps a
    procedure's name to its active hash; `critical_error_at` is when this target last failed; `bypassed_until` ends an
    audited bypass; `unmet` are ids of condition rules whose condition came out false, `broken` those that could not be
    evaluated.
    """

    enforcement: Enforcement = Enforcement.OBSERVE
    receipts: tuple[Receipt, ...] = ()
    past: tuple[PastOperation, ...] = ()
    approvals: tuple[Approval, ...] = ()
    followed: tuple[str, ...] = ()
    active: Mapping[str, str] = field(default_factory=dict)
    critical_error_at: Micros | None = None
    bypassed_until: Micros | None = None
    unmet: frozenset[str] = frozenset()
    broken: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Allow:
    """Go ahead. `warnings` are worth knowing; `observed` is what a stricter mode would have asked or denied; `rules` are
    the ids of the rules behind both. `receipt_ids` and `approval_ids` are used up by going ahead.
    """

    warnings: tuple[str, ...] = ()
    observed: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    receipt_ids: tuple[str, ...] = ()
    approval_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A person must agree first: why, by which rule, and the one call that asks."""

    reason: str
    rule: str
    way_out: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deny:
    """Not so: why, by which rule, and the one call that clears it."""

    reason: str
    rule: str
    way_out: str


Decision = Allow | Ask | Deny
