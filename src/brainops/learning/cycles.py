"""What is learnt every five minutes, every hour and every day, and when is that due?"""

from __future__ import annotations

from brainops.agents.agents import Agents
from brainops.learning.improvements import Improvements
from brainops.learning.signals import Signals
from brainops.memory.context import MemoryContext
from brainops.operations.enforce import Guard


class Learning:
    """The learning cycles of a namespace."""

    def __init__(
        self, context: MemoryContext, guard: Guard, agents: Agents, signals: Signals, improvements: Improvements
    ) -> None:
        self._context = context
        self._guard = guard
        self._agents = agents
        self._signals = signals
        self._improvements = improvements
