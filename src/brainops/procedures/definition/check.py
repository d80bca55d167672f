"""Does a procedure hold together: its graph, what its expressions refer to, its secrets, its inputs' schema? (pure)"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Literal, cast

from brainops.errors import InvalidInput, MissingExtra
from brainops.procedures.definition.define_step import TEMPLATE
from brainops.procedures.definition.findings import Findings, Where
from brainops.procedures.definition.graph import ancestors, cycle
from brainops.procedures.definition.injection import unsafe
from brainops.procedures.definition.keywords import EXPECTED_STEPS, SECRET_NAME, SECRET_REFERENCE, meant
from brainops.procedures.definition.references import Expression, Reference, expressions, references
from brainops.procedures.definition.schema import problems, unreadable
from brainops.procedures.definition.step_kinds import STEP_KINDS
from brainops.types import JSON, Action, Mode, Procedure, StepKind

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def check(procedure: Procedure, findings: Findings) -> None:
    """Note all that is wrong between the parts of a procedure."""
    _check_steps(procedure, findings)
    for where, action in _actions(procedure):
        _check_action(action, where, findings)
    _check_secrets(procedure, findings)
    _check_inputs(procedure, findings)
    _check_references(procedure, findings)
    _check_tests(procedure, findings)
    if not procedure.description:
        message = "a skill has a description: what it does, and when to use it"
        findings.add(("description",), message, "add `description: ...`", severity="warning")


def _check_steps(procedure: Procedure, findings: Findings) -> None:
    if not procedure.steps and (procedure.mode is not Mode.ADVISORY or not procedure.prose):
        findings.add(("steps",), "a procedure has steps", "begin with `steps:` and `- run: ...`")
    ids = [step.id for step in procedure.steps]
    first: dict[str, int] = {}
    for number, step in enumerate(procedure.steps):
        where: Where = ("steps", number)
        if step.id in first:
            findings.add((*where, "id"), f"{step.id!r} is the id of step {first[step.id] + 1} too", "ids are unique")
        first.setdefault(step.id, number)
        for need in step.needs:
            if need == step.id:
                findings.add((*where, "needs"), f"{need!r} needs itself", "leave it out")
            elif need not in ids:
                findings.add((*where, "needs"), f"there is no step {need!r}", meant(need, ids))
    circle = cycle(procedure.steps) if len(first) == len(ids) else ()
    if len(circle) > 1:
        way = " -> ".join([*reversed(circle), circle[-1]])
        findings.add(("steps", first[circle[0]], "needs"), f"steps need each other: {way}", "take one `needs` out")


def _actions(procedure: Procedure) -> Iterator[tuple[Where, Action]]:
    for number, step in enumerate(procedure.steps):
        where: Where = ("steps", number)
        yield where, step.action
        if step.verify is not None and step.verify.action is not None:
            yield (*where, "verify"), step.verify.action
        if step.compensate is not None:
            yield (*where, "compensate"), step.compensate


def check_injection(procedure: Procedure, findings: Findings, plain: Collection[str] | None = None) -> None:
    """Note each command in which a value from outside could become code; a shell's text is looked at where it is read.

    Where `plain`, the programs that a person vouched for, is not known, an unknown program is only doubtful.
    """
    for where, action in _actions(procedure):
        if STEP_KINDS[action.uses].runs and not action.parameters.get("shell"):
            found = unsafe(action.parameters, plain or ())
            if found is not None:
                doubtful = plain is None and not found.known
                severity: Literal["error", "warning"] = "warning" if doubtful else "error"
                findings.add((*where, found.place), found.message, found.way_out, severity)


def _check_action(action: Action, where: Where, findings: Findings) -> None:
    """Note parameters that the executor of this kind would refuse when the step runs."""
    one_of, known = STEP_KINDS[action.uses].one_of, STEP_KINDS[action.uses].parameters
    if known is None:
        return
    for name in action.parameters:
        if name not in known:
            findings.add((*where, "with", name), f"a {action.uses.value} step does not take it", meant(name, known))
    if action.uses is not StepKind.COMMAND and not any(action.parameters.get(name) is not None for name in one_of):
        message = f"a {action.uses.value} step says {' or '.join(one_of)}"
        findings.add((*where, "with"), message, f"add `with: {{{one_of[0]}: ...}}`")
    condition = action.parameters.get("condition")
    mixed = isinstance(condition, str) and "${{" in condition and not TEMPLATE.fullmatch(condition)
    if action.uses is StepKind.CHECK and mixed:
        message = "${{ }} inside of a condition would let a value become a part of it"
        findings.add((*where, "with", "condition"), message, "write it as CEL: steps.count.output.json.n > 3")


def _check_secrets(procedure: Procedure, findings: Findings) -> None:
    for name, reference in procedure.secrets.items():
        if not SECRET_NAME.fullmatch(name):
            findings.add(("secrets", name), f"{name[:80]!r} is no name of a secret", "letters, digits and _")
        if not SECRET_REFERENCE.fullmatch(reference):
            way_out = 'env:NAME, file:PATH or command:["program", "argument"]; the value itself never stands here'
            findings.add(("secrets", name), "a secret is a reference", way_out)
    for number, step in enumerate(procedure.steps):
        for name in step.secrets:
            if name not in procedure.secrets:
                where = ("steps", number, "secrets")
                findings.add(where, f"the secret {name!r} is not declared", meant(name, procedure.secrets))


@lru_cache(maxsize=64)
def check_schema(schema: str) -> None:
    """Raise SchemaError where a text is no JSON Schema; the procedures of fixes have the same one over and over."""
    from jsonschema import Draft202012Validator

    Draft202012Validator.check_schema(json.loads(schema))


@lru_cache(maxsize=64)
def unfit_defaults(schema: str) -> tuple[tuple[str, str, str], ...]:
    """Return the properties of a schema whose defaults do not fit: name, what is wrong, and the way out if one."""
    read, found = json.loads(schema), list[tuple[str, str, str]]()
    for name, one in _properties(read).items():
        if isinstance(one, dict) and "default" in one:
            try:
                wrong = problems(read, one["default"], one)
            except InvalidInput as error:
                found.append((name, str(error), ""))
                continue
            if wrong:
                found.append((name, f"its default does not fit: {wrong[0].message[:200]}", "change one of them"))
    return tuple(found)


def _check_inputs(procedure: Procedure, findings: Findings) -> None:
    schema = procedure.inputs
    if not schema:
        return
    from jsonschema.exceptions import SchemaError

    if schema.get("$schema", DIALECT) != DIALECT:
        findings.add(("inputs", "$schema"), "only JSON Schema 2020-12 is read", f"leave it out, or write {DIALECT}")
    before = len(findings.problems)
    for where, ref in _references(schema, ("inputs",)):
        if not ref.startswith("#"):
            findings.add(
                _as_written(where, findings), f"{ref[:80]!r} leads out of this file", "define it under `$defs`"
            )
        elif not _resolves(schema, ref):
            findings.add(_as_written(where, findings), f"{ref[:80]!r} leads nowhere", "write #/$defs/NAME")
    try:
        check_schema(json.dumps(schema, sort_keys=True))
    except SchemaError as error:
        where = _as_written(("inputs", *error.absolute_path), findings)
        findings.add(where, f"no JSON Schema: {error.message[:200]}", "see json-schema.org")
    for place, message, way_out in unreadable(schema, ("inputs",)):
        findings.add(_as_written(place, findings), message, way_out)
    if len(findings.problems) > before:
        return
    for name, message, way_out in unfit_defaults(json.dumps(schema)):
        findings.add(_as_written(("inputs", "properties", name), findings), message, way_out)


def _as_written(where: Where, findings: Findings) -> Where:
    """Return a place of the schema as it stands in the file, where inputs are written by their names alone."""
    if where[1:2] == ("properties",) and ("inputs", "properties") not in findings.lines:
        return (where[0], *where[2:])
    return where


def _resolves(schema: Mapping[str, JSON], ref: str) -> bool:
    here: JSON | Mapping[str, JSON] = schema
    for part in ref[1:].split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(here, Mapping) and key in here:
            here = here[key]
        elif isinstance(here, list) and key.isdecimal() and int(key) < len(here):
            here = here[int(key)]
        else:
            return False
    return ref == "#" or ref.startswith("#/")


def _references(value: JSON | Mapping[str, JSON], where: Where) -> Iterator[tuple[Where, str]]:
    """Yield the references of a schema, with what would move them."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            if key in ("$ref", "$dynamicRef", "$id") and isinstance(each, str):
                yield (*where, key), each
            yield from _references(each, (*where, key))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _references(each, (*where, number))


