"""How often is each memory handed out? Counted here, and handed over in batches: asking writes nothing by itself."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from brainops.store import Transaction
from brainops.types import Memory

BATCH_USES = 256  # a write for about every fiftieth question


class Uses:
    """The uses of one process that are not written yet."""

    def __init__(self, submit: Callable[[Callable[[Transaction], None]], None]) -> None:
        self._submit = submit
        self._counting = threading.Lock()
        self._uses: Counter[str] = Counter()

    def add(self, memories: Iterable[Memory]) -> None:
        """Count memories that were handed out; a full batch is written."""
        with self._counting:
            self._uses.update(memory.id for memory in memories)
            full = self._uses.total() >= BATCH_USES
        if full:
            self.write()

    def write(self) -> None:
        """Hand over what was counted; nobody waits for it."""
        with self._counting:
            uses, self._uses = self._uses, Counter()
        if uses:
            self._submit(lambda tx: _write(tx, uses))


def _write(tx: Transaction, uses: Mapping[str, int]) -> None:
    keys = {tx.memories.key(memory_id): times for memory_id, times in uses.items()}
    tx.memories.count_retrieved({key: times for key, times in keys.items() if key is not None})
