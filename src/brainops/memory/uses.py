"""How often is memory asked, and each memory handed out? Counted here and written in batches: asking writes nothing."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct, field

from brainops.types.times import MINUTE_MICROS

if TYPE_CHECKING:
    from brainops.store import Store, Transaction
    from brainops.store.scope import Scope
    from brainops.types import Memory, Micros

BATCH_USES = 256  # a write for about every fiftieth question
BATCH_SECONDS = 60.0  # the next question writes what was counted before: figures of health are a minute old at most
KEPT_DAYS = 35  # of counts by the minute: a report compares two weeks, and somebody may look a month back
DAY_MINUTES = 1_440


class _Counted(Struct, frozen=True, kw_only=True):
    """What was counted of one scope, and since when."""

    store: Store
    since: float
    uses: Counter[str] = field(default_factory=Counter)
    asked: Counter[tuple[str, int]] = field(default_factory=Counter)


class Uses:
    """The questions and uses of one process that are not written yet, by scope."""

    def __init__(self, submit: Callable[[Store, Callable[[Transaction], None]], None]) -> None:
        self._submit = submit
        self._counting = threading.Lock()
        self._counted: dict[Scope, _Counted] = {}

    def add(self, store: Store, kind: str, memories: Iterable[Memory]) -> None:
        """Count a question of a kind ("retrieve", "match") and the memories handed out; a full batch is written."""
        at = time.monotonic()
        with self._counting:
            counted = self._counted.setdefault(store.scope, _Counted(store=store.by(None), since=at))
            counted.uses.update(memory.id for memory in memories)
            counted.asked[kind, int(at)] += 1
            full = counted.uses.total() >= BATCH_USES or at - counted.since >= BATCH_SECONDS
        if full:
            self.write(store.scope)

    def write(self, scope: Scope | None = None) -> None:
        """Hand over what was counted, of one scope or of all; nobody waits for it."""
        with self._counting:
            found = [self._counted.pop(each, None) for each in (list(self._counted) if scope is None else [scope])]
        at = time.monotonic()
        for counted in filter(None, found):
            now = counted.store.now()
            minutes: Counter[tuple[str, int]] = Counter()
            for (kind, second), queries in counted.asked.items():
                minutes[kind, (now - int((at - second) * 1e6)) // MINUTE_MICROS] += queries
            self._submit(counted.store, partial(_write, uses=counted.uses, minutes=minutes, now=now))


def _write(tx: Transaction, uses: Mapping[str, int], minutes: Mapping[tuple[str, int], int], now: Micros) -> None:
    keys = {tx.memories.key(memory_id): times for memory_id, times in uses.items()}
    tx.memories.count_retrieved({key: times for key, times in keys.items() if key is not None})
    for (kind, minute), queries in sorted(minutes.items()):
        tx.figures.count_queries(kind, minute, queries)
    tx.figures.forget_queries(now // MINUTE_MICROS - KEPT_DAYS * DAY_MINUTES)
