"""What happened, and what happens now? The command changes."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from brainops.cli.commands import command
from brainops.cli.options import limited, shared
from brainops.cli.screen import cut, one_line, padded, show, width
from brainops.cli.screen import when as told_time
from brainops.cli.shared import Said, more, print_json
from brainops.cli.short_ids import shortened
from brainops.wire import plain

if TYPE_CHECKING:
    from brainops.brain import Brain
    from brainops.types import FeedEntry

LOOK_SECONDS = 1.0  # between two looks: one read of a few rows
KIND_COLUMNS = 22


@command("changes")
@click.option("--follow", "-f", is_flag=True, help="Go on with what happens, until it is stopped.")
@click.option("--after", metavar="CURSOR", help="What came after it: `next` of a page, or the id of a change.")
@click.option("--before", metavar="CURSOR", help="What came before it.")
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="run, run.failed, memory, ...; may be repeated.")
@limited(20)
def changes(
    brain: Brain, follow: bool, after: str | None, before: str | None, kinds: tuple[str, ...], limit: int
) -> Said:
    """Show what happened, oldest first: the last of it, or what came after a cursor.

    With --json a page is an object with `items`, and `next` to go on with; with --follow each change is a line of its
    own, whose `id` is where to go on.

    Example: brainops changes --kind run --kind approval
    """
    page = brain.changes(after=after, before=before if before or after else "newest", kinds=kinds, limit=limit)
    if follow:
        _tell(page)
        after = page.next
        while True:
            page = brain.changes(after=after, kinds=kinds, limit=limit)
            _tell(page)
            after = page.next
            if len(page) < limit:
                time.sleep(LOOK_SECONDS)
    yield plain(page)
    if not page:
        yield "Nothing of that happened."
    yield from map(_line, page)
    if after and len(page) == limit:
        yield more(after)


def _tell(entries: Iterable[FeedEntry]) -> None:
    """Print changes at once, as they come."""
    for entry in entries:
        if shared().json:
            print_json(entry)
        else:
            show(shortened([_line(entry)]))


def _line(entry: FeedEntry) -> str:
    facts = one_line(" ".join(str(value) for name, value in entry.facts.items() if name != "duration_us") or entry.ref)
    line = f"{told_time(entry.at)}  {padded(entry.kind, KIND_COLUMNS)}  "
    return line + cut(facts, max(20, width() - len(line)))
