"""How often is memory asked, and each memory handed out? Counted here and written in batches: asking writes nothing."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from msgspec import Struct, field

from brainops.store import Store, Transaction
from brainops.store.scope import Scope
from brainops.types import Memory, Micros
from brainops.types.times import MINUTE_MICROS

BATCH_USES = 256  # a write for about every fiftieth question
BATCH_SECONDS = 60.0  # the next question writes what was counted before: figures of health are a minute old at most
KEPT_DAYS = 35  # of counts by the minute: a report compares two weeks, and somebody may look a month back
DAY_MINUTES = 1_440


class _Counted(Struct, frozen=True, kw_only=True):
    """What was counted of one scope."""

    store: Store
    uses: Counter[str] = field(default_factory=Counter)
    asked: Counter[tuple[str, int]] = field(default_factory=Counter)


class Uses:
    """The questions and uses of one process that are not written yet."""

    def __init__(self, submit: Callable[[Store, Callable[[Transaction], None]], None]) -> None:
        self._submit = submit
        self._counting = threading.Lock()
        self._begin(time.monotonic())

    def _begin(self, at: float) -> None:
        self._counted: dict[Scope, _Counted] = {}
        self._number = 0
        self._since = at

    def add(self, store: Store, kind: str, memories: Iterable[Memory]) -> None:
        """Count a question of a kind ("retrieve", "match") and the memories handed out; a full batch is written."""
        at, ids = time.monotonic(), [memory.id for memory in memories]
        with self._counting:
            counted = self._counted.setdefault(store.scope, _Counted(store=store))
            counted.uses.update(ids)
            counted.asked[kind, int(at)] += 1
            self._number += len(ids)
            full = self._number >= BATCH_USES or at - self._since >= BATCH_SECONDS
        if full:
            self.write()

    def write(self) -> None:
        """Hand over what was counted; nobody waits for it."""
        at = time.monotonic()
        with self._counting:
            waiting = list(self._counted.values())
            self._begin(at)
        for each in waiting:
            now = each.store.now()
            minutes: Counter[tuple[str, int]] = Counter()
            for (kind, second), queries in each.asked.items():
                minutes[kind, (now - int((at - second) * 1e6)) // MINUTE_MICROS] += queries
            self._submit(each.store, partial(_write, uses=each.uses, minutes=minutes, now=now))


def _write(tx: Transaction, uses: Mapping[str, int], minutes: Mapping[tuple[str, int], int], now: Micros) -> None:
    keys = {tx.memories.key(memory_id): times for memory_id, times in uses.items()}
    tx.memories.count_retrieved({key: times for key, times in keys.items() if key is not None})
    for (kind, minute), queries in sorted(minutes.items()):
        tx.figures.count_queries(kind, minute, queries)
    tx.figures.forget_queries(now // MINUTE_MICROS - KEPT_DAYS * DAY_MINUTES)
