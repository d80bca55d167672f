"""How is a picture printed, as SVG or as Mermaid? The options of the commands that show one."""

from __future__ import annotations

import click

from brainops.cli.screen import now, safe
from brainops.types import Run


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
