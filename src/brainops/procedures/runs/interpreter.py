"""How does a run go on until it ends or waits? The one interpreter: a call, a worker and a test all use it.

Each turn is one transaction: the fence (still the owner, of this epoch), what was heard since, what is to begin. Only
after its commit do attempts begin, so whatever happens, the rows say what was under way.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from functools import partial
from queue import Empty, SimpleQueue

from brainops.errors import LeaseLost, OutcomeUnknown, StoreUnavailable
from brainops.procedures.runs.attempts import Heard, StepAttempt
from brainops.procedures.runs.events import Hearing, plainly
from brainops.procedures.runs.transitions import DEFAULT_TIMEOUT_SECONDS, Moving
from brainops.procedures.runs.unit_of_work import RunEngine, Sheet
from brainops.store import acts
from brainops.types import ProcedureVersion, Run

LOOK_SECONDS = 5.0  # at most, between two looks whether somebody cancelled, answered or took the run over
LOOKS_PER_LEASE = 3  # so that one that is late, or fails, does not lose the run
CANCEL_SECONDS = 10.0  # that steps under way have to end when their run is cancelled
COMMIT_ATTEMPTS = 4  # of one turn while the store cannot be used; then the lease passes and somebody goes on
COMMIT_WAIT_SECONDS = 0.2  # before the second; three times that before each further one

log = logging.getLogger("brainops")


class Advance:
    """One owner's stretch of one run."""

    def __init__(self, engine: RunEngine, version: ProcedureVersion, run: Run) -> None:
        assert run.owner is not None
        self.run = run
        self._engine = engine
        self._version = version
        self._owner = run.owner
        self._said: SimpleQueue[Heard | None] = SimpleQueue()
        self._under_way: dict[tuple[str, str], StepAttempt] = {}
        self._handing_back = False

    def go(self) -> Run:
        """Advance the run until it ends or waits, and return it as it was written. Raises LeaseLost, StoreError."""
        try:
            self._commit(())
            while self._under_way:
                self._commit(self._listen())
        finally:
            for attempt in self._under_way.values():
                attempt.stop.set()
        return self.run

    def look(self) -> None:
        """Look at once whether something came: it was cancelled, or a step was answered."""
        self._said.put(None)

    def hand_back(self) -> None:
        """Begin nothing more; what is under way ends, and somebody else goes on."""
        self._handing_back = True

    def _commit(self, heard: Sequence[Heard]) -> None:
        wait = COMMIT_WAIT_SECONDS
        for attempt in range(1, COMMIT_ATTEMPTS + 1):
            try:
                sheet = self._turn(heard)
                break
            except (StoreUnavailable, OutcomeUnknown) as error:
                # What was heard stays true: a turn that was committed after all is not written twice, see `hear`.
                if attempt == COMMIT_ATTEMPTS:
                    raise
                log.warning("run %s waits for the store: %s", self.run.id, error)
            time.sleep(wait)
            wait *= 3
        self.run = sheet.run
        for begun in sheet.launch:
            self._under_way[begun.step.id, begun.role] = begun
            self._engine.threads.submit(partial(self._carry_out, begun))

    def _turn(self, heard: Sequence[Heard]) -> Sheet:
        store = self._engine.context.store
        with store.writing(acts.RUN, self._engine.context.actor) as tx:
            now = store.now()
            run = tx.runs.fence(self.run, self._engine.lease.until(now))
            if run is None:
                raise LeaseLost()
            sheet = Sheet(tx, run, now, self._owner)
            hearing = Hearing(self._engine, self._version, sheet)
            moving = Moving(self._engine, self._version, sheet, hearing)
            for each in heard:
                hearing.hear(each)
            moving.restart({key: attempt.number for key, attempt in self._under_way.items()})
            hearing.settle()
            if self._handing_back:
                moving.hand_back()
            else:
                moving.go()
            sheet.write()
        return sheet

    def _carry_out(self, attempt: StepAttempt) -> None:
        self._said.put(attempt.carry_out())

    def _listen(self) -> list[Heard]:
        """Wait until something is heard, a step's time is over, or it is time to look; return what was heard."""
        # Tell the steps of a run that was cancelled to end, and wait for them only so long.
        if self.run.requested in ("cancel", "compensate"):
            for attempt in self._under_way.values():
                if attempt.role == "do" and not attempt.stop.is_set():
                    attempt.stop.set()
                    attempt.deadline = min(attempt.deadline, time.monotonic() + CANCEL_SECONDS)
        now = time.monotonic()
        until = min(
            now + min(LOOK_SECONDS, self._engine.lease.seconds / LOOKS_PER_LEASE),
            *(attempt.deadline for attempt in self._under_way.values()),
        )
        heard: list[Heard] = []
        try:
            said = self._said.get(timeout=max(0.0, until - now))
            while True:
                # what an attempt came to that was given up is not heard
                begun = None if said is None else self._under_way.get((said.step_id, said.role))
                if said and begun and (begun.number, begun.stage) == (said.number, said.stage):
                    del self._under_way[said.step_id, said.role]
                    heard.append(said)
                said = self._said.get_nowait()
        except Empty:
            pass
        # Give up attempts whose time is over; what they come to later is not heard any more.
        late = [attempt for attempt in self._under_way.values() if attempt.deadline <= time.monotonic()]
        for attempt in late:
            del self._under_way[attempt.step.id, attempt.role]
        return heard + [_late(attempt) for attempt in late]


def _late(attempt: StepAttempt) -> Heard:
    if attempt.stop.is_set():
        return attempt.heard(plainly("it did not end when its run was cancelled", retryable=False))
    attempt.stop.set()
    seconds = attempt.step.timeout_seconds or DEFAULT_TIMEOUT_SECONDS
    return attempt.heard(plainly(f"it took longer than {seconds:g} seconds"))
