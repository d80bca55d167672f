"""Which agents are there, and how is a task carried out by the one that has done best, with what memory knows?"""

from __future__ import annotations

from brainops.memory.context import MemoryContext
from brainops.operations.enforce import Guard
from brainops.operations.operation import OperationLog
from brainops.procedures.outbox import Outbox
from brainops.procedures.steps.port import StepResult, StepWaits, StepWork
from brainops.types import Choice, OperationStart


class Agents:
    """The agents of a namespace, and the tasks that they carry out."""

    def __init__(self, context: MemoryContext, operations: OperationLog, guard: Guard, notices: Outbox) -> None:
        self._context = context
        self._operations = operations
        self._guard = guard
        self._notices = notices

    def recommend(self, start: OperationStart) -> Choice | None:
        """Return who does such an operation best, None where nobody is known."""
        return None

    def step(self, work: StepWork) -> StepResult:
        """Do an agent step."""
        return StepWaits(waits_for="agent", detail=dict(work.action.parameters))
