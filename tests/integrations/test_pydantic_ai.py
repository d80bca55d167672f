"""Does an agent of pydantic-ai not repeat a mistake, follow a strict procedure, and go on once it complied?"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic_ai import Agent, ModelRetry, SkipToolExecution, ToolFailed
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from brainops.brain import Brain
from brainops.integrations.pydantic_ai import MemoryCapability
from brainops.types import Action, Mode, Procedure, Step, StepKind, Trigger

ERROR = "the lock file of release 7 is missing"
CHECKED = Procedure(
    name="check-before-a-deployment",
    description="Look before you deploy.",
    mode=Mode.STRICT,
    triggers=(Trigger(operations=("deploy*",)),),
    steps=(Step(id="look", action=Action(uses=StepKind.MANUAL, parameters={"text": "Look at the graphs."})),),
)
Next = Callable[[list[str]], "ToolCallPart | str"]


class DeployError(Exception):
    pass


@pytest.fixture
def brain(tmp_path: Path) -> Iterator[Brain]:
    with Brain.open(tmp_path / "memory.db", namespace="team/a", read=(), model="none", background=False) as opened:
        yield opened


class Place:
    """Where an agent works: it can deploy, which takes a lock file, and make one."""

    def __init__(self) -> None:
        self.locked = False
        self.attempts = 0

    def deploy(self, release: int) -> str:
        self.attempts += 1
        if not self.locked:
            raise DeployError(ERROR)
        return f"release {release} is out"

    def lock(self) -> str:
        self.locked = True
        return "locked"


def answers_of(messages: list[ModelMessage]) -> list[str]:
    parts = [part for each in messages if isinstance(each, ModelRequest) for part in each.parts]
    return [part.model_response_str() for part in parts if isinstance(part, ToolReturnPart)]


def run(next_: Next, place: Place, *capabilities: MemoryCapability) -> list[str]:
    """Run an agent whose model decides by what the tools answered; return these answers."""

    def decide(messages: list[ModelMessage], _: AgentInfo) -> ModelResponse:
        decided = next_(answers_of(messages))
        return ModelResponse(parts=[TextPart(decided) if isinstance(decided, str) else decided])

    agent = Agent(FunctionModel(decide), tools=[place.deploy, place.lock], capabilities=capabilities)
    return answers_of(asyncio.run(agent.run("deploy release 7")).all_messages())


def careful(answers: list[str]) -> ToolCallPart | str:
    """Be an agent that deploys, does what is told to help, and deploys again."""
    if answers and "is out" in answers[-1]:
        return "done"
    if answers and "call lock first" in answers[-1]:
        return ToolCallPart("lock", {})
    return "given up" if len(answers) > 4 else ToolCallPart("deploy", {"release": 7})


def test_a_mistake_is_repeated_without_memory_and_not_with_it(brain: Brain) -> None:
    bare = Place()
    with pytest.raises(DeployError):
        run(careful, bare)
    with pytest.raises(DeployError):  # with memory the first time is like that, too
        run(careful, Place(), MemoryCapability(brain, agent="coder"))
    brain.flush()
    brain.fixes.attach(f"DeployError: {ERROR}", "lock", advice="call lock first")
    place = Place()

    answers = run(careful, place, MemoryCapability(brain, agent="coder"))

    assert "call lock first" in answers[0] and ERROR in answers[0]
    assert answers[-1] == "release 7 is out" and place.attempts == 2
    (known,) = brain.match(f"DeployError: {ERROR}")
    assert known.memory.source.actor.id == "coder" and known.memory.occurrences == 2
    assert [each.outcome is not None for each in brain.operations.list()] == [True] * 4


def complies(answers: list[str]) -> ToolCallPart | str:
    """Be an agent that runs the procedure that a denial names, step by step, and tries again."""
    last = answers[-1] if answers else ""
    if "is out" in last:
        return "done"
    if "did not let this call pass" in last:
        return ToolCallPart("procedure_start", {"name": CHECKED.name})
    if found := re.search(r"Run (\S+) of .* is waiting", last):
        return ToolCallPart("procedure_step", {"run_id": found[1], "step_id": "look", "evidence": "they are flat"})
    return "given up" if len(answers) > 5 else ToolCallPart("deploy", {"release": 7})


def test_a_strict_procedure_holds_a_call_back_until_the_agent_has_followed_it(brain: Brain) -> None:
    brain.establish(CHECKED)
    brain.guard.set_enforcement("strict", reason="we mean it")
    place = Place()
    place.locked = True

    answers = run(complies, place, MemoryCapability(brain, agent="coder"))

    assert CHECKED.name in answers[0] and place.attempts == 1
    assert answers[-1] == "release 7 is out"


def test_what_is_no_failure_of_the_tool_is_not_on_record_as_one_and_its_own_errors_go_through(brain: Brain) -> None:
    tried: list[str] = []

    def flaky(why: str) -> str:
        tried.append(why)
        match why:
            case "retry":
                raise ModelRetry("ask again")
            case "failed":
                raise ToolFailed("there is none")
            case "skip":
                raise SkipToolExecution("skipped")
        return "good"

    def decide(messages: list[ModelMessage], _: AgentInfo) -> ModelResponse:
        asked = len(answers_of(messages))
        whys = ["failed", "retry", "skip", "good"]
        return ModelResponse(parts=[ToolCallPart("flaky", {"why": whys[asked]}) if asked < 4 else TextPart("done")])

    agent = Agent(FunctionModel(decide), tools=[flaky], capabilities=[MemoryCapability(brain, tools=False)])
    answers = answers_of(asyncio.run(agent.run("x")).all_messages())
    brain.flush()

    assert tried == ["failed", "retry", "skip", "good"]
    assert answers[-2:] == ["skipped", "good"]
    ended = [type(each.outcome).__name__ for each in brain.operations.list()]
    assert sorted(ended) == ["Failed", "Failed", "Succeeded"]
