"""How is a language model asked, and who pays for it? Nobody, until a person sets a budget."""

from __future__ import annotations

from brainops.memory.context import MemoryContext


class Language:
    """The language models of a namespace, and what they may take a day."""

    def __init__(self, context: MemoryContext) -> None:
        self._context = context
