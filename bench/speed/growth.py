"""What does each verb cost as a store grows: CPU, and the memory that it takes for its answer?

    python -m bench.speed.growth --work FOLDER [--quick] [COUNT ...]

Each verb runs in a process of its own, on a copy of the same built store, so that its peak of memory is its own.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.figures import Figure, Timing, add, work
from bench.part import ROOT, copy_of, options, publish, say
from bench.speed.questions import NAMESPACE, notes, questions
from bench.speed.smaps import megabytes
from brainops import Brain

SIZES = (1_000, 10_000, 100_000)
QUICK_SIZES = (200, 1_000)
ERROR = "psycopg.OperationalError: connection to server at 10.0.3.7, port 5432 failed: Connection refused"
LOOKS_A_SECOND = 100  # at the memory that a verb holds meanwhile

AT_MOST = {"newest ten": 10.0, "status": 10.0, "session start": 30.0}
"""CPU milliseconds that a verb may take however large the store is."""


def main() -> None:
    given = options()
    sizes = QUICK_SIZES if given.quick else tuple(map(int, given.rest)) or SIZES
    figures = []
    for size in sizes:
        store = copy_of(given, size, "growth")
        figures.append(opened(store, size))
        for verb in VERBS:
            say(f"{verb} at {size:,} memories")
            figures += measured(store, size, verb)
        store.unlink()
    publish(figures, quick=given.quick)


def opened(store: Path, size: int) -> Figure:
    """Return what the first opening takes, which brings a store of an earlier schema to this program's."""
    timing = Timing(wall=[], cpu=[])
    os.environ["BRAINOPS_MIGRATE_WITHOUT_BACKUP"] = "1"
    add(timing, lambda: Brain.open(store, namespace=NAMESPACE, background=False).close())
    return work(f"the first opening, {size:,} memories", timing)


def measured(store: Path, size: int, verb: str) -> Iterator[Figure]:
    """Yield what a verb costs in a process of its own: CPU, and the most memory above what it began with."""
    done = subprocess.run(
        [sys.executable, "-c", "from bench.speed.growth import child; child()", str(store), verb],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    found = json.loads(done.stdout)
    timing = Timing(wall=found["wall"], cpu=found["cpu"])
    yield work(f"{verb}, {size:,} memories", timing, at_most=AT_MOST.get(verb))
    yield Figure(name=f"{verb}, {size:,} memories: memory", value=found["megabytes"], unit="MB", n=len(timing.cpu))


def child() -> None:
    """Measure one verb and print its numbers."""
    store, verb = sys.argv[1:]
    timing = Timing(wall=[], cpu=[])
    with Brain.open(store, namespace=NAMESPACE, background=False) as brain:
        prepare, times = VERBS[verb]
        call = prepare(brain)
        if times > 1:
            call()  # the first opens the model and fills the caches
        with peak() as most:
            for _ in range(times):
                add(timing, call)
    print(json.dumps({"wall": timing.wall, "cpu": timing.cpu, "megabytes": most[0]}))


@contextmanager
def peak() -> Iterator[list[float]]:
    """Note the most memory, without mapped files, that the process holds above what it holds now."""
    began, most, over = megabytes()["own"], [0.0], threading.Event()

    def look() -> None:
        while not over.wait(1 / LOOKS_A_SECOND):
            most[0] = max(most[0], megabytes()["own"] - began)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield most
    finally:
        over.set()
        looking.join()


def _asked(verb: Callable[[Brain, str], object]) -> Callable[[Brain], Callable[[], object]]:
    """Return a verb that is asked something else each time."""

    def prepare(brain: Brain) -> Callable[[], object]:
        asked = itertools.cycle(questions(50))
        return lambda: verb(brain, next(asked))

    return prepare


def _capture(brain: Brain) -> Callable[[], object]:
    written = iter(notes(2_000, os.getpid()))
    return lambda: brain.capture(*next(written))


def _export(brain: Brain) -> Callable[[], object]:
    folder = Path(tempfile.mkdtemp(prefix="brainops-growth-"))

    def export() -> None:
        brain.upkeep.export_to(folder / "all.jsonl", force=True)
        shutil.rmtree(folder)

    return export


VERBS: dict[str, tuple[Callable[[Brain], Callable[[], object]], int]] = {
    "match": (lambda brain: lambda: brain.match(ERROR), 30),
    "newest ten": (lambda brain: lambda: brain.retrieve("", limit=10), 30),
    "retrieve": (_asked(lambda brain, text: brain.retrieve(text, limit=10)), 30),
    "guidance": (_asked(lambda brain, text: brain.guidance(text)), 30),
    "status": (lambda brain: brain.upkeep.status, 10),
    "health": (lambda brain: brain.health.figures, 10),
    "report": (lambda brain: brain.health.report, 10),
    "session start": (lambda brain: brain.sessions.open, 10),
    "capture": (_capture, 1_000),
    "doctor": (lambda brain: brain.upkeep.doctor, 1),
    "audit": (lambda brain: brain.upkeep.audit, 1),
    "rescan": (lambda brain: lambda: brain.upkeep.redact_rescan(dry_run=True), 1),
    "export": (_export, 1),
}
"""Each verb: what prepares its call, and how often that is timed."""


if __name__ == "__main__":
    main()
