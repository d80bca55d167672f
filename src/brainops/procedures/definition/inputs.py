"""Are these inputs what a procedure asks for, and what are they with its defaults? (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brainops.errors import InvalidInput
from brainops.procedures.definition.fields import plain
from brainops.procedures.definition.keywords import meant
from brainops.procedures.definition.schema import problems
from brainops.types import JSON, Procedure

SHOWN_PROBLEMS = 5  # of one set of inputs


def checked(procedure: Procedure, inputs: Mapping[str, JSON] | None) -> dict[str, JSON]:
    """Return the inputs of a run with the defaults filled in; raise InvalidInput that names each field and way out."""
    given = {} if inputs is None else inputs
    if not isinstance(given, Mapping) or not all(isinstance(key, str) for key in given):
        raise InvalidInput(f"inputs are a mapping of names to values, not {type(inputs).__name__}")
    schema = procedure.inputs
    if not schema:
        if given:
            raise InvalidInput(f"{procedure.name} takes no inputs; leave out {', '.join(sorted(given))[:200]}")
        return {}
    whole = _with_defaults(schema, given)
    try:
        errors = problems(schema, whole)
    except InvalidInput as error:
        raise InvalidInput(f"{procedure.name}: {error}") from None
    if errors:
        said = "; ".join(_told(error, schema) for error in errors[:SHOWN_PROBLEMS])
        more = f"; and {len(errors) - SHOWN_PROBLEMS} more" if len(errors) > SHOWN_PROBLEMS else ""
        raise InvalidInput(f"{procedure.name}: {said}{more}")
    return whole


def fitting(procedure: Procedure, context: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return what of a context a procedure asks for by name; all of it where it takes any input."""
    schema = procedure.inputs
    if schema and schema.get("additionalProperties", True) is not False:
        return dict(context)
    return {name: context[name] for name in _properties(schema) if name in context}


def of_step(procedure: Procedure, parameters: Mapping[str, Any]) -> dict[str, JSON]:
    """Return what a step gives to a procedure: its `inputs`, and of its `context` what the procedure asks for by name.

    What the context leaves empty is not given.
    """
    inputs, context = parameters.get("inputs"), parameters.get("context")
    offered = {name: value for name, value in context.items() if value is not None} if isinstance(context, dict) else {}
    return {**fitting(procedure, offered), **(inputs if isinstance(inputs, dict) else {})}


def _properties(schema: Mapping[str, JSON]) -> Mapping[str, JSON]:
    properties = schema.get("properties")
    return properties if isinstance(properties, dict) else {}


def _with_defaults(schema: Mapping[str, JSON], given: Mapping[str, JSON]) -> dict[str, JSON]:
    whole = {key: plain(value) for key, value in given.items()}
    for name, one in _properties(schema).items():
        if name not in whole and isinstance(one, dict) and "default" in one:
            whole[name] = plain(one["default"])
    return whole


def _told(error: Any, schema: Mapping[str, JSON]) -> str:
    """Return a problem with its field and way out; the value itself is not repeated, it may be a secret."""
    field = ".".join(str(part) for part in error.absolute_path)
    start = f"the input {field!r}" if field else "the inputs"
    match error.validator:
        case "required":
            missing = [name for name in error.validator_value if name not in error.instance]
            inside = f"{field}." if field else ""
            return f"the input {inside + missing[0]!r} is missing: hand in {missing[0]}={_sample(schema, missing[0])}"
        case "type":
            kinds = error.validator_value
            return f"{start} is {' or '.join(map(str, kinds)) if isinstance(kinds, list) else f'of type {kinds}'}"
        case "enum" | "const":
            allowed = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
            return f"{start} is one of {', '.join(map(str, allowed))[:200]}"
        case "additionalProperties":
            known = _properties(schema) if not field else {}
            unknown = sorted(set(error.instance) - set(known))
            hints = meant(unknown[0], known) if unknown and not field else "leave it out"
            return f"there is no input {unknown[0] if unknown else field!r}: {hints}"
        case "pattern":
            return f"{start} does not look like {str(error.validator_value)[:80]}"
        case _:
            return f"{start} does not fit {error.validator}: {str(error.validator_value)[:80]}"


def _sample(schema: Mapping[str, JSON], name: str) -> str:
    one = _properties(schema).get(name)
    kind = one.get("type") if isinstance(one, dict) else None
    return f"<{kind}>" if isinstance(kind, str) else "..."
