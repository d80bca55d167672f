"""Which repositories' code may be improved, and how is a patch of one tested and proposed? Commands of improvements."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from brainops.cli.commands import command, group
from brainops.cli.options import REASON
from brainops.cli.screen import bold, cut, dim, one_line, width, wrapped
from brainops.cli.shared import Said, read_text
from brainops.cli.short_ids import Id
from brainops.cli.terminal import proven
from brainops.errors import InvalidInput

if TYPE_CHECKING:
    from brainops.brain import Brain
    from brainops.types import CodeRepository

MAX_DIFF_BYTES = 1_000_000  # that are read; what is too large for a patch is told by the one who tests it


@group("repository")
def repository() -> None:
    """Name the git repositories whose code may be improved, and how each is tested.

    \b
    brainops allow "make test"
    brainops improvements repository add shop ~/src/shop -- make test
    """


@repository.command("add")
@click.argument("name", metavar="NAME")
@click.argument("path", metavar="PATH")
@click.argument("test", metavar="COMMAND...", nargs=-1, required=True)
@click.option("--branch", metavar="BRANCH", help="Where patches go; otherwise the one that is checked out.")
@click.option("--timeout", metavar="SECONDS", type=float, default=600.0, show_default=True, help="Of one run of tests.")
@click.option("--automation", is_flag=True, help="Patches may change what continuous integration runs.")
@click.option("--by-itself", is_flag=True, help="Tested patches of no agent apply themselves after a day.")
@REASON
def add(
    brain: Brain,
    name: str,
    path: str,
    test: tuple[str, ...],
    branch: str | None,
    timeout: float,
    automation: bool,
    by_itself: bool,
    reason: str,
) -> Said:
    """Let the code of a repository be improved; COMMAND tests it, after `--`, and must be allowed.

    Example: brainops improvements repository add shop ~/src/shop -- make test
    """
    added = proven(
        brain,
        "REPOSITORY_ADD",
        brain.improvements.repositories.add,
        name,
        path,
        test,
        branch=branch,
        timeout_seconds=timeout,
        automation=automation,
        by_itself=by_itself,
        reason=reason,
    )
    yield added
    yield from _rows([added])


@repository.command("list")
def list_(brain: Brain) -> Said:
    """List the repositories whose code may be improved.

    Example: brainops improvements repository list
    """
    known = brain.improvements.repositories.list()
    yield known
    yield from _rows(known) if known else ["No repository's code may be improved."]


@repository.command("remove")
@click.argument("name", metavar="NAME")
@REASON
def remove(brain: Brain, name: str, reason: str) -> Said:
    """Let no code of a repository be improved any longer; what was brought in stays.

    Example: brainops improvements repository remove shop --reason "it moved"
    """
    gone = brain.improvements.repositories.remove(name, reason=reason)
    yield gone
    yield f"removed: {one_line(gone.name)}"


@command("patch")
@click.argument("name", metavar="REPOSITORY")
@click.argument("file", metavar="[FILE]", required=False)
@click.option(
    "--of",
    "improvement_id",
    metavar="ID",
    help="Instead of FILE: what this improvement says of a file.",
    type=Id("improvement"),
)
@click.option("--title", metavar="TEXT", default="", help="What it does, in a line.")
@REASON
def patch(brain: Brain, name: str, file: str | None, improvement_id: str | None, title: str, reason: str) -> Said:
    """Test a diff (FILE, - for standard input) in a folder of its own, and propose it with what the tests said.

    Nobody's own files are touched. `brainops improvements apply ID` brings it into the branch as the commit that was
    tested, `brainops improvements undo ID` reverts it.

    Example: brainops improvements patch shop change.diff --title "Say b, not a"
    """
    if (file is None) == (improvement_id is None):
        raise InvalidInput("name a FILE with a diff, or an improvement: --of ID")
    if improvement_id is not None:
        found = brain.improvements.propose_patch_of(improvement_id, name)
    else:
        diff = read_text(str(file), MAX_DIFF_BYTES)
        named = title or f"Apply {Path(str(file)).name}"
        found = brain.improvements.propose_patch(name, diff=diff, title=named, reason=reason)
    yield found
    yield from wrapped(f"{found.state.value}: {one_line(found.title)}")
    yield from wrapped(one_line(found.outcome or str(found.evidence.get("tests", ""))), first="  ", indent="  ")
    yield f"  look at it: brainops improvements show {found.id}"


def _rows(known: Sequence[CodeRepository]) -> Iterator[str]:
    for each in known:
        yield bold(cut(f"{one_line(each.name)}  {one_line(each.path)}", width()))
        more = [word for word, holds in (("automation", each.automation), ("by itself", each.by_itself)) if holds]
        yield cut(f"  branch {one_line(each.branch)}, tested by: {one_line(shlex.join(each.test))}", width())
        if more:
            yield dim(f"  allowed: {', '.join(more)}")
