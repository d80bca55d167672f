"""Which procedure does a fix become, so that the engine of runs applies it, verifies it and takes it back? (pure)"""

from __future__ import annotations

from msgspec.structs import replace

from brainops.errors import InvalidInput
from brainops.types import JSON, Action, Concurrency, Fix, FixKind, Procedure, Retry, Step, StepKind

TAG = "fix"
BEFORE = "before"  # the step that runs the check first: one that holds already shows nothing afterwards
VERIFY_ATTEMPTS = 3  # what was mended may take a moment until it answers
VERIFY_WAIT_SECONDS = 2.0
APPLY_SECONDS = 300.0  # longer than a restart takes; what hangs longer is rolled back
READ_CONFIGURATION = "brainops.configuration.read"
SET_CONFIGURATION = "brainops.configuration.set"


def name_of(fix_id: str) -> str:
    """Return the name of the procedure that applies a fix."""
    return f"fix-{fix_id[-12:]}"


def rollback_name(fix_id: str) -> str:
    """Return the name of the procedure that takes a fix back."""
    return f"{name_of(fix_id)}-rollback"


def procedure_of(fix: Fix) -> Procedure:
    """Return the procedure that applies a fix.

    Its first step does nothing but carry the rollback, so that the rollback also runs where applying itself failed
    half-way. Raises InvalidInput for advice, which nobody but a person can follow.
    """
    if fix.kind is FixKind.CONFIGURATION and fix.action is not None:
        where = {name: fix.action.parameters[name] for name in ("file", "key")}
        action = Action(uses=StepKind.CALL, parameters={"function": READ_CONFIGURATION, "arguments": where})
    else:
        action = Action(uses=StepKind.CHECK, parameters={"condition": "true"})
    compensate = _rollback(fix, "steps.prepare.output")
    steps = [Step(id="prepare", name="Note what stands now", action=action, compensate=compensate), _apply(fix)]
    if fix.verify is not None:
        retry = Retry(attempts=VERIFY_ATTEMPTS, wait_seconds=VERIFY_WAIT_SECONDS)
        before = Step(id=BEFORE, name="See that it is broken", action=fix.verify, needs=("prepare",))
        steps = [steps[0], replace(before, continue_on_error=True), replace(steps[1], needs=(BEFORE,))]
        steps.append(Step(id="verify", name="See that it helped", action=fix.verify, needs=("apply",), retry=retry))
    return Procedure(
        name=name_of(fix.id),
        description=f"Apply the fix: {fix.title}"[:1_000],
        inputs=_inputs(),
        steps=tuple(steps),
        outputs={"prepared": "${{ steps.prepare.output }}"},
        concurrency=Concurrency(group=f"{name_of(fix.id)}:${{{{ run.target }}}}", on_conflict="drop"),
        tags=(TAG,),
        prose=fix.advice,
    )


def rollback_of(fix: Fix) -> Procedure | None:
    """Return the procedure that takes a fix back after it was applied, or None where there is no way back."""
    action = _rollback(fix, "inputs.prepared")
    if action is None:
        return None
    return Procedure(
        name=rollback_name(fix.id),
        description=f"Take back the fix: {fix.title}"[:1_000],
        inputs=_inputs(),
        steps=(Step(id="rollback", name="Take it back", action=action, timeout_seconds=APPLY_SECONDS),),
        tags=(TAG,),
    )


def _apply(fix: Fix) -> Step:
    match fix.kind:
        case FixKind.ADVICE:
            raise InvalidInput("this fix is advice for a person; say how it went: brainops fix record FIX --helped")
        case FixKind.PROCEDURE:
            known = {"error": "${{ inputs.error }}", "operation_id": "${{ inputs.operation_id }}"}
            action = Action(uses=StepKind.PROCEDURE, parameters={"name": str(fix.procedure), "context": known})
        case FixKind.CONFIGURATION:
            assert fix.action is not None
            arguments = dict(fix.action.parameters)
            action = Action(uses=StepKind.CALL, parameters={"function": SET_CONFIGURATION, "arguments": arguments})
        case _:
            assert fix.action is not None
            action = fix.action
    return Step(id="apply", name=fix.title, action=action, needs=("prepare",), timeout_seconds=APPLY_SECONDS)


def _rollback(fix: Fix, prepared: str) -> Action | None:
    if fix.rollback is not None:
        return fix.rollback
    if fix.kind is not FixKind.CONFIGURATION or fix.action is None:
        return None
    arguments = {
        "file": fix.action.parameters["file"],
        "key": fix.action.parameters["key"],
        "value": f"${{{{ {prepared}.value }}}}",
    }
    return Action(uses=StepKind.CALL, parameters={"function": SET_CONFIGURATION, "arguments": arguments})


def _inputs() -> dict[str, JSON]:
    text: JSON = {"type": ["string", "null"], "default": None}
    return {
        "type": "object",
        "properties": {"error": text, "operation_id": text, "prepared": {"default": None}},
        "additionalProperties": False,
    }
