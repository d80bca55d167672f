"""Would the steps of a run be let act, by the guard and by what a namespace may run? Asked before it begins."""

from __future__ import annotations

from msgspec.structs import replace

from brainops.errors import BrainOpsError, OperationBlocked
from brainops.procedures.definition.inputs import of_step
from brainops.procedures.runs.admission import Admission, is_asked, start_of_step, within_of
from brainops.procedures.runs.dry_run import plan_of
from brainops.procedures.runs.start import MAX_DEPTH, new_run
from brainops.procedures.runs.unit_of_work import RunEngine
from brainops.procedures.steps.executor import Limits
from brainops.store import acts
from brainops.types import Action, Allow, Plan, ProcedureVersion, Run, Step, StepKind, StepRun, StepState


def refusal_of(
    engine: RunEngine, version: ProcedureVersion, run: Run, above: frozenset[str] = frozenset()
) -> Admission | None:
    """Return the first answer of the guard that would hold a run up, None where it may go through; nothing is written.

    Each step is asked about as if those before it had succeeded. `above` names the procedures that begin this one.
    """
    for planned in (each for level in plan_of(version, run).levels for each in level if each.would_run):
        step = planned.step
        row = StepRun(run_id=run.id, step_id=step.id, state=StepState.PENDING, attempts=0, idempotency_key="")
        action = replace(step.action, parameters=planned.parameters)
        found = None
        if is_asked(action):
            admission = _answer(engine, version, run, step, row, action, above)
            found = None if isinstance(admission.decision, Allow) else admission
        elif action.uses is StepKind.PROCEDURE and len(above) < MAX_DEPTH:
            found = _begun(engine, run, action, above)
        if found is not None:
            return found
        done = replace(row, state=StepState.SUCCEEDED, input=dict(action.parameters), finished_at=run.created_at)
        run = replace(run, steps=(*run.steps, done))
    return None


def with_refusals(plan: Plan, limits: Limits) -> Plan:
    """Return a plan whose notes also name the steps that the namespace does not let run or reach what they ask for."""
    from brainops.procedures.steps.kinds import REFUSED

    notes = []
    for step in (each for level in plan.levels for each in level if each.would_run):
        refused = REFUSED.get(step.step.action.uses)
        if refused is not None and "${{" not in str(step.parameters):  # what rests on earlier steps is open
            why = refused(replace(step.step.action, parameters=step.parameters), limits)
            notes += [f"{step.step.id} would fail: {why}"] if why else []
    return replace(plan, notes=(*plan.notes, *notes))


def require_admitted(
    engine: RunEngine, version: ProcedureVersion, run: Run, step: Step, row: StepRun, action: Action
) -> None:
    """Ask the guard about what is done at once and beside the run, and record it; raise OperationBlocked."""
    if not is_asked(action):
        return
    admission = _answer(engine, version, run, step, row, action, frozenset())
    if not admission.silent:
        with engine.context.store.writing(acts.GUARD, engine.context.actor) as tx:
            admission.record(tx)
    if not isinstance(admission.decision, Allow):
        raise OperationBlocked(admission.refusal)


def _answer(
    engine: RunEngine,
    version: ProcedureVersion,
    run: Run,
    step: Step,
    row: StepRun,
    action: Action,
    above: frozenset[str],
) -> Admission:
    with engine.context.store.read() as tx:
        within = within_of(tx, version, run, step, row, action)
    within = replace(within, following=within.following | above)
    return engine.admit(start_of_step(run, step, row, action), within)


def _begun(engine: RunEngine, run: Run, action: Action, above: frozenset[str]) -> Admission | None:
    """Ask about the steps of a procedure that a step would begin; whether it can begin shows when it does."""
    given = action.parameters
    try:
        version = engine.latest(str(given.get("procedure") or given.get("name")))
        checked = engine.inputs(version, of_step(version.procedure, given))
        child = new_run(
            engine.context,
            version,
            checked,
            actor=run.actor,
            now=run.created_at,
            target=str(given["target"]) if given.get("target") else run.target,
            session_id=run.session_id,
        )
    except BrainOpsError:
        return None
    return refusal_of(engine, version, child, above | {run.procedure_name})
