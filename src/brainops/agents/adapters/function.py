"""How does a Python function of this process carry out a task?"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from brainops.agents.adapters.adapter import AdapterPort
from brainops.agents.adapters.agent_settings import Parameters, seconds_of
from brainops.agents.adapters.prompt import quoted_memory
from brainops.agents.time_limit import in_loop, within
from brainops.errors import StepFailed
from brainops.types import Agent, Evidence, Failed, Outcome, Succeeded, Task

KNOWN = ("function",)
MAX_SHOWN = 20  # of the registered names in an error


def run(agent: Agent, task: Task, port: AdapterPort) -> Outcome:
    """Call the function that `function` names (the agent's own name, where it names none) with the task.

    What it returns is the result; an outcome that it returns is taken as its word (claimed).
    """
    name = settings_of(agent).text("function", agent.name)
    task = replace(task, memory=quoted_memory(task))  # with its marks, as every other agent is handed it
    found = port.callables.get(name)
    if found is None:
        there = ", ".join(port.callables.names()[:MAX_SHOWN]) or "none"
        raise StepFailed(
            f"no function is registered as {name!r:.80} in this process (there is {there}); register it first: "
            "brain.agents.register_callable(name, function)",
            kind="NotRegistered",
            retryable=False,
        )
    function, cancellable = found
    seconds = seconds_of(agent, task)
    answer = within(seconds, port.cancelled, lambda stopped: _called(function, task, cancellable, stopped, seconds))
    match answer:
        case Succeeded() | Failed():
            return replace(answer, evidence=Evidence.CLAIMED)
    return Succeeded(result=answer)


def settings_of(agent: Agent) -> Parameters:
    """Return what its settings say. Raises StepFailed where that is not how a function is called."""
    return Parameters.named("a callable agent", agent.settings, KNOWN)


def _called(
    function: Callable[..., Any], task: Task, cancellable: bool, stopped: Callable[[], bool], seconds: float
) -> Any:
    answer = function(task, stopped) if cancellable else function(task)
    if not inspect.isawaitable(answer):
        return answer

    async def awaited() -> Any:
        return await answer

    return in_loop(seconds, stopped, awaited)
