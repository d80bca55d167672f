"""How does a tool of an MCP server carry out a task?"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from brainops.agents.adapters.adapter import AdapterPort
from brainops.agents.adapters.agent_settings import (
    Parameters,
    address_of,
    environment_of,
    filled_headers,
    seconds_of,
    secrets_of,
)
from brainops.agents.adapters.client_json import error_told
from brainops.agents.adapters.prompt import filled_in, places_of
from brainops.agents.time_limit import in_loop
from brainops.errors import MissingExtra, StepFailed
from brainops.procedures.consent.limits import check_command, check_host, limits_of
from brainops.procedures.steps.command import SAID_CHARACTERS
from brainops.procedures.steps.processes import which
from brainops.procedures.steps.secret_refs import mask
from brainops.types import Agent, Failed, Outcome, Succeeded, Task

if TYPE_CHECKING:
    from mcp import StdioServerParameters
    from mcp.types import CallToolResult

KNOWN = ("tool", "arguments", "run", "env", "working-directory", "url", "headers", "secrets")
DEFAULT_ARGUMENTS = {"prompt": "{prompt}"}


def run(agent: Agent, task: Task, port: AdapterPort) -> Outcome:
    """Call `tool` with `arguments`, their places filled in, at a server started by `run` or reached at `url`.

    A server that is started ends with the call; its command must be among those that the namespace may run, an address
    among the hosts that it may reach. Whether the call failed is what the protocol says.
    """
    settings = settings_of(agent)
    secrets = secrets_of(settings, limits_of(port.context))
    given = settings.mapping("arguments") if settings.has("arguments") else DEFAULT_ARGUMENTS
    arguments = filled_in(given, places_of(task))
    tool, seconds = settings.text("tool"), seconds_of(agent, task)
    require_extra()
    with tempfile.TemporaryFile() as said:
        try:
            if settings.has("url"):
                result = _at_address(settings, secrets, port, tool, arguments, seconds)
            else:
                server = _server(agent, task, settings, secrets, port)
                result = _at_program(server, said, port, tool, arguments, seconds)
        except (MissingExtra, StepFailed):
            raise
        except Exception as error:  # noqa: BLE001 -- told as the server's failure, without secrets
            size = said.seek(0, os.SEEK_END)
            said.seek(max(0, size - SAID_CHARACTERS))
            printed = str(said.read().decode(errors="replace")).strip()
            raise _failure(error, secrets, printed) from None
    told = "\n".join(part.text for part in result.content if part.type == "text")
    text = str(mask(told, secrets))
    answer = mask(result.structured_content, secrets) if result.structured_content is not None else text
    if not result.is_error:
        return Succeeded(result=answer)
    return Failed(error=error_told(text, "ToolFailed"), result=answer)


def settings_of(agent: Agent) -> Parameters:
    """Return what its settings say. Raises StepFailed where that is not how a tool is reached."""
    settings = Parameters.named("an MCP agent", agent.settings, KNOWN)
    settings.text("tool")
    if settings.has("run") == settings.has("url"):
        settings.refuse("says how its server is reached: `run`, a list of arguments, or `url`")
    if settings.has("url"):
        address_of(settings)
    elif isinstance(settings.any("run"), str) or not any(settings.texts("run")[:1]):
        settings.refuse("says what to run as a list of arguments: [my-server, --stdio]")
    return settings


def require_extra() -> None:
    """Raise MissingExtra where the client of the protocol is not installed."""
    try:
        import mcp  # noqa: F401 -- asked for here, so that what is missing is said in our words
    except ImportError:
        raise MissingExtra("MCP servers are reached through an extra: pip install 'brainops[mcp]'") from None


def _server(
    agent: Agent, task: Task, settings: Parameters, secrets: Mapping[str, str], port: AdapterPort
) -> StdioServerParameters:
    from mcp import StdioServerParameters

    limits, arguments = limits_of(port.context), list(settings.texts("run"))
    check_command(limits, arguments)
    return StdioServerParameters(
        command=which(arguments[0], os.environ.get("PATH", os.defpath)),
        args=arguments[1:],
        env=environment_of(agent, task, settings, secrets, limits),
        cwd=os.path.expanduser(settings.text("working-directory")) if settings.has("working-directory") else None,
    )


def _at_program(
    server: StdioServerParameters, said: Any, port: AdapterPort, tool: str, arguments: Any, seconds: float
) -> CallToolResult:
    async def work() -> CallToolResult:
        from mcp import Client, stdio_client

        async with Client(stdio_client(server, errlog=said)) as client:
            return await client.call_tool(tool, arguments)

    return in_loop(seconds, port.cancelled, work)


def _at_address(
    settings: Parameters, secrets: Mapping[str, str], port: AdapterPort, tool: str, arguments: Any, seconds: float
) -> CallToolResult:
    url = settings.text("url")
    check_host(limits_of(port.context), url)
    headers = filled_headers(settings, secrets)

    async def work() -> CallToolResult:
        import httpx2
        from mcp import Client
        from mcp.client.streamable_http import streamable_http_client

        async with AsyncExitStack() as opened:
            http = await opened.enter_async_context(httpx2.AsyncClient(headers=headers, timeout=seconds))
            client = await opened.enter_async_context(Client(streamable_http_client(url, http_client=http)))
            return await client.call_tool(tool, arguments)

    return in_loop(seconds, port.cancelled, work)


def _failure(error: Exception, secrets: Mapping[str, str], said: str) -> StepFailed:
    """Return why a server did not answer: the innermost of what the protocol's tasks raised, and what it printed."""
    while isinstance(error, ExceptionGroup) and isinstance(error.exceptions[0], Exception):
        error = error.exceptions[0]
    tail = f"; it had printed: {said}" if said else ""
    message = mask(f"the MCP server failed: {error}{tail}", secrets)
    return StepFailed(str(message)[:SAID_CHARACTERS], kind=type(error).__name__)
