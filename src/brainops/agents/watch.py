"""Does somebody still wait for what an agent is at, and is it still ours? Keeps the lease meanwhile."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

from brainops.errors import StoreError
from brainops.procedures.runs.attempts import Threads
from brainops.procedures.runs.clock import LEASE
from brainops.store import acts

if TYPE_CHECKING:
    from brainops.store import Store

BEAT_SECONDS = 10.0  # between two renewals: two may fail before the lease has passed
LOOK_SECONDS = 0.5  # between two looks whether it was cancelled elsewhere, so that it is heard within a second

log = logging.getLogger("brainops")
_threads = Threads("brainops-execution")


class Watch:
    """Stands beside one execution under way; `cancelled` answers at once, for it only looks at what was seen."""

    def __init__(self, store: Store, execution_id: str, owner: str, outside: Callable[[], bool]) -> None:
        self._store = store
        self._execution_id = execution_id
        self._owner = owner
        self._outside = outside
        self._over = threading.Event()
        self._stop = threading.Event()
        self._next_beat = time.monotonic() + BEAT_SECONDS
        self.attempt_id: str | None = None
        self.lost = False
        self.asked: str | None = None

    def cancelled(self) -> bool:
        """Say whether nobody waits for it any longer, or somebody else goes on with it."""
        return self._stop.is_set() or self._outside()

    @property
    def why(self) -> str:
        """Why it was stopped, in words."""
        return self.asked or "nobody waits for it any longer"

    def __enter__(self) -> Watch:
        _threads.submit(self._run)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()

    def _run(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            try:
                self.look()
            except StoreError as error:
                log.warning("the lease of the execution %s could not be renewed: %s", self._execution_id, error)

    def look(self) -> None:
        """See whether it was cancelled or taken over, and renew the lease where it is time."""
        with self._store.read() as tx:
            row = tx.agents.row(self._execution_id)
        if row is None or row["owner"] != self._owner:
            self.lost = True
        elif row["requested"] is not None:
            self.asked = row["requested"]
        elif time.monotonic() >= self._next_beat and not self._over.is_set():
            self._next_beat = time.monotonic() + BEAT_SECONDS
            with self._store.writing(acts.EXECUTE, acts.ITSELF) as tx:
                until = LEASE.until(self._store.now())
                self.lost = not tx.agents.beat(self._execution_id, self.attempt_id, self._owner, until)
        if self.lost or self.asked is not None:
            self._stop.set()
