"""How does a goal become a plan of steps with agents, and how is it run and learnt from?"""

from __future__ import annotations

from brainops.agents.agents import Agents
from brainops.memory.context import MemoryContext
from brainops.procedures.catalog import Catalog
from brainops.procedures.runs.runner import Runner
from brainops.procedures.triggers.triggers import Triggers


class Workflows:
    """Plans for goals, as procedures whose steps name agents."""

    def __init__(
        self, context: MemoryContext, agents: Agents, procedures: Catalog, runs: Runner, triggers: Triggers
    ) -> None:
        self._context = context
        self._agents = agents
        self._procedures = procedures
        self._runs = runs
        self._triggers = triggers
