"""What can a command line do, as a value of the library: read, change, or destroy? (pure)"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from brainops.types import ActionClass
from brainops_core.commands import command_line

Own = Callable[[str], ActionClass | None]
"""What a namespace says itself of one command, given as its words joined by blanks."""


def classify_command(command: str | Sequence[str], own: Own | None = None) -> ActionClass:
    """Return what a command can do, given as a line of shell or as an argument list."""
    return ActionClass(command_line.classify_command(command, own))
