"""How does a test talk to an MCP server, as a client of the official library does?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from anyio.from_thread import start_blocking_portal
from mcp.client import Client
from mcp.types import CallToolResult, TextContent


class Talk:
    """A client's conversation, from a test that waits for each answer."""

    def __init__(self, client: Client, portal: Any) -> None:
        self.client = client
        self._portal = portal

    def ask(self, name: str, *arguments: Any) -> Any:
        return self._portal.call(getattr(self.client, name), *arguments)

    def say(self, tool: str, **arguments: Any) -> CallToolResult:
        answer = self.ask("call_tool", tool, arguments)
        assert isinstance(answer, CallToolResult)
        return answer

    def good(self, tool: str, **arguments: Any) -> Any:
        """Call a tool, whose answer the client holds against the schema, and return it."""
        answer = self.say(tool, **arguments)
        assert not answer.is_error, text_of(answer)
        return answer.structured_content

    def refused(self, tool: str, **arguments: Any) -> str:
        answer = self.say(tool, **arguments)
        assert answer.is_error
        return text_of(answer)


def text_of(answer: CallToolResult) -> str:
    (content,) = answer.content
    assert isinstance(content, TextContent)
    return content.text


@contextmanager
def talking(server: Any, mode: str = "auto", **options: Any) -> Iterator[Talk]:
    with start_blocking_portal() as portal:
        client: AbstractContextManager[Client] = portal.wrap_async_context_manager(Client(server, mode=mode, **options))
        with client as connected:
            yield Talk(connected, portal)
