"""What do the tests of steps stand on? A piece of work with everything that an executor is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from brainops.brain import Brain
from brainops.procedures.steps.executor import StepDone, StepResult, StepWork
from brainops.procedures.steps.kinds import executors
from brainops.types import Action, StepKind
from tests.inside import inside


def work(
    brain: Brain,
    kind: StepKind,
    *,
    secrets: Mapping[str, str] | None = None,
    timeout_seconds: float | None = None,
    cancelled: Callable[[], bool] = lambda: False,
    values: Mapping[str, Any] | None = None,
    **parameters: Any,
) -> StepWork:
    """Return an attempt at an action; `_` in a parameter's name stands for `-`."""
    named = {name.replace("_", "-"): value for name, value in parameters.items()}
    return StepWork(
        run_id="run-1",
        step_id="step-1",
        action=Action(uses=kind, parameters=named),
        idempotency_key="run-1/step-1",
        attempt=1,
        timeout_seconds=timeout_seconds,
        secrets=secrets or {},
        actor=brain.settings.actor,
        target="api",
        context=inside(brain).context,
        cancelled=cancelled,
        values=values or {},
    )


def do(brain: Brain, kind: StepKind, **options: Any) -> StepResult:
    """Do an action once and return the answer."""
    return executors(inside(brain).services.calls)[kind](work(brain, kind, **options))


def output_of(brain: Brain, kind: StepKind, **options: Any) -> Any:
    """Do an action that ends at once and return its output."""
    answer = do(brain, kind, **options)
    assert isinstance(answer, StepDone)
    return answer.output
