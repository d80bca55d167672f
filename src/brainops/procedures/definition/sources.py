"""What is a procedure's text, its canonical form and its hash; may it be kept, and can it be evaluated here?"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct

from brainops.errors import InvalidInput, InvalidProcedure, MissingExtra, Problem
from brainops.memory.redaction.policy import RedactionPolicy
from brainops.memory.redaction.redact import redact, redact_json
from brainops.procedures.definition.canonical import as_mapping, canonical
from brainops.procedures.definition.check import check_injection
from brainops.procedures.definition.define import define, examine, read
from brainops.procedures.definition.define_step import TEMPLATE
from brainops.procedures.definition.files import ProcedureFile
from brainops.procedures.definition.findings import Findings, invalid, place
from brainops.procedures.definition.keywords import OPEN_QUESTION, meant
from brainops.procedures.definition.parse import parse
from brainops.procedures.definition.references import expressions
from brainops.procedures.definition.render import render
from brainops.store.database import Row
from brainops.types import JSON, Procedure, ProcedureVersion, Trust

SECRETS_ONLY = RedactionPolicy(private=False)

LOOKS_SECRET = "this looks like a secret"
ANSWER = "say it in the text so that it is clear, or give from-text --answer, and activate the new number"
SHOWN = 300  # characters of a question in the refusal
DECLARE = "declare `secrets: {name: env:NAME}` and write ${{ secrets.name }}"
PLACEHOLDER = re.compile(r"\[redacted:[\w\-]+\]")

_COMMENT = re.compile(r"(?:^|[ \t])#[^\n]*", re.MULTILINE)


class Definition(Struct, frozen=True, kw_only=True):
    """A procedure as it is kept: with its text, canonical form and hash."""

    procedure: Procedure
    source: str
    path: str | None
    canonical: str
    digest: str
    trust: Trust


def definition(source: Procedure | str | Mapping[str, JSON], path: str | None, trust: Trust) -> Definition:
    """Return what is kept of a text, a mapping or a Procedure; raise InvalidProcedure with every problem."""
    if isinstance(source, str):
        return _kept(parse(source, path or ""), source, path, trust)
    value = as_mapping(source) if isinstance(source, Procedure) else source
    procedure = define(value, path=path or "")
    return _kept(procedure, render(procedure), path, trust)


def unwritten(procedure: Procedure) -> Definition:
    """Return the definition of a procedure that nobody reads yet, without its text; raise InvalidProcedure."""
    return _kept(define(as_mapping(procedure)), "", None, Trust.AGENT)


def of_files(files: Sequence[ProcedureFile]) -> list[Definition]:
    """Return the definitions of files that have no errors; raise InvalidProcedure where two have the same name."""
    found: dict[str, Definition] = {}
    problems: list[Problem] = []
    for file in files:
        if file.procedure is None:
            continue
        name = file.procedure.name
        if name in found:
            message = f"the name {name!r} is that of {found[name].path} too"
            problems.append(Problem(path=file.path, line=1, message=message, way_out="give one another name"))
        found.setdefault(name, _kept(file.procedure, file.text, file.path, Trust.VERIFIED))
    if problems:
        raise invalid(tuple(problems))
    return list(found.values())


def digest_of(procedure: Procedure) -> str:
    """Return the hash of a procedure that is whole, as its definition has it."""
    return hashlib.sha256(canonical(procedure).encode()).hexdigest()


def _kept(procedure: Procedure, source: str, path: str | None, trust: Trust) -> Definition:
    text = canonical(procedure)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Definition(procedure=procedure, source=source, path=path, canonical=text, digest=digest, trust=trust)


def stored(body: str) -> Procedure:
    """Read a canonical form that was checked when it was kept."""
    return read(json.loads(body), Findings())


def require_canonical(body: str) -> None:
    """Raise InvalidProcedure or ValueError unless a text is the canonical form of a procedure, as it is kept."""
    # Not looked at for injection: what an earlier version took is kept, and refused where it runs.
    if canonical(examine(json.loads(body), Findings(), injection=False).required()) != body:
        raise ValueError("a procedure's body is not in its canonical form")


def secrets_in(given: Definition) -> tuple[Problem, ...]:
    """Return the places of a text that look like a secret, without saying it; references to secrets are none."""
    said = redact_json(_without_references(as_mapping(given.procedure)), SECRETS_ONLY).findings
    comments = "\n".join(_COMMENT.findall(given.source))
    if not said and not looks_secret(comments):
        return ()
    lines = [number for number, line in enumerate(given.source.split("\n"), 1) if looks_secret(line)]
    return tuple(
        Problem(path=given.path or "", line=line, message=LOOKS_SECRET, way_out=DECLARE) for line in lines or [1]
    )


def require_filled(procedure: Procedure) -> None:
    """Raise InvalidProcedure where a step asks its author something or holds the placeholder of a secret."""
    problems = [
        Problem(path="", line=1, message=f"the step {step.id}: {' '.join(step.text.split())[:SHOWN]}", way_out=ANSWER)
        for step in procedure.steps
        if any(line.lstrip().startswith(OPEN_QUESTION) for line in step.text.splitlines())
    ]
    problems += [
        Problem(path="", line=1, message=f"the step {step.id} holds a placeholder where a secret was", way_out=DECLARE)
        for step in procedure.steps
        if PLACEHOLDER.search(repr(step))
    ]
    if problems:
        raise invalid(tuple(problems))


def holds_secret(row: Row) -> bool:
    """Say whether a stored version holds what looks like a secret by today's rules."""
    procedure, trust = stored(row["body"]), Trust(row["trust"])
    kept = Definition(
        procedure=procedure,
        source=row["source"],
        path=row["path"],
        canonical=row["body"],
        digest=row["hash"],
        trust=trust,
    )
    return bool(secrets_in(kept))


