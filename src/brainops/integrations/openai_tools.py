"""How does a model behind an OpenAI-compatible API get the memory as tools? Their schemas, and the answer to a call.

The tools are those of the MCP server; no library of OpenAI is needed for them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from brainops.brain import Brain
from brainops.errors import BrainOpsError, InvalidInput, NotFound
from brainops.mcp.offer import as_agent
from brainops.mcp.tools import TOOLS

AGENT = "openai"  # what a caller is called that is a person, or a service
MOST_BYTES = 10_000_000  # of arguments, as of any call


def tool_schemas(*, responses: bool = False) -> list[dict[str, Any]]:
    """Return the tools as chat completions take them, or the Responses API."""
    functions = [
        {"name": each.name, "description": each.description, "parameters": each.input_schema} for each in TOOLS.values()
    ]
    if responses:
        return [{"type": "function", "strict": False, **each} for each in functions]
    return [{"type": "function", "function": each} for each in functions]


def answer(brain: Brain, name: str, arguments: str | Mapping[str, Any]) -> str:
    """Call a tool, as an agent, with the arguments that a model wrote; return the text that it reads.

    What goes wrong is that text too, with the way out.
    """
    try:
        if name not in TOOLS:
            raise NotFound(f"there is no tool {name[:80]!r}; there is {', '.join(TOOLS)}")
        return TOOLS[name].call(as_agent(brain, AGENT), _arguments(arguments)).text
    except BrainOpsError as error:
        return f"{type(error).__name__}: {error}"


def _arguments(written: str | Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(written, str):
        return written
    if len(written) > MOST_BYTES:
        raise InvalidInput(f"the arguments of a call have at most {MOST_BYTES:,} bytes")
    try:
        found = json.loads(written or "{}")
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"the arguments are no JSON: {error}; write one object") from None
    if not isinstance(found, dict):
        raise InvalidInput("the arguments of a call are one JSON object")
    return found
