"""What goes on in the background because somebody asked for it: what it is, how far it is, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from brainops.types.knowledge import JSON, Actor, Micros


class JobKind(StrEnum):
    """What may take long enough to be done in the background."""

    AUDIT = "audit"
    DOCTOR = "doctor"
    EXPORT = "export"
    REINDEX = "reindex"
    REEMBED = "reembed"
    PURGE_SUBJECT = "purge_subject"
    RESTORE_SEGMENT = "restore_segment"


class JobState(StrEnum):
    """How a job stands; the last three are ends."""

    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether nothing more comes of it."""
        return self in (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)


class Job(Struct, frozen=True, kw_only=True):
    """Long work for `actor` in `namespace`, that reads `reads` too: `done` of `total`, where that is known.

    `given` is what it was asked with, `agreed_by` who proved to agree to it, `result` what the verb of that name
    answers. `attempts` counts the processes that took it up.
    """

    id: str
    namespace: str
    kind: JobKind
    given: Mapping[str, JSON]
    reads: tuple[str, ...]
    state: JobState
    actor: Actor
    agreed_by: Actor | None
    created_at: Micros
    started_at: Micros | None = None
    finished_at: Micros | None = None
    attempts: int = 0
    done: int = 0
    total: int | None = None
    cancel_requested: bool = False
    result: JSON = None
    error: str | None = None
