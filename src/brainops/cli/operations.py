"""What was done, and how did it end? The command operations, and what may be said of an operation afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from brainops.cli import show
from brainops.cli.commands import group
from brainops.cli.exec import before, say
from brainops.cli.options import REASON_REQUIRED, SESSION, SINCE, TARGET, beside, paged, shared
from brainops.cli.pairs import valued
from brainops.cli.shared import Said, micros, print_json, read_text
from brainops.cli.short_ids import Id
from brainops.errors import Conflict
from brainops.types import Evidence

if TYPE_CHECKING:
    from brainops.brain import Brain

DEFAULT_OPERATIONS = 20


@group("operations", bare="list")
def operations() -> None:
    """List what was done, newest first; or look at one and say how it really was.

    \b
    brainops operations begin NAME              one begins; prints its id
    brainops operations finish ID --ok          so it ended
    brainops operations show ID                 everything about one
    brainops operations contradict ID --reason WHY   it was no success after all
    brainops operations verify ID               a later check confirmed its end
    """


@operations.command("list")
@click.option("--name", metavar="NAME", help="Only operations of this name.")
@click.option("--target", metavar="TARGET", help="Only those on this target.")
@click.option("--failed", "outcome", flag_value="failed", default=None, help="Only those that failed.")
@click.option("--succeeded", "outcome", flag_value="succeeded", help="Only those that went well.")
@click.option("--open", "outcome", flag_value="open", help="Only those that have not ended.")
@SINCE
@paged(DEFAULT_OPERATIONS)
def list_(brain: Brain, since: str | None, after: str | None, before: str | None, **given: Any) -> Said:
    """List what was done, newest first.

    Example: brainops operations list --failed --since 7d
    """
    log = brain.operations.list(since=micros(since), **beside({"after": after, "before": before}), **given)
    yield log
    yield from show.operations(log)


@operations.command("begin")
@click.argument("name")
@TARGET
@click.option("--service", metavar="NAME", help="Which service it is about.")
@click.option("--context", multiple=True, metavar="NAME=VALUE", help="What else matters; may be repeated.")
@SESSION
def begin(
    brain: Brain, name: str, target: str | None, service: str | None, context: tuple[str, ...], session: str | None
) -> None:
    """Begin an operation that ends elsewhere, and print its id for `finish`.

    What memory knows is said on standard error; where rules hold, the guard is asked first. What one command does is
    better run by `brainops exec`, which sees how it ends.

    Example: brainops operations begin "deploy api" --context version=2.14
    """
    told = {**dict(map(valued, context)), **({"service": service} if service else {})}  # where `finish` finds it
    running = brain.begin(name, target=target, service=service, context=told, session=session, strict=True)
    if running.guidance is not None:
        say(*before(running.guidance))
    if shared().json:
        print_json({"operation": running.id, "guidance": running.guidance})
    else:
        click.echo(running.id)  # whole: a script keeps it for later, when other ids may end like it


@operations.command("finish")
@click.argument("operation_id", metavar="ID", type=Id("operation"))
@click.option("--ok", "ended", flag_value="ok", default=None, help="It went well.")
@click.option("--failed", "ended", flag_value="failed", help="It did not.")
@click.option("--error", metavar="TEXT", help='What went wrong, its traceback or its output; "-" reads standard input.')
def finish(brain: Brain, operation_id: str, ended: str | None, error: str | None) -> Said:
    """Say how an operation ended that `operations begin` began: --ok, or --failed with --error.

    It stands as somebody's word; what `brainops exec` runs, it sees end itself.

    Example: brainops operations finish 5b61d0 --failed --error "the disk is full"
    """
    if ended is None or (ended == "ok" and error is not None):
        raise click.UsageError("How did it end? Say --ok, or --failed with --error TEXT.")
    text = read_text("-") if error == "-" else error
    operation = brain.operations.get(operation_id)
    running = brain.resume(operation.id, strict=True)
    if running is None or operation.outcome is not None:
        raise Conflict(f"this operation has ended already; see brainops operations show {operation_id}")
    if ended == "ok":
        running.succeed(evidence=Evidence.CLAIMED)
    else:
        running.fail((text or "").strip() or f"{operation.start.name} failed", evidence=Evidence.CLAIMED)
    kept = brain.operations.get(operation.id)
    yield kept
    yield from show.operations([kept])


@operations.command("show")
@click.argument("operation_id", metavar="ID", type=Id("operation"))
def show_one(brain: Brain, operation_id: str) -> Said:
    """Show everything about one operation.

    Example: brainops operations show 8d02e7
    """
    found = brain.operations.get(operation_id)
    yield found
    yield from show.operation(found)


@operations.command("contradict")
@click.argument("operation_id", metavar="ID", type=Id("operation"))
@REASON_REQUIRED
def contradict(brain: Brain, operation_id: str, reason: str) -> Said:
    """Say that an operation that was taken for a success was none.

    Example: brainops operations contradict c94e12 --reason "orders stood still"
    """
    brain.operations.contradict(operation_id, reason)
    yield {"contradicted": operation_id}
    yield "Noted: what it followed is trusted less from now on."


@operations.command("verify")
@click.argument("operation_id", metavar="ID", type=Id("operation"))
def verify(brain: Brain, operation_id: str) -> Said:
    """Say that a later check confirmed how an operation ended.

    Example: brainops operations verify c94e12
    """
    brain.operations.verify(operation_id)
    yield {"verified": operation_id}
    yield "Noted as verified."
