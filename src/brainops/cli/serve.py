"""How is the memory answered over HTTP? The command serve."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from getpass import getuser
from typing import TYPE_CHECKING, Any

import click

from brainops.cli.commands import command
from brainops.cli.options import shared
from brainops.cli.shared import Said, around_of, exporting_traces, require_store
from brainops.cli.terminal import person_at_terminal
from brainops.errors import BrainOpsError, MissingExtra
from brainops.types import ActorKind

if TYPE_CHECKING:
    from brainops.engine import Engine
    from brainops.server.people import Ways

WORKER = [sys.executable, "-c", "from brainops.cli import main; main()", "worker", "--attended"]
SIGN_IN_SECRET, OIDC_SECRET = "BRAINOPS_SIGN_IN_SECRET", "BRAINOPS_OIDC_SECRET"
SECRETS = (SIGN_IN_SECRET, OIDC_SECRET)


REACHED = [
    click.option("--host-name", multiple=True, metavar="NAME", help="A further name that it is asked by."),
    click.option("--origin", multiple=True, metavar="ORIGIN", help="Pages of it may ask with a token; repeatable."),
    click.option("--sender", multiple=True, metavar="WHO=REF", help="Where a sender's secret is: env:, file:."),
    click.option("--url", metavar="URL", help="Where browsers reach it: https://..., unless on this machine."),
    click.option("--oidc", metavar="ISSUER", help="The OIDC provider that signs people in."),
    click.option("--oidc-client", metavar="CLIENT", help="What this is there; secret: BRAINOPS_OIDC_SECRET."),
    click.option("--oidc-groups", metavar="CLAIM", help="Which claim names groups; groups without it."),
    click.option("--proxy-header", metavar="NAME", help="The header by which a proxy says who is signed in."),
    click.option("--proxy-groups", metavar="NAME", help="The header by which it says their groups."),
    click.option("--proxy-from", metavar="ADDRESS", multiple=True, help="The proxy's address or network; repeatable."),
]


def reached(function: click.decorators.FC) -> click.decorators.FC:
    """Add the options that say by which names, and by whom, a server is reached."""
    for option in reversed(REACHED):
        function = option(function)
    return function


@command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65_535), default=8321, show_default=True, help="0 takes a free one.")
@click.option("--keys", "keyed", is_flag=True, help="Answer nobody without a key; any other address needs this.")
@click.option("--workers", type=click.IntRange(0, 16), default=1, show_default=True, help="So many of its own.")
@click.option("--rate", type=click.IntRange(0), default=0, metavar="N", help="One key's calls a minute; 0: no limit.")
@click.option("--traces", is_flag=True, help="Send traces where OTEL_EXPORTER_OTLP_ENDPOINT says.")
@click.option("--as-service", is_flag=True, hidden=True, help="Be the one that `brainops service` looks after.")
@reached
def serve(
    host: str,
    port: int,
    keyed: bool,
    workers: int,
    rate: int,
    traces: bool,
    as_service: bool,
    host_name: tuple[str, ...],
    origin: tuple[str, ...],
    sender: tuple[str, ...],
    url: str | None,
    **signing: Any,
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
    from brainops.server.workers import Nudges, attended

    given, provider = shared(), exporting_traces(traces)
    require_store(given.store)
    secrets = {name: os.environ.pop(name, "") for name in SECRETS}  # nothing that this begins has them
    ways = _ways(url, secrets, **signing) if url or signing["oidc"] or signing["proxy_header"] else None
    senders_own = {reference.removeprefix("env:") for _, _, reference in (each.partition("=") for each in sender)}
    with Engine.open(
        given.store, namespace=given.namespace, read=given.read, model=given.model, background=False,
        around=around_of(provider),
    ) as engine:  # fmt: skip

        def ready(address: str) -> None:
            if as_service:
                ServicePlace(store_location.data_folder()).hold(address, masked(engine.settings.store))
            worker = [*WORKER, "--traces"] if traces else WORKER
            tell = working.enter_context(attended(worker, _settings(engine), workers, without=senders_own))
            engine.nudged = Nudges(engine.settings.namespace if workers else None, tell)
            if shared().json:
                click.echo(f'{{"address": "{address}"}}')
            else:
                who = "Each request takes a key." if keyed else "Requests without a key are those of an agent here."
                click.echo(f"Answering on {address}, as {engine.settings.namespace}. {who}", err=True)
                if workers:
                    click.echo("Its worker goes on with the runs of that namespace, and of no other.", err=True)
                click.echo(f"  curl {address}/v1/upkeep/status", err=True)
                if ways is None and not keyed:
                    show_link(engine, address)

        with ExitStack() as working:
            answer(
                engine, host=host, port=port, keyed=keyed, ready=ready, names=host_name, origins=origin,
                senders=sender, ways=ways, per_minute=rate, traces=provider,
            )  # fmt: skip
    yield {"served": host}
    yield "Stopped; what was acknowledged is kept."


def _ways(
    url: str | None,
    secrets: Mapping[str, str],
    oidc: str | None,
    oidc_client: str | None,
    oidc_groups: str | None,
    proxy_header: str | None,
    proxy_groups: str | None,
    proxy_from: tuple[str, ...],
) -> Ways:
    """Return how people sign in; the secrets stand in the environment, since everybody sees a command line."""
    from brainops.server.people import ways_of

    provider = None
    if oidc is not None:
        try:
            from brainops.server.oidc import Provider
        except ImportError as error:
            raise MissingExtra(f"OIDC takes an extra ({error.name}): pip install 'brainops[oidc]'") from error
        provider = Provider(
            issuer=oidc,
            client_id=oidc_client or "",
            client_secret=secrets[OIDC_SECRET],
            groups=oidc_groups or "groups",
        )
    proxy = (proxy_header, proxy_groups or "", proxy_from) if proxy_header else None
    return ways_of(url or "http://127.0.0.1:8321", secrets[SIGN_IN_SECRET], provider, proxy)


def show_link(engine: Engine, address: str) -> None:
    """Show a person at the terminal by which link they sign in; an agent, or a service, has none."""
    from brainops.brain import Brain

    actor = engine.settings.actor
    name = actor.id if actor.kind is ActorKind.PERSON else re.sub(r"[^\w.@+-]", "-", getuser())
    with suppress(BrainOpsError), person_at_terminal("signing in") as terminal:
        link = Brain(engine).people.link(name, address)
        terminal.say([f"Sign in as {name}, once and within ten minutes:", f"  {link}"])


def _settings(engine: Engine) -> dict[str, str]:
    """Return the settings of a worker of the same memory, as its environment."""
    settings = engine.settings
    return {
        "BRAINOPS_STORE": settings.store,
        "BRAINOPS_NAMESPACE": settings.namespace,
        "BRAINOPS_READ": ",".join(settings.read),
        "BRAINOPS_MODEL": settings.model,
    }
