"""Who goes on with runs in this process, and who does elsewhere?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from brainops.memory.context import MemoryContext
from brainops.procedures.approvals import Approvals
from brainops.procedures.dispatch import RUNS_AT_ONCE, Dispatcher
from brainops.procedures.fixes import Fixes
from brainops.procedures.outbox import Outbox
from brainops.procedures.runner import MOST_RUNS, Runner
from brainops.store import Store
from brainops.types import Micros

__all__ = ["Wakeups", "Worker", "Working"]

if TYPE_CHECKING:
    from brainops.store.postgres import PostgresDatabase
    from brainops.store.postgres_wake import Wakeups

ALIVE_SECONDS = 90.0  # a worker gives a sign at least every 30 seconds; three that are missing are no accident


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
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
    approvals: Approvals
    fixes: Fixes
    notices: Outbox
    runs: Runner

    def dispatcher(
        self,
        *,
        worker: bool = False,
        runs_at_once: int = RUNS_AT_ONCE,
        keep_days: float | None = None,
        version: str = "",
    ) -> Dispatcher:
        """Return a loop that goes on with the runs that are due; its `run` blocks until `stop`.

        It also lets approvals escalate and expire, delivers notices and judges fixes; with `keep_days` it removes runs
        that ended so long ago. A Brain with `background` has one already, which begins once there is something to do.
        """
        sweeps: list[Callable[[], object]] = [self.approvals.sweep, self.notices.deliver, self.fixes.sweep]
        if keep_days is not None:
            sweeps.append(lambda: self.runs.remove_ended(older_than_days=keep_days))
        return Dispatcher(self._store, self.runs, sweeps, runs_at_once=runs_at_once, worker=worker, version=version)

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
