"""How are records written without keeping the caller waiting, and without losing any while the process lives?"""

from __future__ import annotations

import atexit
import os
import queue
import threading
import weakref
from collections.abc import Callable
from itertools import groupby

from brainops import lazy
from brainops.errors import BrainOpsError
from brainops.store import Store, Transaction, acts
from brainops.store.answers import CLAIM

QUEUE_RECORDS = 10_000  # beyond this the caller waits for room: slower, but nothing is dropped
BATCH_RECORDS = 500  # one transaction and one sync for all that waited
FLUSH_SECONDS = 30.0  # what a closing process waits for its records

Write = Callable[[Transaction], object]
Record = tuple[Store, Write]

log = lazy.logger()


class Recorder:
    """A thread that writes what is handed to it, in order, many records a transaction; made anew after a fork."""

    def __init__(self) -> None:
        self._start = threading.Lock()
        self._process = -1
        self._waiting: queue.Queue[Record | None] = queue.Queue(QUEUE_RECORDS)
        self._idle = threading.Condition()
        self._unwritten = 0
        self._closed = False
        self._thread: threading.Thread | None = None
        _RECORDERS.add(self)

    def submit(self, store: Store, write: Write, *, beside: bool = False) -> None:
        """Hand over a record of a store's written namespace; `beside` is what only counts that something was asked.

        Where too many wait, this waits for room. A closed recorder writes at once, and so does a call under an
        idempotency key, which is done once only if it is done when it returns.
        """
        if CLAIM.get() is not None and not beside:
            self.flush()
            store.write_together(acts.RECORD, acts.ITSELF, write)
            return
        self._ensure_running()
        with self._idle:
            self._unwritten += 1
        try:
            if self._closed or threading.current_thread() is self._thread:
                raise queue.Full  # nobody would make room
            # It must not be written past those that wait: an end would overtake its own beginning.
            self._waiting.put((store.by(None), write), timeout=FLUSH_SECONDS)
        except queue.Full:
            self._write([(store.by(None), write)])

    def flush(self, timeout_seconds: float = FLUSH_SECONDS) -> bool:
        """Wait until everything handed over is durable; return False where time ran out."""
        with self._idle:
            return self._idle.wait_for(lambda: self._unwritten == 0, timeout_seconds)

    def close(self) -> None:
        """Write what waits and stop."""
        if self._process != os.getpid() or self._closed:
            return
        self.flush()
        self._closed = True
        self._waiting.put(None)
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(FLUSH_SECONDS)

    def _ensure_running(self) -> None:
        if self._process == os.getpid():
            return
        with self._start:
            if self._process == os.getpid():
                return
            # What waited at a fork is the parent's to write; the child starts with an empty queue of its own.
            self._waiting, self._idle, self._unwritten = queue.Queue(QUEUE_RECORDS), threading.Condition(), 0
            self._closed = False
            self._thread = threading.Thread(target=self._run, name="brainops-recorder", daemon=True)
            self._thread.start()
            self._process = os.getpid()

    def _run(self) -> None:
        waiting = self._waiting
        while (first := waiting.get()) is not None:
            batch = [first]
            while len(batch) < BATCH_RECORDS and not waiting.empty():
                following = waiting.get_nowait()
                if following is None:
                    self._write(batch)
                    return
                batch.append(following)
            self._write(batch)

    def _write(self, batch: list[Record]) -> None:
        try:
            for _, records in groupby(batch, key=lambda record: record[0].scope):
                self._write_together(list(records))
        finally:
            with self._idle:
                self._unwritten -= len(batch)
                self._idle.notify_all()

    def _write_together(self, records: list[Record]) -> None:
        """Write records of one namespace in a transaction; one that cannot be written must not take others along."""
        try:
            with records[0][0].writing(acts.RECORD, acts.ITSELF) as tx:
                for _, write in records:
                    write(tx)
        except BrainOpsError as error:
            if len(records) == 1:
                log.error("a record could not be written: %s", error)
                return
            for record in records:
                self._write_together([record])


_RECORDERS: weakref.WeakSet[Recorder] = weakref.WeakSet()


def _close_all() -> None:
    for each in list(_RECORDERS):
        each.close()


atexit.register(_close_all)
