"""What does a step of a run, and what do later ones, read of an execution?"""

from __future__ import annotations

from brainops.errors import StepFailed
from brainops.procedures.steps.executor import StepDone, StepResult, StepWaits
from brainops.types import JSON, Execution, ExecutionState, Failed, Succeeded
from brainops_core.recognition.error_events import error_title

KNOWN = ("task", "capabilities", "agent", "target", "context", "receipt", "task-class", "role", "prompt", "model")


def result_of(execution: Execution) -> StepResult:
    """Return what an execution is as the result of its step; raise StepFailed.

    Output: {result, agent, execution, attempts}. Where nobody capable could take it, the step waits with the plan.
    """
    match execution.state:
        case ExecutionState.SUCCEEDED:
            shown = execution.outcome.evidence.value if execution.outcome else None
            return StepDone(output=output_of(execution), evidence={"execution": execution.id, "evidence": shown})
        case ExecutionState.WAITING if execution.approval_id is None:
            detail: JSON = {"why": execution.reason, "plan": execution.plan, "execution": execution.id}
            return StepWaits(waits_for="agent", detail=detail)
    whole = f"the task {execution.state.value}: {execution.reason}; brainops agent show {execution.id}"
    if not isinstance(execution.outcome, Failed):
        raise StepFailed(whole, kind="AgentFailed", retryable=execution.state is ExecutionState.FAILED)
    error = execution.outcome.error
    raise StepFailed(
        f"{error_title(error)} ({whole})",
        event=error,
        known=execution.state is ExecutionState.FAILED,  # the attempt that failed last kept it
        retryable=execution.state is ExecutionState.FAILED,
    )


def output_of(execution: Execution) -> dict[str, JSON]:
    """Return what later steps read of an execution."""
    result = execution.outcome.result if isinstance(execution.outcome, Succeeded) else None
    return {
        "result": result,
        "agent": execution.agent,
        "execution": execution.id,
        "attempts": [attempt.agent for attempt in execution.attempts],
    }
