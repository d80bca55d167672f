"""Which cases were decided how, and what do they say of a new one?"""

from __future__ import annotations

from brainops.memory.context import MemoryContext
from brainops.procedures.steps.port import StepResult, StepWaits, StepWork


class Cases:
    """The decided cases of a namespace."""

    def __init__(self, context: MemoryContext) -> None:
        self._context = context

    def step(self, work: StepWork) -> StepResult:
        """Do a decide step."""
        return StepWaits(waits_for="decision", detail=dict(work.action.parameters))
