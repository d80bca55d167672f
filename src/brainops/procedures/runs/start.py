"""How does a run come to be, and does it stand back for one that is there already?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from brainops.errors import Conflict, InvalidInput
from brainops.memory.context import MemoryContext
from brainops.procedures.conditions.templates import fill
from brainops.procedures.runs import trials
from brainops.procedures.runs.attempts import BeginsRun
from brainops.procedures.runs.run_values import bounded
from brainops.procedures.runs.unit_of_work import OperationWriter, RunEngine, Sheet
from brainops.store import Transaction
from brainops.store.ids import new_id
from brainops.types import JSON, Actor, Micros, ProcedureVersion, Run, RunState, StepRun
from brainops.types.limits import MAX_NAME_CHARACTERS

MAX_DEPTH = 8  # of runs that start runs: deeper is a circle, or nobody can follow it
MAX_KEY_CHARACTERS = 200  # of an idempotency key, a session or an operation
MAX_GROUP_CHARACTERS = 600


def new_run(
    context: MemoryContext,
    version: ProcedureVersion,
    inputs: Mapping[str, JSON],
    *,
    actor: Actor,
    now: Micros,
    target: str | None = None,
    session_id: str | None = None,
    operation_id: str | None = None,
    idempotency_key: str | None = None,
    parent: Run | None = None,
    parent_step_id: str | None = None,
) -> Run:
    """Return a run that is about to begin, its texts clean and redacted; raise InvalidInput."""
    kept = bounded(dict(inputs), context.redaction, "the inputs")
    assert isinstance(kept, dict)
    run = Run(
        id=new_id(),
        namespace=context.store.scope.write,
        procedure_id=version.id,
        procedure_name=version.procedure.name,
        procedure_hash=version.hash,
        mode=version.procedure.mode,
        target=_target(context, target),
        inputs=kept,
        state=RunState.QUEUED,
        epoch=0,
        wake_at=now,
        actor=actor,
        session_id=_key(context, session_id, "session"),
        operation_id=_key(context, operation_id, "operation"),
        parent_run_id=parent.id if parent else None,
        parent_step_id=parent_step_id,
        depth=parent.depth + 1 if parent else 0,
        idempotency_key=_key(context, idempotency_key, "idempotency_key"),
        created_at=now,
    )
    values: dict[str, Any] = {
        "inputs": dict(run.inputs),
        "procedure": {"name": version.procedure.name, "hash": version.hash},
        "run": {"target": run.target or "", "session": run.session_id or ""},
        "target": run.target or "",
    }
    return replace(run, concurrency_group=str(fill(version.procedure.concurrency.group, values))[:MAX_GROUP_CHARACTERS])


def _target(context: MemoryContext, target: str | None) -> str | None:
    if target is None or target == "":
        return None
    if not isinstance(target, str):
        raise InvalidInput(f"a target is text, not {target!r:.80}")
    return context.text(target, MAX_NAME_CHARACTERS) or None


def _key(context: MemoryContext, value: str | None, what: str) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > MAX_KEY_CHARACTERS:
        raise InvalidInput(f"{what} is text of at most {MAX_KEY_CHARACTERS} characters, not {str(value)[:40]!r}")
    return context.name(value)


def admit(
    tx: Transaction,
    run: Run,
    version: ProcedureVersion,
    operations: OperationWriter,
    *,
    within: str | None = None,
    pinned: bool = False,
) -> Run:
    """Write a run that begins, with its operation, or return the one that it joins; `id` tells which.

    While a change of the procedure is tried, some runs follow the other version, unless this one is `pinned`.

    One group has one active run: a second one waits its turn (queue), is not begun (drop: raises Conflict), or is the
    first one (attach).
    """
    if run.idempotency_key is not None and (earlier := tx.runs.by_idempotency(run.idempotency_key)) is not None:
        return earlier
    holder = tx.runs.active(run.concurrency_group) if run.concurrency_group else None
    if holder is not None:
        match version.procedure.concurrency.on_conflict:
            case "attach":
                return holder
            case "drop":
                raise Conflict(
                    f"the run {holder.id} of {holder.procedure_name} is under way on "
                    f"{holder.target or 'the same target'}, and a second one is dropped; look at it: "
                    f"brainops runs show {holder.id}"
                )
            case _:
                run = replace(run, state=RunState.QUEUED, epoch=0, owner=None, lease_until=None, wake_at=None)
    run = replace(run, holds_group=holder is None and run.concurrency_group is not None)
    given = None if pinned else trials.given(tx, run)
    if given is not None:
        run = replace(run, procedure_id=given.version_id, procedure_hash=given.digest)
    if run.operation_id is None:
        run = replace(run, operation_id=operations.begin(tx, run, within))
    if not tx.runs.insert(run):
        raise Conflict("another run of this group began at the same moment; start again")
    if given is not None:
        given.note(tx, run)
    return run


def begin_child(engine: RunEngine, sheet: Sheet, row: StepRun, begins: BeginsRun) -> Run:
    """Begin the run that a step is, in the transaction that writes so; the same step again finds the same run."""
    parent = sheet.run
    if parent.depth + 1 >= MAX_DEPTH:
        raise InvalidInput(f"{MAX_DEPTH} runs that start each other are the limit; does {parent.procedure_name} end?")
    child = new_run(
        engine.context,
        begins.version,
        begins.inputs,
        actor=parent.actor,
        now=sheet.now,
        target=begins.target if begins.target is not None else parent.target,
        session_id=parent.session_id,
        idempotency_key=row.idempotency_key,
        parent=parent,
        parent_step_id=row.step_id,
    )
    begun = admit(sheet.tx, child, begins.version, engine.operations, within=parent.operation_id)
    above: Run | None = parent
    while above is not None:
        if above.id == begun.id:
            raise Conflict(f"step {row.step_id} would wait for the run {begun.id} that it belongs to itself")
        above = sheet.tx.runs.get(above.parent_run_id) if above.parent_run_id else None
    return begun
