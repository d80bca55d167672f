"""What did the system change about itself, why, and how is that taken back? The command improvements."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from brainops.cli.code import patch, repository
from brainops.cli.commands import group
from brainops.cli.options import REASON, beside, paged
from brainops.cli.screen import age, bold, cut, dim, one_line, padded, safe, width, wrapped
from brainops.cli.shared import Said
from brainops.cli.short_ids import Id
from brainops.cli.terminal import proven

if TYPE_CHECKING:
    from brainops.brain import Brain
    from brainops.types import JSON, Improvement

SHOWN_IMPROVEMENTS = 15  # so that the first screen fits a terminal
STATE_COLUMNS, KIND_COLUMNS = 11, 9


@group("improvements", bare="list")
def improvements() -> None:
    """List what the system changed about itself, or would, the newest first.

    \b
    brainops improvements show ID      evidence, before and after
    brainops improvements undo ID      put back what it replaced
    brainops improvements veto ID      never let it come into force
    brainops improvements apply ID     let it hold now
    brainops improvements patch NAME FILE   test a diff, and propose it
    brainops stop --automatic       nothing changes by itself any more
    """


@improvements.command("list")
@click.option("--kind", metavar="KIND", help="Only these: fix, procedure, routing, retrieval, ...")
@click.option("--state", metavar="STATE", help="Only these: proposed, trial, applied, kept, ...")
@paged(SHOWN_IMPROVEMENTS)
def list_(brain: Brain, kind: str | None, state: str | None, limit: int, **cursors: str | None) -> Said:
    """List improvements, the newest first.

    Example: brainops improvements list --state proposed
    """
    found = brain.improvements.list(kind=kind, state=state, limit=limit, **beside(cursors))
    yield found
    held = brain.improvements.held()
    if not found:
        yield "Nothing was changed, and nothing is proposed."
    for each in found:
        when = age(each.ended_at or each.applied_at or each.trial_at or each.proposed_at)
        sure = "    " if each.probability_better is None else f"{each.probability_better:.2f}"
        state = padded(each.state.value.replace("_", " "), STATE_COLUMNS)
        head = f"{when:>6}  {state}  {padded(each.kind.value, KIND_COLUMNS)}  {sure}  "
        yield cut(head + one_line(each.title), width())
        yield dim(f"        {each.id}")
    if held is not None:
        yield dim(f"Nothing changes by itself here: {one_line(held)}")


@improvements.command("show")
@click.argument("improvement_id", metavar="ID", type=Id("improvement"))
@click.option("--patch", is_flag=True, help="Only how before and after differ.")
def show(brain: Brain, improvement_id: str, patch: bool) -> Said:
    """Show an improvement: why, on what evidence, and what it replaces by what.

    Example: brainops improvements show f05d2e
    """
    found = brain.improvements.get(improvement_id)
    yield found
    yield from _difference(found) if patch else _whole(found)


@improvements.command("undo")
@click.argument("improvement_id", metavar="ID", type=Id("improvement"))
@REASON
def undo(brain: Brain, improvement_id: str, reason: str) -> Said:
    """Put back exactly what an improvement replaced; it is not proposed again.

    Example: brainops improvements undo 1a7be4 --reason "it is slower"
    """
    undone = proven(brain, "IMPROVEMENT_UNDO", brain.improvements.undo, improvement_id, reason=reason)
    yield undone
    yield from _told(undone)


@improvements.command("veto")
@click.argument("improvement_id", metavar="ID", type=Id("improvement"))
@REASON
def veto(brain: Brain, improvement_id: str, reason: str) -> Said:
    """Refuse an improvement that is proposed, planned or tried, for good.

    Example: brainops improvements veto f05d2e --reason "too risky"
    """
    vetoed = brain.improvements.veto(improvement_id, reason=reason)
    yield vetoed
    yield from _told(vetoed)


@improvements.command("apply")
@click.argument("improvement_id", metavar="ID", type=Id("improvement"))
@REASON
def apply(brain: Brain, improvement_id: str, reason: str) -> Said:
    """Let an improvement hold now; it is watched, and taken back where it is worse.

    Example: brainops improvements apply f05d2e --reason "it is right"
    """
    applied = proven(brain, "IMPROVEMENT_APPLY", brain.improvements.apply, improvement_id, reason=reason)
    yield applied
    yield from _told(applied)


@improvements.command("watch")
def watch(brain: Brain) -> Said:
    """Move on what has earned it, as the hourly cycle does: try, apply, keep, take back.

    Example: brainops improvements watch
    """
    moved = brain.improvements.watch()
    yield moved
    yield from (line for each in moved for line in _told(each)) if moved else ["Nothing moves now."]


improvements.add_command(repository)
improvements.add_command(patch)


def _whole(found: Improvement) -> Iterator[str]:
    yield bold(one_line(found.title))
    by = "by itself" if found.by_itself else "not by itself"
    yield f"  {found.state.value.replace('_', ' ')} ({by}), {found.kind.value}, rests on {found.trust.value} evidence"
    yield from wrapped(f"why: {one_line(found.reason)}", first="  ", indent="    ")
    if found.outcome:
        yield from wrapped(f"outcome: {one_line(found.outcome)}", first="  ", indent="    ")
    if found.probability_better is not None:
        yield f"  better with probability {found.probability_better:.2f} at least, however often it was looked at"
    for name, value in found.evidence.items():
        yield cut(f"  {one_line(name)}: {one_line(json.dumps(value, ensure_ascii=False))}", width())
    yield ""
    yield from _difference(found)
    yield ""
    yield dim(f"  {found.id}")
    if found.state.value in ("applied", "kept"):
        yield f"  take it back: {found.undo}"
    elif found.state.value in ("proposed", "planned", "trial"):
        yield f"  let it hold: brainops improvements apply {found.id}"
        yield f"  refuse it: brainops improvements veto {found.id}"


def _difference(found: Improvement) -> Iterator[str]:
    before, after = _text(found.before), _text(found.after)
    if before == after:
        yield "  before and after are the same"
    path = found.evidence.get("path")
    names = (f"a/{path}", f"b/{path}") if path else ("before", "after")
    patch = found.after.get("patch") if isinstance(found.after, dict) else None
    if isinstance(patch, str):
        yield from map(safe, patch.rstrip("\n").split("\n"))
        return
    for line in difflib.unified_diff(before, after, *names, lineterm=""):
        yield safe(line)


def _text(value: JSON) -> list[str]:
    if isinstance(value, dict) and isinstance(value.get("source"), str):
        return str(value["source"]).rstrip("\n").split("\n")
    return json.dumps(value, ensure_ascii=False, indent=2).split("\n")


def _told(each: Improvement) -> Iterator[str]:
    yield from wrapped(f"{each.state.value.replace('_', ' ')}: {one_line(each.title)}")
    if each.outcome:
        yield from wrapped(one_line(each.outcome), first="  ", indent="  ")
    if each.state.value == "applied":
        yield dim(f"  take it back: {each.undo}")