def _without_references(value: JSON) -> JSON:
    if isinstance(value, dict):
        return {key: _without_references(each) for key, each in value.items() if key != "secrets"}
    if isinstance(value, list):
        return [_without_references(each) for each in value]
    return TEMPLATE.sub("", value) if isinstance(value, str) else value


def looks_secret(text: str) -> bool:
    """Say whether a text holds what looks like a secret; a reference to one is none."""
    return bool(redact(TEMPLATE.sub("", text), SECRETS_ONLY).findings)


def require_evaluable(procedure: Procedure, path: str = "") -> None:
    """Raise InvalidProcedure or MissingExtra where a condition or template cannot be evaluated here."""
    findings = Findings(path)
    for expression in expressions(procedure):
        try:
            expression.compiled()
        except MissingExtra as error:
            where = f"{procedure.name}, {place(expression.where)}"
            raise MissingExtra(f"{where}: {error}; until then it cannot be activated here") from error
        except InvalidInput as error:
            findings.add(expression.where, str(error))
    findings.raise_errors()


def require_safe(given: Definition, plain: Collection[str]) -> None:
    """Raise InvalidProcedure where an input could become code; a person vouched for the `plain` programs."""
    findings = Findings(given.path or "")
    check_injection(given.procedure, findings, plain)
    findings.raise_errors()


def invalid_files(problems: tuple[Problem, ...]) -> InvalidProcedure:
    """Return the error of files with these problems."""
    return invalid(problems)


def patch(before: ProcedureVersion, after: str) -> str:
    """Return the patch that makes a version's text another; "" where they are the same."""
    name = before.path or f"{before.procedure.name}/SKILL.md"
    old, new = (text.rstrip("\n").split("\n") for text in (before.source, after))
    lines = difflib.unified_diff(old, new, f"a/{name}", f"b/{name}", lineterm="")
    return "".join(f"{line}\n" for line in lines)


def hint(name: str, names: Sequence[str]) -> str:
    """Return what may have been meant by a name."""
    return meant(name, names)
