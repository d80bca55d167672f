"""What begins because something happened, who goes on with runs in this process, and who does elsewhere?"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct

from brainops.agents.agents import Agents
from brainops.agents.workflows.workflows import Workflows
from brainops.learning.cycles.cycles import Learning
from brainops.memory.context import MemoryContext
from brainops.memory.recognition.error_events import error_title
from brainops.memory.recognition.fingerprint import fingerprint
from brainops.operations import log
from brainops.operations.guard.enforcement import Guard
from brainops.operations.operation import start_of
from brainops.operations.run_operations import RunOperations
from brainops.procedures.consent.approvals import Approvals
from brainops.procedures.consent.outbox import Outbox
from brainops.procedures.fixes.fixes import Fixes
from brainops.procedures.runs.dispatcher import RUNS_AT_ONCE, Dispatcher
from brainops.procedures.runs.reactions import begin_runs, proposed
from brainops.procedures.runs.runner import MOST_RUNS, Runner
from brainops.procedures.triggers.triggers import Triggers
from brainops.store import Store, acts
from brainops.store.ids import new_id
from brainops.types import JSON, Autonomy, ErrorEvent, Handled, Micros, Succeeded

__all__ = ["Wakeups", "Worker", "Working"]

if TYPE_CHECKING:
    from brainops.store.postgres import PostgresDatabase
    from brainops.store.postgres_wake import Wakeups

LEARNS_AFTER_SECONDS = 60.0  # a program that is over sooner leaves learning to those that stay
ALIVE_SECONDS = 90.0  # a worker gives a sign at least every 30 seconds; three that are missing are no accident


class Worker(Struct, frozen=True, kw_only=True):
    """A process that goes on with runs: its name as the owner of runs, where it is, and when it was seen last."""

    id: str
    host: str
    version: str
    started_at: Micros
    seen_at: Micros
    runs: int


class Working:
    """The part of a Brain that lets runs go on."""

    _context: MemoryContext
    _store: Store
    agents: Agents
    approvals: Approvals
    fixes: Fixes
    guard: Guard
    learning: Learning
    notices: Outbox
    runs: Runner
    triggers: Triggers
    workflows: Workflows

    def dispatcher(
        self,
        *,
        worker: bool = False,
        runs_at_once: int = RUNS_AT_ONCE,
        keep_days: float | None = None,
        version: str = "",
    ) -> Dispatcher:
        """Return a loop that goes on with the runs that are due; its `run` blocks until `stop`.

        It also lets approvals escalate and expire, delivers notices, judges fixes and runs the learning cycles that are
        due; with `keep_days` it removes runs that ended so long ago. A Brain with `background` has one already, which
        begins once there is something to do.
        """
        sweeps: list[Callable[[], object]] = [
            self.approvals.sweep,
            self.notices.deliver,
            self.fixes.sweep,
            lambda: self.agents.sweep(),  # these are made after the runs that they go on with
            lambda: self.workflows.sweep(),
            self._learner(0.0 if worker else LEARNS_AFTER_SECONDS),
        ]
        if keep_days is not None:
            sweeps.append(lambda: self.runs.remove_ended(older_than_days=keep_days))
        return Dispatcher(
            self._store,
            self.runs,
            sweeps,
            mend=self.fixes.sweep,
            runs_at_once=runs_at_once,
            worker=worker,
            version=version,
        )

    def _learner(self, after_seconds: float) -> Callable[[], object]:
        """Return the sweep that runs the learning cycles that are due, once the process has lived so long."""
        begin = time.monotonic() + after_seconds
        return lambda: self.learning.tick() if time.monotonic() >= begin else None

    def handle(
        self,
        event: str,
        *,
        target: str | None = None,
        error: str | ErrorEvent | BaseException | None = None,
        context: Mapping[str, Any] | None = None,
        session: str | None = None,
    ) -> Handled:
        """Write down what happened, and let the procedures that are for it begin: one run for each kind and target.

        Procedures are for it by the events or fingerprints of their triggers. They begin where the namespace's autonomy
        is auto and nobody stopped what acts by itself; else they are only named. Each event is an operation of the log,
        each error a memory. Returns once that is durable; the runs go on in the background, or in a worker.
        """
        happened = log.checked_error(self._context, log.event_of(error, None)) if error is not None else None
        kind = event if happened is None else fingerprint(happened).digest
        said: dict[str, Any] = {**(context or {}), "event": event}
        if happened is not None:
            said |= {"error": error_title(happened), "fingerprint": kind}
        start = log.checked_start(
            self._context, start_of(f"handle {event}", target, said, self._context.actor, session)
        )
        matches, held_back = self.triggers.answering(start), self._held_back()
        operation_id, at = new_id(), self._store.now()
        with self._store.writing(acts.RECORD, self._context.actor) as tx:
            log.begin(tx, operation_id, start, None, at)
            memory_id = log.distil(tx, self._context, happened, start, operation_id) if happened else None
            if held_back is None:
                answers = begin_runs(
                    tx,
                    self._context,
                    matches,
                    start,
                    kind=kind,
                    operations=RunOperations(self._context),
                    operation_id=operation_id,
                )
            else:
                answers = proposed(matches, held_back)
            runs: JSON = [answer.run_id for answer in answers]
            log.finish(tx, self._context, operation_id, start, Succeeded(result={"runs": runs}), at)
        if any(answer.began for answer in answers):
            self.runs.nudge()
        return Handled(operation_id=operation_id, kind=kind, memory_id=memory_id, answers=answers)

    def _held_back(self) -> str | None:
        """Return why nothing begins by itself here, None where it may."""
        stopped = self.guard.automatic_stopped()
        if stopped is not None:
            return f"what acts by itself is stopped: {stopped}"
        autonomy = self.guard.settings().autonomy
        if autonomy is not Autonomy.AUTO:
            return f"autonomy is {autonomy.value}: brainops autonomy auto lets it begin"
        return None

    def workers(self) -> Sequence[Worker]:
        """Return the workers of the written namespace that live, with the runs that each has at the moment."""
        with self._store.read() as tx:
            rows = tx.runs.workers(self._store.now() - int(ALIVE_SECONDS * 1e6))
            active = tx.runs.list(state="active", procedure_name=None, target=None, since=None, limit=MOST_RUNS)
        owners = [run.owner for run in active]
        return [
            Worker(
                id=row["id"],
                host=row["host"],
                version=row["version"],
                started_at=row["started_at"],
                seen_at=row["seen_at"],
                runs=owners.count(row["id"]),
            )
            for row in rows
        ]

    def wakeups(self) -> Wakeups | None:
        """Return what tells a team's workers of runs that are due; None on SQLite, where a look costs nothing."""
        if self._store.database.dialect != "postgres":
            return None
        from brainops.store.postgres_wake import Wakeups

        return Wakeups(cast("PostgresDatabase", self._store.database), self._store.scope)
