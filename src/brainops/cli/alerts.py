"""How does what is monitored stand, and what came in of it that nobody could work on? The command alerts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from brainops.cli import show
from brainops.cli.commands import group
from brainops.cli.options import beside, paged
from brainops.cli.screen import age, ago, cut, dim, now, one_line, padded, safe, width
from brainops.cli.shared import Said
from brainops.types import AlertState
from brainops.types.counted import counted

if TYPE_CHECKING:
    from brainops.brain import Brain

STATE_COLUMNS = 8


@group("alerts", bare="list")
def alerts() -> None:
    """List the alerts that monitoring told of, the one that changed last first.

    \b
    brainops alerts show KEY        how one stands
    brainops alerts aside           what came in and could not be worked on
    brainops alerts retry [ID]      work on that again
    """


@alerts.command("list")
@click.option("--state", type=click.Choice([each.value for each in AlertState]), help="Only those that stand so.")
@paged()
def list_(brain: Brain, state: str | None, limit: int, **cursors: str | None) -> Said:
    """List alerts, the one that changed last first.

    Example: brainops alerts list --state firing
    """
    found = brain.alerts.list(state, limit=limit, **beside(cursors))
    yield found
    for each in found:
        said = (each.event.removeprefix("alert."), each.target, each.severity)
        head = f"{age(each.changed_at):>6}  {padded(each.state.value, STATE_COLUMNS)}  "
        yield cut(head + one_line(", ".join(part for part in said if part)), width())
        yield dim(cut(f"        {one_line(each.key)}", width()))
    if not found:
        yield "No alert is known."
    came = brain.alerts.inbox()
    if told := show.inbox(came.pending, came.set_aside):
        yield dim(told)


@alerts.command("show")
@click.argument("key", metavar="KEY")
def show_(brain: Brain, key: str) -> Said:
    """Show how an alert stands.

    Example: brainops alerts show disk-1
    """
    found = brain.alerts.get(key)
    yield found
    yield from show.pairs(
        {
            "alert": safe(found.key),
            "event": safe(found.event),
            "state": f"{found.state.value}, changed {ago(found.changed_at, now())}",
            "told": counted(found.told, "time"),
            "target": safe(found.target or ""),
            "severity": safe(found.severity),
            "labels": safe(", ".join(f"{name}={value}" for name, value in found.labels.items())),
            "link": safe(found.link or ""),
            "operation": found.operation_id,
        }
    )


@alerts.command("aside")
@paged()
def aside(brain: Brain, limit: int, **cursors: str | None) -> Said:
    """List what came in and could not be worked on, with the error, the last that came in first.

    Example: brainops alerts aside
    """
    found = brain.alerts.aside(limit=limit, **beside(cursors))
    yield found
    for each in found:
        yield cut(f"{age(each.at):>6}  {each.sender}  {one_line(each.error)}", width())
        yield dim(f"        {each.id}")
    if not found:
        yield "Nothing was set aside."


@alerts.command("retry")
@click.argument("message_id", metavar="MESSAGE", required=False)
def retry(brain: Brain, message_id: str | None) -> Said:
    """Have what was set aside worked on again: one, or all of it. A worker does it, or the server.

    Example: brainops alerts retry
    """
    waits = brain.alerts.retry(message_id)
    yield {"waits": waits}
    yield f"{counted(waits, 'message')} to work on again"
