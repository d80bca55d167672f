"""Who goes on with runs in this process, and who does elsewhere?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

from msgspec import Struct

from brainops.memory.context import MemoryContext
from brainops.procedures.runs.dispatcher import RUNS_AT_ONCE, Dispatcher, Lane
from brainops.procedures.runs.runner import MOST_RUNS
from brainops.types import Micros

__all__ = ["ALIVE_SECONDS", "Wakeups", "Worker", "Workers"]

if TYPE_CHECKING:
    from brainops.store.postgres import PostgresDatabase
    from brainops.store.postgres_wake import Wakeups

ALIVE_SECONDS = 90.0  # a worker gives a sign at least every 30 seconds; three that are missing are no accident


class Worker(Struct, frozen=True, kw_only=True):
    """A process that goes on with runs: its name as the owner of runs, where it is, and when it was seen last."""

    id: str
    host: str
    version: str
    started_at: Micros
    seen_at: Micros
    runs: int


class Workers:
    """The workers of the written namespace, and the loop by which this process is one."""

    def __init__(self, context: MemoryContext, lane: Callable[..., Lane]) -> None:
        self._context = context
        self._lane = lane

    def list(self) -> Sequence[Worker]:
        """Return the workers that live, with the runs that each has at the moment."""
        store = self._context.store
        with store.read() as tx:
            rows = tx.runs.workers(store.now() - int(ALIVE_SECONDS * 1e6))
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
        lane = self._lane(keep_days=keep_days, **({"learns_after_seconds": 0.0} if worker else {}))
        return Dispatcher(lane, runs_at_once=runs_at_once, worker=worker, version=version)

    def wakeups(self) -> Wakeups | None:
        """Return what tells a team's workers of runs that are due; None on SQLite, where a look costs nothing."""
        store = self._context.store
        if store.database.dialect != "postgres":
            return None
        from brainops.store.postgres_wake import Wakeups

        return Wakeups(cast("PostgresDatabase", store.database), store.scope)
