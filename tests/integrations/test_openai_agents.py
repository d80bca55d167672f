"""Do tools of the OpenAI Agents SDK get the guard, and the known fix with their failure?"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from agents import Agent, FunctionTool, RunConfig, Runner, function_tool
from agents.items import ModelResponse
from agents.models.interface import Model
from agents.usage import Usage
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText

from brainops.brain import Brain
from brainops.integrations.openai_agents import ToolGuard
from brainops.types import Rule, RuleKind, RuleMode

ERROR = "the lock file of release 7 is missing"


class Scripted(Model):
    """A model that calls one tool several times over, each time with the next arguments, and is done."""

    def __init__(self, tool: str, *arguments: str) -> None:
        self._tool = tool
        self._left = list(arguments)

    async def get_response(self, *_: Any, **__: Any) -> ModelResponse:
        said: Any = ResponseOutputMessage(
            id="m",
            type="message",
            role="assistant",
            status="completed",
            content=[ResponseOutputText(type="output_text", text="done", annotations=[])],
        )
        if self._left:
            written, call_id = self._left.pop(0), f"c{len(self._left)}"
            said = ResponseFunctionToolCall(type="function_call", call_id=call_id, name=self._tool, arguments=written)
        return ModelResponse(output=[said], usage=Usage(), response_id=None)

    def stream_response(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError


@pytest.fixture
def brain(tmp_path: Path) -> Iterator[Brain]:
    with Brain.open(tmp_path / "memory.db", namespace="team/a", read=(), model="none", background=False) as opened:
        yield opened


def outputs(tool: FunctionTool, *arguments: str) -> list[str]:
    agent = Agent(name="releaser", model=Scripted(tool.name, *arguments), tools=[tool])
    result = asyncio.run(Runner.run(agent, "release", run_config=RunConfig(tracing_disabled=True)))
    return [each.output for each in result.new_items if each.type == "tool_call_output_item"]


def tool_of(brain: Brain, ran: list[int]) -> FunctionTool:
    def deploy(release: int) -> str:
        ran.append(release)
        if release == 7:
            raise RuntimeError(ERROR)
        return f"release {release} is out"

    made: FunctionTool = function_tool(deploy, **ToolGuard(brain, agent="releaser").options())
    return made


def test_a_failure_is_kept_and_the_next_one_comes_with_its_known_fix(brain: Brain) -> None:
    tool = tool_of(brain, [])

    (first,) = outputs(tool, '{"release": 7}')
    brain.flush()
    brain.fixes.attach(f"RuntimeError: {ERROR}", "lock", advice="touch .ready first")
    again, good = outputs(tool, '{"release": 7}', '{"release": 8}')
    brain.flush()

    assert ERROR in first and "touch .ready" not in first
    assert ERROR in again and "touch .ready first" in again
    assert good == "release 8 is out"
    ended = {type(each.outcome).__name__: each.start for each in brain.operations.list()}
    assert set(ended) == {"Failed", "Succeeded"} and ended["Failed"].actor.id == "releaser"
    assert ended["Succeeded"].context == {"release": 8}


def test_what_a_rule_holds_back_does_not_run_and_the_model_reads_the_way_out(brain: Brain) -> None:
    rule = Rule(
        id="", namespace="", name="people decide", kind=RuleKind.APPROVAL, operations=("deploy*",), mode=RuleMode.ASK
    )
    brain.guard.add(rule)
    brain.guard.set_enforcement("strict", reason="we mean it")
    ran: list[int] = []

    (told,) = outputs(tool_of(brain, ran), json.dumps({"release": 8}))

    assert ran == []
    assert "BrainOps did not let this call pass" in told and "The way out: brainops approvals ask deploy" in told


def test_arguments_that_are_no_json_are_a_failure_of_the_call(brain: Brain) -> None:
    (told,) = outputs(tool_of(brain, []), '{"release": "\x00')

    assert "error" in told.lower()