def _properties(schema: Mapping[str, JSON]) -> Mapping[str, JSON]:
    properties = schema.get("properties")
    return properties if isinstance(properties, dict) else {}


def _check_references(procedure: Procedure, findings: Findings) -> None:
    ids = {step.id for step in procedure.steps}
    reach = {step.id: ancestors(procedure.steps, step.id) for step in procedure.steps}
    for expression in expressions(procedure):
        before = len(findings.problems)
        for reference in references(expression.source):
            match reference.root:
                case "steps":
                    _check_step_reference(expression, reference, ids, reach, findings)
                case "inputs":
                    name = reference.name
                    known = _properties(procedure.inputs)
                    if name not in known and not procedure.inputs.get("additionalProperties"):
                        findings.add(
                            expression.where,
                            f"there is no input {name!r}",
                            f"{meant(name, known)}; declare it under `inputs:`",
                        )
                case _:
                    _check_secret_reference(procedure, expression, reference.name, findings)
        if len(findings.problems) == before:
            # Check the types of an expression; one that takes the extra is doubtful here, and refused when it is
            # activated.
            try:
                expression.compiled()
            except MissingExtra as error:
                findings.add(expression.where, str(error), severity="warning")
            except InvalidInput as error:
                findings.add(expression.where, str(error))


