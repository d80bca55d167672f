"""What do the tests of agents stand on? An agent, a task, and a port to a memory."""

from __future__ import annotations

import sys
from typing import Any

from brainops.agents.adapters.adapter import AdapterPort, Callables
from brainops.agents.adapters.run import run_agent
from brainops.brain import Brain
from brainops.types import AdapterKind, Agent, AgentLimits, Outcome, Task
from tests.inside import inside

PYTHON = sys.executable


def agent_of(adapter: AdapterKind, timeout_seconds: float = 30.0, **settings: Any) -> Agent:
    """Return an agent with these settings."""
    return Agent(name="bertha", adapter=adapter, settings=settings, limits=AgentLimits(timeout_seconds=timeout_seconds))


def task_of(text: str = "Say how the gateway is.", **fields: Any) -> Task:
    """Return a task."""
    return Task(id="task-1", text=text, task_class="look", **fields)


def port_of(brain: Brain, callables: Callables | None = None, **fields: Any) -> AdapterPort:
    """Return a port to this memory."""
    return AdapterPort(
        context=inside(brain).context,
        callables=callables or Callables(),
        language=inside(brain).services.language,
        **fields,
    )


def program(code: str) -> list[str]:
    """Return the arguments that run a piece of Python."""
    return [PYTHON, "-c", code]


def outcome_of(brain: Brain, agent: Agent, task: Task | None = None, **port: Any) -> Outcome:
    """Let an agent carry out a task."""
    return run_agent(agent, task or task_of(), port_of(brain, **port))
