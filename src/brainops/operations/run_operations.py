"""How does a run stand in the operation log? Whatever runs is one operation, begun and ended with it."""

from __future__ import annotations

from msgspec.structs import replace

from brainops.memory.context import MemoryContext
from brainops.operations import log as records
from brainops.procedures.remedies import outcomes
from brainops.store import Transaction
from brainops.store.ids import new_id
from brainops.store.operations import EXECUTE
from brainops.types import (
    ErrorEvent,
    Evidence,
    Failed,
    Micros,
    Operation,
    OperationStart,
    Outcome,
    Run,
    RunState,
    Succeeded,
)
from brainops.types.times import SECOND_MICROS

FIX_KEY = "fix"  # with it begins the idempotency key of a run that applies a fix, or takes one back
CANCELLED = "CancelledError"  # the type of the error of what somebody stopped, which is no memory


class RunOperations:
    """Begins and ends the operations of runs, in the transactions that move them.

    A run that failed and is tried again is another operation: how often a procedure fails counts both.
    """

    def __init__(self, context: MemoryContext) -> None:
        self._context = context

    def begin(self, tx: Transaction, run: Run, under: str | None = None) -> str:
        """Write that a run begins, during another operation where there is one, and return its operation's id."""
        operation_id = new_id()
        start = records.checked_start(self._context, replace(_start(run), parent_id=under))
        records.begin(tx, operation_id, start, None, self._context.store.now())
        return operation_id

    def fail(self, tx: Transaction, run: Run, event: ErrorEvent, *, step_id: str | None, known: bool) -> None:
        """Write that a run failed, at once, and make its error a memory, unless it is one already since a part of the
        run ended in it.
        """
        where = {"run": run.id, **({"step": step_id} if step_id else {})}
        start = _start(run)
        start = records.checked_start(self._context, replace(start, context={**start.context, **where}))
        event = records.checked_error(self._context, event)
        memory_id = records.remembered(tx, event) if known else None
        standing = self._open(tx, run)
        if standing is not None:
            outcome = Failed(error=event, duration_seconds=self._seconds(standing))
            at = self._finish(tx, standing.id, start, outcome, memory_id)
            _show(tx, run, standing, at, helped=False)
        elif memory_id is None:
            records.distil(tx, self._context, event, start, run.operation_id)

    def end(self, tx: Transaction, run: Run) -> None:
        """Write how a run ended that did not fail."""
        standing = self._open(tx, run)
        if standing is None:
            return
        outcome: Outcome = Succeeded(
            result={"run": run.id, "state": run.state.value, "outputs": run.outputs},
            duration_seconds=self._seconds(standing),
        )
        if run.state is not RunState.SUCCEEDED:
            error = ErrorEvent(type=CANCELLED, message=f"cancelled: {run.reason or 'somebody stopped it'}")
            outcome = Failed(error=error, duration_seconds=outcome.duration_seconds)
        at = self._finish(tx, standing.id, standing.start, outcome, None)
        if run.state is RunState.SUCCEEDED and any(step.evidence is not None for step in run.steps):
            _show(tx, run, standing, at, helped=True)

    def error_of(self, tx: Transaction, run: Run) -> ErrorEvent | None:
        """Return the error in which a run ended."""
        operation = tx.operations.get(run.operation_id) if run.operation_id else None
        return operation.outcome.error if operation is not None and isinstance(operation.outcome, Failed) else None

    def _open(self, tx: Transaction, run: Run) -> Operation | None:
        operation = tx.operations.get(run.operation_id) if run.operation_id else None
        return operation if operation is not None and operation.outcome is None else None

    def _finish(
        self, tx: Transaction, operation_id: str, start: OperationStart, outcome: Outcome, memory_id: str | None
    ) -> Micros:
        now = self._context.store.now()
        records.finish(
            tx, self._context, operation_id, start, outcome, now, client_errors=True, error_memory_id=memory_id
        )
        return now

    def _seconds(self, operation: Operation) -> float:
        return max(0.0, (self._context.store.now() - operation.started_at) / 1e6)


def _start(run: Run) -> OperationStart:
    return OperationStart(
        name=f"{EXECUTE}{run.procedure_name}",
        target=run.target,
        context=dict(run.inputs),
        actor=run.actor,
        session_id=run.session_id,
    )


def _show(tx: Transaction, run: Run, operation: Operation, at: Micros, *, helped: bool) -> None:
    """Keep what a procedure did against the error that it was run for; that it helped shows a check of its own.

    Of a fix that says its application, of a part of a run the whole.
    """
    if run.parent_run_id is not None or (run.idempotency_key or "").startswith(FIX_KEY):
        return
    outcomes.of_operation(
        tx,
        operation.id,
        operation.start,
        run.procedure_id,
        helped=helped,
        basis=Evidence.VERIFIED if helped else Evidence.OBSERVED,
        seconds=(at - operation.started_at) / SECOND_MICROS,
        at=at,
    )
