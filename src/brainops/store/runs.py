"""Where does each run and each of its steps stand, and who owns it?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Unpack

from msgspec.structs import replace

from brainops.store.database import Row, Session
from brainops.store.paging import Beside, paged
from brainops.store.rows import row_of, value_of
from brainops.types import Micros, Run, StepRun
from brainops.types.page import Page

PAGE_RUNS = 500  # removed in one transaction: a few milliseconds, so that runs under way get in between


class RunRows:
    """The runs of one transaction.

    Writers of a namespace follow one after the other (SQLite has one writer, PostgreSQL's queue behind a lock), so what
    is read in a write transaction holds until its end. Who owns a run is its `owner` and its `epoch`.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def insert(self, run: Run) -> bool:
        """Begin a run; return False where its idempotency key or its group's place is taken."""
        row = _row(run, due_at=run.lease_until if run.owner else run.wake_at)
        return self._session.run("run_insert", **row) > 0

    def get(self, run_id: str) -> Run | None:
        """Return a readable run with its steps."""
        row = self._session.one("run_get", id=run_id)
        return self._with_steps(run_of(row)) if row else None

    def by_idempotency(self, key: str) -> Run | None:
        """Return the run that was started under a key."""
        row = self._session.one("run_by_idempotency", idempotency_key=key)
        return self._with_steps(run_of(row)) if row else None

    def active(self, group: str) -> Run | None:
        """Return the run that keeps others of its group out."""
        row = self._session.one("run_active_of_group", concurrency_group=group)
        return self._with_steps(run_of(row)) if row else None

    def list(
        self,
        *,
        state: str | None,
        procedure_name: str | None,
        target: str | None,
        since: int | None,
        limit: int,
        **beside: Unpack[Beside],
    ) -> Page[Run]:
        """Return runs without their steps, newest first; the state "active" means not ended."""
        wanted = {"state": state, "procedure_name": procedure_name, "target": target, "since": since}
        return paged(self._session, "run_list", run_of, limit, **beside, **wanted)

    def claim(self, run_id: str, owner: str, now: Micros, lease_until: Micros) -> Run | None:
        """Take a run that is due; return None where it is not, or somebody was faster."""
        claimed = self._session.run("run_claim", id=run_id, owner=owner, now=now, lease_until=lease_until)
        return self.get(run_id) if claimed else None

    def timers(self, limit: int) -> Sequence[Row]:
        """Return the id and time of the runs that are due first, and whether each has an owner."""
        return self._session.all("run_timers", limit=limit)

    def ripen(self, run_id: str, due_at: Micros, now: Micros) -> None:
        """Say that what a run waits for until a time is over by now, with its steps that wait for it."""
        if self._session.run("run_ripen", id=run_id, due_at=due_at, now=now):
            self._session.run("run_step_ripen", run_id=run_id, due_at=due_at, now=now)

    def fence(self, run: Run, lease_until: Micros) -> Run | None:
        """Renew the lease of a run's owner and return the run as it stands, or None where it has another owner."""
        held = self._session.run("run_fence", id=run.id, epoch=run.epoch, owner=run.owner, lease_until=lease_until)
        return self.get(run.id) if held else None

    def save(self, run: Run, owner: str) -> bool:
        """Write where a run stands, as its owner of this epoch; `run.owner` is who owns it from now on."""
        due_at = run.lease_until if run.owner else run.wake_at
        row = _row(run, owner=owner, due_at=due_at)
        return self._session.run("run_save", **row, next_owner=run.owner) > 0

    def steer(self, seen: Run, run: Run) -> bool:
        """Change a run from outside, which ends its ownership; False where it changed since it was seen."""
        row = _row(run, epoch=seen.epoch, due_at=run.wake_at)
        return self._session.run("run_steer", **row, seen_state=seen.state.value) > 0

    def request(self, run_id: str, requested: str | None, reason: str) -> bool:
        """Ask the owner of a run to pause or cancel it; False where it has ended."""
        return self._session.run("run_request", id=run_id, requested=requested, reason=reason) > 0

    def wake(self, run_id: str, now: Micros) -> None:
        """Say that something came for a waiting run."""
        self._session.run("run_wake", id=run_id, now=now)

    def wake_answered(self, now: Micros) -> int:
        """Make runs due whose approval was decided or whose child ended; return how many that were."""
        return self._session.run("run_wake_answered", now=now)

    def look(self, now: Micros) -> Row:
        """Return `due_at` of the next run, and whether one was `answered`, any is `open`, `fixes` are due or run."""
        found = self._session.one("run_look", now=now)
        assert found is not None
        return found

    def due(self, now: Micros, limit: int) -> Sequence[str]:
        """Return the ids of runs that may be taken now, those that wait longest first."""
        return [row["id"] for row in self._session.all("run_due", now=now, limit=limit)]

    def hand_over(self, group: str, now: Micros) -> str | None:
        """Let the next run of a group that has become free begin, and return its id."""
        first = self._session.one("run_queue_first", concurrency_group=group)
        if first is None:
            return None
        self._session.run("run_hand_over", id=first["id"], now=now)
        return str(first["id"])

    def waiting_on(self, run_id: str) -> Sequence[str]:
        """Return the ids of the runs that wait for a run to end."""
        return [row["run_id"] for row in self._session.all("run_waiting_on", waits_on=run_id)]

    def children(self, run_id: str) -> Sequence[Run]:
        """Return the runs under way that a run started."""
        return [run_of(row) for row in self._session.all("run_children", parent_run_id=run_id)]

    def put_step(self, step: StepRun) -> None:
        """Write where a step stands."""
        self._session.run("run_step_put", **row_of(step, *_STEP_JSON))

    def remove_step(self, step: StepRun) -> None:
        """Forget a step, so that it is done again."""
        self._session.run("run_step_remove", run_id=step.run_id, step_id=step.step_id, role=step.role)

    def remove_ended(self, before: Micros, limit: int = PAGE_RUNS) -> int:
        """Remove runs that ended before a time; return how many that were, at most `limit`."""
        return self._session.run("run_remove_ended", before=before, limit=limit)

    def worker_seen(self, worker: str, host: str, version: str, started_at: Micros, now: Micros) -> None:
        """Write that a worker lives."""
        self._session.run("worker_seen", id=worker, host=host, version=version, started_at=started_at, seen_at=now)

    def workers(self, since: Micros) -> Sequence[Row]:
        """Return the workers that were seen since."""
        return self._session.all("worker_list", since=since)

    def remove_worker(self, worker: str, since: Micros) -> None:
        """Strike off a worker that leaves, and those that were not seen since."""
        self._session.run("worker_remove", id=worker, since=since)

    def _with_steps(self, run: Run) -> Run:
        rows = [step_of(row) for row in self._session.all("run_step_list", run_id=run.id)]
        return replace(
            run,
            steps=tuple(row for row in rows if row.role == "do"),
            compensations=tuple(row for row in rows if row.role == "undo"),
        )


_STEP_JSON = ("input", "output", "detail", "evidence")


def _row(run: Run, **given: Any) -> dict[str, Any]:
    """Return a run as a row; its steps are rows of their own."""
    return row_of(run, "inputs", "outputs", steps=None, compensations=None, **given)


def run_of(row: Row) -> Run:
    """Read a row as a Run, without its steps."""
    owned = row["owner"] is not None
    lease_until, wake_at = (row["due_at"], None) if owned else (None, row["due_at"])
    return value_of(Run, row, "inputs", "outputs", lease_until=lease_until, wake_at=wake_at, steps=(), compensations=())


def step_of(row: Row) -> StepRun:
    """Read a row as a StepRun."""
    return value_of(StepRun, row, *_STEP_JSON)


def latest(steps: Iterable[StepRun]) -> int:
    """Return the number of the last completion of a run."""
    return max((step.completion or 0 for step in steps), default=0)
