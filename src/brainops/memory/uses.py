"""How often is memory asked, and each memory handed out? Counted here and written in batches: asking writes nothing."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from brainops.store import Transaction
from brainops.types import Memory, Micros

BATCH_USES = 256  # a write for about every fiftieth question
BATCH_SECONDS = 60.0  # the next question writes what was counted before: figures of health are a minute old at most
KEPT_DAYS = 35  # of counts by the minute: a report compares two weeks, and somebody may look a month back
MINUTE_MICROS = 60_000_000
DAY_MINUTES = 1_440


class Uses:
    """The questions and uses of one process that are not written yet."""

    def __init__(self, submit: Callable[[Callable[[Transaction], None]], None], clock: Callable[[], Micros]) -> None:
        self._submit = submit
        self._clock = clock
        self._counting = threading.Lock()
        self._begin(time.monotonic())

    def _begin(self, at: float) -> None:
        self._uses: Counter[str] = Counter()
        self._asked: Counter[tuple[str, int]] = Counter()
        self._since = at

    def add(self, kind: str, memories: Iterable[Memory]) -> None:
        """Count a question of a kind ("retrieve", "match") and the memories handed out; a full batch is written."""
        at = time.monotonic()
        with self._counting:
            self._uses.update(memory.id for memory in memories)
            self._asked[kind, int(at)] += 1
            full = self._uses.total() >= BATCH_USES or at - self._since >= BATCH_SECONDS
        if full:
            self.write()

    def write(self) -> None:
        """Hand over what was counted; nobody waits for it."""
        at = time.monotonic()
        with self._counting:
            uses, asked = self._uses, self._asked
            self._begin(at)
        if asked:
            now = self._clock()
            minutes: Counter[tuple[str, int]] = Counter()
            for (kind, second), queries in asked.items():
                minutes[kind, (now - int((at - second) * 1e6)) // MINUTE_MICROS] += queries
            self._submit(lambda tx: _write(tx, uses, minutes, now))


def _write(tx: Transaction, uses: Mapping[str, int], minutes: Mapping[tuple[str, int], int], now: Micros) -> None:
    keys = {tx.memories.key(memory_id): times for memory_id, times in uses.items()}
    tx.memories.count_retrieved({key: times for key, times in keys.items() if key is not None})
    for (kind, minute), queries in sorted(minutes.items()):
        tx.figures.count_queries(kind, minute, queries)
    tx.figures.forget_queries(now // MINUTE_MICROS - KEPT_DAYS * DAY_MINUTES)
