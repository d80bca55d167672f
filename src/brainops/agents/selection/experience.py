"""Who has done how well so far, kept at hand so that a choice costs little? The store's attempts, as sums that grow."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from brainops.agents.selection.candidates import Considered, candidate_of
from brainops.agents.selection.selection import choose
from brainops.agents.selection.track_record import TrackRecord, Trial
from brainops.store import Transaction
from brainops.store.database import Row
from brainops.types import Choice
from brainops.types.times import SECOND_MICROS

REMEMBERED_TRIALS = 1_000  # the newest; older ones say little about today's agents
LATE_MICROS = 300 * SECOND_MICROS  # what is written by then, by whichever clock, is learnt with the next choice
ANEW_SECONDS = 86_400.0  # between two readings of the whole: what came later still is in it then


class Experience:
    """The record of attempts in one process: read once, then only what is new; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._record = TrackRecord()
        self._learnt: dict[str, int] = {}  # attempt -> when it ended, or was judged last
        self._until = 0
        self._read_at = -ANEW_SECONDS

    def choose(
        self,
        tx: Transaction,
        considered: Considered,
        *,
        task_class: str,
        text: str,
        seed: int,
        tried: Sequence[str] = (),
    ) -> Choice | None:
        """Return the choice among those who could take a task, None where nobody can."""
        if not considered.able:
            return None
        candidates = [candidate_of(agent) for agent in considered.able]
        with self._lock:
            # What is new is learnt; all of it is read anew where one that was learnt was judged since, or it is time.
            old = time.monotonic() - self._read_at >= ANEW_SECONDS
            rows = tx.agents.trials(0 if old else self._until - LATE_MICROS, REMEMBERED_TRIALS)
            if not old and any(self._learnt.get(row["id"], row["learnt_at"]) != row["learnt_at"] for row in rows):
                old, rows = True, tx.agents.trials(0, REMEMBERED_TRIALS)
            if old:
                self._record, self._learnt, self._read_at = TrackRecord(), {}, time.monotonic()
            for row in reversed(rows):
                if row["id"] not in self._learnt:
                    self._record.add(trial_of(row))
                    self._learnt[row["id"]] = row["learnt_at"]
            self._until = max(self._until, *(row["learnt_at"] for row in rows)) if rows else self._until
            return choose(candidates, self._record, task_class=task_class, text=text, seed=seed, tried=tried)


def trial_of(row: Row) -> Trial:
    """Read a row as what selection learns from."""
    return Trial(
        agent=row["agent"],
        task_class=row["task_class"],
        text_key=row["text"],
        success=float(row["success"]),
        named=float(row["named"] or 0.0),
        seconds=(row["duration_us"] or 0) / 1_000_000,
        cost=row["charged"],
        at=row["started_at"],
    )
