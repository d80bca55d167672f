"""Which rules does a procedure stand for? (pure)"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec.structs import replace

from brainops.types import AllOf, AnyOf, Done, Mode, Rule, RuleKind, RuleMode

if TYPE_CHECKING:
    from brainops.types import Procedure, ProcedureVersion, Requirement, Step

_MODES = {Mode.ADVISORY: RuleMode.WARN, Mode.REQUIRED: RuleMode.ASK, Mode.STRICT: RuleMode.DENY}


def from_procedure(version: ProcedureVersion) -> tuple[Rule, ...]:
    """Return the rules that a procedure stands for: that it is followed where it applies, and the order of its steps.

    Its mode sets theirs: advisory warns, required asks, strict denies.
    """
    procedure = version.procedure
    made = [*_following(version), *(rule for step in procedure.steps if (rule := _order_of(version, step)))]
    return tuple(made)


def operation_of(step: Step) -> str:
    """Return the operation that a step is: what its parameters name so, else its id."""
    named = step.action.parameters.get("operation")
    return named if isinstance(named, str) and named else step.id


def _following(version: ProcedureVersion) -> Iterator[Rule]:
    """An advisory procedure is offered, not demanded; a trigger without operations has nothing that could be held."""
    procedure = version.procedure
    if procedure.mode is Mode.ADVISORY:
        return
    for number, trigger in enumerate(procedure.triggers):
        if trigger.operations:
            yield replace(
                _rule(version, f"trigger-{number}", RuleKind.PROCEDURE),
                name=f"follow {procedure.name}",
                operations=trigger.operations,
                targets=trigger.targets,
                condition=trigger.when,
                procedure=procedure.name,
            )


def _order_of(version: ProcedureVersion, step: Step) -> Rule | None:
    parts = tuple(_needed(version.procedure, step))
    if not parts:
        return None
    return replace(
        _rule(version, step.id, RuleKind.ORDER),
        name=f"{version.procedure.name}: before {step.id}",
        operations=(operation_of(step),),
        targets=_targets(version.procedure),
        requirement=parts[0] if len(parts) == 1 else AllOf(parts=parts),
    )


def _targets(procedure: Procedure) -> tuple[str, ...]:
    """Where a procedure says for each trigger what it is about, its order holds there and nowhere else."""
    named = [trigger.targets for trigger in procedure.triggers]
    return tuple(dict.fromkeys(glob for globs in named for glob in globs)) if named and all(named) else ()


def _needed(procedure: Procedure, step: Step) -> Iterator[Requirement]:
    """Yield what a step needs; a need that may rightly not be done (`if`, continue-on-error) gives way to its own."""
    for need in step.needs:
        earlier = procedure.step(need)
        if earlier is None:
            continue
        if earlier.condition is not None or earlier.continue_on_error:
            yield from _needed(procedure, earlier)
            continue
        names = {earlier.id, operation_of(earlier)}
        others = [operation_of(other) for other in procedure.steps if names & set(other.satisfies)]
        choices = tuple(Done(operation=name) for name in dict.fromkeys([operation_of(earlier), *others]))
        yield choices[0] if len(choices) == 1 else AnyOf(parts=choices)


def _rule(version: ProcedureVersion, part: str, kind: RuleKind) -> Rule:
    name = version.procedure.name
    return Rule(
        id=f"{name}@{version.hash[:12]}/{part}",
        namespace=version.namespace,
        name=name,
        kind=kind,
        mode=_MODES[version.procedure.mode],
        source=f"procedure:{name}@{version.hash}",
        created_at=version.created_at,
    )
