"""What was done before for goals like this one, and what did a workflow teach?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brainops.agents.workflows.planning import LIKE, Known, PastPlanStep, PastWorkflow, likeness
from brainops.errors import NotFound
from brainops.memory.context import MemoryContext
from brainops.memory.retrieve import retrieve
from brainops.procedures.catalog import Catalog
from brainops.procedures.definition.canonical import step_mapping
from brainops.procedures.triggers.triggers import Triggers
from brainops.types import (
    JSON,
    Draft,
    Filter,
    Hit,
    Memory,
    MemoryType,
    ProcedureVersion,
    Run,
    RunState,
    Source,
    StepRun,
    StepState,
    Trust,
)
from brainops.types.times import SECOND_MICROS

TAG = "workflow"  # of the procedures of workflows, and of the memories of what came of them
LOOKED_AT = 20  # memories of a search
FITS = 0.5  # how probable it must be that a procedure is what a goal means: more likely than not
LISTS = frozenset({MemoryType.OPERATIONAL_PROCEDURE, MemoryType.SUCCESS_PATTERN, MemoryType.DEPLOYMENT_LOG})
STEP_LIST = ("steps", "procedure", "actions")  # where a memory may list steps
MOST_LISTED = 20
MAX_ERROR_CHARACTERS = 500


def known_for(
    context: MemoryContext, catalog: Catalog, triggers: Triggers, goal: str, inputs: Mapping[str, JSON]
) -> Known:
    """Return what memory has on a goal: workflows that ran, a procedure that fits, steps that a memory lists."""
    cases = retrieve(context, goal, Filter(tags=(TAG,)), limit=LOOKED_AT)
    past = tuple(found for hit in cases if (found := _past(catalog, hit.memory, goal)) is not None)
    procedure = None if any(each.likeness >= LIKE for each in past) else fitting(triggers, context, goal, inputs)
    listed, listed_in = _listed(context, goal)
    accepted = procedure.procedure.inputs.get("properties") if procedure else None
    accepted = accepted if isinstance(accepted, Mapping) else {}
    return Known(
        past=past,
        procedure=procedure.procedure.name if procedure else None,
        procedure_id=procedure.id if procedure else "",
        inputs={name: value for name, value in inputs.items() if name in accepted},
        listed=listed,
        listed_in=listed_in,
    )


def _past(catalog: Catalog, memory: Memory, goal: str) -> PastWorkflow | None:
    """Read the memory of a workflow; its steps are those of the stored procedure, never what a text says."""
    case = memory.content.get(TAG) if isinstance(memory.content, Mapping) else None
    if not isinstance(case, Mapping) or memory.trust is Trust.EXTERNAL:
        return None
    try:
        version = catalog.by_id(str(case.get("procedure_id")))
    except NotFound:
        return None
    if version.trust is Trust.EXTERNAL or TAG not in version.procedure.tags:
        return None
    was = str(case.get("goal"))
    ran = case.get("steps")
    states: dict[str, Mapping[str, Any]] = {
        str(each.get("id")): each for each in (ran if isinstance(ran, list) else []) if isinstance(each, Mapping)
    }
    order = {step_id: number for number, step_id in enumerate(states)}
    steps = sorted(version.procedure.steps, key=lambda step: order.get(step.id, len(order)))
    return PastWorkflow(
        id=memory.id,
        goal=was,
        likeness=likeness(goal, was),
        succeeded=case.get("state") == RunState.SUCCEEDED,
        seconds=float(case.get("seconds") or 0.0),  # as `case_of` wrote it
        steps=tuple(
            PastPlanStep(
                definition=step_mapping(step, ()),
                state=str(ran.get("state") or ""),
                seconds=ran.get("seconds"),
                error=str(ran.get("error") or ""),
            )
            for step, ran in ((step, states.get(step.id, {})) for step in steps)
        ),
    )


def fitting(
    triggers: Triggers, context: MemoryContext, goal: str, inputs: Mapping[str, JSON]
) -> ProcedureVersion | None:
    """Return the active procedure that a goal means or resembles, where what it needs to be told is there."""
    decided = triggers.classify(goal)
    resembling = triggers.resembling(goal, context.meaning.of_query(goal), LOOKED_AT)
    named = [found.version for found in resembling if found.version.procedure.name == decided.procedure]
    found = named if decided.confidence >= FITS else []
    found += [each.version for each in resembling if each.confidence >= FITS and each.terms]
    for version in found:
        required = version.procedure.inputs.get("required")
        needed = required if isinstance(required, list) else []
        if TAG not in version.procedure.tags and version.trust is not Trust.EXTERNAL and set(needed) <= set(inputs):
            return version
    return None


def _listed(context: MemoryContext, goal: str) -> tuple[tuple[str, ...], str]:
    """Return the steps that a memory of something like the goal lists, and its id."""
    for hit in retrieve(context, goal, Filter(types=tuple(sorted(LISTS))), limit=LOOKED_AT):
        listed = _steps_of(hit)
        if listed and hit.memory.trust is not Trust.EXTERNAL and likeness(goal, hit.memory.title) >= LIKE:
            return listed, hit.memory.id
    return (), ""


def _steps_of(hit: Hit) -> tuple[str, ...]:
    content = hit.memory.content
    if not isinstance(content, Mapping):
        return ()
    for key in STEP_LIST:
        listed = content.get(key)
        if isinstance(listed, list) and listed and all(isinstance(each, str) and each.strip() for each in listed):
            return tuple(str(each).strip() for each in listed[:MOST_LISTED])
    return ()


def case_of(version: ProcedureVersion, run: Run, goal: str, *, who: Mapping[str, str | None], cost: float) -> Draft:
    """Return the memory of a workflow that ended: what the next plan for such a goal is made from."""
    ended = (run.finished_at or run.created_at) - (run.started_at or run.created_at)
    seconds = round(ended / SECOND_MICROS, 3)
    ran = sorted(run.steps, key=lambda step: (step.finished_at is None, step.finished_at or 0, step.completion or 0))
    failed = [step for step in ran if step.state is StepState.FAILED]
    told = f"failed at {', '.join(step.step_id for step in failed)}" if failed else run.state.value
    case: dict[str, JSON] = {
        "goal": goal,
        "procedure": version.procedure.name,
        "procedure_id": version.id,
        "run": run.id,
        "state": run.state.value,
        "seconds": seconds,
        "cost": cost,
        "steps": [_step_case(step, who) for step in ran],
    }
    lesson = f"{goal}: {told} after {seconds:g} s"
    return Draft(
        title=f"Workflow: {goal[:200]}: {told}",
        content={"lesson": lesson, TAG: case, **({"error": run.error[:MAX_ERROR_CHARACTERS]} if run.error else {})},
        type=MemoryType.SUCCESS_PATTERN if run.state is RunState.SUCCEEDED else MemoryType.LEARNING_INSIGHT,
        tags=(TAG,),
        importance=0.6,
        source=Source(actor=run.actor, run_id=run.id),
        idempotency_key=f"workflow:{run.id}",
    )


def _step_case(step: StepRun, who: Mapping[str, str | None]) -> dict[str, JSON]:
    took = (step.finished_at - step.started_at) / SECOND_MICROS if step.finished_at and step.started_at else None
    return {
        "id": step.step_id,
        "state": step.state.value,
        "agent": who.get(step.step_id),
        "seconds": took,
        "error": step.error[:MAX_ERROR_CHARACTERS] if step.error else None,
    }
