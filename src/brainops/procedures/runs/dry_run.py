"""What would a run do, and what is at hand of one that is under way? Nothing is done here. (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brainops.errors import BrainOpsError, Conflict
from brainops.procedures.conditions.conditions import compile as compiled
from brainops.procedures.conditions.templates import fill
from brainops.procedures.definition.graph import levels
from brainops.procedures.definition.step_kinds import ANSWERS
from brainops.procedures.runs.run_values import concealed, values_of
from brainops.types import (
    JSON,
    CurrentStep,
    Mode,
    Plan,
    PlannedStep,
    Procedure,
    ProcedureVersion,
    Run,
    Step,
    StepKind,
    StepState,
)

ANSWERED = ANSWERS | {"approval"}


def plan_of(version: ProcedureVersion, run: Run) -> Plan:
    """Return what a run that is about to begin would do; what rests on earlier steps is said to be open."""
    procedure = version.procedure
    values = values_of(version, run)
    planned = tuple(tuple(_planned(procedure, step, values) for step in level) for level in levels(procedure.steps))
    notes = [f"mode: {procedure.mode.value}"]
    if procedure.mode is not Mode.ADVISORY:
        notes.append("skipping a step takes an approval")
    notes += [
        f"reads the secret {name} from {reference.split(':')[0]}" for name, reference in procedure.secrets.items()
    ]
    undone = [(step.id, step.compensate.uses.value) for step in procedure.steps if step.compensate]
    notes += [f"takes {step_id} back by a {kind} step where the run fails" for step_id, kind in undone]
    notes += [f"expects at its end: {outcome}" for outcome in procedure.expected_outcomes]
    return Plan(
        procedure_name=procedure.name,
        procedure_hash=version.hash,
        inputs=run.inputs,
        levels=planned,
        notes=tuple(notes),
    )


def _planned(procedure: Procedure, step: Step, values: Mapping[str, Any]) -> PlannedStep:
    would, why = True, f"after {', '.join(step.needs)}" if step.needs else "at once"
    if step.condition is not None:
        try:
            would = compiled(step.condition).holds(values)
            why = f"{step.condition} is {str(would).lower()}"
        except BrainOpsError:
            why = f"where {step.condition}, which is not known yet"
    filled: JSON
    try:
        filled = fill(dict(step.action.parameters), {**values, "secrets": concealed(step.secrets)})
    except BrainOpsError:
        filled = dict(step.action.parameters)
        why = f"{why}; its inputs rest on earlier steps" if why else "its inputs rest on earlier steps"
    assert isinstance(filled, dict)
    question = None
    if step.action.uses is StepKind.APPROVAL:
        question = str(filled.get("question") or step.text or step.name or f"May {step.id} go ahead?")
    return PlannedStep(step=step, would_run=would, why=why, parameters=filled, approval=question)


def current_of(version: ProcedureVersion, run: Run) -> CurrentStep:
    """Return the step at hand of a run, the first of them in the order of the procedure; raise Conflict for none."""
    steps = version.procedure.steps
    waiting = {row.step_id: row for row in run.steps if row.state is StepState.WAITING and row.waits_for in ANSWERED}
    for number, step in enumerate(steps, start=1):
        if step.id in waiting and run.finished_at is None:
            row = waiting[step.id]
            values = values_of(version, run)
            given = row.input if isinstance(row.input, dict) else {}
            why = row.detail.get("why") if isinstance(row.detail, dict) else None
            verify = step.verify
            asked = step.text or str(given.get("text") or given.get("question") or given.get("task") or "")
            return CurrentStep(
                run_id=run.id,
                step_id=step.id,
                kind=step.action.uses,
                name=_written(step.name, values),
                text=_written((f"{asked}\n({why})" if why else asked), values),
                number=number,
                of=len(version.procedure.steps),
                verify=verify.condition or (verify.action.uses.value if verify.action else None) if verify else None,
            )
    why = f": {run.reason or run.error}" if run.reason or run.error else ""
    raise Conflict(f"no step of the run {run.id} is at hand: it is {run.state.value}{why}")


def _written(text: str, values: Mapping[str, Any]) -> str:
    try:
        return str(fill(text, values))
    except BrainOpsError:
        return text  # a text for people says more with a gap than not at all
