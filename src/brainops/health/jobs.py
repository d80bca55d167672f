"""How does what takes long go on in the background, whichever process has the time, and what came of it?

A job is a row under a lease. Whoever looks for runs that are due takes it up, gives a sign every few seconds, and says
how far it is; after a process that was killed another begins it anew, so each kind of work may be begun again.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta, Struct
from msgspec.structs import replace

from brainops.errors import (
    BrainOpsError,
    Conflict,
    InvalidInput,
    NotFound,
    OutcomeUnknown,
    StoreFull,
    StoreUnavailable,
)
from brainops.memory.context import AtHand
from brainops.memory.filters import member
from brainops.procedures.runs.clock import LEASE
from brainops.store import acts
from brainops.store.acts import Proven
from brainops.store.ids import new_id
from brainops.store.scope import Scope
from brainops.types import Job, JobKind, JobState
from brainops.types.times import DAY_MICROS
from brainops.wire import from_plain, plain, to_json

if TYPE_CHECKING:
    from brainops.memory.context import MemoryContext
    from brainops.types import JSON, Page, Progress, Proof

BEAT_SECONDS = 3.0  # between two signs of life: a tenth of the lease, and often enough for who looks on
MOST_ATTEMPTS = 3  # processes that ended over one job: the fourth would, too
KEPT_DAYS = 30  # of jobs that ended
CLOSE_SECONDS = 10.0  # that a job has to let go, where the process that has it in hand ends
MOST_FOUND = 1_000  # findings of an audit
TROUBLE = (StoreUnavailable, OutcomeUnknown, StoreFull)  # of the moment: another attempt may go well

log = logging.getLogger("brainops")


class Stopped(Exception):
    """The work is not to go on here: it was cancelled, the process ends, or another has it in hand."""


class Nothing(Struct, frozen=True, forbid_unknown_fields=True):
    """What work is asked with that takes nothing."""


class AuditOf(Struct, frozen=True, forbid_unknown_fields=True):
    """How many findings are wanted."""

    limit: Annotated[int, Meta(ge=1, le=MOST_FOUND)] = 100


class ExportTo(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the file is to stand, on the machine whose process takes the job up."""

    path: Annotated[str, Meta(min_length=1, max_length=4_000)]
    force: bool = False


class PurgeOf(Struct, frozen=True, forbid_unknown_fields=True):
    """About whom nothing is to be left, and why."""

    subject: Annotated[str, Meta(min_length=1)]
    reason: Annotated[str, Meta(min_length=1)]


class SegmentOf(Struct, frozen=True, forbid_unknown_fields=True):
    """Which segment is to be put back."""

    segment_id: str


class JobWork(Struct, frozen=True, kw_only=True):
    """One kind of work: the act that it is, what it is asked with, and how it is done."""

    act: acts.Act
    takes: type[Any]
    do: Callable[[MemoryContext, Any, Progress, Proven | None], Any]


def _audit(context: MemoryContext, given: AuditOf, progress: Progress, agreed: Proven | None) -> Any:
    from brainops.health.audit import audit

    return audit(context, limit=given.limit, progress=progress)


def _doctor(context: MemoryContext, given: Nothing, progress: Progress, agreed: Proven | None) -> Any:
    from brainops.health.doctor import doctor

    return doctor(context)


def _export(context: MemoryContext, given: ExportTo, progress: Progress, agreed: Proven | None) -> Any:
    from brainops.memory.transfer.transfer import export_to

    return export_to(
        context, given.path, progress, force=given.force
    )  # asked when it was begun too: much may come since


def _reindex(context: MemoryContext, given: Nothing, progress: Progress, agreed: Proven | None) -> Any:
    from brainops.memory.reindex import reindex

    return reindex(context, progress)


def _reembed(context: MemoryContext, given: Nothing, progress: Progress, agreed: Proven | None) -> Any:
    from brainops.memory.reindex import reembed

    return reembed(context, progress)


