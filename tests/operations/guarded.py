"""What do the tests of the guard speak of: an operation, rules, and what may be known when it begins?"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from brainops.types import (
    ActionClass,
    Actor,
    ActorKind,
    Approval,
    ApprovalKind,
    ApprovalState,
    Done,
    Enforcement,
    GuardState,
    OperationStart,
    PastOperation,
    Receipt,
    ReceiptMatch,
    Rule,
    RuleKind,
    RuleMode,
)

SECOND = 1_000_000
NOW = 1_000 * SECOND
AGENT = Actor(kind=ActorKind.AGENT, id="agent-1")
OTHER = Actor(kind=ActorKind.AGENT, id="agent-2")
DEPLOY = OperationStart(
    name="deploy api",
    target="production",
    context={"service": "api"},
    action_class=ActionClass.CHANGING,
    actor=AGENT,
    session_id="session-1",
)
DROP = replace(DEPLOY, name="drop table", action_class=ActionClass.DESTRUCTIVE)
STRICT = GuardState(enforcement=Enforcement.STRICT)


def ruled(kind: RuleKind, **fields: Any) -> Rule:
    return Rule(id=kind.value, namespace="team", name=f"the {kind} rule", kind=kind, mode=RuleMode.DENY, **fields)


MEMORY = ruled(RuleKind.MEMORY_FIRST)
FOLLOW = ruled(RuleKind.PROCEDURE, procedure="rollout")
ORDER = ruled(RuleKind.ORDER, requirement=Done(operation="test", arguments={"service": "service"}))
APPROVE = ruled(RuleKind.APPROVAL)
CONDITION = ruled(RuleKind.CONDITION, condition="context.service != 'api'")


RECEIPT = Receipt(
    id="receipt-1",
    operation="deploy api",
    target="production",
    action_class=ActionClass.CHANGING,
    actor=AGENT,
    session_id="session-1",
    created_at=NOW - 10 * SECOND,
    expires_at=NOW + 10 * SECOND,
)
APPROVAL = Approval(
    id="approval-1",
    namespace="team",
    kind=ApprovalKind.OPERATION,
    subject="'deploy api' production",
    run_id=None,
    step_id=None,
    question="may it?",
    reason="",
    requested_by=AGENT,
    requested_at=NOW - 10 * SECOND,
    expires_at=NOW + 10 * SECOND,
    escalate_at=None,
    escalated_at=None,
    state=ApprovalState.GRANTED,
)
PAST = PastOperation(
    name="test",
    target="production",
    arguments={"service": "api"},
    result=None,
    succeeded=True,
    at=NOW - SECOND,
    session_id="session-1",
)


def receipt(**fields: Any) -> Receipt:
    return replace(RECEIPT, **fields)


def approval(kind: ApprovalKind, subject: str, **fields: Any) -> Approval:
    return replace(APPROVAL, kind=kind, subject=subject, **fields)


def done(name: str, result: Any = None, **fields: Any) -> PastOperation:
    return replace(PAST, name=name, result=result, **fields)


SESSION = replace(MEMORY, receipt=ReceiptMatch.SESSION)
EXACT = replace(MEMORY, receipt=ReceiptMatch.EXACT)
ONCE = replace(MEMORY, single_use=True)
SKIP, OPERATION = ApprovalKind.SKIP_PROCEDURE, ApprovalKind.OPERATION
