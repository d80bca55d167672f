"""How does an agent get the memory as tools? The command mcp."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from brainops.cli.commands import command
from brainops.cli.options import shared
from brainops.cli.shared import require_store
from brainops.errors import MissingExtra

if TYPE_CHECKING:
    from brainops.brain import Brain


@command("mcp")
def mcp() -> None:
    """Offer the memory to one agent as tools of an MCP server, over standard input and output, until it goes.

    The agent's client starts it: nothing but the protocol's messages is printed, the log goes to standard error. Who
    is at the other end is an agent, whatever the settings say.

    Example: brainops mcp --namespace acme/payments
    """
    try:
        from brainops.mcp.server import serve_stdio
    except ImportError as error:
        raise MissingExtra(f"the MCP server takes an extra ({error.name}): pip install 'brainops[mcp]'") from error
    given = shared()
    require_store(given.store)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(name)s: %(message)s")

    def opens() -> Brain:
        from brainops.brain import Brain

        return Brain.open(given.store, namespace=given.namespace, read=given.read, model=given.model)

    serve_stdio(opens)