def _purge(context: MemoryContext, given: PurgeOf, progress: Progress, agreed: Proven | None) -> Any:
    from brainops.memory.correction import purge_subject

    return purge_subject(context, given.subject, reason=given.reason, proof=agreed)


def _restore(context: MemoryContext, given: SegmentOf, progress: Progress, agreed: Proven | None) -> Any:
    from brainops.memory.transfer.retention import restore_segment

    return restore_segment(context, given.segment_id)


WORK: Mapping[JobKind, JobWork] = {
    JobKind.AUDIT: JobWork(act=acts.TRY_STORE, takes=AuditOf, do=_audit),
    JobKind.DOCTOR: JobWork(act=acts.TRY_STORE, takes=Nothing, do=_doctor),
    JobKind.EXPORT: JobWork(act=acts.TRY_STORE, takes=ExportTo, do=_export),
    JobKind.REINDEX: JobWork(act=acts.INDEX, takes=Nothing, do=_reindex),
    JobKind.REEMBED: JobWork(act=acts.INDEX, takes=Nothing, do=_reembed),
    JobKind.PURGE_SUBJECT: JobWork(act=acts.PURGE, takes=PurgeOf, do=_purge),
    JobKind.RESTORE_SEGMENT: JobWork(act=acts.RESTORE_SEGMENT, takes=SegmentOf, do=_restore),
}


