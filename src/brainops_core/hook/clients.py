"""How does each client tell its events, and which answers does it take? One closed table a client. (pure)

An answer is built of the fields that stand here and of no other: Codex lets a tool run where an answer that denies it
has one field that it does not know, and none of them says that an answer was dropped.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

SESSION, PROMPT, BEFORE, AFTER, FAILURE = "session", "prompt", "before", "after", "failure"
STOP, SUBAGENT, COMPACT, END = "stop", "subagent", "compact", "end"
KINDS = (SESSION, PROMPT, BEFORE, AFTER, FAILURE, STOP, SUBAGENT, COMPACT, END)


class Client:
    """One client: its name, its events, what it asks, and whether a test drives the real one."""

    __slots__ = ("asks", "context", "driven", "events", "name", "output_only", "shells")

    def __init__(
        self,
        name: str,
        events: Mapping[str, str],
        *,
        asks: bool,
        driven: bool,
        context: frozenset[str],
        output_only: bool = False,
        shells: frozenset[str] = frozenset(("Bash",)),
    ) -> None:
        self.name = name
        self.events = events  # its name of an event -> ours
        self.asks = asks  # it has a dialog of its own in which a person allows a call
        self.driven = driven
        self.context = context  # its events whose answer may hold a text for the model
        self.output_only = output_only  # what a command printed comes without how it ended
        self.shells = shells  # its tools whose input is a line of shell


_SHARED = {
    "SessionStart": SESSION,
    "UserPromptSubmit": PROMPT,
    "PreToolUse": BEFORE,
    "PostToolUse": AFTER,
    "Stop": STOP,
    "SubagentStart": SUBAGENT,
    "SubagentStop": STOP,
    "PreCompact": COMPACT,
}
_WITH_CONTEXT = frozenset(("SessionStart", "UserPromptSubmit", "PreToolUse", "PostToolUse", "SubagentStart"))

CLIENTS: Mapping[str, Client] = {
    "claude-code": Client(
        "claude-code",
        {**_SHARED, "PostToolUseFailure": FAILURE, "SessionEnd": END},
        asks=True,
        driven=True,
        context=_WITH_CONTEXT | {"PostToolUseFailure"},
    ),
    "codex": Client("codex", _SHARED, asks=False, driven=True, context=_WITH_CONTEXT, output_only=True),
}


def context(client: Client, event: str, text: str) -> dict[str, Any] | None:
    """Return the answer that lets an event go on and tells the model something; None where the event takes no text."""
    if event not in client.context:
        return None
    return {"hookSpecificOutput": {"hookEventName": event, "additionalContext": text}}


def refusal(client: Client, event: str, reason: str, *, asks: bool = False) -> dict[str, Any]:
    """Return the answer that keeps a tool from running; with `asks`, unless a person allows it in the client's dialog.

    A client without a dialog is told to deny: it would let the tool run where it is told to ask.
    """
    return {
        "hookSpecificOutput": {
            "hookEventName": event,
            "permissionDecision": "ask" if asks and client.asks else "deny",
            "permissionDecisionReason": reason,
        }
    }


def hold(reason: str) -> dict[str, Any]:
    """Return the answer that lets an agent go on working instead of stopping."""
    return {"decision": "block", "reason": reason}
