"""How does material come in from files, and go out to them? The commands import, export and backup."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from brainops.cli import show
from brainops.cli.commands import command
from brainops.cli.jobs import in_background
from brainops.cli.options import BACKGROUND, FORCE
from brainops.cli.screen import cut, dim, one_line, safe, size, width, wrapped
from brainops.cli.shared import Said, busy, elsewhere, opened, progress
from brainops.errors import InvalidInput
from brainops.types import Trust
from brainops.types.counted import counted
from brainops.wire import plain

if TYPE_CHECKING:
    from brainops.brain import Brain
    from brainops.importers import ImportReport

FORMATS = (
    "markdown",
    "prometheus",
    "claude-code",
    "codex",
    "mcp-memory",
    "mcp-memory-service",
    "jsonl",
    "github",
    "gitlab",
    "sentry",
    "pagerduty",
    "opsgenie",
    "brainops-export",
)
SHOWN_LINES = 8  # of what was left and why, and of a plan; --full shows all
EXPORT_MARK = b'"brainops_export"'
HEAD_BYTES = 65_536


@command("import", memory=opened)
@click.argument("path")
@click.option(
    "--format", "--kind", "kind", type=click.Choice(FORMATS), help="What it is; told from the content where not said."
)
@click.option("--sync", is_flag=True, help="Follow the source: changed supersedes, renamed moves, deleted is flagged.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option(
    "--trust",
    type=click.Choice([each.value for each in Trust]),
    default=Trust.EXTERNAL.value,
    show_default=True,
    help="How far it may be relied on.",
)
@click.option("--name", metavar="NAME", help="The name of its root, where two folders would share one.")
@click.option("--full", is_flag=True, help="Every line of the plan, and all that was left.")
def import_(
    brain: Brain, path: str, kind: str | None, sync: bool, dry_run: bool, trust: str, name: str | None, full: bool
) -> Said:
    """Take in a file or a folder: runbooks, alert rules, transcripts, other memories, an export.

    \b
    markdown            runbooks, ADRs, CLAUDE.md, AGENTS.md, by headings
    prometheus          rule files; runbook_url binds an alert to its runbook
    claude-code, codex  transcripts: an error and the command that worked next
    mcp-memory          the JSONL of the reference MCP memory server
    mcp-memory-service  its SQLite file
    jsonl               lines with title and content
    github, gitlab      issues, as their REST APIs and `gh` give them
    sentry              issues of errors
    pagerduty, opsgenie incidents and alerts
    brainops-export     what `brainops export` wrote

    Example: brainops import notes --sync
    """
    if kind == "brainops-export" or (kind is None and _is_export(path)):
        if dry_run or sync:
            raise click.UsageError("An export is put back as it was: --dry-run and --sync do not apply to it.")
        with progress("taking in") as draw:
            done = brain.upkeep.import_from(path, progress=draw)
        _embed(brain)
        yield done
        yield from _put_back(done)
        return
    from brainops.importers import import_path

    with progress("taking in") as draw:
        report = import_path(
            brain, path, format=kind, sync=sync, dry_run=dry_run, trust=Trust(trust), name=name, progress=draw
        )
    embedded = 0 if dry_run else _embed(brain)
    yield _as_json(report, embedded)
    words = {
        "taken": "new",
        "repeated": "there already",
        "superseded": "changed",
        "moved": "renamed",
        "flagged": "gone from their source (flagged)",
    }
    told = [f"{count:,} {words[name]}" for name, count in _counted(report).items() if count]
    yield ("Would be: " if report.dry_run else "Taken in: ") + (", ".join(told) or "nothing")
    if report.bound:
        yield f"{counted(report.bound, 'alert')} with a runbook that it names."
    if report.dry_run or full:
        plan = report.plan if full else report.plan[:SHOWN_LINES]
        for line in plan:
            yield f"  {line.action.value:<10} {cut(one_line(f'{line.title}  {line.reason}'), width() - 13)}"
        if len(plan) < len(report.plan):
            yield dim(f"  … {len(report.plan) - len(plan):,} more: --full")
    if report.left:
        yield f"Left, {len(report.left):,}:"
    for leave in report.left if full else report.left[:SHOWN_LINES]:
        reason = f"{leave.what}: {leave.why}"
        yield from wrapped(reason, first="  ", indent="    ") if full else [cut(f"  {one_line(reason)}", width())]
    if not full and len(report.left) > SHOWN_LINES:
        yield dim(f"  … {len(report.left) - SHOWN_LINES:,} more: --full")


def _is_export(path: str) -> bool:
    """Say whether a file begins as an export of BrainOps does."""
    try:
        with open(path, "rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError:
        return False  # a folder, or nothing: the importers say what is wrong
    return head.lstrip().startswith(b"{") and EXPORT_MARK in head.split(b"\n", 1)[0]


def _embed(brain: Brain) -> int:
    if elsewhere():  # a server does so by itself
        return 0
    with progress("embedding") as draw:
        return brain.upkeep.embed_pending(progress=draw)


def _put_back(done: Any) -> Iterator[str]:
    """Yield what an import of an export took, what it left, and what is not in force here."""
    yield f"Put back from {safe(done.path)}"
    taken = ", ".join(f"{kind.replace('_', ' ')} {count:,}" for kind, count in done.taken.items())
    yield from wrapped(f"taken: {taken or 'nothing'}", first="  ", indent="    ")
    for heading, noted in (("Left:", done.left), ("Taken, and not in force here:", done.disarmed)):
        if noted:
            yield heading
        for each in noted:
            named = f" ({', '.join(one_line(name) for name in each.names)})" if each.names else ""
            told = f"{each.count:,} {each.kind.replace('_', ' ')}: {each.reason}{named}"
            yield from wrapped(told, first="  ", indent="    ")


def _as_json(report: ImportReport, embedded: int) -> dict[str, Any]:
    lines = [{k: getattr(line, k) for k in ("action", "key", "title", "reason", "memory_id")} for line in report.plan]
    return {
        **_counted(report),
        "bound": report.bound,
        "embedded": embedded,
        "dry_run": report.dry_run,
        "plan": lines,
        "left": plain(report.left),
    }


def _counted(report: ImportReport) -> dict[str, int]:
    return {name: getattr(report, name) for name in ("taken", "repeated", "superseded", "moved", "flagged")}


@command("export")
@click.argument("path")
@FORCE
@BACKGROUND
def export(brain: Brain, path: str, force: bool, background: bool) -> Said:
    """Write everything readable as JSONL; `import` puts it back without loss, on SQLite or PostgreSQL.

    Example: brainops export memory.jsonl
    """
    if background:
        yield from in_background(brain, "export", {"path": str(Path(path).expanduser().absolute()), "force": force})
        return
    with progress("writing") as draw:
        done = brain.upkeep.export_to(path, force=force, progress=draw)
    yield done
    yield from show.report(done, f"Written to {safe(path)}")


@command("backup")
@click.argument("path")
def backup(brain: Brain, path: str) -> Said:
    """Write a verified copy of the whole store while others work. `restore --from` puts it back.

    Example: brainops backup /backups/memory.db
    """
    with busy("copying"):
        digest = brain.upkeep.backup(path)
    place = Path(path).expanduser().absolute()
    if not place.is_file():
        raise InvalidInput(f"{place} was written and is not there any more")
    taken = os.stat(place).st_size
    value = {"path": str(place), "sha256": digest, "bytes": taken}
    beside = f"{place.name}.sha256"
    yield value
    yield f"Backed up to {safe(str(place))} ({size(taken)}, verified)."
    yield dim(f"  sha256 {digest} (also in {safe(beside)})")
