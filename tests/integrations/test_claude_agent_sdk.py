"""Do the hooks of the Claude Agent SDK deny, record and tell what helps, in the words that the SDK passes on?"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from claude_agent_sdk import ClaudeAgentOptions
from claude_agent_sdk.types import PostToolUseFailureHookSpecificOutput, PreToolUseHookSpecificOutput

from brainops.brain import Brain
from brainops.integrations.claude_agent_sdk import memory_hooks
from brainops.types import Rule, RuleKind, RuleMode

ERROR = "DeployError: the lock file of release 7 is missing"


@pytest.fixture
def brain(tmp_path: Path) -> Iterator[Brain]:
    with Brain.open(tmp_path / "memory.db", namespace="team/a", read=(), model="none", background=False) as opened:
        yield opened


class Sdk:
    """What the SDK does with hooks: it calls those of an event, one call of a tool after the other."""

    def __init__(self, brain: Brain) -> None:
        self.options = ClaudeAgentOptions(hooks=memory_hooks(brain, agent="coder"))

    def event(self, name: str, call: str, tool: str = "Bash", **given: Any) -> Any:
        assert self.options.hooks is not None
        (matcher,) = self.options.hooks[name]  # type: ignore[index]
        said = {"hook_event_name": name, "session_id": "s1", "tool_name": tool, "tool_use_id": call, **given}
        return asyncio.run(matcher.hooks[0](said, call, {"signal": None}))  # type: ignore[arg-type]

    def run(self, call: str, command: str, error: str | None = None) -> Any:
        before = self.event("PreToolUse", call, tool_input={"command": command})
        if before:
            return before
        if error is None:
            return self.event("PostToolUse", call, tool_input={"command": command}, tool_response={"stdout": ""})
        return self.event("PostToolUseFailure", call, tool_input={"command": command}, error=error)


@pytest.fixture
def sdk(brain: Brain) -> Sdk:
    return Sdk(brain)


def recorded(brain: Brain) -> dict[str, str]:
    brain.flush()
    return {each.start.name: type(each.outcome).__name__ for each in brain.operations.list()}


def test_commands_are_on_record_by_their_own_names_and_reading_is_not(brain: Brain, sdk: Sdk) -> None:
    assert sdk.run("1", "ls -la | grep x") == {}
    assert sdk.run("2", "cd api && make deploy 2>&1 | tee log") == {}
    assert sdk.run("3", "make migrate", error=f"Exit code 2\n{ERROR}") == {}

    assert sdk.run("4", "make build && make test") == {}

    # how the end of a pipe went says nothing of its beginning
    ended = recorded(brain)
    assert ended.pop("tee log") == "Succeeded"
    assert ended == {"make migrate": "Failed", "make build": "Succeeded", "make test": "Succeeded"}


def test_a_known_failure_comes_with_its_fix(brain: Brain, sdk: Sdk) -> None:
    brain.fixes.attach(ERROR, "lock", advice="touch .ready first")

    said = sdk.run("1", "make deploy", error=f"Exit code 2\n{ERROR}")["hookSpecificOutput"]

    assert set(said) <= set(get_type_hints(PostToolUseFailureHookSpecificOutput))
    assert said["hookEventName"] == "PostToolUseFailure" and "touch .ready first" in said["additionalContext"]


def test_what_a_rule_holds_back_is_denied_with_the_way_out_also_behind_a_harmless_command(
    brain: Brain, sdk: Sdk
) -> None:
    rule = Rule(
        id="",
        namespace="",
        name="people decide",
        kind=RuleKind.APPROVAL,
        operations=("make deploy",),
        mode=RuleMode.ASK,
    )
    brain.guard.add(rule)
    brain.guard.set_enforcement("strict", reason="we mean it")

    said = sdk.run("1", "ls && make deploy")["hookSpecificOutput"]

    assert set(said) <= set(get_type_hints(PreToolUseHookSpecificOutput))
    assert said["permissionDecision"] == "deny"
    assert "The way out: brainops approvals ask 'make deploy'" in said["permissionDecisionReason"]
    assert recorded(brain).get("make deploy") in (None, "NoneType")


@pytest.mark.parametrize(
    "given",
    [
        {"tool_input": None},
        {"tool_input": {"command": 7}},
        {"tool_input": {"command": "\x00\ud800 ' \""}},
        {"tool_input": {"command": "x" * 1_000_000}},
        {"tool": "mcp__files__write", "tool_input": {"text": "y" * 1_000_000}},
    ],
)
def test_any_input_is_answered(sdk: Sdk, given: dict[str, Any]) -> None:
    assert sdk.event("PreToolUse", "1", **given) == {}
    assert sdk.event("PostToolUseFailure", "1", error="\x00\ud800", **given) == {}
    assert sdk.event("PostToolUse", "unknown", **given) == {}
