"""Which operations were there, how did they end, and what did a later look say of them?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from brainops.errors import InvalidInput
from brainops.memory.context import MemoryContext
from brainops.memory.transfer import segments
from brainops.operations import log
from brainops.operations.guidance import receipt
from brainops.types import Guidance, Operation
from brainops.types.limits import Limit
from brainops.types.page import Page
from brainops.wire import from_plain


class Operations:
    """The operation log of a memory."""

    def __init__(self, context: MemoryContext, flush: Callable[[], object]) -> None:
        self._context = context
        self._flush = flush

    def list(
        self,
        *,
        name: str | None = None,
        target: str | None = None,
        outcome: str | None = None,
        since: int | None = None,
        limit: int = 50,
        include_archived: bool = False,
        after: str | None = None,
        before: str | None = None,
    ) -> Page[Operation]:
        """Return the operation log, newest first; `outcome` is "succeeded", "failed" or "open".

        With `include_archived`, which looks into segments as well, there are no cursors.
        """
        from_plain(Limit, limit, "limit")
        if include_archived and (after or before):
            raise InvalidInput("what segments hold has no cursors: leave include_archived out, or the cursor")
        self._flush()
        asked: dict[str, Any] = {"name": name, "target": target, "outcome": outcome, "since": since, "limit": limit}
        with self._context.store.read() as tx:
            found = tx.operations.list(**asked, after=after, before=before)
            if not include_archived:
                return found
            every = [*found, *segments.archived_operations(tx, **asked)]
            return Page(sorted(every, key=lambda each: -each.started_at)[:limit])

    def get(self, operation_id: str) -> Operation:
        """Return one operation by id; raise NotFound."""
        self._flush()
        return log.get(self._context, operation_id)

    def receipt(self, guidance_id: str) -> Guidance:
        """Return what was said under a receipt. Raises NotFound."""
        with self._context.store.read() as tx:
            return receipt(tx, guidance_id)

    def verify(self, operation_id: str) -> None:
        """Say that a later check confirmed an operation's outcome."""
        log.verify(self._context, operation_id)

    def contradict(self, operation_id: str, reason: str) -> None:
        """Say that an operation that was taken for a success was none."""
        log.contradict(self._context, operation_id, reason)
