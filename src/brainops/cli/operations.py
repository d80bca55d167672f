"""What was done, and how did it end? The command operations, and what may be said of an operation afterwards."""

from __future__ import annotations

import click

from brainops.cli import show
from brainops.cli.exec import before, say
from brainops.cli.pairs import valued
from brainops.cli.shared import CommandGroup, answer, micros, opened, print_json, read_text, shared
from brainops.cli.short_ids import Id
from brainops.errors import Conflict
from brainops.types import Evidence

DEFAULT_OPERATIONS = 20


@click.group("operations", cls=CommandGroup, invoke_without_command=True, short_help="what was done, and how it ended")
@click.option("--name", metavar="NAME", help="Only operations of this name.")
@click.option("--target", metavar="TARGET", help="Only those on this target.")
@click.option("--failed", "outcome", flag_value="failed", default=None, help="Only those that failed.")
@click.option("--succeeded", "outcome", flag_value="succeeded", help="Only those that went well.")
@click.option("--open", "outcome", flag_value="open", help="Only those that have not ended.")
@click.option("--since", metavar="WHEN", help="Begun since: a date, a time, or an age like 7d.")
@click.option(
    "--limit",
    type=click.IntRange(1, 1_000),
    metavar="N",
    default=DEFAULT_OPERATIONS,
    show_default=True,
    help="How many.",
)
@click.pass_context
def operations(
    context: click.Context, name: str | None, target: str | None, outcome: str | None, since: str | None, limit: int
) -> None:
    """List what was done, newest first; or look at one and say how it really was.

    \b
    brainops operations begin NAME              one begins; prints its id
    brainops operations finish ID --ok          so it ended
    brainops operations show ID                 everything about one
    brainops operations contradict ID REASON    it was no success after all
    brainops operations verify ID               a later check confirmed its end
    """
    if context.invoked_subcommand is not None:
        return
    with opened(model="none") as brain:
        log = brain.operations.list(name=name, target=target, outcome=outcome, since=micros(since), limit=limit)
        answer(log, lambda: show.operations(log))


@operations.command("begin")
@click.argument("name")
@click.option("--target", metavar="TARGET", help="On what: production, db-3, a service.")
@click.option("--service", metavar="NAME", help="Which service it is about.")
@click.option("--context", multiple=True, metavar="NAME=VALUE", help="What else matters; may be repeated.")
@click.option("--session", metavar="ID", help="The session that it is part of.")
def begin(name: str, target: str | None, service: str | None, context: tuple[str, ...], session: str | None) -> None:
    """Begin an operation that ends elsewhere, and print its id for `finish`.

    What memory knows is said on standard error; where rules hold, the guard is asked first. What one command does is
    better run by `brainops exec`, which sees how it ends.
    """
    told = {**dict(map(valued, context)), **({"service": service} if service else {})}  # where `finish` finds it
    with opened(model="none") as brain:
        running = brain.begin(name, target=target, service=service, context=told, session=session, strict=True)
        if running.guidance is not None:
            say(*before(running.guidance))
        if shared().json:
            guidance = running.guidance.as_dict() if running.guidance else None
            print_json({"operation": running.id, "guidance": guidance})
        else:
            click.echo(running.id)  # whole: a script keeps it for later, when other ids may end like it


@operations.command("finish")
@click.argument("operation_id", metavar="ID", type=Id("operation"))
@click.option("--ok", "ended", flag_value="ok", default=None, help="It went well.")
@click.option("--failed", "ended", flag_value="failed", help="It did not.")
@click.option("--error", metavar="TEXT", help='What went wrong, its traceback or its output; "-" reads standard input.')
def finish(operation_id: str, ended: str | None, error: str | None) -> None:
    """Say how an operation ended that `operations begin` began: --ok, or --failed with --error.

    It stands as somebody's word; what `brainops exec` runs, it sees end itself.
    """
    if ended is None or (ended == "ok" and error is not None):
        raise click.UsageError("How did it end? Say --ok, or --failed with --error TEXT.")
    text = read_text("-") if error == "-" else error
    with opened(model="none") as brain:
        operation = brain.operations.get(operation_id)
        running = brain.resume(operation.id, strict=True)
        if running is None or operation.outcome is not None:
            raise Conflict(f"this operation has ended already; see brainops operations show {operation_id}")
        if ended == "ok":
            running.succeed(evidence=Evidence.CLAIMED)
        else:
            running.fail((text or "").strip() or f"{operation.start.name} failed", evidence=Evidence.CLAIMED)
        kept = brain.operations.get(operation.id)
        answer(kept, lambda: show.operations([kept]))


@operations.command("show")
@click.argument("operation_id", metavar="ID", type=Id("operation"))
def show_one(operation_id: str) -> None:
    """Show everything about one operation."""
    with opened(model="none") as brain:
        found = brain.operations.get(operation_id)
        answer(found, lambda: show.operation(found))


@operations.command("contradict")
@click.argument("operation_id", metavar="ID", type=Id("operation"))
@click.argument("reason")
def contradict(operation_id: str, reason: str) -> None:
    """Say that an operation that was taken for a success was none."""
    with opened(model="none") as brain:
        brain.operations.contradict(operation_id, reason)
        answer({"contradicted": operation_id}, lambda: ["Noted: what it followed is trusted less from now on."])


@operations.command("verify")
@click.argument("operation_id", metavar="ID", type=Id("operation"))
def verify(operation_id: str) -> None:
    """Say that a later check confirmed how an operation ended."""
    with opened(model="none") as brain:
        brain.operations.verify(operation_id)
        answer({"verified": operation_id}, lambda: ["Noted as verified."])
