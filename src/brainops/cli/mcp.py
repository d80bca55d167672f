"""How does an agent get the memory as tools, and any other server's tools the guard? The commands mcp, mcp-proxy."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from brainops.cli.commands import command
from brainops.cli.exec import NOT_EXECUTABLE, NOT_FOUND
from brainops.cli.options import shared
from brainops.cli.screen import one_line
from brainops.cli.shared import require_store
from brainops.errors import BrainOpsError, InvalidInput, MissingExtra
from brainops_core.commands.command_name import name_of

if TYPE_CHECKING:
    from brainops.brain import Brain
    from brainops.mcp.proxy import Guarding

MOST_PORT = 65_535


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
@click.option(
    "--listen",
    metavar="HOST:PORT",
    default="127.0.0.1:8644",
    help="Of a server over HTTP: where its clients find the proxy (127.0.0.1:8644).",
)
@click.argument("arguments", metavar="URL | -- COMMAND...", nargs=-1, required=True, type=click.UNPROCESSED)
def mcp_proxy(name: str | None, listen: str, arguments: tuple[str, ...]) -> None:
    """Stand in front of another MCP server: its tools are guarded, their errors kept.

    A client starts this in the place of a server over standard input and output, and the exit code is the server's. For
    one over HTTP it listens on this machine until it is stopped, and a client has its address in the place of the
    server's. What the guard does not let pass is the call's result, with the way out; to the result of a call that
    failed, what is known to help is added. Everything else is passed on as it stands.

    Example: brainops mcp-proxy --name files -- npx mcp-server-files /srv
    """
    from brainops.health.strict_mark import remember_strict, was_strict
    from brainops.mcp.proxy import Guarding

    over_http = arguments[0].startswith(("http://", "https://"))
    if over_http and len(arguments) > 1:
        raise click.UsageError("Options stand before the address: brainops mcp-proxy --listen 127.0.0.1:8644 URL")
    given = shared()
    require_store(given.store)
    brains: list[Brain] = []
    opening = threading.Lock()

    def opens() -> Brain | None:
        from brainops.brain import Brain

        with opening:
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
        if over_http:
            _over_http(arguments[0], listen, lambda server: Guarding(opens, name or server))
            code = 0
        else:
            code = _over_pipes(arguments, Guarding(opens, name or name_of(arguments)))
    finally:
        for brain in brains:
            brain.close()
    click.get_current_context().exit(code)


def _over_pipes(arguments: tuple[str, ...], guarding: Guarding) -> int:
    from brainops.mcp.proxy import proxy_stdio

    try:
        return proxy_stdio(arguments, guarding)
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        click.echo(f"{one_line(arguments[0])}: {'command not found' if missing else error.strerror}", err=True)
        return NOT_FOUND if missing else NOT_EXECUTABLE


def _over_http(url: str, listen: str, guarding: Callable[[str], Guarding]) -> None:
    """Stand in front of a server over HTTP until a signal says to stop."""
    from brainops.mcp.http_proxy import HttpProxy
    from brainops.net import origin_of

    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > MOST_PORT:
        raise InvalidInput(f"--listen is HOST:PORT, such as 127.0.0.1:8644, not {one_line(listen)}")
    origin = origin_of(url)
    try:
        proxy = HttpProxy((host.strip("[]"), int(port)), origin, guarding(origin.host))
    except OSError as error:
        raise InvalidInput(
            f"nothing can listen at {one_line(listen)} ({error.strerror}): name another place with --listen"
        ) from error
    with proxy:
        path, port = urlsplit(url).path or "/", str(proxy.server_address[1])
        click.echo(f"{origin.host} is guarded at http://{host}:{port}{one_line(path)}", err=True)
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=proxy.shutdown).start())
        with suppress(KeyboardInterrupt):
            proxy.serve_forever()
