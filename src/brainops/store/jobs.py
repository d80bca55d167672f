"""Which long work goes on in the background, who has it in hand, and what came of it?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Unpack

from brainops.store.actors import actor_columns
from brainops.store.paging import paged
from brainops.store.rows import row_of, value_of
from brainops.types import Job, JobState

if TYPE_CHECKING:
    from brainops.store.database import Row, Session
    from brainops.store.paging import Beside
    from brainops.types import JSON, Micros, Page

_TEXTS = ("given", "reads", "result")


class JobRows:
    """The jobs of one transaction. `latest` is the last moment until which a lease that is given now may last."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, job: Job) -> None:
        """Keep a job."""
        row = row_of(job, *_TEXTS, owner=None, lease_until=None)
        if job.agreed_by is None:
            row |= {"agreed_by_kind": None, "agreed_by_id": None, "agreed_by_proof": None}
        else:
            row |= actor_columns(job.agreed_by, "agreed_by")
        row.pop("agreed_by", None)
        self._session.run("job_insert", **row)

    def get(self, job_id: str) -> Job | None:
        """Return a readable job."""
        row = self._session.one("job_get", id=job_id)
        return None if row is None else _job_of(row)

    def list(self, state: JobState | None, limit: int, **beside: Unpack[Beside]) -> Page[Job]:
        """Return jobs, the newest first."""
        return paged(self._session, "job_list", _job_of, limit, **beside, state=state.value if state else None)

    def next(self, now: Micros, latest: Micros) -> Job | None:
        """Return the oldest that nobody has in hand."""
        row = self._session.one("job_next", now=now, latest=latest)
        return None if row is None else _job_of(row)

    def take(self, job_id: str, owner: str, lease_until: Micros, now: Micros, latest: Micros) -> bool:
        """Have a job in hand; return False where another was first."""
        told = {"owner": owner, "lease_until": lease_until, "now": now, "latest": latest}
        return self._session.run("job_take", id=job_id, **told) > 0

    def beat(self, job_id: str, owner: str, lease_until: Micros, done: int, total: int | None) -> bool:
        """Say how far it is, and have it in hand for longer; return False where another has."""
        told = {"owner": owner, "lease_until": lease_until, "done": done, "total": total}
        return self._session.run("job_beat", id=job_id, **told) > 0

    def hand_back(self, job_id: str, owner: str) -> None:
        """Let another go on with it."""
        self._session.run("job_hand_back", id=job_id, owner=owner)

    def end(self, job: Job, owner: str, now: Micros, result: JSON = None, error: str | None = None) -> bool:
        """Write what came of a job that stands as it is to stand; return False where another has it in hand."""
        told = {"state": job.state.value, "given": json.dumps(dict(job.given)), "done": job.done, "total": job.total}
        kept = None if result is None else json.dumps(result, ensure_ascii=False)
        return self._session.run("job_end", id=job.id, owner=owner, now=now, result=kept, error=error, **told) > 0

    def cancel(self, job_id: str, now: Micros) -> bool:
        """Say that a job is not to go on; return False where it has ended."""
        return self._session.run("job_cancel", id=job_id, now=now) > 0

    def trim(self, before: Micros) -> None:
        """Take out those that ended long ago."""
        self._session.run("job_trim", before=before)


def _job_of(row: Row) -> Job:
    return value_of(Job, row, *_TEXTS)
