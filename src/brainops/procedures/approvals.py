"""Who must agree, did they, and how was it proven that it was they?"""

from __future__ import annotations

from brainops.memory.context import MemoryContext


class Approvals:
    """The questions to people of one memory: ask, grant, refuse, use once, escalate, let expire."""

    def __init__(self, context: MemoryContext) -> None:
        self._context = context
