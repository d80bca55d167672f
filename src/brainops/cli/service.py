"""How does the server go on by itself, and how is all of it taken away again? The commands service and uninstall."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from brainops.cli import show
from brainops.cli.commands import command, group
from brainops.cli.options import shared
from brainops.cli.screen import ago, bold, dim
from brainops.cli.serve import reached, show_link
from brainops.cli.shared import Said, opened, require_store
from brainops.errors import InvalidInput, MissingExtra
from brainops.health import store_location

if TYPE_CHECKING:
    from brainops.server.service import ServicePlace

OPTIONS = [
    click.option("--host", metavar="ADDRESS", help="The address to listen on; 127.0.0.1 without it."),
    click.option("--port", type=click.IntRange(0, 65_535), help="The port; 8321 without it."),
    click.option("--keys", is_flag=True, help="Answer nobody without a key; any other address needs this."),
    click.option("--workers", type=click.IntRange(0, 16), help="So many workers beside it; 1 without it."),
    click.option("--rate", type=click.IntRange(0), metavar="N", help="One key's calls a minute; no limit without it."),
    click.option("--traces", is_flag=True, help="Send traces where OTEL_EXPORTER_OTLP_ENDPOINT says."),
]


def serving(function: click.decorators.FC) -> click.decorators.FC:
    """Add the options that `brainops serve` is begun with."""
    function = reached(function)
    for option in reversed(OPTIONS):
        function = option(function)
    return function


@group("service")
def service() -> None:
    """Let the server run in the background, and look at it.

    \b
    brainops service start         begin it; it outlives this terminal
    brainops service status        whether it runs, and where it answers
    brainops service logs          what it said last
    brainops service stop          let calls under way end, then end it
    brainops service unit          a unit of systemd, to begin it with the machine
    """


@service.command("start")
@serving
def start(keys: bool, **options: Any) -> Said:
    """Begin the server in the background, and say where it answers.

    It does not come back by itself after a restart of the machine; what does is a unit: brainops service unit.

    Example: brainops service start --port 8321
    """
    require_store(shared().store)
    from brainops.engine import Engine

    begun = _place().start(_words(keys=keys, **options), _settings())
    yield begun
    yield f"{bold('Running')} at {begun.address}, process {begun.pid}. Its log: {begun.log}"
    if begun.address and not keys and not shared().json:
        given = shared()
        with Engine.open(given.store, namespace=given.namespace, model="none", background=False) as engine:
            show_link(engine, begun.address)


@service.command("status")
@click.pass_context
def status(context: click.Context) -> Said:
    """Say whether the server runs, where it answers, and since when; exit code 3 where it does not.

    Example: brainops service status
    """
    found = _place().status()
    yield found
    if not found.running:
        yield "It does not run: brainops service start"
        context.exit(3)
    yield f"{bold('Running')} at {found.address}"
    fields = {
        "begun": None if found.started_at is None else ago(int(found.started_at * 1e6)),
        "process": None if found.pid is None else str(found.pid),
        "store": found.store,
        "log": found.log,
        "unit": found.unit,
    }
    yield from show.pairs({name: value for name, value in fields.items() if value})


@service.command("logs")
@click.option("--lines", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many.")
def logs(lines: int) -> Said:
    """Show what the server said last: JSON lines, one for each request.

    Example: brainops service logs --lines 200
    """
    found = _place().lines(lines)
    yield found
    yield from found


@service.command("stop")
def stop() -> Said:
    """Let calls and steps under way end, then end the server and its workers.

    Example: brainops service stop
    """
    ran = _place().stop()
    yield {"stopped": ran}
    yield "Stopped; what was acknowledged is kept." if ran else "It did not run."


@service.command("drain")
def drain() -> Said:
    """Send what waits here for a server that was away (BRAINOPS_DOWN=spool).

    Example: brainops service drain
    """
    from brainops.remote.view import RemoteBrain

    with opened(model="none") as brain:
        if not isinstance(brain, RemoteBrain):
            raise InvalidInput("no server has this memory: BRAINOPS_URL names one")
        sent = brain.drain()
    yield {"sent": sent}
    yield f"{sent:,} sent." if sent else "Nothing was sent: nothing waits, or the server is still away."


@service.command("unit")
@serving
@click.option("--account", metavar="USER", help="For the whole machine, under this account, which has the store.")
@click.option("--write", is_flag=True, help="Put it where systemd looks for the units of this user.")
def unit(account: str | None, write: bool, **options: Any) -> Said:
    """Print a unit of systemd that runs the server with as few rights as it needs, or put it in its place.

    Example: brainops service unit --write
    """
    from brainops.server import service as made

    text = made.unit(_words(**options), _settings(), store_location.data_folder(), account=account)
    if not write:
        yield {"unit": text}
        yield from text.splitlines()
        return
    if account:
        raise InvalidInput("a unit of the machine is put there by whoever may: brainops service unit --account NAME")
    place = made.unit_file()
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8")
    yield {"unit": text, "written": str(place)}
    yield f"Written: {place}"
    yield dim(
        "Begin it, now and with each login: systemctl --user enable --now brainops; before it: loginctl enable-linger"
    )


@command("uninstall")
@click.option("--yes", is_flag=True, help="Do not ask.")
def uninstall(yes: bool) -> Said:
    """Take away what setting up left on this machine, once you agree to the list; what is remembered stays.

    Example: brainops uninstall
    """
    from brainops.hooks.folder import wired
    from brainops.server import service as made

    place, data = _place(), store_location.data_folder()
    found = place.status()
    gone: list[Path] = [each for each in (made.unit_file(), place.folder, *_environment()) if each.exists()]
    hooked = [Path(path) for path in wired(os.environ)]
    if not shared().json:
        for each in gone:
            click.echo(f"  removes  {each}")
        for each in hooked:
            click.echo(f"  cleans   {each}, of the hooks of a coding agent")
        click.echo(f"  leaves   {data}, with all that is remembered; rm -r removes that too")
    if not (gone or hooked):
        yield {"removed": [], "left": str(data)}
        yield "There is nothing to remove."
        return
    if not yes and not click.confirm("Remove these?", err=True):
        raise click.Abort
    if found.running:
        place.stop()
    if hooked:
        from brainops.hooks.install import unwire

        unwire(os.environ)
    for each in gone:
        each.unlink() if each.is_file() else shutil.rmtree(each)
    yield {"removed": [str(each) for each in gone], "left": str(data)}
    yield f"Removed. What is remembered is left in {data}"


def _environment() -> Sequence[Path]:
    """Return the environment that the set-up script made for this program; one that others made stays."""
    mark = Path(sys.prefix) / SET_UP
    return [Path(sys.prefix)] if mark.exists() else []


SET_UP = "brainops-set-up"  # which the set-up script leaves in the environment that it makes


def _place() -> ServicePlace:
    try:
        from brainops.server.service import ServicePlace
    except ImportError as error:
        raise MissingExtra(f"the server takes an extra ({error.name}): pip install 'brainops[server]'") from error

    return ServicePlace(store_location.data_folder())


def _words(**options: Any) -> list[str]:
    """Return options of `brainops serve` as they are written on its command line."""
    words = []
    for name, said in options.items():
        option = f"--{name.replace('_', '-')}"
        if isinstance(said, tuple):
            words += [word for each in said for word in (option, each)]
        elif said is not None and said is not False:
            words += [option] if said is True else [option, str(said)]
    return words


def _settings() -> dict[str, str]:
    """Return what the server is to know of this command's settings, whatever folder it runs in."""
    given = shared()
    named = {"store": given.store, "namespace": given.namespace, "read": given.read, "model": given.model}
    held = {name: setting["value"] for name, setting in store_location.settings(named).items()}
    read = held["read"]
    place = store_location.location(given.store)
    said = {
        "BRAINOPS_STORE": place,
        "BRAINOPS_NAMESPACE": str(held["namespace"]),
        "BRAINOPS_READ": ",".join(map(str, read if isinstance(read, list) else ())),
        "BRAINOPS_MODEL": str(held["model"]),
    }
    return said | {name: value for name, value in os.environ.items() if name in ("BRAINOPS_HOME", "BRAINOPS_CONFIG")}
