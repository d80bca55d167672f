"""How do many threads that each want one small durable write share a sync? Whoever is first writes for all that wait.

Each write runs under a savepoint of one transaction, so that one that fails takes nobody along; all are acknowledged
when that transaction is on the disk. A thread alone pays nothing for it. One whose deadline passes while it waits, or
while its own part is written, leaves the others alone.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from brainops.store.database import WAIT_SECONDS, Deadline

T = TypeVar("T")

SHARED_WRITES = 100  # in one transaction: a few milliseconds of work, so that other processes get in between


class Savepoints(Protocol):
    """A transaction that can undo a part of itself."""

    def savepoint(self) -> AbstractContextManager[None]:
        """Undo what the block did when it raises."""
        ...


class _Job:
    __slots__ = ("_taken", "done", "error", "value", "work")

    def __init__(self, work: Callable[[Any], Any]) -> None:
        self.work = work
        self.value: Any = None
        self.error: BaseException | None = None
        self.done = False
        self._taken = threading.Lock()

    def take(self) -> bool:
        """Say whether this was first to take it: who leads does it then, and who brought it leaves."""
        return self._taken.acquire(blocking=False)


class Group:
    """Gathers the writes of threads; `open` begins a transaction by a deadline and gives what the writes get."""

    def __init__(self, open: Callable[[Deadline], AbstractContextManager[Savepoints]], location: str) -> None:
        self._open = open
        self._location = location
        self._begin_process()

    def _begin_process(self) -> None:
        self._process = os.getpid()
        self._waiting: deque[_Job] = deque()
        self._leading = threading.Lock()

    def write(self, work: Callable[[Any], T], deadline: Deadline | None = None) -> T:
        """Do the work in a transaction, perhaps with others', and return its value once it is durable."""
        if self._process != os.getpid():
            self._begin_process()
        job, leading = _Job(work), self._leading
        self._waiting.append(job)
        waits = deadline or Deadline.after(WAIT_SECONDS)
        if not leading.acquire(timeout=waits.left()):
            if job.take():
                raise waits.missed(self._location, "other threads of this process write")
            leading.acquire()  # it is being written this moment, and what comes of it is known soon
        try:
            if not job.done:
                self._write_waiting(job, waits)
        finally:
            leading.release()
        if job.error is not None:
            raise job.error
        value: T = job.value
        return value

    def _write_waiting(self, own: _Job, deadline: Deadline) -> None:
        """Write what waits once the transaction is open: who opens it waits by its own deadline, and fails alone."""
        own.take()
        batch = [own]
        try:
            with self._open(deadline) as session:
                while self._waiting and len(batch) < SHARED_WRITES:
                    if (job := self._waiting.popleft()).take():
                        batch.append(job)
                for job in batch:
                    self._do(job, session, shared=len(batch) > 1)
        except BaseException as error:
            # The transaction is gone, and with it every write that had succeeded in it: each caller is told.
            for job in batch:
                job.error = job.error or error
            if not isinstance(error, Exception):
                raise
        finally:
            for job in batch:
                job.done = True

    def _do(self, job: _Job, session: Savepoints, *, shared: bool) -> None:
        if not shared:
            job.value = job.work(session)
            return
        try:
            with session.savepoint():
                job.value = job.work(session)
        except Exception as error:  # noqa: BLE001 -- it is raised again in the thread that it belongs to
            job.error = error
