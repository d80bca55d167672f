"""How does an agent of the Claude Agent SDK get the guard? By hooks in its own process, before and after each tool.

    options = ClaudeAgentOptions(hooks=memory_hooks(brain))

A command line is each of its commands that does more than read, as for the hooks that `brainops install` writes.
"""

from __future__ import annotations

from typing import Any

from anyio import to_thread
from claude_agent_sdk import HookContext, HookMatcher

from brainops.brain import Brain
from brainops.errors import OperationBlocked
from brainops.integrations.tool_calls import ToolCalls, refusal
from brainops.types import ActionClass
from brainops_core.commands.command_name import parts_of

AGENT = "claude-agent-sdk"
TOOLS = "Bash|Write|Edit|MultiEdit|NotebookEdit|mcp__.*"  # what only reads is not asked about
SECONDS = 30.0  # for a callback, which waits for memory
READ_CHARACTERS = 16_384  # of a command line; what nobody looked at counts as the worst that it can be
MOST_PENDING = 10_000  # calls without an end; the oldest beyond them is let go


def memory_hooks(brain: Brain, *, agent: str = AGENT, tools: str = TOOLS) -> dict[Any, list[HookMatcher]]:
    """Return the hooks as ClaudeAgentOptions takes them, for the `tools` that a matcher names; `agent` is who acts.

    Where the SDK cannot have an answer of the hook before a tool, the tool does not run.
    """
    hooks = _Hooks(ToolCalls(brain, agent=agent))
    return {
        "PreToolUse": [HookMatcher(matcher=tools, hooks=[hooks.before], timeout=SECONDS, on_failure="block")],
        "PostToolUse": [HookMatcher(matcher=tools, hooks=[hooks.after], timeout=SECONDS)],
        "PostToolUseFailure": [HookMatcher(matcher=tools, hooks=[hooks.failed], timeout=SECONDS)],
    }


class _Hooks:
    def __init__(self, calls: ToolCalls) -> None:
        self._calls = calls
        self._pending: dict[str, list[tuple[Any, bool]]] = {}

    async def before(self, given: Any, tool_use_id: str | None, _: HookContext) -> Any:
        """Begin a call, or deny it with the way out."""
        try:
            begun = await to_thread.run_sync(self._begin, given)
        except OperationBlocked as error:
            said = {"permissionDecision": "deny", "permissionDecisionReason": refusal(error)}
            return {"hookSpecificOutput": {"hookEventName": "PreToolUse", **said}}
        self._pending[tool_use_id or ""] = begun
        if len(self._pending) > MOST_PENDING:
            self._discard(self._pending.pop(next(iter(self._pending))))
        return {}

    async def after(self, _given: Any, tool_use_id: str | None, _: HookContext) -> Any:
        """End a call that went well; of a line, what went well wherever the line did."""
        for running, sure in self._pending.pop(tool_use_id or "", []):
            if sure:
                self._calls.succeed(running)
            else:
                self._calls.discard(running)
        return {}

    async def failed(self, given: Any, tool_use_id: str | None, _: HookContext) -> Any:
        """End a call that failed, and tell what is known to help; of a line, what decides how it ended."""
        begun = self._pending.pop(tool_use_id or "", [])
        if given.get("is_interrupt"):
            self._discard(begun)
            return {}
        failed = next((each for each in reversed(begun) if each[1]), begun[-1] if begun else None)
        self._discard([each for each in begun if each is not failed])
        error = str(given.get("error") or "it failed without a word")
        known = await to_thread.run_sync(self._calls.fail, failed and failed[0], error)
        if not known:
            return {}
        return {"hookSpecificOutput": {"hookEventName": "PostToolUseFailure", "additionalContext": known}}

    def _begin(self, given: Any) -> list[tuple[Any, bool]]:
        begun: list[tuple[Any, bool]] = []
        try:
            for name, least, sure in _operations(given):
                begin = self._calls.begin
                running = begin(name, given.get("tool_input"), session=given.get("session_id"), least=least)
                begun.append((running, sure))
        except OperationBlocked:
            self._discard(begun)
            raise
        return begun

    def _discard(self, begun: list[tuple[Any, bool]]) -> None:
        for running, _ in begun:
            self._calls.discard(running)


def _operations(given: Any) -> list[tuple[str, str | None, bool]]:
    """Return what a call does: the name, the class that it has at least, and whether its end is that of the call."""
    tool, arguments = str(given.get("tool_name")), given.get("tool_input")
    command = arguments.get("command") if isinstance(arguments, dict) else None
    if tool != "Bash" or not isinstance(command, str):
        return [(tool, None, True)]
    if len(command) > READ_CHARACTERS:
        return [("shell", ActionClass.DESTRUCTIVE, True)]
    return [each for each in parts_of(command) if each[1] != ActionClass.READ_ONLY]
