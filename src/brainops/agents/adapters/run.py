"""How does any agent carry out a task, so that whatever happens is an outcome?"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from msgspec import Struct
from msgspec.structs import replace

from brainops import lazy
from brainops.agents.adapters.adapter import Adapter
from brainops.agents.adapters.agent_settings import Parameters
from brainops.errors import InvalidInput, StepFailed
from brainops.operations.jsonable import jsonable
from brainops.operations.log import checked_error
from brainops.procedures.runs.attempts import failure_of
from brainops.types import AdapterKind, Agent, ErrorEvent, Failed

if TYPE_CHECKING:
    from brainops.agents.adapters import function, http_agent, llm, mcp, program
    from brainops.agents.adapters.adapter import AdapterPort
    from brainops.types import Outcome, Task
else:
    function, http_agent, llm, mcp, program = lazy.modules(
        "brainops.agents.adapters", "function http_agent llm mcp program"
    )

OURS = str(Path(__file__).parents[1])  # whose frames in a traceback say how an agent was called, not what went wrong


class AdapterSpec(Struct, frozen=True, kw_only=True):
    """One way to have an agent carry out a task: how, what its settings say, and the extra that it needs."""

    run: Adapter
    settings_of: Callable[[Agent], Parameters]
    extra: str = ""


def adapter_of(kind: AdapterKind) -> AdapterSpec:
    """Return all that is known of a kind of adapter."""
    match kind:
        case AdapterKind.CALLABLE:
            return AdapterSpec(run=function.run, settings_of=function.settings_of)
        case AdapterKind.COMMAND:
            return AdapterSpec(run=program.run, settings_of=program.settings_of)
        case AdapterKind.HTTP:
            return AdapterSpec(run=http_agent.run, settings_of=http_agent.settings_of)
        case AdapterKind.MCP:
            return AdapterSpec(run=mcp.run, settings_of=mcp.settings_of, extra="mcp")
        case AdapterKind.LLM:
            return AdapterSpec(run=llm.run, settings_of=llm.settings_of, extra="agents")
        case _:
            assert_never(kind)


def check_settings(agent: Agent) -> None:
    """Raise InvalidInput where the settings of an agent are not what its adapter takes."""
    try:
        adapter_of(agent.adapter).settings_of(agent)
    except StepFailed as error:
        raise InvalidInput(str(error)) from None


def run_agent(agent: Agent, task: Task, port: AdapterPort) -> Outcome:
    """Let an agent carry out a task once and return how it ended, with its duration, redacted and of bounded size.

    Never raises for what the agent did: that is a Failed whose error names it. Nothing is tried again, and nothing of
    it is stored here.
    """
    began = time.monotonic()
    try:
        outcome = adapter_of(agent.adapter).run(agent, task, port)
    except Exception as error:  # noqa: BLE001 -- it is the attempt's failure
        event = event_of_failure(error)
        theirs = tuple(frame for frame in event.frames if not frame.module.startswith(OURS))
        outcome = Failed(error=replace(event, frames=theirs))
    cost = outcome.cost if outcome.cost is None or outcome.cost >= 0 else None
    kept = replace(
        outcome,
        result=jsonable(outcome.result, port.context.redaction),
        duration_seconds=time.monotonic() - began,
        cost=cost,
    )
    return replace(kept, error=checked_error(port.context, kept.error)) if isinstance(kept, Failed) else kept


def event_of_failure(error: Exception) -> ErrorEvent:
    """Return what went wrong as an error; what BrainOps itself says of it bears its kind."""
    failure = failure_of(error)
    kind = error.kind if isinstance(error, StepFailed) and error.kind else type(error).__name__
    return failure.event or ErrorEvent(type=kind, message=failure.message)
