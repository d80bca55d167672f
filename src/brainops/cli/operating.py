"""What was done, and how did it end? The command operations, and what may be said of an operation afterwards."""

from __future__ import annotations

import click

from brainops.cli import show
from brainops.cli.shared import CommandGroup, answer, micros, opened

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
    brainops operations show ID                 everything about one
    brainops operations contradict ID REASON    it was no success after all
    brainops operations verify ID               a later check confirmed its end
    """
    if context.invoked_subcommand is not None:
        return
    with opened(model="none") as brain:
        log = brain.operations(name=name, target=target, outcome=outcome, since=micros(since), limit=limit)
        answer(log, lambda: show.operations(log))


@operations.command("show")
@click.argument("operation_id", metavar="ID")
def show_one(operation_id: str) -> None:
    """Show everything about one operation."""
    with opened(model="none") as brain:
        found = brain.get_operation(operation_id)
        answer(found, lambda: show.operation(found))


@operations.command("contradict")
@click.argument("operation_id", metavar="ID")
@click.argument("reason")
def contradict(operation_id: str, reason: str) -> None:
    """Say that an operation that was taken for a success was none."""
    with opened(model="none") as brain:
        brain.contradict(operation_id, reason)
        answer({"contradicted": operation_id}, lambda: ["Noted: what it followed is trusted less from now on."])


@operations.command("verify")
@click.argument("operation_id", metavar="ID")
def verify(operation_id: str) -> None:
    """Say that a later check confirmed how an operation ended."""
    with opened(model="none") as brain:
        brain.verify(operation_id)
        answer({"verified": operation_id}, lambda: ["Noted as verified."])
