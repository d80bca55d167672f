"""What happened: one line of the feed, which names what it happened to."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from brainops.types.knowledge import JSON, Micros


class ChangeKind(StrEnum):
    """What happens to what: a noun, and what became of it. `memory.judged` is feedback, `act.done` a line of the trail.

    A memory that is an error is `error` where it comes and comes again. A step's ref is RUN/STEP, a setting's its name,
    an alert's its key, an act's the number of its line; all others are ids.
    """

    MEMORY_CAPTURED = "memory.captured"
    MEMORY_REPEATED = "memory.repeated"
    MEMORY_CORRECTED = "memory.corrected"
    MEMORY_JUDGED = "memory.judged"
    MEMORY_ARCHIVED = "memory.archived"
    MEMORY_FORGOTTEN = "memory.forgotten"
    MEMORY_RESTORED = "memory.restored"
    ERROR_CAPTURED = "error.captured"
    ERROR_REPEATED = "error.repeated"
    SESSION_OPENED = "session.opened"
    OPERATION_BEGUN = "operation.begun"
    OPERATION_SUCCEEDED = "operation.succeeded"
    OPERATION_FAILED = "operation.failed"
    RUN_QUEUED = "run.queued"
    RUN_RUNNING = "run.running"
    RUN_WAITING = "run.waiting"
    RUN_PAUSED = "run.paused"
    RUN_COMPENSATING = "run.compensating"
    RUN_SUCCEEDED = "run.succeeded"
    RUN_FAILED = "run.failed"
    RUN_CANCELLED = "run.cancelled"
    STEP_PENDING = "step.pending"
    STEP_RUNNING = "step.running"
    STEP_WAITING = "step.waiting"
    STEP_SUCCEEDED = "step.succeeded"
    STEP_FAILED = "step.failed"
    STEP_SKIPPED = "step.skipped"
    STEP_CANCELLED = "step.cancelled"
    STEP_COMPENSATED = "step.compensated"
    TASK_RUNNING = "task.running"
    TASK_WAITING = "task.waiting"
    TASK_SUCCEEDED = "task.succeeded"
    TASK_FAILED = "task.failed"
    TASK_REFUSED = "task.refused"
    TASK_CANCELLED = "task.cancelled"
    APPROVAL_PENDING = "approval.pending"
    APPROVAL_GRANTED = "approval.granted"
    APPROVAL_REFUSED = "approval.refused"
    APPROVAL_EXPIRED = "approval.expired"
    APPROVAL_USED = "approval.used"
    ALERT_FIRING = "alert.firing"
    ALERT_RESOLVED = "alert.resolved"
    JOB_WAITING = "job.waiting"
    JOB_RUNNING = "job.running"
    JOB_SUCCEEDED = "job.succeeded"
    JOB_FAILED = "job.failed"
    JOB_CANCELLED = "job.cancelled"
    NOTICE_RAISED = "notice.raised"
    NOTICE_DELIVERED = "notice.delivered"
    PROCEDURE_DRAFT = "procedure.draft"
    PROCEDURE_ACTIVE = "procedure.active"
    PROCEDURE_RETIRED = "procedure.retired"
    FIX_ATTACHED = "fix.attached"
    FIX_CHANGED = "fix.changed"
    FIX_DETACHED = "fix.detached"
    APPLICATION_DUE = "application.due"
    APPLICATION_SUGGESTED = "application.suggested"
    APPLICATION_SHADOWED = "application.shadowed"
    APPLICATION_HELD = "application.held"
    APPLICATION_APPLYING = "application.applying"
    APPLICATION_APPLIED = "application.applied"
    APPLICATION_VERIFIED = "application.verified"
    APPLICATION_FAILED = "application.failed"
    APPLICATION_ROLLED_BACK = "application.rolled_back"
    APPLICATION_CONTRADICTED = "application.contradicted"
    IMPROVEMENT_PROPOSED = "improvement.proposed"
    IMPROVEMENT_PLANNED = "improvement.planned"
    IMPROVEMENT_TRIAL = "improvement.trial"
    IMPROVEMENT_APPLIED = "improvement.applied"
    IMPROVEMENT_KEPT = "improvement.kept"
    IMPROVEMENT_ROLLED_BACK = "improvement.rolled_back"
    IMPROVEMENT_UNDONE = "improvement.undone"
    IMPROVEMENT_REJECTED = "improvement.rejected"
    DECISION_BLOCKED = "decision.blocked"
    DECISION_OBSERVED = "decision.observed"
    DECISION_WARNED = "decision.warned"
    DECISION_OVERRIDE = "decision.override"
    DECISION_BYPASSED = "decision.bypassed"
    DECISION_ALARM = "decision.alarm"
    RULE_ADDED = "rule.added"
    RULE_CHANGED = "rule.changed"
    RULE_REMOVED = "rule.removed"
    SETTING_CHANGED = "setting.changed"
    ACT_DONE = "act.done"

    @property
    def noun(self) -> str:
        """What it happens to."""
        return self.partition(".")[0]


class FeedEntry(Struct, frozen=True, kw_only=True):
    """Something that happened. `id` is the cursor after it; `facts` are a line about the row `ref`, as it is now.

    There are no facts of a row that is gone, such as a purged memory.
    """

    id: str
    kind: ChangeKind
    ref: str
    namespace: str
    at: Micros
    facts: Mapping[str, JSON]
