"""How does a run go from its first step to its end, whoever stops in between?"""

from __future__ import annotations

from brainops.memory.context import MemoryContext
from brainops.procedures.approvals import Approvals
from brainops.procedures.catalog import Catalog
from brainops.procedures.steps.port import Executors


class Runner:
    """The runs of one memory: start, advance, steer, look at."""

    def __init__(self, context: MemoryContext, catalog: Catalog, approvals: Approvals, executors: Executors) -> None:
        self._context = context
        self._catalog = catalog
        self._approvals = approvals
        self._executors = executors
