"""What did the system change about itself, on what evidence, and how is each change undone?"""

from __future__ import annotations

from collections.abc import Sequence

from brainops.agents.agents import Agents
from brainops.learning.part import Part
from brainops.memory.context import MemoryContext
from brainops.operations.enforce import Guard
from brainops.procedures.catalog import Catalog
from brainops.procedures.fixes.fixes import Fixes
from brainops.procedures.outbox import Outbox
from brainops.types import Cycle


class Improvements:
    """The improvements of a namespace."""

    def __init__(
        self,
        context: MemoryContext,
        procedures: Catalog,
        fixes: Fixes,
        guard: Guard,
        agents: Agents,
        notices: Outbox,
    ) -> None:
        self._context = context
        self._procedures = procedures
        self._fixes = fixes
        self._guard = guard
        self._agents = agents
        self._notices = notices

    def parts(self, cycle: Cycle) -> Sequence[Part]:
        """Return what a learning cycle does of this."""
        return ()
