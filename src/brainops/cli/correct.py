"""How is a memory judged, followed, set aside, brought back, shared, or removed? The commands that correct."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from brainops.cli import show
from brainops.cli.commands import command
from brainops.cli.jobs import in_background
from brainops.cli.options import BACKGROUND, REASON, REASON_REQUIRED, shared
from brainops.cli.screen import age, cut, dim, one_line, safe, who, width, wrapped
from brainops.cli.shared import Said, opened, progress, read_text
from brainops.cli.short_ids import Id
from brainops.cli.terminal import person_at_terminal, proof_of_person, proven, refuse_agents, refuse_agents_from
from brainops.errors import ApprovalUnproven, InvalidInput
from brainops.types import Memory, Verdict

if TYPE_CHECKING:
    from brainops.brain import Brain


@command("feedback")
@click.argument("memory_id", metavar="ID", required=False, type=Id("memory"))
@click.argument("verdict", type=click.Choice([each.value for each in Verdict]), required=False)
@click.option("--note", default="", metavar="TEXT", help="Why.")
@click.option("--correction", metavar="TEXT", help='The right answer, which supersedes it; "-" reads standard input.')
@click.option("--undo", metavar="FEEDBACK-ID", type=Id("feedback"), help="Take a verdict back.")
def feedback(
    brain: Brain, memory_id: str | None, verdict: str | None, note: str, correction: str | None, undo: str | None
) -> Said:
    """Say that a memory was helpful, wrong or outdated. It acts at once and can be undone.

    Example: brainops feedback 3f9a1c helpful --note "it worked at once"
    """
    if undo is not None:
        taken_back = brain.undo_feedback(undo)
        yield taken_back
        yield f"Taken back: {taken_back.verdict.value} on {taken_back.memory_id}"
        return
    if memory_id is None or verdict is None:
        raise click.UsageError("Name the memory and the verdict: brainops feedback ID helpful|wrong|outdated")
    given = brain.feedback(
        memory_id, verdict, note=note, correction=read_text("-") if correction == "-" else correction
    )
    yield given
    does = {
        Verdict.HELPFUL: "it ranks higher from now on",
        Verdict.WRONG: "it ranks lower and is flagged for review",
        Verdict.OUTDATED: "it ranks lower and is no longer current",
    }
    superseded = f"; {given.correction_id} is the right answer" if given.correction_id else ""
    yield f"Noted as {given.verdict.value}: {does[given.verdict]}{superseded}."
    yield dim(f"  undo: brainops feedback --undo {given.id}")


@command("history")
@click.argument("memory_id", metavar="ID", type=Id("memory"))
def history(brain: Brain, memory_id: str) -> Said:
    """Show a memory with its versions, what was done to it, what was said of it and when it was seen.

    Example: brainops history 3f9a1c
    """
    found = brain.history(memory_id)
    current = brain.get(memory_id)
    yield found
    yield from show.memory(current)
    if len(found.versions) > 1:
        yield "versions"
    for version in found.versions if len(found.versions) > 1 else ():
        mark = "*" if version.id == current.id else " "
        title = cut(one_line(version.title), width() - 52)
        yield f"  {mark} {age(version.created_at):>6}  {dim(version.id)}  {title}"
    lines: list[tuple[Any, str]] = [
        (e.at, f"{e.act} by {who(e.actor)} {e.detail.get('reason') or ''}") for e in found.acts
    ]
    lines += [(v.at, f"{v.verdict.value}{' (undone)' if v.undone_at else ''} {v.note or ''}") for v in found.verdicts]
    lines += [(o["at"], f"seen again by {o['actor_kind']}:{o['actor_id']} {o['uri'] or ''}") for o in found.occurrences]
    if lines:
        yield "what happened"
    for at, text in sorted(lines):
        yield f"  {age(at):>8}  {cut(one_line(text), width() - 12)}"


@command("archive")
@click.argument("ids", metavar="ID...", nargs=-1, required=True, type=Id("memory"))
@REASON
def archive(brain: Brain, ids: tuple[str, ...], reason: str) -> Said:
    """Set memories aside: found only with --archived. `restore` brings them back.

    Example: brainops archive 3f9a1c --reason "the gateway is gone"
    """
    yield from _changed("Archived", [brain.archive(each, reason=reason) for each in ids])


@command("forget")
@click.argument("ids", metavar="ID...", nargs=-1, required=True, type=Id("memory"))
@REASON
def forget(brain: Brain, ids: tuple[str, ...], reason: str) -> Said:
    """Hide memories from every search. `restore` brings them back; `purge` removes for good.

    Example: brainops forget 3f9a1c --reason "a test"
    """
    yield from _changed("Forgotten", [brain.forget(each, reason=reason) for each in ids])


@command("restore")
@click.argument("ids", metavar="ID...", nargs=-1, type=Id("memory"))
@click.option("--from", "backup", metavar="BACKUP", help="Put a backup file in the store's place, after verifying it.")
@click.option("--replace", is_flag=True, help="With --from: replace a store that stands there (it is kept beside).")
@click.option("--sha256", metavar="DIGEST", help="With --from: what `backup` printed, where no file beside it says it.")
@click.option("--unverified", is_flag=True, help="With --from: a person takes a backup of which no digest is known.")
@REASON
def restore(
    ids: tuple[str, ...], backup: str | None, replace: bool, sha256: str | None, unverified: bool, reason: str
) -> Said:
    """Bring archived or forgotten memories back, or a whole store from a backup (--from).

    A backup must have the digest that stands in the file beside it, or that --sha256 names.

    Example: brainops restore a07c5e
    """
    if (backup is None) == (not ids):
        raise click.UsageError("Name the memories to bring back, or --from BACKUP.")
    if backup is not None:
        from brainops.health import store_location

        restored = partial(
            store_location.restore, backup, shared().store, replace=replace, sha256=sha256, unverified=unverified
        )
        if replace or unverified:
            refuse_agents("to put another store in this one's place")
        try:
            place, kept = restored()
        except ApprovalUnproven:
            with opened(model="none") as brain:
                known = brain.approvals.approvers.list()
            if not known:
                raise
            with person_at_terminal("to put another store in this one's place") as terminal:
                place, kept = restored(proof=proof_of_person(terminal, known, None))
        yield {"restored": place, "backup": backup, "kept": kept}
        yield f"Restored {safe(place)} from {safe(backup)}."
        if kept is not None:
            yield dim(f"  what stood there is kept: {safe(kept)}")
        return
    with opened(model="none") as brain:
        yield from _changed("Back", [brain.restore(each, reason=reason) for each in ids])


def _changed(verb: str, memories: list[Memory]) -> Said:
    yield memories
    yield from [f"{verb}: {cut(one_line(memory.title), width() - len(verb) - 2)}" for memory in memories]


@command("purge")
@click.argument("ids", metavar="ID...", nargs=-1, type=Id("memory"))
@click.option("--subject", metavar="NAME", help="Every memory about this subject.")
@REASON_REQUIRED
@click.option("--yes", is_flag=True, help="Do not ask.")
@BACKGROUND
def purge(brain: Brain, ids: tuple[str, ...], subject: str | None, reason: str, yes: bool, background: bool) -> Said:
    """Remove memories for good, with everything derived from them. This cannot be undone.

    Example: brainops purge 3f9a1c --reason "the customer asked for it" --yes
    """
    if (subject is None) == (not ids):
        raise click.UsageError("Name the memories to remove, or --subject NAME.")
    if background and subject is None:
        raise click.UsageError("--background is for --subject: memories that are named are removed at once.")
    refuse_agents_from(brain, "PURGE")
    _confirm(brain, ids, subject, yes)
    if background:
        yield from in_background(brain, "purge_subject", {"subject": subject, "reason": reason}, act="PURGE")
        return
    remove = partial(brain.purge, ids) if subject is None else partial(brain.purge_subject, subject)
    removed = proven(brain, "PURGE", remove, reason=reason)
    yield removed
    count = len(removed.memory_ids)
    if removed.in_log_for is None:
        yield f"Removed {count} for good, from rows, indexes and the log."
    else:
        reader = safe(removed.in_log_for)
        yield f"Removed {count} for good, from rows and indexes. The log still holds it, because {reader} reads on."
        yield "It leaves the log with the first write after that; brainops doctor says whether it has."
    if removed.backups:
        yield "These backups may still hold it; delete them or keep them apart:"
    yield from (f"  {safe(path)}" for path in removed.backups)


def _confirm(brain: Brain, ids: tuple[str, ...], subject: str | None, yes: bool) -> None:
    """Ask on a terminal; without one only --yes counts, so that no script removes by accident."""
    if yes:
        return
    if not sys.stdin.isatty() or shared().json:
        raise InvalidInput("purge cannot be undone; add --yes where nobody can be asked")
    for each in ids:
        click.echo(f"  {cut(one_line(brain.get(each).title), width() - 2)}", err=True)
    several = f"these {len(ids)} memories" if len(ids) > 1 else "this memory"
    what = several if ids else f"everything about {one_line(subject or '')}"
    click.confirm(f"Remove {what} for good?", abort=True, err=True)


@command("promote")
@click.argument("memory_id", metavar="ID", type=Id("memory"))
@click.argument("to", metavar="NAMESPACE")
@REASON
def promote(brain: Brain, memory_id: str, to: str, reason: str) -> Said:
    """Copy a memory into another namespace, as an audited act; the original stays.

    Example: brainops promote 3f9a1c team --reason "all services need it"
    """
    captured = brain.promote(memory_id, to, reason=reason)
    yield captured
    yield f"Promoted to {safe(to)}."
    yield dim(f"  {captured.id}")


@command("redact")
@click.argument("file", default="-", required=False)
@click.option("--rescan", is_flag=True, help="Take what today's rules know out of all that is stored and indexed.")
@click.option("--dry-run", is_flag=True, help="With --rescan: only say what would be taken out.")
def redact(file: str, rescan: bool, dry_run: bool) -> Said:
    """Show a text (standard input, or FILE) as capture would keep it; with --rescan, clean what is stored.

    Example: brainops redact secret.txt
    """
    if dry_run and not rescan:
        raise click.UsageError("--dry-run belongs to --rescan; without it nothing is changed anyhow.")
    if rescan:
        with opened(model="none") as brain, progress("looking through") as draw:
            found = brain.upkeep.redact_rescan(dry_run=dry_run, progress=draw)
        yield found
        yield from _rescanned(found, "Would be taken out" if dry_run else "Taken out")
        return
    from brainops.health import store_location

    shown = store_location.preview(read_text(file))
    yield shown
    yield safe(shown.text.rstrip("\n"))
    if not shared().json:
        kinds = ", ".join(f"{each.count} {each.kind}" for each in shown.findings)
        click.echo("\n".join(wrapped(f"taken out: {kinds}" if kinds else "nothing was taken out")), err=True)


def _rescanned(found: Any, done: str) -> Iterator[str]:
    yield from show.report(found, done)
    if found.procedures:
        way_out = (
            "A version of a procedure never changes. Replace the secret where it is valid, declare "
            "`secrets: {name: env:NAME}` in the procedure, save and activate that version; the old text stays, and "
            "opens nothing any more."
        )
        yield from wrapped(way_out)
