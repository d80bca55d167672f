"""How is a picture printed, as SVG or as Mermaid? The options of the commands that show one, and sparklines."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from brainops.cli.screen import now, safe
from brainops.types import Run

_ASCII = "_.:-=+*#"  # for a terminal that has no letters for small bars


def pictured(function: click.decorators.FC) -> click.decorators.FC:
    """Add the options by which a run is shown as a picture, and as nothing else."""
    for name, said in (
        ("mermaid", "Only the time line, as Mermaid."),
        ("svg", "Only the time line, to scale, as SVG."),
    ):
        function = click.option(f"--{name}", "drawn", flag_value=name, default=None, help=said)(function)
    return function


def echo_run(run: Run, drawn: str) -> None:
    """Print the time line of a run."""
    from brainops import authoring
    from brainops.pictures import flow, svg

    text = svg.standalone(flow.time_line(run, now())) if drawn == "svg" else safe(authoring.gantt(run, now()))
    click.echo(text, nl=False)


def terminal_spark(values: Sequence[float]) -> str:
    """Return values as small bars for a person who looks at a terminal; "" for a pipe or a file, or where all are 0."""
    from brainops.health.figure_text import BARS, spark

    if not sys.stdout.isatty() or os.environ.get("TERM") == "dumb":
        return ""
    drawn = spark(values)
    try:
        drawn.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return drawn.translate(str.maketrans(BARS, _ASCII))
    return drawn
