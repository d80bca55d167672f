"""How are the coding agents that people have asked without a terminal? (pure)

Each is run in its own non-interactive mode with the rights that it has by its own settings: none is given the flag that
lets it do everything. What an agent may do is said where it is configured, or by more arguments in `run`.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from brainops.errors import InvalidInput
from brainops.types import JSON, AdapterKind, Agent, AgentLimits

TIMEOUT_SECONDS = 1_800.0  # a coding agent works for minutes, seldom for half an hour
CAPABILITIES = ("code", "code.*", "debug", "review")


class Ready(Struct, frozen=True, kw_only=True):
    """A coding agent's command: arguments, whether the prompt comes on standard input, and whether it prints JSON."""

    description: str
    run: tuple[str, ...]
    json: bool = True


READY: Mapping[str, Ready] = {
    "claude-code": Ready(description="Claude Code", run=("claude", "-p", "--output-format", "json")),
    "codex": Ready(
        description="OpenAI Codex, which may change files of its folder",
        run=("codex", "exec", "--json", "--sandbox", "workspace-write", "-"),
    ),
    "gemini": Ready(description="Gemini CLI", run=("gemini", "--output-format", "json", "-p", "{prompt}")),
    "cursor": Ready(description="Cursor's agent", run=("cursor-agent", "-p", "--output-format", "json", "{prompt}")),
    "opencode": Ready(description="OpenCode", run=("opencode", "run", "--format", "json", "{prompt}")),
    "aider": Ready(
        description="aider, which changes the files of its repository and commits",
        run=("aider", "--yes-always", "--no-pretty", "--no-stream", "--message", "{prompt}"),
        json=False,
    ),
    "copilot": Ready(
        description="GitHub Copilot CLI", run=("copilot", "-s", "--no-ask-user", "-p", "{prompt}"), json=False
    ),
}


def ready(name: str, **settings: JSON) -> Agent:
    """Return the definition of a coding agent, to be registered as it is or changed; `settings` are added to its own.

    Its program must be allowed first: brainops allow claude. Raises InvalidInput for a name that is not known.
    """
    known = READY.get(str(name))
    if known is None:
        raise InvalidInput(f"no coding agent is known as {name!r:.40}; there is {', '.join(READY)}")
    own: dict[str, JSON] = {"run": list(known.run), "output": "json" if known.json else "text"}
    return Agent(
        name=name,
        adapter=AdapterKind.COMMAND,
        description=known.description,
        capabilities=CAPABILITIES,
        settings={**own, **settings},
        limits=AgentLimits(timeout_seconds=TIMEOUT_SECONDS),
    )
