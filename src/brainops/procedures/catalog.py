"""Which procedures are there, in which versions, and which version of each holds?"""

from __future__ import annotations

from brainops.memory.context import MemoryContext


class Catalog:
    """The procedures of one memory: save, apply, activate, retire, look up."""

    def __init__(self, context: MemoryContext) -> None:
        self._context = context
