"""What is a run of a procedure, where does it stand, and who must be asked or told?"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

from msgspec import Struct

from brainops.types.knowledge import JSON, Actor, Micros
from brainops.types.procedure import Mode, Step, StepKind


class RunState(StrEnum):
    """Where a run stands. The last three are its ends."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    PAUSED = "paused"
    COMPENSATING = "compensating"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED = frozenset({RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED})


class StepState(StrEnum):
    """Where a step of a run stands. `waiting` holds no thread, slot or lease."""

    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    COMPENSATED = "compensated"


class StepRun(Struct, frozen=True, kw_only=True):
    """One step of one run. `waits_for` says what a waiting step waits for (approval, manual, time, retry, run, agent,
    condition), `waits_on` the id of it; `skipped_because` why it was skipped ("condition", or the id of the approval
    that allowed it). `role` is "do" or, for its compensation, "undo"; `stage` is "act" until the action is done, then
    "verify". Of the `attempts` that began, `failures` failed; the rest was cut off or is the one under way.
    """

    run_id: str
    step_id: str
    state: StepState
    attempts: int
    idempotency_key: str
    input: JSON = None
    output: JSON = None
    error: str | None = None
    waits_for: str | None = None
    wake_at: Micros | None = None
    skipped_because: str | None = None
    evidence: JSON = None
    started_at: Micros | None = None
    finished_at: Micros | None = None
    completion: int | None = None
    role: Literal["do", "undo"] = "do"
    stage: Literal["act", "verify"] = "act"
    waits_on: str | None = None
    failures: int = 0
    round: int = 0
    epoch: int = 0
    detail: JSON = None


class Run(Struct, frozen=True, kw_only=True):
    """One execution of one pinned version. `epoch` rises with every owner; a commit of an older epoch fails.

    `steps` are those of which anything is known, `compensations` what was taken back; `requested` is what somebody
    asked of its owner: "pause", "cancel", or "compensate" (cancel, and take back what was done). One with `imported_at`
    came with an export file, and does not go on here.
    """

    id: str
    namespace: str
    procedure_id: str
    procedure_name: str
    procedure_hash: str
    target: str | None = None
    inputs: Mapping[str, JSON]
    state: RunState
    epoch: int
    owner: str | None = None
    lease_until: Micros | None = None
    wake_at: Micros | None = None
    actor: Actor
    session_id: str | None = None
    operation_id: str | None = None
    parent_run_id: str | None = None
    parent_step_id: str | None = None
    concurrency_group: str | None = None
    outputs: JSON = None
    error: str | None = None
    fingerprint: str | None = None
    reason: str | None = None
    created_at: Micros
    started_at: Micros | None = None
    finished_at: Micros | None = None
    steps: tuple[StepRun, ...] = ()
    compensations: tuple[StepRun, ...] = ()
    mode: Mode = Mode.ADVISORY
    requested: str | None = None
    depth: int = 0
    taken_over: bool = False
    holds_group: bool = False
    idempotency_key: str | None = None
    imported_at: Micros | None = None

    def step(self, step_id: str) -> StepRun | None:
        """Return what is known of the step of this id."""
        return next((step for step in self.steps if step.step_id == step_id), None)


class PlannedStep(Struct, frozen=True, kw_only=True):
    """What a dry run says of one step: whether it would run, with which inputs, and which approval it would ask for."""

    step: Step
    would_run: bool
    why: str
    parameters: Mapping[str, JSON]
    approval: str | None = None


class Plan(Struct, frozen=True, kw_only=True):
    """What a run would do, in order; steps on one `level` run in parallel."""

    procedure_name: str
    procedure_hash: str
    inputs: Mapping[str, JSON]
    levels: tuple[tuple[PlannedStep, ...], ...]
    notes: tuple[str, ...] = ()


class CurrentStep(Struct, frozen=True, kw_only=True):
    """All that somebody who follows a manual procedure is shown: the step at hand, never the ones to come."""

    run_id: str
    step_id: str
    kind: StepKind
    name: str
    text: str
    number: int
    of: int
    verify: str | None


class ApprovalState(StrEnum):
    """Where an approval stands; it is granted once, used once, and never comes back."""

    PENDING = "pending"
    GRANTED = "granted"
    REFUSED = "refused"
    EXPIRED = "expired"
    USED = "used"


class ApprovalKind(StrEnum):
    """What is asked for."""

    STEP = "step"
    SKIP_STEP = "skip_step"
    SKIP_PROCEDURE = "skip_procedure"
    OPERATION = "operation"
    FIX = "fix"
    BYPASS = "bypass"


class Approval(Struct, frozen=True, kw_only=True):
    """A question to a person, stored: what for, by whom, until when, and how it was decided and proven.

    `subject` is what it covers: "RUN/STEP", a procedure's name, or "OPERATION TARGET" (each quoted as
    in a shell); an approval covers nothing else. `digest` tells it from every other: who agrees on a page says it.
    """

    id: str
    namespace: str
    kind: ApprovalKind
    subject: str
    run_id: str | None
    step_id: str | None
    question: str
    reason: str
    requested_by: Actor
    requested_at: Micros
    expires_at: Micros
    escalate_at: Micros | None
    escalated_at: Micros | None
    state: ApprovalState
    decided_by: Actor | None = None
    decided_at: Micros | None = None
    decision_reason: str = ""
    used_at: Micros | None = None
    digest: str = ""


class Answer(Struct, frozen=True, kw_only=True):
    """What a procedure that is for an event did about it: its run, whether that began now, and else why not."""

    procedure: str
    run_id: str | None
    began: bool
    reason: str = ""


class Handled(Struct, frozen=True, kw_only=True):
    """What was written of something that happened, and which procedures answer it. `kind` is the error's fingerprint,
    or the event's name; `memory_id` the error's memory. `repeated`: the alert stood so already, or was told late, and
    nothing was done that was not done before.
    """

    operation_id: str
    kind: str
    memory_id: str | None
    answers: tuple[Answer, ...]
    repeated: bool = False


class NoticeKind(StrEnum):
    """What somebody must be told."""

    APPROVAL_ASKED = "approval_asked"
    APPROVAL_ESCALATED = "approval_escalated"
    APPROVAL_EXPIRED = "approval_expired"
    APPROVAL_DECIDED = "approval_decided"
    APPROVER_CHANGED = "approver_changed"
    APPROVER_LOCKED = "approver_locked"
    RUN_FAILED = "run_failed"
    RUN_WAITING = "run_waiting"
    FIX_APPLIED = "fix_applied"
    FIX_DEMOTED = "fix_demoted"
    RULE_STEPPED_DOWN = "rule_stepped_down"
    GUARD_BYPASSED = "guard_bypassed"
    GUARD_ALARM = "guard_alarm"
    AGENT_LEARNED = "agent_learned"
    IMPROVEMENT_PLANNED = "improvement_planned"
    IMPROVEMENT_APPLIED = "improvement_applied"
    IMPROVEMENT_ROLLED_BACK = "improvement_rolled_back"
    INSIGHTS_FOUND = "insights_found"


class Notice(Struct, frozen=True, kw_only=True):
    """A line of the outbox: written in the transaction of what it tells, delivered afterwards, at least once."""

    id: str
    namespace: str
    kind: NoticeKind
    subject: str
    body: Mapping[str, JSON] = {}
    created_at: Micros
    attempts: int = 0
    next_attempt_at: Micros | None = None
    delivered_at: Micros | None = None
    delivered_to: tuple[str, ...] = ()
    error: str | None = None
