"""What was learnt, when is it learnt next, and what holds? The commands learn, cycles and insights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from brainops.cli.commands import command
from brainops.cli.options import beside, paged
from brainops.cli.screen import age, bold, dim, now, one_line, wrapped
from brainops.cli.shared import Said, busy, opened
from brainops.types import Cycle, CycleStanding
from brainops.types.times import MINUTE_MICROS

if TYPE_CHECKING:
    from brainops.brain import Brain

CYCLES = [cycle.value.replace("_", "-") for cycle in Cycle]
INSIGHTS = 10  # insights, unless more are asked for


@command("learn", memory=opened)
@click.argument("cycle", type=click.Choice(CYCLES), required=False)
@click.option("--early", is_flag=True, help="Run it up to now, though it is not due.")
@click.option("--last", is_flag=True, help="Run nothing; show the last report.")
def learn(brain: Brain, cycle: str | None, early: bool, last: bool) -> Said:
    """Run the learning cycles that are due (or one of them), and show what they found.

    A cycle that is not due, or that another process is at, is not run; then its last report is shown.

    Example: brainops learn hourly --early
    """
    wanted = [Cycle(cycle.replace("-", "_"))] if cycle else list(Cycle)
    with busy("learning"):
        ran = [] if last else [brain.learning.run(each, early=early) for each in wanted]
        found = [report for report in ran if report is not None]
        shown = found or [report for each in wanted for report in brain.learning.reports(each, limit=1)]
        yield shown
        if not shown:
            yield "Nothing was learnt here yet."
        elif not bool(found):
            yield dim("Nothing was due; these are the last reports. To run one now: brainops learn hourly --early")
        for report in shown:
            for line in filter(None, report.text().splitlines()):
                yield from [bold(line.lstrip("# "))] if line.startswith("#") else wrapped(line, indent="  ")


@command("cycles")
def cycles(brain: Brain) -> Said:
    """Show when each learning cycle ran last, when it is due next, and what it does.

    Example: brainops cycles
    """
    standing = brain.learning.standing()
    yield standing
    for each in standing:
        name = each.cycle.value.replace("_", " ")
        ran = f"ran {age(each.ran_at)}" if each.ran_at is not None else "never ran"
        yield f"{bold(name)}  {ran}, {_due(each)}"
        for what in each.parts.values():
            yield from wrapped(what[:1].upper() + what[1:], first="  ", indent="    ")
    yield dim("They run in `brainops worker` and in programs that keep a memory open; by hand: brainops learn")


@command("insights")
@paged(INSIGHTS)
def insights(brain: Brain, limit: int, **cursors: str | None) -> Said:
    """Show what the learning cycles found that holds at present, what matters most first.

    Example: brainops insights --limit 5
    """
    found = brain.learning.insights(limit=limit, **beside(cursors))
    yield found
    if not found:
        yield "No insight holds at present."
        yield dim("  the cycles find them: brainops learn")
    for each in found:
        yield bold(one_line(each.title))
        yield from wrapped(one_line(str(each.content))[:500], first="  ", indent="  ")
        sure = each.metadata.get("probability")
        tail = f", {sure:.0%} sure" if isinstance(sure, float) and sure < 1 else ""
        yield dim(f"  {each.type.value}{tail}  {each.id}")


def _due(standing: CycleStanding) -> str:
    if standing.running:
        return "is under way"
    minutes = max(0, standing.next_at - now()) // MINUTE_MICROS
    if standing.next_at <= now():
        return "is due now"
    return f"due in {minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"due in {minutes} min"
