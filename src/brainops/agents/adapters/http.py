"""How does an agent reached by http carry out a task?"""

from __future__ import annotations

from brainops.agents.adapters.port import AdapterPort
from brainops.errors import StepFailed
from brainops.types import Agent, Outcome, Task


def run(agent: Agent, task: Task, port: AdapterPort) -> Outcome:
    """Carry out the task."""
    raise StepFailed("not built yet", kind="NotBuilt", retryable=False)
