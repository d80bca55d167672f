"""How do tools of the OpenAI Agents SDK get the guard? By guardrails on each, and what is known of an error it raised.

guard = ToolGuard(brain)

@function_tool(**guard.options())
def deploy(release: int) -> str: ...
"""

from __future__ import annotations

import json
from typing import Any

from agents import RunContextWrapper, ToolGuardrailFunctionOutput, ToolInputGuardrail, ToolOutputGuardrail
from agents.tool_context import ToolContext
from agents.tool_guardrails import ToolInputGuardrailData, ToolOutputGuardrailData
from anyio import to_thread

from brainops.brain import Brain
from brainops.errors import OperationBlocked
from brainops.integrations.tool_calls import ToolCalls, refusal

AGENT = "openai-agents"
MOST_PENDING = 10_000  # calls that a run left without an end; the oldest beyond them is let go


class ToolGuard:
    """The guard before each call of a tool, its end on record, and with a failure what is known to help."""

    def __init__(self, brain: Brain, *, agent: str = AGENT) -> None:
        """`agent` names who acts."""
        self._calls = ToolCalls(brain, agent=agent)
        self._pending: dict[str, Any] = {}

    def options(self) -> dict[str, Any]:
        """Return what `function_tool` takes, so that a tool is guarded."""
        return {
            "tool_input_guardrails": [ToolInputGuardrail(self._before, name="brainops")],
            "tool_output_guardrails": [ToolOutputGuardrail(self._after, name="brainops")],
            "failure_error_function": self._failed,
        }

    async def _before(self, data: ToolInputGuardrailData) -> ToolGuardrailFunctionOutput:
        called = data.context
        try:
            running = await to_thread.run_sync(self._calls.begin, called.tool_name, _arguments(called.tool_arguments))
        except OperationBlocked as error:
            return ToolGuardrailFunctionOutput.reject_content(refusal(error))
        self._pending[called.tool_call_id] = running
        if len(self._pending) > MOST_PENDING:
            self._calls.discard(self._pending.pop(next(iter(self._pending))))
        return ToolGuardrailFunctionOutput.allow()

    async def _after(self, data: ToolOutputGuardrailData) -> ToolGuardrailFunctionOutput:
        self._calls.succeed(self._pending.pop(data.context.tool_call_id, None))  # none, where it has failed
        return ToolGuardrailFunctionOutput.allow()

    async def _failed(self, context: RunContextWrapper[Any], error: Exception) -> str:
        """Return what the model reads of an error, as the SDK says it by itself, with what is known to help."""
        running = self._pending.pop(context.tool_call_id, None) if isinstance(context, ToolContext) else None
        known = await to_thread.run_sync(self._calls.fail, running, error)
        said = f"An error occurred while running the tool. Please try again. Error: {error}"
        return f"{said}\n{known}" if known else said


def _arguments(written: str) -> Any:
    try:
        return json.loads(written or "{}")
    except (ValueError, RecursionError):
        return written
