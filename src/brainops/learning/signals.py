"""What do logs and metrics say: which lines, how many, what is unusual, and what is to blame?"""

from __future__ import annotations

from brainops.memory.context import MemoryContext


class Signals:
    """The logs and metrics that a namespace was given."""

    def __init__(self, context: MemoryContext) -> None:
        self._context = context
