"""Which steps, inputs and secrets does a procedure's text refer to, and where? (pure)"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct

from brainops.errors import InvalidInput
from brainops.procedures.conditions.conditions import Compiled, compile
from brainops.procedures.conditions.templates import DECLARED, sources
from brainops.procedures.definition.findings import Where
from brainops.types import JSON, Action, Procedure, Step, StepKind

_LITERAL = r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\''
_REFERENCE = re.compile(
    rf"(?<![\w.])(?P<root>steps|inputs|secrets)\s*"
    rf"(?:\.\s*(?P<name>[A-Za-z_]\w*)|\[\s*(?P<literal>{_LITERAL})\s*\])(?P<rest>-[\w-]+)?|{_LITERAL}"
)


class Expression(Struct, frozen=True, kw_only=True):
    """A CEL expression of a procedure: where it stands, what it says, and of which step it is (None for the whole).

    `own` says that it may read its own step's output; `truth` that it must be true or false, so no part of a template;
    `problem` what keeps it from being read at all.
    """

    where: Where
    source: str
    step: Step | None = None
    own: bool = False
    truth: bool = False
    problem: str = ""

    def compiled(self) -> Compiled:
        """Return it checked. Raises InvalidInput, MissingExtra."""
        if self.problem:
            raise InvalidInput(self.problem)
        return compile(self.source, declared=None if self.truth else DECLARED, condition=self.truth)


class Reference(Struct, frozen=True, kw_only=True):
    """One name that an expression reads: `root` is steps, inputs or secrets; `rest` is what a minus would cut off."""

    root: str
    name: str
    rest: str = ""


def references(source: str) -> Iterator[Reference]:
    """Yield what an expression refers to; texts in quotes refer to nothing."""
    for found in _REFERENCE.finditer(source):
        if found["root"]:
            yield Reference(
                root=found["root"],
                name=found["name"] or found["literal"][1:-1],
                rest=(found["rest"] or "") if found["name"] else "",
            )


def templates(value: JSON | Mapping[str, JSON], where: Where) -> Iterator[tuple[Where, str, str]]:
    """Yield every ${{ }} of a value: its place, what stands in it, and what is wrong with the text, or ""."""
    if isinstance(value, str):
        try:
            yield from ((where, source, "") for source in sources(value))
        except InvalidInput as error:
            yield where, "", str(error)
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from templates(each, (*where, key))
    elif isinstance(value, list | tuple):
        for number, each in enumerate(value):
            yield from templates(each, (*where, number))


def expressions(procedure: Procedure) -> Iterator[Expression]:
    """Yield every condition and template of a procedure."""
    for number, trigger in enumerate(procedure.triggers):
        if trigger.when is not None:
            yield Expression(where=("on", number, "when"), source=trigger.when, truth=True)
    for number, step in enumerate(procedure.steps):
        where = ("steps", number)
        if step.condition is not None:
            yield Expression(where=(*where, "if"), source=step.condition, step=step, truth=True)
        yield from _of_action(step.action, where, step)
        if step.verify is not None:
            at = (*where, "verify")
            if step.verify.condition is not None:
                yield Expression(where=at, source=step.verify.condition, step=step, own=True, truth=True)
            if step.verify.action is not None:
                yield from _of_action(step.verify.action, at, step, own=True)
        if step.compensate is not None:
            yield from _of_action(step.compensate, (*where, "compensate"), step, own=True)
    for name, output in procedure.outputs.items():
        yield from _templates(output, ("outputs", name), None)
    for number, outcome in enumerate(procedure.expected_outcomes):
        yield Expression(where=("expected_outcomes", number), source=outcome, truth=True)
    yield from _templates(procedure.concurrency.group, ("concurrency", "group"), None)


def _of_action(action: Action, where: Where, step: Step, own: bool = False) -> Iterator[Expression]:
    for key, value in action.parameters.items():
        if action.uses is StepKind.CHECK and key == "condition" and isinstance(value, str) and "${{" not in value:
            yield Expression(where=(*where, "with", key), source=value, step=step, own=own, truth=True)
            continue
        at = (*where, key) if key in ("run", "env", "shell", "working-directory") else (*where, "with", key)
        yield from _templates(value, at, step, own)


def _templates(value: JSON, where: Where, step: Step | None, own: bool = False) -> Iterator[Expression]:
    for at, source, problem in templates(value, where):
        yield Expression(where=at, source=source, step=step, own=own, problem=problem)
