"""May a step of a run act? What a run tells the guard of its step, and what it is answered.

A run does not know the guard: it is given one as a callable, and without one every step may act.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from brainops.procedures.definition.step_kinds import OPERATION, STEP_KINDS
from brainops.types import ActorKind, Allow, Decision, OperationStart, PastOperation, StepKind, StepState

if TYPE_CHECKING:
    from brainops.store import Transaction
    from brainops.types import JSON, Action, ProcedureVersion, Run, Step, StepRun

DOING_CHARACTERS = 500  # of a command line in the question about it


class Within(Struct, frozen=True, kw_only=True):
    """The run that a step belongs to, with those that began it, as far as rules go.

    `names` is what the step does besides its operation's name: its command line, request or function; `named` says that
    the step itself names its operation. `following` are the procedures that are followed by it, `done` the steps that
    succeeded, `approvals` the ids of what people approved for it, used up already. `recorded`: it was let pass before,
    so another attempt counts nothing twice.
    """

    operation_id: str | None
    names: tuple[str, ...]
    named: bool
    following: frozenset[str]
    done: Callable[[], Iterable[PastOperation]]
    approvals: tuple[str, ...] = ()
    recorded: bool = False


class Admission(Struct, frozen=True, kw_only=True):
    """What the guard answers. `subject` is what an approval would be about; `refusal` says why not, and the way out, or
    `trouble` that it could not look.

    Nothing is written before `record`, which raises OperationBlocked where somebody was faster; `silent` says that
    there is nothing to write.
    """

    decision: Decision
    subject: str
    refusal: str
    silent: bool
    trouble: bool = False
    record: Callable[[Transaction], None]


def is_asked(action: Action) -> bool:
    """Say whether the guard is asked before this: what acts outside, or could, since a check may run a program."""
    asks = action.uses is StepKind.CHECK and bool(action.parameters.get("run") or action.parameters.get("url"))
    return asks or STEP_KINDS[action.uses].acts_outside


AskGuard = Callable[[OperationStart, Within], Admission]


def unguarded(start: OperationStart, within: Within) -> Admission:
    """Let every step act: where nobody said who is to be asked."""
    return Admission(decision=Allow(), subject=start.name, refusal="", silent=True, record=lambda tx: None)


def start_of_step(run: Run, step: Step, row: StepRun, action: Action) -> OperationStart:
    """Return the operation that a step is, its parameters filled in and its secrets left out."""
    given = dict(action.parameters)
    named = given.pop(OPERATION, None)
    name = str(named or (step.id if row.role == "do" else f"undo {step.id}"))
    return OperationStart(
        name=name,
        target=run.target,
        context={**_said(action.uses, given), "procedure": run.procedure_name, "run": run.id, "step": step.id},
        actor=run.actor,
        session_id=run.session_id,
        parent_id=run.operation_id,
    )


def without_operation(action: Action) -> Mapping[str, JSON]:
    """Return the parameters that an executor reads: what the step is called is none of them."""
    return {name: value for name, value in action.parameters.items() if name != OPERATION}


def within_of(tx: Transaction, version: ProcedureVersion, run: Run, step: Step, row: StepRun, action: Action) -> Within:
    """Return what rules may know of the run that a step belongs to."""
    chain = list(_chain(tx, version, run, step.id))
    own = [_detail(run.step(step.id)), _detail(row)]
    approvals = [approval_id for detail in own for approval_id in _approvals(detail)]
    return Within(
        operation_id=run.operation_id,
        names=tuple(_names(action.parameters)),
        named=bool(action.parameters.get(OPERATION)),
        following=frozenset(each.procedure_name for _, each, _ in chain),
        done=lambda: (past for version, each, _ in chain for past in _done(version, each)),
        approvals=(*approvals, *(one for version, each, at in chain for one in _approved(version, each, at))),
        recorded=bool(_detail(row).get("recorded")),
    )


def doing_of(action: Action) -> str:
    """Return in a few words what a step does, for whoever is asked about it."""
    said = next(_names(action.parameters), "")[:DOING_CHARACTERS]
    return f" ({said})" if said else ""


def kept_detail(row: StepRun, **more: JSON) -> dict[str, JSON]:
    """Return what stands with a step's row of the guard's answers, with more beside it."""
    known = {name: value for name, value in _detail(row).items() if name in ("approvals", "recorded")}
    return {**known, **more}


def with_approvals(row: StepRun, *approval_ids: str) -> list[JSON]:
    """Return the approvals that were used up for a step, with these."""
    return [*dict.fromkeys((*_approvals(_detail(row)), *approval_ids))]


def _approvals(detail: Mapping[str, JSON]) -> list[str]:
    known = detail.get("approvals")
    return [str(approval_id) for approval_id in known] if isinstance(known, list) else []


def _detail(row: StepRun | None) -> Mapping[str, JSON]:
    return row.detail if row is not None and isinstance(row.detail, dict) else {}


def _chain(
    tx: Transaction, version: ProcedureVersion, run: Run, step_id: str
) -> Iterator[tuple[ProcedureVersion, Run, str | None]]:
    """Yield the run and those that began it, each with its version and the step at which it stands."""
    from brainops.procedures.definition.sources import stored
    from brainops.store.procedures import version_of

    yield version, run, step_id
    while run.parent_run_id is not None:
        at, above = run.parent_step_id, tx.runs.get(run.parent_run_id)
        row = tx.procedures.by_id(above.procedure_id) if above is not None else None
        if above is None or row is None:
            return
        run = above
        yield version_of(row, stored), run, at


def _approved(version: ProcedureVersion, run: Run, step_id: str | None) -> Iterator[str]:
    """Yield the approvals of the approval steps that a step needs, directly or through others.

    In a procedure that an agent made active, what it asked of people stands for nothing but itself.
    """
    if version.activated_by is not None and version.activated_by.kind is ActorKind.AGENT:
        return
    waiting, seen = [step_id], set[str]()
    while waiting:
        step = version.procedure.step(waiting.pop() or "")
        for need in step.needs if step is not None else ():
            if need in seen:
                continue
            seen.add(need)
            waiting.append(need)
            row, needed = run.step(need), version.procedure.step(need)
            if row is None or needed is None or needed.action.uses is not StepKind.APPROVAL:
                continue
            if row.state is StepState.SUCCEEDED and isinstance(row.evidence, dict):
                yield str(row.evidence.get("approval") or "")


def _done(version: ProcedureVersion, run: Run) -> Iterator[PastOperation]:
    """Yield the steps that succeeded, under each name that they have."""
    for row in run.steps:
        step = version.procedure.step(row.step_id)
        if step is None or row.state is not StepState.SUCCEEDED:
            continue
        given: Mapping[str, Any] = row.input if isinstance(row.input, dict) else {}
        names = [step.id, *([str(given[OPERATION])] if given.get(OPERATION) else []), *_names(given)]
        for name in dict.fromkeys(names):
            yield PastOperation(
                name=name,
                target=run.target,
                arguments=_said(step.action.uses, given),
                result=row.output,
                succeeded=True,
                at=row.finished_at or 0,
                session_id=run.session_id,
            )


def _said(uses: StepKind, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a step's parameters as the context of an operation, what it does under the names that tell."""
    said = {name: value for name, value in given.items() if name not in ("run", "arguments")}
    run, arguments = given.get("run"), given.get("arguments")
    if run:
        said["command"] = _line(run)
    if isinstance(run, list | tuple):
        said["argv"] = [str(word) for word in run]
    if given.get("url"):
        said["method"] = _method(given)
    if uses is StepKind.CALL and isinstance(arguments, dict):
        said = {**arguments, **said}
    return said


def _names(given: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a step does in a word: its command line, its request, its function."""
    if line := _line(given.get("run")):
        yield line
    if given.get("url"):
        yield f"{_method(given)} {given['url']}"
    if given.get("function"):
        yield str(given["function"])


def _method(given: Mapping[str, Any]) -> str:
    return str(given.get("method") or "GET").upper()


def _line(run: Any) -> str:
    return shlex.join(map(str, run)) if isinstance(run, list | tuple) else str(run or "")
