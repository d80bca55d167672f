"""What was done, and how did it end? The command operations, and what may be said of an operation afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from brainops.cli import show
from brainops.cli.shared import CommandGroup, answer, micros, opened
from brainops.errors import NotFound

if TYPE_CHECKING:
    from brainops.brain import Brain
    from brainops.types import Operation

LOOKED_THROUGH = 1_000  # operations since the time that an id tells; a list gives no more at once
EARLIER_MICROS = 60_000_000  # an id's clock and the database's may differ
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
    brainops operations contradict ID REASON    it was taken for a success and was none
    brainops operations verify ID               a later check confirmed how it ended
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
        found = _found(brain, operation_id)
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


def _found(brain: Brain, operation_id: str) -> Operation:
    """Look an operation up among those of its name and target, near the time that its id (a UUIDv7) tells."""
    running = brain.resume(operation_id)
    if running is None:
        raise NotFound(f"there is no operation {operation_id[:80]!r} in the namespaces that you read")
    try:
        began = int(operation_id.replace("-", "")[:12], 16) * 1_000 - EARLIER_MICROS
    except ValueError:
        began = 0
    start = running.start
    for operation in brain.operations(name=start.name, target=start.target, since=began, limit=LOOKED_THROUGH):
        if operation.id == operation_id:
            return operation
    raise NotFound(f"more than {LOOKED_THROUGH:,} newer operations are named {start.name!r}; list it with --since")
