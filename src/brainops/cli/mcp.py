"""How does an agent get the memory as tools, and any other server's tools the guard? The commands mcp, mcp-proxy."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import click

from brainops.cli.commands import command
from brainops.cli.exec import NOT_EXECUTABLE, NOT_FOUND
from brainops.cli.options import shared
from brainops.cli.screen import one_line
from brainops.cli.shared import require_store
from brainops.errors import BrainOpsError, MissingExtra
from brainops_core.commands.command_name import name_of

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


@command(
    "mcp-proxy",
    short_help="the guard in front of another MCP server's tools",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.option("--name", metavar="NAME", help="What the server is called: the target of its tools' calls.")
@click.argument("arguments", metavar="-- COMMAND...", nargs=-1, required=True, type=click.UNPROCESSED)
def mcp_proxy(name: str | None, arguments: tuple[str, ...]) -> None:
    """Stand in front of another MCP server, over standard input and output: its tools are guarded, their errors kept.

    A client starts this in the server's place. What the guard does not let pass is the call's result, with the way out;
    to the result of a call that failed, what is known to help is added. Everything else is passed on as it stands,
    and the exit code is the server's.

    Example: brainops mcp-proxy --name files -- npx mcp-server-files /srv
    """
    from brainops.health.strict_mark import remember_strict, was_strict
    from brainops.mcp.proxy import Guarding, proxy_stdio

    given = shared()
    require_store(given.store)
    brains: list[Brain] = []

    def opens() -> Brain | None:
        from brainops.brain import Brain

        if not brains:
            try:
                brain = Brain.open(
                    given.store, namespace=given.namespace, read=given.read, model="none", background=False
                )
            except BrainOpsError as trouble:
                if was_strict(given.store, given.namespace):
                    raise
                click.echo(f"brainops: memory is not available, so calls go on without it: {trouble}", err=True)
                return None
            brains.append(brain)
            remember_strict(brain.guard.is_strict(), given.store, given.namespace)
        return brains[0]

    try:
        code = proxy_stdio(arguments, Guarding(opens, name or name_of(arguments)))
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        click.echo(f"{one_line(arguments[0])}: {'command not found' if missing else error.strerror}", err=True)
        code = NOT_FOUND if missing else NOT_EXECUTABLE
    for brain in brains:
        brain.close()
    click.get_current_context().exit(code)
