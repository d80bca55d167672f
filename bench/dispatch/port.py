"""What does an engine have to do for us? Wake this run in our transaction; run this cycle on each tick."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from brainops.procedures.runs.runner import Runner
from brainops.store import Store, Transaction, acts
from brainops.types import Micros

RUNS_AT_ONCE = 4
MOST_DUE = 100  # runs that one tick wakes
Wake = Callable[[Transaction, str, Micros], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a worker is handed: our runs, and what happens on each tick, once over all workers."""

    store: Store
    runner: Runner
    cycle: Callable[[], object]
    runs_at_once: int = RUNS_AT_ONCE

    def advance(self, run_id: str) -> None:
        """Go on with a run that is due and that nobody has; what was woken twice is done once."""
        claimed = self.runner.claim(run_id)
        if claimed is not None:
            self.runner.carry_on(claimed)

    def dispatch_again(self, wake: Wake) -> None:
        """Wake every run that is due, whether or not somebody woke it before: correctness rests on this alone."""
        with self.store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
            now = self.store.now()
            tx.runs.wake_answered(now)
            for run_id in tx.runs.due(now, MOST_DUE):
                wake(tx, run_id, now)
        self.cycle()
