"""What is a procedure as a plain mapping, as one canonical text, and as a hash? (pure)"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from brainops.procedures.definition.fields import plain
from brainops.types import JSON, Action, Concurrency, Mode, Procedure, Retry, Step, Verification


def as_mapping(procedure: Procedure) -> dict[str, JSON]:
    """Return a procedure in the words of its file; what is as it would be anyway is left out, so hashes last."""
    return _filled(
        {
            "name": procedure.name,
            "description": procedure.description,
            "mode": None if procedure.mode is Mode.ADVISORY else procedure.mode.value,
            "on": [
                _said(each, "operations", "targets", "events", "fingerprints", "intents", "when")
                for each in procedure.triggers
            ],
            "inputs": procedure.inputs,
            "secrets": procedure.secrets,
            "concurrency": _changed(procedure.concurrency, Concurrency()),
            "steps": [
                step_mapping(step, (procedure.steps[number - 1].id,) if number else ())
                for number, step in enumerate(procedure.steps)
            ],
            "outputs": procedure.outputs,
            "expected_outcomes": procedure.expected_outcomes,
            "tags": procedure.tags,
            "tests": [_said(test, "name", "inputs", "target", "steps", "expect") for test in procedure.tests],
            **procedure.skill,
            "prose": procedure.prose,
        }
    )


def canonical(procedure: Procedure) -> str:
    """Return the one text of a procedure that its hash is of: JSON with sorted keys."""
    return json.dumps(as_mapping(procedure), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def digest(procedure: Procedure) -> str:
    """Return the SHA-256 of a procedure's canonical text."""
    return hashlib.sha256(canonical(procedure).encode()).hexdigest()


def step_mapping(step: Step, above: tuple[str, ...]) -> dict[str, JSON]:
    """Return a step in the words of its file; `above` is what it needs where nothing is said."""
    head = _filled({"id": step.id, "name": step.name})
    rest = _filled(
        {
            "if": step.condition,
            **_timeout(step.timeout_seconds),
            "retry": _changed(step.retry, Retry()),
            "continue-on-error": step.continue_on_error or None,
            "verify": None if step.verify is None else _verification(step.verify),
            "compensate": None if step.compensate is None else action_mapping(step.compensate),
            "satisfies": step.satisfies,
            "secrets": step.secrets,
            "text": step.text,
        }
    )
    value = {**head, **action_mapping(step.action), **rest}
    if step.needs != above:
        value["needs"] = list(step.needs)
    return value


def action_mapping(action: Action) -> dict[str, JSON]:
    """Return an action in the words of its file."""
    rest = dict(action.parameters)
    value: dict[str, Any] = {"uses": action.uses.value}
    if action.uses.value == "command" and "run" in rest:
        value = {key: rest.pop(key) for key in ("run", "shell", "env", "working-directory") if key in rest}
    return {**value, "with": plain(rest)} if rest else value


def _filled(value: Mapping[str, Any]) -> dict[str, JSON]:
    return {key: plain(each) for key, each in value.items() if each is not None and each not in ("", (), [], {})}


def _said(value: Struct, *names: str) -> dict[str, JSON]:
    """Return those fields of a value that say anything."""
    return _filled({name: getattr(value, name) for name in names})


def _changed(value: Struct, default: Struct) -> dict[str, JSON]:
    """Return the fields of a value that are not as they would be anyway, in the words of a file."""
    given = {name: getattr(value, name) for name in value.__struct_fields__}
    return {
        name.replace("_", "-"): _number(each) if isinstance(each, float) else each
        for name, each in given.items()
        if each != getattr(default, name)
    }


def _timeout(seconds: float | None) -> dict[str, JSON]:
    if seconds is None:
        return {}
    minutes = seconds / 60
    return {"timeout-minutes": _number(minutes)} if minutes * 60 == seconds else {"timeout-seconds": _number(seconds)}


def _verification(verification: Verification) -> JSON:
    if verification.action is None:
        return verification.condition
    condition = {} if verification.condition is None else {"condition": verification.condition}
    return {**condition, **action_mapping(verification.action)}


def _number(value: float) -> int | float:
    return int(value) if value == int(value) else value
