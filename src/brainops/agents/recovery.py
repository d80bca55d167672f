"""What becomes of an execution whose process died, and of one that somebody answered elsewhere?"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from brainops.memory.context import MemoryContext
from brainops.operations import log as records
from brainops.procedures.runs.clock import LEASE
from brainops.store import Transaction, acts
from brainops.types import (
    Actor,
    ActorKind,
    ErrorEvent,
    Execution,
    ExecutionState,
    Failed,
    OperationStart,
    RunState,
    StepState,
    Succeeded,
)

ABANDONED = "AgentAbandoned"  # the type of the error: it says nothing of the agent, so selection learns nothing of it
SETTLED_AT_ONCE = 100  # waiting executions that one sweep looks at


def abandon(
    tx: Transaction, context: MemoryContext, execution_id: str, start: OperationStart, *, keep: bool = False
) -> int:
    """End the attempts that died with their process, and the execution with them, unless somebody goes on with it.

    `keep` leaves the execution to whoever goes on with it; so does one that a run under way will ask for again. Does
    nothing where its lease holds.
    """
    row, now = tx.agents.row(execution_id), context.store.now()
    if row is None or row["state"] != ExecutionState.RUNNING or LEASE.holds(row["lease_until"], now):
        return 0
    failed = Failed(error=ErrorEvent(type=ABANDONED, message="the process that it ran in ended before it did"))
    for attempt in tx.agents.attempts_of(execution_id):
        if attempt.ended_at is not None:
            continue
        tx.agents.end_attempt(attempt.id, failed, now, fingerprint=None, success=None, charged=attempt.charged)
        by = Actor(kind=ActorKind.AGENT, id=attempt.agent)
        standing = tx.operations.get(attempt.operation_id or "")
        if standing is not None and standing.outcome is None:
            records.finish(tx, context, standing.id, replace(standing.start, actor=by), failed, now)
    if keep or _asked_for_again(tx, row["run_id"]):
        return 0
    reason = f"its process ended before it did; to try again: brainops agent resume {execution_id}"
    tx.agents.end(execution_id, row["owner"], ExecutionState.FAILED, now, outcome=failed, reason=reason)
    standing = tx.operations.get(row["operation_id"] or "")
    if standing is not None and standing.outcome is None:
        ended = replace(failed, error=replace(failed.error, type="CancelledError"))  # its attempt's error is a memory
        records.finish(tx, context, standing.id, start, ended, now)
    return 1


def _asked_for_again(tx: Transaction, run_id: str | None) -> bool:
    run = tx.runs.get(run_id) if run_id else None
    return run is not None and run.finished_at is None


def settle(context: MemoryContext, start_of: Callable[[Execution], OperationStart]) -> int:
    """End the waiting executions whose step was completed, skipped or given up in the run itself."""
    with context.store.read() as tx:
        waiting = tx.agents.executions(
            state=ExecutionState.WAITING.value, run_id=None, task_class=None, limit=SETTLED_AT_ONCE
        )
    moved = 0
    for execution in waiting:
        if execution.run_id is not None and execution.namespace == context.store.scope.write:
            with context.store.writing(acts.EXECUTE, context.actor) as tx:
                moved += _settled(tx, context, execution, start_of(execution))
    return moved


def _settled(tx: Transaction, context: MemoryContext, execution: Execution, start: OperationStart) -> bool:
    run = tx.runs.get(execution.run_id or "")
    step = run.step(execution.step_id or "") if run is not None else None
    if run is not None and step is not None and step.state is StepState.WAITING and run.finished_at is None:
        return False
    now = context.store.now()
    if step is not None and step.state is StepState.SUCCEEDED:
        state, outcome = ExecutionState.SUCCEEDED, Succeeded(result=step.output)
        reason = "its step was completed in the run"
        ended = tx.agents.end(execution.id, None, state, now, outcome=outcome, reason=reason)
        done: Succeeded | Failed = outcome
    else:
        how = run.state.value if run is not None else RunState.CANCELLED.value
        done = Failed(error=ErrorEvent(type="CancelledError", message=f"its run is {how}, and asks for it no more"))
        ended = tx.agents.end(
            execution.id, None, ExecutionState.CANCELLED, now, outcome=done, reason=done.error.message
        )
    standing = tx.operations.get(execution.operation_id or "")
    if ended and standing is not None and standing.outcome is None:
        records.finish(tx, context, standing.id, start, done, now)
    return ended
