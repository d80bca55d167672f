"""What must somebody be told, and was it delivered?"""

from __future__ import annotations

from brainops.memory.context import MemoryContext


class Outbox:
    """The notices of one memory, delivered at least once by a command or a webhook."""

    def __init__(self, context: MemoryContext) -> None:
        self._context = context
