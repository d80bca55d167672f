"""What goes on in the background, how far is it, and what came of it? The command jobs, and --background."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from brainops.cli import show
from brainops.cli.commands import group
from brainops.cli.options import beside, paged
from brainops.cli.screen import age, ago, cut, dim, now, one_line, padded, safe, who, width
from brainops.cli.short_ids import Id
from brainops.cli.terminal import proven
from brainops.types import JobState
from brainops.wire import to_json

if TYPE_CHECKING:
    from brainops.brain import Brain
    from brainops.cli.shared import Said
    from brainops.types import JSON, Job

STATE_COLUMNS = 10
KIND_COLUMNS = 16


def in_background(brain: Brain, kind: str, given: Mapping[str, JSON] | None = None, *, act: str | None = None) -> Said:
    """Have something done in the background, with the proof that its act takes, and say who does it."""
    job = brain.jobs.start(kind, given) if act is None else proven(brain, act, brain.jobs.start, kind, given)
    yield job
    yield f"{kind} goes on in the background: brainops jobs show {job.id}"
    if not brain.workers.list():
        yield dim("  No worker lives here yet, so it waits for one: brainops worker, or brainops serve")


@group("jobs", bare="list")
def jobs() -> None:
    """List what goes on in the background, and what came of it, the newest first.

    \b
    brainops reindex --background      also audit, doctor, reembed, export,
                                       compact --restore, purge --subject
    brainops jobs show JOB
    brainops jobs cancel JOB
    """


@jobs.command("list")
@click.option("--state", type=click.Choice([each.value for each in JobState]), help="Only those that stand so.")
@paged()
def list_(brain: Brain, state: str | None, limit: int, **cursors: str | None) -> Said:
    """List jobs, the newest first.

    Example: brainops jobs list --state running
    """
    found = brain.jobs.list(state, limit=limit, **beside(cursors))
    yield found
    for each in found:
        head = f"{age(each.created_at):>6}  {padded(each.state.value, STATE_COLUMNS)}"
        yield cut(f"{head}  {padded(each.kind.value, KIND_COLUMNS)}  {_so_far(each)}", width())
        yield dim(f"        {each.id}")
    if not found:
        yield "Nothing goes on in the background."


@jobs.command("show")
@click.argument("job_id", metavar="JOB", type=Id("job"))
def show_(brain: Brain, job_id: str) -> Said:
    """Show how far a job is, and what came of it.

    Example: brainops jobs show 3f9a1c
    """
    job = brain.jobs.get(job_id)
    yield job
    result = "" if job.result is None else one_line(to_json(job.result).decode())
    yield from show.pairs(
        {
            "job": job.id,
            "kind": job.kind.value,
            "state": f"{job.state.value}, begun {ago(job.created_at, now())} by {who(job.actor)}",
            "so far": _so_far(job),
            "asked with": safe(", ".join(f"{name}={value}" for name, value in job.given.items())),
            "attempts": str(job.attempts) if job.attempts > 1 else "",
            "result": safe(cut(result, 2_000)),
        }
    )


@jobs.command("cancel")
@click.argument("job_id", metavar="JOB", type=Id("job"))
def cancel(brain: Brain, job_id: str) -> Said:
    """Let a job not go on: at once where it waits, within seconds where it is under way.

    Example: brainops jobs cancel 3f9a1c
    """
    job = brain.jobs.cancel(job_id)
    yield job
    yield "Cancelled." if job.state is JobState.CANCELLED else "It is told to stop where it can be left."


def _so_far(job: Job) -> str:
    if job.error is not None:
        return one_line(job.error)
    if not job.done:
        return ""
    return f"{job.done:,} of {job.total:,}" if job.total else f"{job.done:,}"
