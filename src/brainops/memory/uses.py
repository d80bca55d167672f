"""How often is each memory handed out? Counted here, and written in batches: asking writes nothing by itself."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress

from brainops.errors import BrainOpsError
from brainops.store import Store
from brainops.types import Memory

BATCH_USES = 256  # a write for about every fiftieth question


class Uses:
    """The uses of one process that are not written yet."""

    def __init__(self, store: Store) -> None:
        self._store = store
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
        """Write what was counted; a store that cannot be written now loses counts of use, and nothing else."""
        with self._counting:
            uses, self._uses = self._uses, Counter()
        if not uses:
            return
        with suppress(BrainOpsError), self._store.write() as tx:
            keys = {tx.memories.key(memory_id): times for memory_id, times in uses.items()}
            tx.memories.count_retrieved({key: times for key, times in keys.items() if key is not None})
