"""How is the memory answered over HTTP? The command serve."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from brainops.cli.commands import command
from brainops.cli.options import shared
from brainops.cli.shared import Said, require_store
from brainops.errors import MissingExtra

if TYPE_CHECKING:
    from brainops.engine import Engine

WORKER = [sys.executable, "-c", "from brainops.cli import main; main()", "worker", "--attended"]


@command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65_535), default=8321, show_default=True, help="0 takes a free one.")
@click.option("--keys", "keyed", is_flag=True, help="Answer nobody without a key; any other address needs this.")
@click.option("--workers", type=click.IntRange(0, 16), default=1, show_default=True, help="So many of its own.")
@click.option("--as-service", is_flag=True, hidden=True, help="Be the one that `brainops service` looks after.")
@click.option("--host-name", "names", multiple=True, metavar="NAME", help="A further name that it is asked by.")
@click.option("--sender", "senders", multiple=True, metavar="WHO=REF", help="Where a sender's secret is: env:, file:.")
def serve(
    host: str,
    port: int,
    keyed: bool,
    workers: int,
    names: tuple[str, ...],
    as_service: bool,
    senders: tuple[str, ...],
) -> Said:
    """Answer every verb over HTTP, until SIGTERM or Ctrl-C: POST /v1/VERB, described in /v1/openapi.json.

    On this machine's own address (the default) whoever asks without a key is an agent of this machine. Beside it works
    a worker, which goes on with runs, learns and delivers notices; with --workers 0 others do: brainops worker.

    Example: brainops serve --port 8321
    """
    try:
        from brainops.server.serve import serve as answer
    except ImportError as error:
        raise MissingExtra(f"the server takes an extra ({error.name}): pip install 'brainops[server]'") from error
    from brainops.engine import Engine
    from brainops.health import store_location
    from brainops.health.status import masked
    from brainops.server.service import ServicePlace
    from brainops.server.workers import attended

    given = shared()
    require_store(given.store)
    with Engine.open(
        given.store, namespace=given.namespace, read=given.read, model=given.model, background=False
    ) as engine:

        def ready(address: str) -> None:
            if as_service:
                ServicePlace(store_location.data_folder()).hold(address, masked(engine.settings.store))
            working.enter_context(attended(WORKER, _settings(engine), workers))
            if shared().json:
                click.echo(f'{{"address": "{address}"}}')
            else:
                who = "Each request takes a key." if keyed else "Requests without a key are those of an agent here."
                click.echo(f"Answering on {address}, as {engine.settings.namespace}. {who}", err=True)
                click.echo(f"  curl {address}/v1/upkeep/status", err=True)

        with ExitStack() as working:
            answer(engine, host=host, port=port, names=names, keyed=keyed, ready=ready, senders=senders)
    yield {"served": host}
    yield "Stopped; what was acknowledged is kept."


def _settings(engine: Engine) -> dict[str, str]:
    """Return the settings of a worker of the same memory, as its environment."""
    settings = engine.settings
    return {
        "BRAINOPS_STORE": settings.store,
        "BRAINOPS_NAMESPACE": settings.namespace,
        "BRAINOPS_READ": ",".join(settings.read),
        "BRAINOPS_MODEL": settings.model,
    }
