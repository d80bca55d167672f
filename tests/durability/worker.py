"""A process that writes or reads a store until it is killed: `python worker.py writer|reader|counter URL NAME`.

It says each act on standard output once it was acknowledged, one line a write, so that nothing said is ever half said.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from brainops.brain import Brain
from brainops.errors import BrainOpsError, NotFound
from brainops.types import Draft
from tests.conformance.letters import Letters, with_model

NAMESPACE = "team/a"


def say(line: str) -> None:
    os.write(1, (line + "\n").encode())


def opened(url: str) -> Brain:
    brain = Brain.open(url, namespace=NAMESPACE, read=[], model="none", background=False)
    return with_model(brain, Letters("letters"))


def write(brain: Brain, name: str) -> None:
    """Capture, repeat, correct, archive and operate for ever; say the id of every capture and the act."""
    number, ids = random.randrange(10**12), list[str]()
    while True:
        number += 1
        captured = brain.capture(f"gateway {name} {number}", "some text of it", tags=[name])
        say(f"captured {captured.id}")
        ids.append(captured.id)
        match number % 8:
            case 0:
                brain.capture(f"gateway {name} {number}", "some text of it", tags=["again"])
            case 1:
                successor = brain.supersede(ids.pop(), Draft(title=f"gateway {name} {number} corrected"))
                say(f"captured {successor.id}")
            case 2:
                brain.archive(ids.pop())
            case 3:
                with brain.operation("deploy", consult="never") as running:
                    pass
                say(f"operated {running.id}")
            case 4:
                drafts = [Draft(title=f"gateway {name} {number} bulk {each}") for each in range(20)]
                for each in brain.capture_many(drafts):
                    say(f"captured {each.id}")


def read(brain: Brain, name: str) -> None:
    """Look for each id that comes in on standard input, and search; say what is missing."""
    for line in sys.stdin:
        memory_id = line.strip()
        try:
            memory = brain.get(memory_id)
        except NotFound:
            say(f"missing {memory_id}")
            continue
        if not brain.retrieve(memory.title, include_archived=True, include_superseded=True):
            say(f"unfindable {memory_id}")
        say(f"seen {memory_id}")


def count(brain: Brain, name: str) -> None:
    """Capture until standard input says the time, and say how often; any error is said and ends it."""
    say("ready")
    seconds = float(sys.stdin.readline())
    deadline, number = time.monotonic() + seconds, 0
    try:
        while time.monotonic() < deadline:
            brain.capture(f"gateway {name} {number}", tags=[name])
            number += 1
    except BrainOpsError as error:
        say(f"error {type(error).__name__} {error}")
    say(f"captured {number}")


MODES: dict[str, Callable[[Brain, str], None]] = {"writer": write, "reader": read, "counter": count}

if __name__ == "__main__":
    mode, url, name = sys.argv[1:]
    MODES[mode](opened(url), name)
