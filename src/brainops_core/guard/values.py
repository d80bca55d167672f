"""What does a rule rest on, as plain values with the fields and meanings of the types of `brainops`? (pure)"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from typing import Any


class Plain:
    """A value with the fields of its kind; what is not said is as the kind has it, None where the kind says nothing."""

    __slots__: tuple[str, ...] = ()
    OTHERWISE: Mapping[str, Any] = {}

    def __init__(self, **said: Any) -> None:
        for name in self.__slots__:
            setattr(self, name, said[name] if name in said else self.OTHERWISE.get(name))


class PlainActor(Plain):
    """Who acts."""

    __slots__ = ("id", "kind", "proof")
    OTHERWISE: Mapping[str, Any] = {"kind": "service", "id": "unknown", "proof": "none"}
    kind: str
    id: str
    proof: str


NOBODY = PlainActor()


class PlainStart(Plain):
    """Something that somebody is about to do."""

    __slots__ = ("action_class", "actor", "context", "name", "parent_id", "session_id", "target")
    OTHERWISE: Mapping[str, Any] = {"context": {}, "action_class": "changing", "actor": NOBODY}
    name: str
    target: str | None
    context: Mapping[str, Any]
    action_class: str
    actor: PlainActor
    session_id: str | None
    parent_id: str | None


class PlainRequirement(Plain):
    """What must have been done before: `requires` is done (an operation), all or any (of parts)."""

    __slots__ = ("after", "arguments", "evidence", "operation", "parts", "requires", "result")
    OTHERWISE: Mapping[str, Any] = {"arguments": {}, "evidence": "observed", "parts": ()}
    requires: str
    operation: str
    arguments: Mapping[str, Any]
    result: str | None
    after: PlainRequirement | None
    evidence: str
    parts: Sequence[PlainRequirement]


class PlainRule(Plain):
    """A rule as data: to which operations it applies, what it asks for, how hard."""

    __slots__ = (
        "classes", "condition", "created_at", "fail_mode", "id", "kind", "mode", "name", "namespace", "operations",
        "procedure", "receipt", "requirement", "single_use", "source", "targets",
    )  # fmt: skip
    OTHERWISE: Mapping[str, Any] = {
        "operations": (),
        "targets": (),
        "classes": (),
        "mode": "warn",
        "fail_mode": "open",
        "receipt": "target",
        "single_use": False,
        "source": "written",
        "created_at": 0,
    }
    id: str
    namespace: str
    name: str
    kind: str
    operations: Sequence[str]
    targets: Sequence[str]
    classes: Sequence[str]
    requirement: PlainRequirement | None
    condition: str | None
    procedure: str | None
    mode: str
    fail_mode: str
    receipt: str
    single_use: bool
    source: str
    created_at: int


def rule_of(fields: Mapping[str, Any]) -> PlainRule:
    """Return a rule from its fields as JSON has them."""
    rule = PlainRule(**fields)
    if rule.requirement is not None:
        rule.requirement = _requirement_of(fields["requirement"])
    return rule


def _requirement_of(fields: Mapping[str, Any]) -> PlainRequirement:
    wanted = PlainRequirement(**fields)
    if wanted.after is not None:
        wanted.after = _requirement_of(fields["after"])
    wanted.parts = [_requirement_of(part) for part in fields.get("parts") or ()]
    return wanted


class PlainPattern(Plain):
    """What a namespace says itself: operations, tools or single commands of this form are of this class."""

    __slots__ = ("action_class", "glob")
    glob: str
    action_class: str


class PlainReceipt(Plain):
    """Proof that memory was consulted."""

    __slots__ = (
        "acknowledged", "action_class", "actor", "created_at", "expires_at", "id", "operation", "procedures",
        "required", "session_id", "target", "used_at",
    )  # fmt: skip
    OTHERWISE: Mapping[str, Any] = {"procedures": (), "required": (), "acknowledged": ()}
    id: str
    operation: str
    target: str | None
    action_class: str
    actor: PlainActor
    session_id: str | None
    created_at: int
    expires_at: int
    procedures: Sequence[str]
    required: Sequence[str]
    acknowledged: Sequence[str]
    used_at: int | None


class PlainApproval(Plain):
    """A person's answer: what the guard reads of it."""

    __slots__ = ("expires_at", "id", "kind", "state", "subject", "used_at")
    id: str
    kind: str
    subject: str
    state: str
    expires_at: int
    used_at: int | None


class PlainPast(Plain):
    """An earlier operation of the same session or target."""

    __slots__ = ("arguments", "at", "denied", "evidence", "name", "result", "session_id", "succeeded", "target")
    OTHERWISE: Mapping[str, Any] = {"denied": False, "evidence": "observed"}
    name: str
    target: str | None
    arguments: Mapping[str, Any]
    result: Any
    succeeded: bool
    at: int
    session_id: str | None
    denied: bool
    evidence: str


class PlainState(Plain):
    """Everything besides the operation and the rules that a decision rests on."""

    __slots__ = (
        "active", "approvals", "broken", "bypassed_until", "critical_error_at", "enforcement", "followed", "past",
        "receipts", "undone", "unmet",
    )  # fmt: skip
    OTHERWISE: Mapping[str, Any] = {
        "enforcement": "observe",
        "receipts": (),
        "past": (),
        "approvals": (),
        "followed": (),
        "undone": frozenset(),
        "active": {},
        "unmet": frozenset(),
        "broken": frozenset(),
    }
    enforcement: str
    receipts: Sequence[PlainReceipt]
    past: Sequence[PlainPast]
    approvals: Sequence[PlainApproval]
    followed: Sequence[str]
    undone: Collection[str]
    active: Mapping[str, str]
    critical_error_at: int | None
    bypassed_until: int | None
    unmet: Collection[str]
    broken: Collection[str]


class Ruling(Plain):
    """What the guard says: allow, ask or deny, and all that goes with it."""

    __slots__ = (
        "approval_ids", "observed", "reason", "receipt_ids", "rule", "rules", "verdict", "warnings", "way_out",
    )  # fmt: skip
    OTHERWISE: Mapping[str, Any] = {
        "warnings": (),
        "observed": (),
        "rules": (),
        "receipt_ids": (),
        "approval_ids": (),
    }
    verdict: str
    warnings: tuple[str, ...]
    observed: tuple[str, ...]
    rules: tuple[str, ...]
    receipt_ids: tuple[str, ...]
    approval_ids: tuple[str, ...]
    reason: str
    rule: str
    way_out: str
