"""How well does memory do its work, and what did the last days bring? The commands health and report."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from brainops.cli.commands import command
from brainops.cli.screen import bold, cut, dim, padded, width
from brainops.cli.shared import Said, micros, opened, seconds
from brainops.types import HealthFigure, Report, Series

if TYPE_CHECKING:
    from brainops.brain import Brain

NAME_COLUMNS = 23
VALUE_COLUMNS = 15
BAR_COLUMNS = 12
WEEK, MONTH = 7, 30
OVER_TIME = ("operations", "failures")  # that a page of a report has as lines
CHARTED_STEPS = 60  # about so many in a line


@command("health", memory=opened)
@click.option("--days", type=click.IntRange(1, 365), default=MONTH, show_default=True, help="Counted over so many.")
@click.option("--formulas", is_flag=True, help="Say how each figure is counted.")
@click.option("--over-time", "figure", metavar="FIGURE", help="How one went: operations, failures, ...")
@click.option("--step", default="1h", show_default=True, metavar="AGE", help="With --over-time: 5min, 1h, 1d.")
@click.option("--since", metavar="TIME", help="With --over-time: a time or an age; 48 steps without it.")
def health(brain: Brain, days: int, formulas: bool, figure: str | None, step: str, since: str | None) -> Said:
    """Show the figures of health: each is counted from the record, and says "nothing yet" where there is nothing.

    Example: brainops health --days 30
    """
    if figure is not None:
        told = brain.health.series(figure, since=micros(since), step_seconds=seconds(step))
        yield told
        yield from _over_time(told)
        return
    figures = brain.health.figures(days=days)
    yield figures
    if formulas:
        yield from (f"{bold(figure.name)}: {figure.formula}" for figure in figures)
    else:
        yield from _figures(figures, days)


@command("report", memory=opened)
@click.option("--week", is_flag=True, help="The last seven days, which is what it shows unless told otherwise.")
@click.option("--days", type=click.IntRange(1, 365), default=WEEK, metavar="N", help="The last so many days.")
@click.option("--markdown", "form", flag_value="markdown", help="Print it as a Markdown page, with every formula.")
@click.option("--html", "form", flag_value="html", help="Print it as one page with charts, which can be mailed.")
def report(brain: Brain, week: bool, days: int, form: str | None) -> Said:
    """Show what the last days brought: repeats avoided, fixes that held, wrong suggestions, effort, improvements.

    Example: brainops report --week
    """
    from brainops.health.report import markdown

    days = WEEK if week else days
    value = brain.health.report(days=days)
    if form == "html":
        from brainops.health.report_page import page

        step = max(1, days // CHARTED_STEPS) * 86_400 if days > 2 else 3_600
        over_time = [
            brain.health.series(each, since=value.from_at, until=value.to_at, step_seconds=step) for each in OVER_TIME
        ]
        click.echo(page(value, over_time, brain.health.calibration(days=days)), nl=False)
        return
    yield value
    yield from markdown(value) if form else _report(value, days)


def _over_time(told: Series) -> Iterator[str]:
    from brainops.health.figure_text import BARS, said, spark
    from brainops.types.times import length

    measured = [point for point in told.points if point.value is not None]
    yield f"{bold(told.figure)}, {len(told.points)} steps of {length(told.step_seconds)}"
    if not measured:
        yield "There is nothing to count yet."
        return
    values = [point.value for point in measured if point.value is not None]
    bars = iter(spark(values) or BARS[0] * len(values))
    yield "".join(" " if point.value is None else next(bars) for point in told.points)[-width() :]
    yield (
        f"lowest {said(min(values), told.unit)}, highest {said(max(values), told.unit)}, "
        f"newest {said(values[-1], told.unit)}; of {sum(point.counted for point in told.points):,}"
    )
    silent = len(told.points) - len(measured)
    if silent:
        yield dim(f"{silent} steps are blank: there was nothing to count, or too little.")


def _figures(figures: tuple[HealthFigure, ...], days: int) -> Iterator[str]:
    from brainops.health.figure_text import said

    yield dim(f"{'':<{NAME_COLUMNS}}{f'last {days} days':<{VALUE_COLUMNS}}")
    counted = [figure for figure in figures if figure.value is not None]
    if not counted:
        yield "There is nothing to count yet."
    for figure in counted:
        value = said(figure.value, figure.unit)
        styled = bold(f"{value:<{VALUE_COLUMNS}}")
        lead = f"{figure.name:<{NAME_COLUMNS}}"
        yield lead + styled + cut(_drawn(figure), width() - NAME_COLUMNS - VALUE_COLUMNS)
    left = len(figures) - len(counted)
    if left:
        yield dim(f"{left} more are silent: there is nothing to count for them yet.")
    yield dim("How each is counted: brainops health --formulas")


def _drawn(figure: HealthFigure) -> str:
    """Return a bar for a share, small bars for a history, and from how many it was counted."""
    from brainops.health.figure_text import bar, spark

    counted = f"of {figure.counted:,}" if figure.counted and figure.unit in ("share", "error", "seconds") else ""
    if figure.value is None and 0 < figure.counted < figure.least:
        counted = f"{figure.counted:,} of {figure.least} cases that it takes"
    history: Any = figure.detail.get("history")
    if figure.value is not None and history and spark(history):
        drawn = spark(history)[-BAR_COLUMNS:]
    elif figure.value is not None and figure.unit == "share":
        drawn = bar(figure.value, BAR_COLUMNS)
    else:
        drawn = ""
    return f"{drawn:<{BAR_COLUMNS + 1}}{counted}{_noted(figure)}".rstrip()


def _noted(figure: HealthFigure) -> str:
    unjudged: Any = figure.detail.get("unjudged_share")
    if figure.name == "pattern match accuracy" and unjudged is not None:
        return f"  ({unjudged:.0%} not judged)"
    return ""


def _report(value: Report, days: int) -> Iterator[str]:
    from brainops.health.figure_text import said

    yield dim(f"{'':<27}{f'last {days} days':>15}{'before':>15}  ")
    told = [line for line in value.lines if line.value is not None or line.before is not None]
    if not told:
        yield "There is nothing to count yet."
    for line in told:
        now, before = said(line.value, line.unit), said(line.before, line.unit)
        yield f"{padded(line.name, 27)}{now:>15}{dim(f'{before:>15}')}  {_change(line.value, line.before)}".rstrip()
    yield dim("How each is counted: brainops report --markdown")


def _change(value: float | None, before: float | None) -> str:
    if value is None or before is None or value == before:
        return ""
    return "▲" if value > before else "▼"