class JobThread:
    """The thread of a process that does jobs, one after the other; begun where there is something to do."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.stop = threading.Event()

    def begin(self, work: Callable[[], object]) -> bool:
        """Do jobs until there is none; return False where that goes on already."""
        with self._lock:
            if self.stop.is_set() or (self._thread is not None and self._thread.is_alive()):
                return False
            self._thread = threading.Thread(target=self._go_on, args=(work,), name="brainops-jobs", daemon=True)
            self._thread.start()
            return True

    def _go_on(self, work: Callable[[], object]) -> None:
        try:
            while not self.stop.is_set() and work():
                pass
        except BrainOpsError as error:
            log.warning("jobs wait: %s", error)

    def close(self) -> None:
        """Let the job at hand go, for another process to go on with."""
        self.stop.set()
        if self._thread is not None and self._thread.is_alive():
            self._thread.join(CLOSE_SECONDS)


class Jobs:
    """The jobs of one memory: start, list, get, cancel; and `work`, by which a process does them."""

    def __init__(self, context: MemoryContext, nudge: Callable[[], object]) -> None:
        self._context = context
        self._nudge = nudge

    def start(self, kind: JobKind | str, given: Mapping[str, JSON] | None = None, *, proof: Proof | None = None) -> Job:
        """Have something long done in the background, with what its own verb is asked with; return at once.

        `audit` takes `limit`, `export` a `path` and `force`, `purge_subject` a `subject` and a `reason` (and a proof
        where the purge does), `restore_segment` a `segment_id`; `doctor`, `reindex` and `reembed` nothing. A worker
        does it, a server's worker, or this process while it has the memory open. Raises what the act refuses with,
        InvalidInput, Conflict.
        """
        wanted = member(JobKind, kind)
        work, store = WORK[wanted], self._context.store
        asked = from_plain(work.takes, dict(given or {}), "given")
        if isinstance(asked, ExportTo):
            asked = _exported_to(asked)
        elif isinstance(asked, PurgeOf):
            asked = replace(asked, subject=self._context.name(asked.subject), reason=self._context.text(asked.reason))
        with store.writing(work.act, self._context.actor, proof) as tx:
            now = store.now()
            tx.jobs.trim(now - KEPT_DAYS * DAY_MICROS)
            job = Job(
                id=new_id(),
                namespace=store.scope.write,
                kind=wanted,
                given=plain(asked),
                reads=store.scope.read,
                state=JobState.WAITING,
                actor=self._context.actor,
                agreed_by=tx.actor if proof is not None else None,
                created_at=now,
            )
            tx.jobs.add(job)
            tx.also(acts.JOB_START).append(job.id, now, **_said(job))
        self._nudge()
        return job

    def get(self, job_id: str) -> Job:
        """Return how one job stands. Raises NotFound."""
        with self._context.store.read() as tx:
            found = tx.jobs.get(str(job_id))
        if found is None:
            raise NotFound(f"there is no job {job_id!r:.80} in the namespaces that you read: brainops jobs")
        return found

    def list(
        self,
        state: JobState | str | None = None,
        *,
        limit: int = 100,
        after: str | None = None,
        before: str | None = None,
    ) -> Page[Job]:
        """Return the jobs that stand so, or all, the newest first; those that ended are kept for 30 days."""
        wanted = None if state is None else member(JobState, state)
        with self._context.store.read() as tx:
            return tx.jobs.list(wanted, limit, after=after, before=before)

    def cancel(self, job_id: str) -> Job:
        """Let a job not go on: one that waits ends at once, one under way within seconds, where it can be left.

        What a purge, a doctor or a restored segment began is ended. Nobody's agent cancels what another asked for.
        Raises NotFound, Conflict where it has ended, OperationBlocked.
        """
        job = self.get(job_id)
        act = acts.JOB_CANCEL if job.actor == self._context.actor else acts.JOB_CANCEL_OTHERS
        with self._context.store.writing(act, self._context.actor) as tx:
            now = self._context.store.now()
            if not tx.jobs.cancel(job.id, now):
                raise Conflict(f"the job has ended, or is of a namespace that is not written here: {job.state.value}")
            tx.trail.append(job.id, now, kind=job.kind.value)
        return self.get(job.id)

    def begin(self) -> bool:
        """Do what waits in a thread of its own; return whether one was begun."""
        return self._context.process.of(JobThread).begin(self.work)

    def work(self) -> Job | None:
        """Do the job that waits longest, to its end, and return it; None where there is none."""
        store, owner = self._context.store, new_id()
        with store.read(Scope.of(store.scope.write)) as tx:
            now = store.now()
            job = tx.jobs.next(now, now + 2 * LEASE.micros)
        if job is None:
            return None
        with store.writing(acts.JOB_DO, acts.ITSELF) as tx:
            now = store.now()
            taken = tx.jobs.take(job.id, owner, LEASE.until(now), now, now + 2 * LEASE.micros)
            known = any(line.act == "job-start" and dict(line.detail) == _said(job) for line in tx.trail.of(job.id))
        if not taken:
            return job
        hand = JobAtHand(self._context, replace(job, attempts=job.attempts + 1), owner)
        if not known:
            return hand.end(JobState.FAILED, error="the audit trail does not know that anybody asked for this")
        if hand.job.attempts > MOST_ATTEMPTS:
            return hand.end(
                JobState.FAILED,
                error=f"{MOST_ATTEMPTS} processes ended while they did it; do it by hand, where what happens is seen",
            )
        return hand.carry_out()


class JobAtHand:
    """A job that this process does: it gives signs of life, and hears that it is not to go on."""

    def __init__(self, context: MemoryContext, job: Job, owner: str) -> None:
        self.job = job
        self._context = context
        self._owner = owner
        self._beaten = time.monotonic()
        self._beating = threading.Lock()
        self._over = threading.Event()
        self._why: JobState | None = None
        self._lost = False

    def carry_out(self) -> Job:
        """Do it, and write down what came of it."""
        job, work = self.job, WORK[self.job.kind]
        store = self._context.store
        context = replace(
            self._context,
            actor=job.actor,
            store=store.within(Scope.of(job.namespace, job.reads)),
            here=AtHand(),
        )
        beats = threading.Thread(target=self._give_signs, name="brainops-job-signs", daemon=True)
        beats.start()
        try:
            given = from_plain(work.takes, dict(job.given), "given")
            agreed = None if job.agreed_by is None else Proven(actor=job.agreed_by)
            result = work.do(context, given, self.progress, agreed)
        except Stopped:
            return self._let_go()
        except TROUBLE as error:
            if job.attempts >= MOST_ATTEMPTS:
                return self.end(JobState.FAILED, error=f"it could not be done in {MOST_ATTEMPTS} attempts; see the log")
            log.warning("the %s %s is begun again when its lease ends: %s", job.kind.value, job.id, error)
            return replace(self.job, state=JobState.RUNNING)
        except NotFound as error:
            if job.attempts == 1:
                return self.end(JobState.FAILED, error=self._context.text(error))
            return self.end(JobState.SUCCEEDED)  # the process before this one did it, and ended before it said so
        except (BrainOpsError, OSError) as error:
            return self.end(JobState.FAILED, error=self._context.text(error))
        finally:
            self._over.set()
            beats.join()
        return self.end(JobState.SUCCEEDED, result=plain(result))

    def progress(self, done: int, total: int | None) -> None:
        """Hear how far the work is. Raises Stopped where it is not to go on."""
        self.job = replace(self.job, done=done, total=total)
        if time.monotonic() - self._beaten >= BEAT_SECONDS:
            self._beat()
        if self._why is not None or self._lost or self._context.process.of(JobThread).stop.is_set():
            raise Stopped

    def _give_signs(self) -> None:
        while not self._over.wait(BEAT_SECONDS):
            try:
                self._beat()
            except BrainOpsError as error:
                log.warning("no sign of the job %s could be given: %s", self.job.id, error)

    def _beat(self) -> None:
        with self._beating:
            self._beaten, store = time.monotonic(), self._context.store
            with store.writing(acts.JOB_DO, acts.ITSELF) as tx:
                until = LEASE.until(store.now())
                self._lost = not tx.jobs.beat(self.job.id, self._owner, until, self.job.done, self.job.total)
                found = tx.jobs.get(self.job.id)
            if found is not None and found.cancel_requested:
                self._why = JobState.CANCELLED

    def _let_go(self) -> Job:
        if self._why is not None:
            return self.end(self._why)
        return self.job if self._lost else self._hand_back()

    def _hand_back(self) -> Job:
        with self._context.store.writing(acts.JOB_DO, acts.ITSELF) as tx:
            tx.jobs.hand_back(self.job.id, self._owner)
        return replace(self.job, state=JobState.WAITING, attempts=self.job.attempts - 1)

    def end(self, state: JobState, result: JSON = None, error: str | None = None) -> Job:
        """Write down what came of it; of a purge the subject is kept no longer."""
        given = {name: said for name, said in self.job.given.items() if name != "subject"}
        self.job = replace(self.job, state=state, given=given, result=result, error=error)
        with self._context.store.writing(acts.JOB_DO, acts.ITSELF) as tx:
            tx.jobs.end(self.job, self._owner, self._context.store.now(), result, error)
        return self.job


def _said(job: Job) -> dict[str, JSON]:
    """Return what the audit trail says of a job: of what it was asked with, a digest."""
    agreed = job.agreed_by
    return {
        "kind": job.kind.value,
        "reads": list(job.reads),
        "given": hashlib.sha256(to_json(plain(job.given))).hexdigest(),
        "actor": f"{job.actor.kind.value}:{job.actor.proof}:{job.actor.id}",
        "agreed_by": None if agreed is None else f"{agreed.kind.value}:{agreed.proof}:{agreed.id}",
    }


def _exported_to(asked: ExportTo) -> ExportTo:
    target = Path(asked.path).expanduser()
    if not target.is_absolute():
        raise InvalidInput(f"a job writes to a whole path, such as {target.absolute()}, and not to {asked.path!r:.80}")
    if target.exists() and not asked.force:
        raise Conflict(f"{target} is there already; name another file, or say force")
    return replace(asked, path=str(target))
