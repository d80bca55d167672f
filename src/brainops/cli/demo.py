"""What does BrainOps do for somebody who has never seen it? Sixty seconds, offline, in a store that is thrown away."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct

from brainops.cli import show
from brainops.cli.commands import command
from brainops.cli.demo_history import AGAIN, MEMORIES, NEW_ERROR, NEW_FIX, OPERATIONS, PAGED, UNDEFINED_FIX
from brainops.cli.options import shared
from brainops.cli.screen import bold, dim, wrapped
from brainops.cli.screen import show as show_lines
from brainops.cli.shared import print_json
from brainops.cli.short_ids import ends

if TYPE_CHECKING:
    from brainops.brain import Brain
    from brainops.types import Guidance, Match

NAMESPACE = "demo/shop"
KEY_SECONDS = 0.02  # between two letters of a command: as fast as somebody types who knows it
READ_SECONDS = 0.75  # for a printed line; the demo stays below a minute with room to spare
LONGEST_SECONDS = 9.0  # for one screen


@command("demo")
@click.option("--quick", is_flag=True, help="Without the pauses, and only what comes out of it.")
def demo(quick: bool) -> None:
    """Watch it at work, offline, in a store that is thrown away: an error comes back, and its fix is known.

    Example: brainops demo --quick
    """
    with tempfile.TemporaryDirectory(prefix="brainops-demo-") as folder:
        paced = not quick and sys.stdout.isatty()
        stage = Stage(pause=time.sleep if paced else None, silent=shared().json)
        with _opened(Path(folder) / "demo.db") as brain:
            found = play(brain, stage, quick=quick)
        if shared().json:
            print_json(found)


def _opened(store: Path) -> Brain:
    from brainops.brain import Brain

    return Brain.open(
        store, namespace=NAMESPACE, read=(), model=shared().model, personal_data="allow", background=False
    )


class Stage(Struct, frozen=True, kw_only=True):
    """Where the demo plays: with pauses on a terminal, straight through elsewhere, without a word for JSON."""

    pause: Callable[[float], object] | None
    silent: bool

    def say(self, *paragraphs: str) -> None:
        """Print what happens."""
        if not self.silent:
            click.echo()
            for text in paragraphs:
                self._lines(wrapped(text))
            self._rest(len(paragraphs))

    def head(self, text: str) -> None:
        """Print what begins now."""
        if not self.silent:
            click.echo()
            self._lines(bold(line) for line in wrapped(text))
            self._rest(1)

    def type(self, text: str) -> None:
        """Print a command as if somebody typed it."""
        if self.silent:
            return
        click.echo()
        click.echo(dim("$ "), nl=False)
        for character in text:
            click.echo(bold(character), nl=False)
            if self.pause is not None:
                self.pause(KEY_SECONDS)
        click.echo()

    def print(self, lines: Iterable[str]) -> None:
        """Print an answer and leave time to read it."""
        if not self.silent:
            self._rest(self._lines(lines))

    def _lines(self, lines: Iterable[str]) -> int:
        printed = list(ends(lines))
        show_lines(printed)
        return len(printed)

    def _rest(self, lines: int) -> None:
        if self.pause is not None:
            self.pause(min(LONGEST_SECONDS, lines * READ_SECONDS))


def play(brain: Brain, stage: Stage, *, quick: bool) -> dict[str, Any]:
    """Play the demo and return what was recognised and advised."""
    began = time.monotonic()
    remember(brain)
    took = time.monotonic() - began
    stage.say(
        f"A web shop has kept its operations in BrainOps: {len(MEMORIES)} memories and {len(OPERATIONS)} operations, "
        f"taken in and embedded in {took:.1f} s, offline, into one file that is thrown away afterwards."
    )
    paged = _paged(brain, stage)
    guidance = _deployed(brain, stage)
    again = _again(brain, stage)
    _ended(stage, again, quick)
    return {"paged": paged, "guidance": guidance, "again": again}


def remember(brain: Brain) -> None:
    """Fill the memory with the shop's history."""
    drafts = [brain.draft(**memory) for memory in MEMORIES]
    brain.capture_many(drafts)
    for name, target, error in OPERATIONS:
        running = brain.begin(name, target=target, consult="never")
        if error is None:
            running.succeed()
        else:
            running.fail(error)
            solve(brain, UNDEFINED_FIX)
    brain.upkeep.embed_pending()


def solve(brain: Brain, fix: dict[str, str]) -> str:
    """Add what helped to the error that the last failed operation left in memory; return that error's id."""
    [failed] = brain.operations.list(outcome="failed", limit=1)
    error = brain.get(failed.error_memory_id or "")
    content = {**(error.content if isinstance(error.content, dict) else {}), **fix}
    draft = brain.draft(
        error.title, content, type=error.type, tags=error.tags, fingerprint=error.fingerprint, trust="verified"
    )
    brain.supersede(error.id, draft)
    return error.id


def _paged(brain: Brain, stage: Stage) -> Sequence[Match]:
    stage.head("03:12. The pager goes: carts are failing. Has this happened before?")
    stage.type(f'brainops match --service cart "{PAGED}"')
    found = brain.match(PAGED, service="cart", limit=2)
    stage.print(show.matches(found, full=False, query=PAGED))
    return found


def _deployed(brain: Brain, stage: Stage) -> Guidance | None:
    stage.head("Morning: checkout 2.14 is to go out. What does memory say before?")
    stage.type('brainops guide "deploy checkout" --target production')
    running = brain.begin("deploy checkout", target="production", context={"version": "2.14"})
    if running.guidance is not None:
        stage.print(show.guidance(running.guidance))
    stage.say("Migration first, as advised. It fails all the same, on something new; the record keeps it by itself:")
    stage.print(wrapped(NEW_ERROR, indent="  "))
    running.fail(NEW_ERROR)
    return running.guidance


def _again(brain: Brain, stage: Stage) -> Sequence[Match]:
    """Somebody finds the cause and says so; the next time, elsewhere, the same error is known with its fix."""
    failed = solve(brain, NEW_FIX)
    stage.say("An hour later the cause is found. One line adds it to the error that memory has caught:")
    stage.type(f'brainops supersede {failed[-6:]} --solution "{NEW_FIX["solution"]}"')
    brain.upkeep.embed_pending()
    stage.head("A week later, in another region:")
    stage.type(f'brainops match "{AGAIN}"')
    found = brain.match(AGAIN, limit=1)
    stage.print(show.matches(found, full=False, query=AGAIN))
    return found


def _ended(stage: Stage, again: Sequence[Match], quick: bool) -> None:
    known = bool(again) and again[0].exact
    stage.say(
        "Known at once, with its fix."
        if known
        else "It was not recognised; that is a fault: brainops doctor says more.",
    )
    if not quick:
        stage.print(_next())


def _next() -> Iterable[str]:
    yield ""
    yield f"  {bold('brainops import runbooks/')}      your own runbooks, alert rules, transcripts"
    yield f"  {bold('brainops match')} {dim('ERROR')}           has this happened before?"
    yield f"  {bold('brainops guide')} {dim('OPERATION')}       what to know before acting"
