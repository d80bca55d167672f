"""Which runs begin because something happened, and which of them are under way already?

Four hundred alerts of one kind are one run: of a procedure, a kind (the error's fingerprint, else the event's name) and
a target (or of a procedure and the sender's group, where alerts come in groups), one run at a time goes on, whatever
the procedure's own concurrency group is. Writers of a namespace follow
one after the other, so that two processes that hear of it at once begin one run together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from brainops.errors import Conflict, InvalidInput
from brainops.memory.context import MemoryContext
from brainops.procedures.definition import inputs as inputs_of
from brainops.procedures.runs.start import admit, new_run
from brainops.procedures.runs.unit_of_work import OperationWriter
from brainops.store import Transaction
from brainops.store.ids import new_id
from brainops.types import Answer, OperationStart, ProcedureVersion, TriggerMatch

KIND_CHARACTERS = 32  # of the digest of procedure, kind and target: no two of them meet by accident
MOST_ACTIVE = 1_000  # runs of one procedure on one target that are looked through; more hold no further kind back


def begin_runs(
    tx: Transaction,
    context: MemoryContext,
    matches: Iterable[TriggerMatch],
    start: OperationStart,
    *,
    kind: str,
    group: str | None,
    operations: OperationWriter,
    operation_id: str,
) -> tuple[Answer, ...]:
    """Begin a run of each procedure, in the transaction that writes what happened, or find the one under way."""
    return tuple(_begin(tx, context, match.version, start, kind, group, operations, operation_id) for match in matches)


def proposed(matches: Iterable[TriggerMatch], why: str) -> tuple[Answer, ...]:
    """Say which procedures would have been started, and why they were not."""
    return tuple(
        Answer(procedure=each.version.procedure.name, run_id=None, began=False, reason=why) for each in matches
    )


def _begin(
    tx: Transaction,
    context: MemoryContext,
    version: ProcedureVersion,
    start: OperationStart,
    kind: str,
    group: str | None,
    operations: OperationWriter,
    operation_id: str,
) -> Answer:
    name = version.procedure.name
    of = (name, "group", group) if group else (name, kind, start.target or "")
    digest = hashlib.sha256("\0".join(of).encode()).hexdigest()[:KIND_CHARACTERS]
    labels = start.context.get("labels")
    try:
        given = {
            **(labels if isinstance(labels, dict) else {}),
            "target": start.target,
            "task": start.name,
            **start.context,
        }
        run = new_run(
            context,
            version,
            inputs_of.checked(version.procedure, inputs_of.fitting(version.procedure, given)),
            actor=start.actor,
            now=context.store.now(),
            target=start.target,
            session_id=start.session_id,
            idempotency_key=f"event:{digest}:{new_id()}",
        )
        prefix = f"event:{digest}:"
        active = tx.runs.list(
            state="active",
            procedure_name=run.procedure_name,
            target=None if group else run.target,
            since=None,
            limit=MOST_ACTIVE,
        )
        under_way = next((each for each in active if (each.idempotency_key or "").startswith(prefix)), None)
        if under_way is not None:
            return Answer(procedure=name, run_id=under_way.id, began=False, reason="one of its kind is under way")
        begun = admit(tx, run, version, operations, within=operation_id)
    except (InvalidInput, Conflict) as error:  # what happened is written down all the same
        return Answer(procedure=name, run_id=None, began=False, reason=str(error))
    if begun.id != run.id:
        return Answer(procedure=name, run_id=begun.id, began=False, reason="it joined the run of its group")
    return Answer(procedure=name, run_id=begun.id, began=True)
