"""How does each execution stand, and who corrects, ends or judges it from outside?"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta
from msgspec.structs import replace

from brainops.agents.agent_steps import output_of
from brainops.agents.execution import end
from brainops.agents.registry import Roster
from brainops.errors import Conflict, NotFound
from brainops.memory.filters import member
from brainops.operations import log as records
from brainops.operations.guidance import guidance_of
from brainops.operations.jsonable import jsonable
from brainops.procedures.remedies import outcomes
from brainops.statistics.proportions import wilson_interval
from brainops.store import acts
from brainops.types import ErrorEvent, Evidence, ExecutionState, Failed, Succeeded, TaskRecord
from brainops.types.limits import LISTED_WHOLE
from brainops.types.times import DAY_MICROS
from brainops.wire import from_plain

if TYPE_CHECKING:
    from brainops.memory.context import MemoryContext
    from brainops.operations.guard.enforcement import Guard
    from brainops.procedures.runs.runner import Runner
    from brainops.store import Transaction
    from brainops.store.database import Row
    from brainops.types import JSON, Attempt, Execution, Outcome
    from brainops.types.page import Page

Days = Annotated[int, Meta(ge=1, le=365)]
MAX_LISTED = 10_000  # attempts of one call: what cycles and figures look at

log = logging.getLogger("brainops")


class Executions(Roster):
    """The executions of a namespace: looked at, ended by hand, cancelled, verified."""

    def __init__(self, context: MemoryContext, guard: Guard, runs: Runner) -> None:
        super().__init__(context)
        self._guard = guard
        self._runs = runs

    def done(
        self, execution_id: str, *, result: JSON = None, failed: str | None = None, evidence: JSON = None
    ) -> Execution:
        """Say what came of an execution that a person carried out by its plan; completes the step that waits for it.

        Raises NotFound, and Conflict where it does not wait.
        """
        given = jsonable(result, self._context.redaction)
        outcome: Outcome = Succeeded(result=given, evidence=Evidence.CLAIMED)
        if failed is not None:
            error = records.checked_error(self._context, records.event_of(failed, None))
            outcome = Failed(error=error, result=given, evidence=Evidence.CLAIMED)
        state = ExecutionState.FAILED if failed is not None else ExecutionState.SUCCEEDED
        by = self._context.actor
        with self._context.store.writing(acts.EXECUTION_DONE, self._context.actor) as tx:
            execution, now = self._at_hand(tx, execution_id), self._context.store.now()
            said = f"carried out by {by.kind.value}:{by.id}"
            waits = execution.state is ExecutionState.WAITING
            if not waits or not end(tx, self._context, execution, state, outcome, reason=said):
                raise Conflict(f"the execution {execution_id} is {execution.state.value}; only one that waits is done")
            tx.trail.append(execution.id, now, state=state.value, evidence=jsonable(evidence, self._context.redaction))
        ended = self.execution(execution_id)
        if state is ExecutionState.SUCCEEDED:
            self._complete_step(ended)
        return ended

    def cancel(self, execution_id: str, *, reason: str) -> Execution:
        """Stop an execution, in whatever process it is under way, within about a second; raise NotFound, Conflict."""
        said = self._context.text(reason) or "cancelled"
        with self._context.store.writing(acts.EXECUTION_CANCEL, self._context.actor) as tx:
            execution, now = self._at_hand(tx, execution_id), self._context.store.now()
            if execution.state is ExecutionState.RUNNING:
                tx.agents.request(execution.id, said)
            elif execution.state is ExecutionState.WAITING:
                outcome = Failed(error=ErrorEvent(type="CancelledError", message=f"cancelled: {said}"))
                end(tx, self._context, execution, ExecutionState.CANCELLED, outcome, reason=said)
            else:
                raise Conflict(f"the execution {execution_id} has ended: it is {execution.state.value}")
            tx.trail.append(execution.id, now, reason=said)
        return self.execution(execution_id)

    def verify(self, execution_id: str, *, right: bool, note: str = "") -> Execution:
        """Say, after a later look, whether what its agent claimed was right: selection learns from that instead.

        No agent judges itself or another: what is verified may change the system. Raises NotFound, Conflict.
        """
        said = self._context.text(note)
        with self._context.store.writing(acts.EXECUTION_VERIFY, self._context.actor) as tx:
            execution, now = self._at_hand(tx, execution_id), self._context.store.now()
            last = execution.attempts[-1] if execution.attempts else None
            if last is None or last.outcome is None:
                raise Conflict(f"no agent has ended an attempt at {execution_id}; there is nothing to judge")
            tx.agents.verify(last.id, right, now)
            for operation_id in filter(None, (last.operation_id, execution.operation_id)):
                standing = tx.operations.get(operation_id)
                if standing is None or standing.outcome is None:
                    continue
                same = right == isinstance(standing.outcome, Succeeded)
                if same:
                    tx.operations.verify(operation_id)
                else:
                    tx.operations.contradict(operation_id, said or "a later check says otherwise")
                outcomes.judged(tx, operation_id, self._context.actor, now, right=same, note=said)
            tx.trail.append(execution.id, now, agent=last.agent, right=right, note=said)
        return self.execution(execution_id)

    def execution(self, execution_id: str) -> Execution:
        """Return one execution with its attempts; raise NotFound."""
        with self._context.store.read() as tx:
            return self._at_hand(tx, execution_id)

    def executions(
        self,
        *,
        state: ExecutionState | str | None = None,
        run_id: str | None = None,
        task_class: str | None = None,
        limit: int = LISTED_WHOLE,
        after: str | None = None,
        before: str | None = None,
    ) -> Page[Execution]:
        """Return executions without their attempts, newest first."""
        with self._context.store.read() as tx:
            wanted = None if state is None else member(ExecutionState, state).value
            return tx.agents.executions(
                state=wanted, run_id=run_id, task_class=task_class, limit=limit, after=after, before=before
            )

    def attempts(
        self,
        *,
        task_class: str | None = None,
        agent: str | None = None,
        since: int | None = None,
        limit: int = MAX_LISTED,
        after: str | None = None,
        before: str | None = None,
    ) -> Page[Attempt]:
        """Return attempts, newest first: what selection, health and the cycles look at."""
        most = min(from_plain(int, limit, "limit"), MAX_LISTED)
        with self._context.store.read() as tx:
            return tx.agents.attempts(
                task_class=task_class, agent=agent, since=since, limit=most, after=after, before=before
            )

    def records(self, *, days: int = 30) -> list[TaskRecord]:
        """Return how each agent did at each class of tasks in the last days; each class with its best agent first."""
        until = self._context.store.now() + 1
        cells: dict[tuple[str, str], list[Row]] = {}
        with self._context.store.read() as tx:
            for row in tx.figures.attempts_judged(until - from_plain(Days, days, "days") * DAY_MICROS, until):
                cells.setdefault((row["task_class"], row["agent"]), []).append(row)
        found = [_record(*cell, rows) for cell, rows in cells.items()]
        return sorted(found, key=lambda each: (each.task_class, -each.low, each.agent))

    def _at_hand(self, tx: Transaction, execution_id: str) -> Execution:
        found = tx.agents.execution(execution_id) if isinstance(execution_id, str) else None
        if found is None:
            raise NotFound(f"there is no execution {str(execution_id)[:80]!a} in the namespaces that you read")
        row = tx.operations.guidance(found.task.receipt) if found.task.receipt else None
        return replace(found, guidance=guidance_of(json.loads(row["body"])) if row else None)

    def _complete_step(self, execution: Execution) -> None:
        """Complete the step of a run that waits for this."""
        if execution.run_id is None or execution.step_id is None:
            return
        try:
            self._runs.complete(execution.run_id, execution.step_id, output=output_of(execution))
        except Conflict as error:
            log.warning("the execution %s ended, and its step did not wait for it: %s", execution.id, error)


def _record(task_class: str, agent: str, rows: Sequence[Row]) -> TaskRecord:
    good = sum(float(row["success"]) for row in rows)
    low, high = wilson_interval(good, len(rows) - good)
    seconds = [row["duration_us"] / 1e6 for row in rows if row["duration_us"] is not None]
    return TaskRecord(
        agent=agent,
        task_class=task_class,
        attempts=len(rows),
        success=good / len(rows),
        low=low,
        high=high,
        seconds=median(seconds) if seconds else None,
        cost=sum(float(row["charged"] or 0.0) for row in rows) / len(rows),
    )
