"""What do the conditions and templates of a run see, and what of it may be stored? (pure)"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from brainops.errors import InvalidInput
from brainops.memory.redaction.policy import RedactionPolicy
from brainops.memory.redaction.redact import redact_json
from brainops.types import JSON, ProcedureVersion, Run, StepState

MAX_VALUE_BYTES = 100_000  # of a run's inputs, of one step's output: larger things belong in a file or a memory
MAX_ERROR_CHARACTERS = 4_000  # of one step's error: what a person reads of it


def values_of(version: ProcedureVersion, run: Run, **more: JSON) -> dict[str, Any]:
    """Return what an expression of a run may name: inputs, steps, run, procedure, operation, target, session, ..."""
    return {
        "inputs": dict(run.inputs),
        "steps": {
            step.step_id: {
                "state": step.state.value,
                "succeeded": step.state in (StepState.SUCCEEDED, StepState.COMPENSATED),
                "output": step.output,
                "error": step.error,
                "attempts": step.attempts,
                "evidence": step.evidence,
            }
            for step in run.steps
        },
        "run": {
            "id": run.id,
            "target": run.target,
            "actor": run.actor.id,
            "session": run.session_id,
            "parent": run.parent_run_id,
            "created_at": run.created_at,
        },
        "procedure": {"name": version.procedure.name, "number": version.number, "hash": version.hash},
        "operation": {"id": run.operation_id, "name": version.procedure.name, "target": run.target},
        "memory": {},
        "context": {},
        "target": run.target,
        "session": run.session_id,
        "error": run.error,
        **more,
    }


def bounded(value: Any, policy: RedactionPolicy, what: str) -> JSON:
    """Return a value as it may be stored: JSON without secrets, of bounded size. Raises InvalidInput."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput(f"{what} is no JSON: {error}; use texts, numbers, lists and mappings") from None
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_VALUE_BYTES:
        raise InvalidInput(
            f"{what} has {size:,} bytes, and at most {MAX_VALUE_BYTES:,} are kept; write the large part to a file or "
            "capture it as a memory, and pass its path or id"
        )
    return redact_json(json.loads(text.encode("utf-8", "replace")), policy).value


def shown(value: Any, policy: RedactionPolicy) -> JSON:
    """Return what is kept of a value that is only there to be looked at: one that is too large is left out."""
    try:
        return bounded(value, policy, "it")
    except InvalidInput as error:
        return f"[left out: {error}]"[:MAX_ERROR_CHARACTERS]


def decision(answer: JSON) -> JSON:
    """Return a person's answer to a decide step as the step itself would have said it. Raises InvalidInput."""
    outputs = answer.get("outputs", answer) if isinstance(answer, Mapping) else answer
    if outputs in (None, "", [], {}):
        raise InvalidInput("a decision is awaited: answer with its outputs, such as {'decision': 'approve'}")
    named = dict(outputs) if isinstance(outputs, Mapping) else {"decision": outputs}
    return {"outputs": named, "probability": 1.0, "reason": "somebody decided", "decision": None}


def concealed(secrets: tuple[str, ...]) -> Mapping[str, str]:
    """Return what stands for each secret in what is stored."""
    return {name: f"[secret {name}]" for name in secrets}
