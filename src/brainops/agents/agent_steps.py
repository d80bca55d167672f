"""How is an agent step of a run carried out?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from brainops.errors import StepFailed
from brainops.memory.recognition.error_events import error_title
from brainops.procedures.steps.executor import StepDone, StepResult, StepWaits, StepWork
from brainops.procedures.steps.parameters import Parameters
from brainops.types import JSON, Actor, Execution, ExecutionState, Failed, Succeeded

KNOWN = ("task", "capabilities", "agent", "target", "context", "receipt", "task-class", "role", "prompt", "model")


class Executes(Protocol):
    """Has tasks carried out."""

    def again(self, key: str, stopped: Callable[[], bool]) -> Execution | None:
        """Go on with the execution of this key, where there is one."""
        ...

    def execute(
        self,
        task: str,
        *,
        context: Mapping[str, Any] | None,
        target: str | None,
        task_class: str | None,
        capabilities: Sequence[str],
        agent: str | None,
        timeout_seconds: float | None,
        run_id: str | None,
        step_id: str | None,
        idempotency_key: str | None,
        actor: Actor | None,
        stopped: Callable[[], bool],
    ) -> Execution:
        """Have a task carried out."""
        ...


def step_of(agents: Executes, work: StepWork) -> StepResult:
    """Have the step's task carried out; a repeated attempt finds its execution and goes on with it. Raises StepFailed.

    Output: {result, agent, execution, attempts}. Where nobody capable could take it, the step waits with the plan.
    """
    parameters = Parameters(work.action, KNOWN)
    execution = agents.again(work.idempotency_key, work.cancelled) or agents.execute(
        parameters.text("task" if parameters.has("task") else "prompt"),
        context={**parameters.mapping("context"), **_receipt(parameters)},
        target=parameters.text("target") if parameters.has("target") else work.target,
        task_class=parameters.text("task-class", "") or None,
        capabilities=parameters.texts("capabilities"),
        agent=parameters.text("agent", "") or None,
        timeout_seconds=work.timeout_seconds,
        run_id=work.run_id,
        step_id=work.step_id,
        idempotency_key=work.idempotency_key,
        actor=work.actor,
        stopped=work.cancelled,
    )
    return _answer(execution)


def _receipt(parameters: Parameters) -> dict[str, JSON]:
    return {"receipt": parameters.any("receipt")} if parameters.has("receipt") else {}


def _answer(execution: Execution) -> StepResult:
    match execution.state:
        case ExecutionState.SUCCEEDED:
            return StepDone(output=output_of(execution), evidence=_evidence(execution))
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


def _evidence(execution: Execution) -> JSON:
    outcome = execution.outcome
    return {"execution": execution.id, "evidence": outcome.evidence.value if outcome else None}
