"""What does somebody read who begins to work? The command session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from brainops.cli import show
from brainops.cli.commands import group
from brainops.cli.options import shared
from brainops.cli.screen import ago, bold, one_line, safe, who
from brainops.cli.shared import Said, opened
from brainops.types.counted import counted

if TYPE_CHECKING:
    from brainops.brain import Brain

LABEL_COLUMNS = 12
EMPTY = ("none yet", "none is active")  # what says only that there is nothing: the summary says what to do about it


@group("session")
def session() -> None:
    """Open a session, or look at one. Everything that carries its id belongs to it.

    \b
    brainops session start         status, procedures, recent memory, loops
    export BRAINOPS_SESSION=ID     what this shell does is done in it
    brainops session show          what was done in it
    """


@session.command("start", memory=opened)
@click.option("--agent", metavar="NAME", help="The agent that begins to work.")
@click.option("--id", "session_id", metavar="ID", help="An id of your own; one that is open is briefed again.")
@click.option("--block", is_flag=True, help="Print it for an agent: marked as data, at most 2,000 tokens.")
def start(brain: Brain, agent: str | None, session_id: str | None, block: bool) -> Said:
    """Open a session and say how everything stands, in under a second however much there is.

    Example: brainops session start --agent claude-code
    """
    briefing = brain.sessions.open(id=session_id, agent=agent)
    if block and not shared().json:
        click.echo(safe(briefing.block))
    else:
        yield briefing
        for line in briefing.text.splitlines():
            if line.endswith(EMPTY):
                continue
            label, rest = line[:LABEL_COLUMNS], line[LABEL_COLUMNS:]
            yield bold(label) + safe(rest) if label.strip() else safe(line)


@session.command("show")
@click.argument("session_id", metavar="ID", required=False)
def show_one(brain: Brain, session_id: str | None) -> Said:
    """Show what was done in a session: the one named, else BRAINOPS_SESSION, else the newest.

    Example: brainops session show
    """
    found = brain.sessions.record(session_id)
    yield found
    yield bold(one_line(found.session_id))
    by = f" by {who(found.actor)}" if found.actor else ""
    yield from show.pairs(
        {
            "opened": "it was never opened" if found.opened_at is None else f"{ago(found.opened_at)}{by}",
            "operations": f"{found.operations:,}, {found.failed:,} failed, {found.open:,} open",
            "consulted": f"{counted(found.receipts, 'time')}",
            "memories": f"{found.memories:,}",
            "last": "" if found.last_at is None else ago(found.last_at),
        }
    )
