"""What did remedies do, what is worth trying next, and which errors have one cause? The commands evidence, causes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import click

from brainops.cli import show
from brainops.cli.commands import group
from brainops.cli.fix import error_of
from brainops.cli.options import PLACE, REASON_REQUIRED, limited
from brainops.cli.pairs import valued
from brainops.cli.screen import bold, cut, dim, one_line, width
from brainops.cli.shared import Said
from brainops.cli.short_ids import Id
from brainops.types import Cause, CauseChange, RemedyEffect, RemedyEvidence
from brainops.types.counted import counted

if TYPE_CHECKING:
    from brainops.brain import Brain

TARGET = click.option("--target", metavar="TARGET", help="The service or place where the error is.")
_SAID = {effect: effect.value.replace("_", " ") for effect in RemedyEffect}


@group("evidence", bare="list")
def evidence() -> None:
    """List what remedies did, the newest first; say what one did, and ask what is worth trying next.

    \b
    brainops evidence next ERROR --target checkout --context version=3.1
    brainops evidence record ERROR restart-redis --helped --target checkout
    """


@evidence.command("list")
@click.argument("error", required=False)
@click.option("--remedy", metavar="NAME", help="Of this remedy only.")
@limited()
def list_(brain: Brain, error: str | None, remedy: str | None, limit: int) -> Said:
    """List what remedies did, the newest first; against the cause of ERROR only where one is named.

    Example: brainops evidence list --remedy restart-redis
    """
    found = brain.evidence.list(None if error is None else error_of(brain, error), remedy=remedy, limit=limit)
    yield found
    titles = _titles(brain, [each.fingerprint for each in found])
    for digest, of_error in groupby(found, key=lambda each: each.fingerprint):
        yield bold(cut(titles[digest], width()))
        yield from (f"  {_line(each)}" for each in of_error)
    if not found:
        yield "Nothing was said of any remedy yet: brainops evidence record ERROR REMEDY --helped"


@evidence.command("next")
@click.argument("error")
@TARGET
@PLACE
@click.option("--tried", metavar="REMEDY", multiple=True, help="What was tried already; repeatable.")
def next_(brain: Brain, error: str, target: str | None, context: tuple[str, ...], tried: tuple[str, ...]) -> Said:
    """Say what is worth trying against ERROR here, the best first, and what is not; nothing where nothing is known.

    Example: brainops evidence next "ConnectionError: timed out" --target checkout
    """
    found = brain.evidence.next_tries(
        error_of(brain, error), target=target, context=dict(map(valued, context)), tried=tried
    )
    yield found
    yield from show.tries([found])
    yield dim(found.why if found.text else "nothing is known that is worth trying")


@evidence.command("record")
@click.argument("error")
@click.argument("remedy")
@click.option("--helped", "effects", flag_value="helped", multiple=True, help="It helped.")
@click.option("--did-not-help", "effects", flag_value="did_not_help", multiple=True, help="It did not.")
@click.option("--made-it-worse", "effects", flag_value="made_it_worse", multiple=True, help="It made it worse.")
@TARGET
@PLACE
@click.option("--note", metavar="TEXT", default="", help="What was seen.")
def record(
    brain: Brain,
    error: str,
    remedy: str,
    effects: tuple[str, ...],
    target: str | None,
    context: tuple[str, ...],
    note: str,
) -> Said:
    """Say what REMEDY did against ERROR; a failure counts against the remedy, and is no error of its own.

    Example: brainops evidence record "OSError: disk full" prune-images --helped
    """
    if len(set(effects)) != 1:
        raise click.UsageError("say what it did, by one of --helped, --did-not-help and --made-it-worse")
    given = dict(map(valued, context))
    told = brain.evidence.record(error_of(brain, error), remedy, effects[0], target=target, context=given, note=note)
    yield told
    yield _line(told)


@evidence.command("contradict")
@click.argument("evidence_id", metavar="EVIDENCE", type=Id("evidence"))
@REASON_REQUIRED
def contradict(brain: Brain, evidence_id: str, reason: str) -> Said:
    """Say that what seemed to help did not.

    Example: brainops evidence contradict 1c9a50 --reason "it was back at once"
    """
    told = brain.evidence.contradict(evidence_id, reason)
    yield told
    yield _line(told)


@group("causes", bare="list")
def causes() -> None:
    """List the causes that show as more than one error; join errors, part them, take back what was said.

    \b
    brainops causes join ERROR OTHER --reason "both are the full disk"
    brainops causes undo CHANGE
    """


@causes.command("list")
@limited()
def causes_list(brain: Brain, limit: int) -> Said:
    """List the causes that show as more than one error.

    Example: brainops causes list
    """
    found = brain.causes.list(limit=limit)
    yield found
    for each in found:
        yield from _cause(brain, each)
    if not found:
        yield "No errors were found to have one cause yet."


@causes.command("show")
@click.argument("error")
def causes_show(brain: Brain, error: str) -> Said:
    """Show the cause of ERROR: the errors as which it shows, and how each came to it.

    Example: brainops causes show "ConnectionError: payments api timed out"
    """
    found = brain.causes.show(error_of(brain, error))
    yield found
    yield from _cause(brain, found)


@causes.command("join")
@click.argument("error")
@click.argument("other")
@REASON_REQUIRED
def join(brain: Brain, error: str, other: str, reason: str) -> Said:
    """Say that ERROR and OTHER have one cause.

    Example: brainops causes join "OSError: full" "ENOSPC: write" --reason same
    """
    said = brain.causes.join(error_of(brain, error), error_of(brain, other), reason=reason)
    yield said
    yield from _changes(brain, [said])


@causes.command("part")
@click.argument("error")
@click.argument("other")
@REASON_REQUIRED
def part(brain: Brain, error: str, other: str, reason: str) -> Said:
    """Say that ERROR and OTHER have two causes.

    Example: brainops causes part "OSError: one" "PGError: two" --reason unlike
    """
    said = brain.causes.part(error_of(brain, error), error_of(brain, other), reason=reason)
    yield said
    yield from _changes(brain, [said])


@causes.command("undo")
@click.argument("change_id", metavar="CHANGE", type=Id("cause_change"))
def undo(brain: Brain, change_id: str) -> Said:
    """Take back what was said of two errors, by whom ever.

    Example: brainops causes undo 5e01d7
    """
    said = brain.causes.undo(change_id)
    yield said
    yield from _changes(brain, [said])


def _line(each: RemedyEvidence) -> str:
    where = ", ".join([*([each.target] if each.target else []), *(f"{k}={v}" for k, v in each.context.items())])
    place = f" on {one_line(where)}" if where else ""
    return f"{one_line(each.remedy)}: {_SAID[each.effect]}{place} {dim(f'({each.basis.value}, {each.id})')}"


def _cause(brain: Brain, cause: Cause) -> Iterator[str]:
    yield bold(one_line(cause.title or cause.id))
    yield f"  shows as {counted(len(cause.fingerprints), 'error')}"
    yield from _changes(brain, cause.history)


def _changes(brain: Brain, changes: Sequence[CauseChange]) -> Iterator[str]:
    titles = _titles(brain, [digest for each in changes for digest in (each.fingerprint, each.other)])
    for each in changes:
        undone = ", taken back" if each.undone_at is not None else ""
        yield f"  {each.standing.value}{undone}: {one_line(each.why)} {dim(f'({each.id})')}"
        yield from (f"    {cut(titles[digest], width() - 4)}" for digest in (each.fingerprint, each.other))


def _titles(brain: Brain, digests: Iterable[str]) -> dict[str, str]:
    """Return how errors read; one that is no memory is named by its fingerprint."""
    return {digest: one_line(brain.causes.show(digest).title) or digest for digest in dict.fromkeys(digests)}
