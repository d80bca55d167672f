"""A process that has a store open and does as it is asked: `python store_process.py URL`, one order a line.

It answers each order with one line: `captured ID`, `found N`, or `error NAME: MESSAGE`.
"""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from brainops.brain import Brain
from brainops.errors import BrainOpsError
from tests.inside import inside


def say(line: str) -> None:
    os.write(1, (line.replace("\n", " ") + "\n").encode())


def main(url: str) -> None:
    brain = Brain.open(url, namespace="team/a", read=[], model="none", background=False)
    say("ready")
    with ExitStack() as reading:
        for line in sys.stdin:
            order, _, text = line.strip().partition(" ")
            try:
                match order:
                    case "capture":
                        say(f"captured {brain.capture(text).id}")
                    case "find":
                        say(f"found {len(brain.retrieve(text, limit=1_000))}")
                    case "purge":
                        say(f"purged, in the log for {brain.purge(text, reason='asked to').in_log_for}")
                    case "hold":  # a snapshot, as a long report does
                        tx = reading.enter_context(inside(brain).store.read())
                        tx.counts.memories()
                        say("holding")
                    case "let":
                        reading.close()
                        say("let go")
                    case "close":
                        brain.close()
                        say("closed")
                    case "end":
                        return
            except BrainOpsError as error:
                say(f"error {type(error).__name__}: {error}")


if __name__ == "__main__":
    main(sys.argv[1])
