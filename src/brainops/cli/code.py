"""Which repositories' code may be improved, and how is a patch of one tested and proposed? Commands of evolution."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from brainops.cli.screen import bold, cut, dim, one_line, width, wrapped
from brainops.cli.shared import Command, CommandGroup, answer, opened
from brainops.cli.short_ids import Id
from brainops.cli.terminal import proven
from brainops.errors import InvalidInput

if TYPE_CHECKING:
    from brainops.types import CodeRepository, Improvement

MAX_DIFF_BYTES = 1_000_000  # that are read; what is too large for a patch is told by the one who tests it


@click.group("repository", cls=CommandGroup, short_help="name the repositories whose code may be improved")
def repository() -> None:
    """Name the git repositories whose code may be improved, and how each is tested.

    \b
    brainops allow "make test"
    brainops evolution repository add shop ~/src/shop -- make test
    """


@repository.command("add")
@click.argument("name", metavar="NAME")
@click.argument("path", metavar="PATH")
@click.argument("test", metavar="COMMAND...", nargs=-1, required=True)
@click.option("--branch", metavar="BRANCH", help="Where patches go; otherwise the one that is checked out.")
@click.option("--timeout", metavar="SECONDS", type=float, default=600.0, show_default=True, help="Of one run of tests.")
@click.option("--automation", is_flag=True, help="Patches may change what continuous integration runs.")
@click.option("--by-itself", is_flag=True, help="Tested patches of no agent apply themselves after a day.")
@click.option("--reason", metavar="TEXT", default="", help="Why; it is kept.")
def add(
    name: str,
    path: str,
    test: tuple[str, ...],
    branch: str | None,
    timeout: float,
    automation: bool,
    by_itself: bool,
    reason: str,
) -> None:
    """Let the code of a repository be improved; COMMAND tests it, after `--`, and must be allowed."""
    with opened(model="none") as brain:
        added = proven(
            brain,
            "REPOSITORY_ADD",
            lambda proof: brain.improvements.repositories.add(
                name,
                path,
                test,
                branch=branch,
                timeout_seconds=timeout,
                automation=automation,
                by_itself=by_itself,
                reason=reason,
                proof=proof,
            ),
        )
        answer(added, lambda: _rows([added]))


@repository.command("list")
def list_() -> None:
    """List the repositories whose code may be improved."""
    with opened(model="none") as brain:
        known = brain.improvements.repositories.list()
        answer(known, lambda: _rows(known) if known else ["No repository's code may be improved."])


@repository.command("remove")
@click.argument("name", metavar="NAME")
@click.option("--reason", metavar="TEXT", default="", help="Why; it is kept.")
def remove(name: str, reason: str) -> None:
    """Let no code of a repository be improved any longer; what was brought in stays."""
    with opened(model="none") as brain:
        gone = brain.improvements.repositories.remove(name, reason=reason)
        answer(gone, lambda: [f"removed: {one_line(gone.name)}"])


@click.command("patch", cls=Command, short_help="test a diff of a repository, and propose it")
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
@click.option("--reason", metavar="TEXT", default="", help="Why.")
def patch(name: str, file: str | None, improvement_id: str | None, title: str, reason: str) -> None:
    """Test a diff (FILE, - for standard input) in a folder of its own, and propose it with what the tests said.

    Nobody's own files are touched. `brainops evolution apply ID` brings it into the branch as the commit that was
    tested, `brainops evolution undo ID` reverts it.
    """
    if (file is None) == (improvement_id is None):
        raise InvalidInput("name a FILE with a diff, or an improvement: --of ID")
    with opened(model="none") as brain:
        if improvement_id is not None:
            found = brain.improvements.propose_patch_of(improvement_id, name)
        else:
            diff = _read(str(file))
            named = title or f"Apply {Path(str(file)).name}"
            found = brain.improvements.propose_patch(name, diff=diff, title=named, reason=reason)
        answer(found, lambda: _told(found))


def _read(file: str) -> str:
    try:
        if file == "-":
            raw = sys.stdin.buffer.read(MAX_DIFF_BYTES + 1)
        else:
            with open(file, "rb") as opened_file:
                raw = opened_file.read(MAX_DIFF_BYTES + 1)
        if len(raw) > MAX_DIFF_BYTES:
            raise InvalidInput(f"{file} has more than {MAX_DIFF_BYTES:,} bytes")
        return raw.decode()
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise InvalidInput(f"{file} cannot be read: {said}") from None


def _rows(known: Sequence[CodeRepository]) -> Iterator[str]:
    for each in known:
        yield bold(cut(f"{one_line(each.name)}  {one_line(each.path)}", width()))
        more = [word for word, holds in (("automation", each.automation), ("by itself", each.by_itself)) if holds]
        yield cut(f"  branch {one_line(each.branch)}, tested by: {one_line(shlex.join(each.test))}", width())
        if more:
            yield dim(f"  allowed: {', '.join(more)}")


def _told(found: Improvement) -> Iterator[str]:
    yield from wrapped(f"{found.state.value}: {one_line(found.title)}")
    yield from wrapped(one_line(found.outcome or str(found.evidence.get("tests", ""))), first="  ", indent="  ")
    yield f"  look at it: brainops evolution show {found.id}"