def _check_step_reference(
    expression: Expression,
    reference: Reference,
    ids: set[str],
    reach: Mapping[str, frozenset[str]],
    findings: Findings,
) -> None:
    where, name, step = expression.where, reference.name, expression.step
    if name not in ids:
        joined = name + reference.rest
        way_out = f'write steps["{joined}"]: here - means minus' if joined in ids else meant(name, ids)
        findings.add(where, f"there is no step {name!r}", way_out)
    elif step is not None and name == step.id and not expression.own:
        findings.add(where, f"{name!r} reads its own result before it has one", "that belongs into `verify`")
    elif step is not None and name != step.id and name not in reach[step.id]:
        findings.add(where, f"step {step.id!r} does not need {name!r}, so it may run first", f"add {name} to `needs`")


def _check_secret_reference(procedure: Procedure, expression: Expression, name: str, findings: Findings) -> None:
    if name not in procedure.secrets:
        way_out = f"declare it: `secrets: {{{name}: env:{name.upper()}}}`"
        findings.add(expression.where, f"the secret {name!r} is not declared", way_out)
    elif expression.truth or expression.step is None:
        findings.add(expression.where, "a secret is read in a step's parameters only", "leave it out here")
    elif name not in expression.step.secrets:
        findings.add(expression.where, f"this step may not read the secret {name!r}", f"add `secrets: [{name}]`")


def _check_tests(procedure: Procedure, findings: Findings) -> None:
    ids = {step.id for step in procedure.steps}
    for number, test in enumerate(procedure.tests):
        where: Where = ("tests", number)
        for name in test.steps:
            if name not in ids:
                findings.add((*where, "steps", name), f"there is no step {name!r}", meant(name, ids))
        for key in EXPECTED_STEPS:
            for name in cast(list[str], test.expect.get(key) or []):
                if name not in ids:
                    findings.add((*where, "expect", key), f"there is no step {name!r}", meant(name, ids))
