"""How is memory used from a shell? One command for each verb; everything heavy is imported when a command runs."""

from brainops.cli.program import main

__all__ = ["main"]
