"""Which tools does the tests' MCP server have? One that answers, one that fails, one that hangs. A program."""

from __future__ import annotations

import os
import sys
import time

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError

server = MCPServer("small")


@server.tool()
def look(prompt: str) -> str:
    """Say what was asked, by whom, and with which secret."""
    return f"{os.environ.get('BRAINOPS_ACTOR')} asked: {prompt} [{os.environ.get('TOKEN')}]"


@server.tool()
def refuse(prompt: str) -> str:
    """Fail."""
    raise ToolError(f"ConnectionError: payments database is gone: {prompt[:4]}")


@server.tool()
def hang(prompt: str) -> str:
    """Say which process this is, and never answer."""
    with open(prompt, "w", encoding="utf-8") as file:
        file.write(str(os.getpid()))
    time.sleep(60)
    return "late"


if __name__ == "__main__":
    if sys.argv[1:]:
        server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]))
    else:
        server.run("stdio")
