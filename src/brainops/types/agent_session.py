"""Does this process run inside an agent's session, where nobody may approve, enrol, purge or activate? (pure)

It reads marks that agents leave in the environment of what they start. An agent can take them away, so this only tells
an honest one early; what holds against the others is the proof that an approval needs.
"""

from __future__ import annotations

from collections.abc import Mapping

MARKS = {
    "CLAUDECODE": "claude-code",
    "CLAUDE_CODE_ENTRYPOINT": "claude-code",
    "GEMINI_CLI": "gemini-cli",
    "OPENCODE": "opencode",
    "OPENCODE_CLIENT": "opencode",
    "AUGMENT_AGENT": "augment",
    "COPILOT_AGENT_SESSION_ID": "copilot",
}
"""Variables that a client sets for what its agent starts, and the client's name."""

FAMILIES = {"CODEX_": "codex", "CURSOR_": "cursor", "CLINE_": "cline"}
"""Beginnings of such variables: clients add new ones."""

OF_PEOPLE = frozenset(
    {"CODEX_HOME", "CODEX_API_KEY", "CURSOR_API_KEY", "CURSOR_TRACE_ID", "CURSOR_EDITOR", "CLINE_DIR"}
)
"""Members of those families that a person sets for a client, or that the terminal of an editor has."""

SESSIONS = frozenset({"CLAUDE_CODE_SESSION_ID", "CODEX_SESSION_ID"})
"""Where a client tells what it starts in which session that is: the id that its hooks are called with."""

NAMES_ITSELF = "AI_AGENT"  # holds the agent's name
NO = frozenset({"", "0", "false", "no", "off"})


def agent_session(environment: Mapping[str, str], *, terminal: bool = True) -> str | None:
    """Return the name of the agent whose session this is, "ci" for a build without a terminal, or None for a person.

    `BRAINOPS_ACTOR=agent:NAME` is a mark as well, and the first one looked at.
    """
    kind, _, name = environment.get("BRAINOPS_ACTOR", "").partition(":")
    if kind == "agent":
        return name or "agent"
    for variable, client in MARKS.items():
        if environment.get(variable, "").lower() not in NO:
            return client
    for variable in environment:
        family = next((beginning for beginning in FAMILIES if variable.startswith(beginning)), None)
        if family and variable not in OF_PEOPLE and environment[variable].lower() not in NO:
            return FAMILIES[family]
    if environment.get(NAMES_ITSELF, "").lower() not in NO:  # some have their version in it, so it comes last
        return environment[NAMES_ITSELF]
    return "ci" if not terminal and environment.get("CI", "").lower() not in NO else None
