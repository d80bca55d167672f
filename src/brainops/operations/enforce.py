"""May an operation begin here and now? Gathers what the rules need, decides, and records the decision."""

from __future__ import annotations

from brainops.memory.context import MemoryContext
from brainops.procedures.approvals import Approvals
from brainops.procedures.catalog import Catalog


class Guard:
    """The guard of one memory: settings, rules, decisions, bypasses, compliance."""

    def __init__(self, context: MemoryContext, catalog: Catalog, approvals: Approvals) -> None:
        self._context = context
        self._catalog = catalog
        self._approvals = approvals
