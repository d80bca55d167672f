"""Which procedures apply to an operation, an event, an error or somebody's words?"""

from __future__ import annotations

from brainops.memory.context import MemoryContext
from brainops.procedures.catalog import Catalog


class Triggers:
    """The triggers of the active procedures, ready to be asked."""

    def __init__(self, context: MemoryContext, catalog: Catalog) -> None:
        self._context = context
        self._catalog = catalog
