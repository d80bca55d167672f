"""What does BrainOps do for somebody who has never seen it? Sixty seconds, offline, in a store that is thrown away."""

from __future__ import annotations

import click

from brainops.cli.shared import command


@command("demo")
@click.option("--quick", is_flag=True, help="Without the pauses.")
def demo(quick: bool) -> None:
    """Watch it at work, offline, in a store that is thrown away: an error comes back, and its fix is known."""
