"""What begins because something happened?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brainops.memory.context import MemoryContext
from brainops.memory.recognition.fingerprint import fingerprint
from brainops.operations import log
from brainops.operations.guard.enforcement import Guard
from brainops.operations.operation import start_of
from brainops.operations.run_operations import RunOperations
from brainops.procedures.runs.reactions import begin_runs, proposed
from brainops.procedures.triggers.triggers import Triggers
from brainops.store import acts
from brainops.store.ids import new_id
from brainops.types import JSON, Autonomy, ErrorEvent, Handled, Succeeded
from brainops_core.recognition.error_events import error_title


def handle(
    context: MemoryContext,
    triggers: Triggers,
    guard: Guard,
    event: str,
    *,
    target: str | None,
    error: str | ErrorEvent | BaseException | None,
    said: Mapping[str, Any] | None,
    session: str | None,
) -> Handled:
    """Write down what happened, and let the procedures that are for it begin: one run for each kind and target.

    Procedures are for it by the events or fingerprints of their triggers. They begin where the namespace's autonomy is
    auto and nobody stopped what acts by itself; else they are only named. Each event is an operation of the log, each
    error a memory. Returns once that is durable.
    """
    happened = log.checked_error(context, log.event_of(error, None)) if error is not None else None
    kind = event if happened is None else fingerprint(happened).digest
    told: dict[str, Any] = {**(said or {}), "event": event}
    if happened is not None:
        told |= {"error": error_title(happened), "fingerprint": kind}
    start = log.checked_start(context, start_of(f"handle {event}", target, told, context.actor, session))
    matches, held_back = triggers.answering(start), _held_back(guard)
    operation_id, at = new_id(), context.store.now()
    with context.store.writing(acts.RECORD, context.actor) as tx:
        log.begin(tx, operation_id, start, None, at)
        memory_id = log.distil(tx, context, happened, start, operation_id) if happened else None
        if held_back is None:
            answers = begin_runs(
                tx, context, matches, start, kind=kind, operations=RunOperations(context), operation_id=operation_id
            )
        else:
            answers = proposed(matches, held_back)
        runs: JSON = [answer.run_id for answer in answers]
        log.finish(tx, context, operation_id, start, Succeeded(result={"runs": runs}), at)
    return Handled(operation_id=operation_id, kind=kind, memory_id=memory_id, answers=answers)


def _held_back(guard: Guard) -> str | None:
    """Return why nothing begins by itself here, None where it may."""
    stopped = guard.automatic_stopped()
    if stopped is not None:
        return f"what acts by itself is stopped: {stopped}"
    autonomy = guard.settings().autonomy
    if autonomy is not Autonomy.AUTO:
        return f"autonomy is {autonomy.value}: brainops autonomy auto lets it begin"
    return None
