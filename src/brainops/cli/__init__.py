"""How is memory used from a shell? One command for each verb; everything heavy is imported when a command runs."""

from __future__ import annotations

import gc
import sys

TYPE_CHECKING = False  # see brainops.lazy
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

GARBAGE_OBJECTS = 50_000  # some megabytes, before the first look for it


def main(args: Sequence[str] | None = None) -> None:
    """Run the program, and leave it with the exit code that fits."""
    from brainops.cli.help import alone, nobody_listens

    given = sys.argv[1:] if args is None else list(args)
    told = alone(given)
    if told is None:
        # What a start makes stays to the end: to look through it for garbage at each seven hundredth object, and once
        # more when the interpreter ends, would take a fifth of the time of a short command.
        gc.set_threshold(GARBAGE_OBJECTS)
        from brainops.cli.libraries import load

        load()
        from brainops.cli.program import main

        try:
            main(given)
        except SystemExit as end:
            if end.code in (0, 1):  # what is interrupted may leave a store open, which the last look closes
                gc.freeze()
            raise
        return
    try:
        print(told, end="", flush=True)
    except BrokenPipeError:
        sys.exit(nobody_listens())
