"""What becomes of an execution whose process died, and of one that somebody answered elsewhere?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from brainops.agents.execution import end
from brainops.operations import log as records
from brainops.store import acts
from brainops.types import ErrorEvent, ExecutionState, Failed, RunState, StepState, Succeeded

if TYPE_CHECKING:
    from brainops.memory.context import MemoryContext
    from brainops.store import Transaction
    from brainops.types import Execution, Outcome

DIED = ErrorEvent(type="AgentAbandoned", message="the process that it ran in ended before it did")
"""It says nothing of the agent, so selection learns nothing of it."""
AT_ONCE = 100  # executions that one sweep looks at, of each kind


def end_attempts(tx: Transaction, context: MemoryContext, execution: Execution) -> Execution:
    """End the attempts that died with their process; their places are free."""
    attempts, now, failed = [], context.store.now(), Failed(error=DIED)
    for attempt in execution.attempts:
        if attempt.ended_at is None:
            tx.agents.end_attempt(attempt.id, failed, now, fingerprint=None, success=None, charged=attempt.charged)
            standing = tx.operations.get(attempt.operation_id or "")
            if standing is not None and standing.outcome is None:
                records.finish(tx, context, standing.id, standing.start, failed, now)
            attempt = replace(attempt, ended_at=now, outcome=failed)
        attempts.append(attempt)
    return replace(execution, attempts=tuple(attempts))


def sweep(context: MemoryContext) -> int:
    """End the executions that nobody goes on with; return how many that were."""
    with context.store.read() as tx:
        lapsed = tx.agents.lapsed(context.store.now(), 1)
        waiting = tx.agents.executions(state=ExecutionState.WAITING, run_id=None, task_class=None, limit=AT_ONCE)
        answers = [(each, _answer(tx, each)) for each in waiting if each.namespace == context.store.scope.write]
    answered = [(execution, answer) for execution, answer in answers if answer is not None]
    if not lapsed and not answered:
        return 0
    with context.store.writing(acts.EXECUTE, context.actor) as tx:
        ended = sum(
            end(tx, context, execution, state, outcome, reason=reason)
            for execution, (state, outcome, reason) in answered
        )
        for owner, died in tx.agents.lapsed(context.store.now(), AT_ONCE):
            execution = end_attempts(tx, context, died)
            run = tx.runs.get(execution.run_id) if execution.run_id else None
            if run is None or run.finished_at is not None:  # a run under way asks for it again
                outcome = Failed(error=DIED)
                reason = f"its process ended before it did; to try again: brainops agent resume {execution.id}"
                ended += end(tx, context, execution, ExecutionState.FAILED, outcome, owner=owner, reason=reason)
    return ended


def _answer(tx: Transaction, execution: Execution) -> tuple[ExecutionState, Outcome, str] | None:
    """Return how an execution ended whose step was completed, skipped or given up in its run; None where it waits."""
    if execution.run_id is None:
        return None
    run = tx.runs.get(execution.run_id)
    step = run.step(execution.step_id or "") if run is not None else None
    if run is not None and step is not None and step.state is StepState.WAITING and run.finished_at is None:
        return None
    if step is not None and step.state is StepState.SUCCEEDED:
        return ExecutionState.SUCCEEDED, Succeeded(result=step.output), "its step was completed in the run"
    how = run.state.value if run is not None else RunState.CANCELLED.value
    error = ErrorEvent(type="CancelledError", message=f"its run is {how}, and asks for it no more")
    return ExecutionState.CANCELLED, Failed(error=error), error.message
