"""What does BrainOps add to a program: in memory, and to a call? What its start costs is measured in `starts`."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy

from bench.figures import Figure, Timing, add, bootstrap, latencies, rounded
from bench.part import ROOT, Options, copy_of, options, profiled, publish, say, store_of
from bench.speed.questions import NAMESPACE, questions
from brainops import Brain

TARGET_MEGABYTES, TARGET_ADDED_MS = 200.0, 2.0
PAUSE_SECONDS = 0.002  # between two requests of a service that has others to wait for
NAMES, TARGETS = 10, 5  # of the operations of the measured service
FAILURES = 0.02


def main() -> None:
    given = options()
    size = 5_000 if given.quick else 100_000
    say(f"memory at {size:,} memories")
    figures = memory(given, size)
    say("an operation around a call")
    found, profile = operations(given, size, 500 if given.quick else 3_000)
    figures += found
    publish(figures, quick=given.quick, profile=profile)


SEARCHING = """
import sys
from bench.speed.smaps import megabytes
from bench.speed.questions import NAMESPACE, ONE_PERCENT, questions
from brainops import Brain
most = {"own": 0.0}
with Brain.open(sys.argv[1], namespace=NAMESPACE, background=False) as brain:
    for number, question in enumerate(questions(100)):
        brain.retrieve(question, **(ONE_PERCENT if number % 4 == 0 else {}))
        most = max(most, megabytes(), key=lambda found: found["own"])
    after = megabytes()
print(most["own"], after["own"], after["mapped"])
"""
EMPTY = "from bench.speed.smaps import megabytes; print(megabytes()['own'])"


def memory(given: Options, size: int) -> list[Figure]:
    """Return what a process that searches a store holds above an empty one."""
    if not Path("/proc/self/smaps_rollup").exists():
        say("the kernel does not tell memory by kind here: left out")
        return []
    empty = float(printed("-c", EMPTY))
    most, after, mapped = map(float, printed("-c", SEARCHING, str(store_of(given, size))).split())
    return [
        Figure(
            name=f"memory above an empty process at {size:,} memories, mapped files apart",
            value=most - empty,
            unit="MB",
            n=100,
            at_most=TARGET_MEGABYTES,
            beside={
                "at_the_end_mb": rounded(after - empty),
                "mapped_files_mb": rounded(mapped),
                "empty_mb": rounded(empty),
            },
        )
    ]


def printed(*arguments: str) -> str:
    """Return what a Python of its own prints."""
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    ).stdout.strip()


def operations(given: Options, size: int, requests: int) -> tuple[list[Figure], Any]:
    """Time what stands around a request's own work: begin and finish, with what is asked and recorded."""
    with Brain.open(copy_of(given, size, "operations"), namespace=NAMESPACE, background=False) as brain:
        whats = [f"{question} {number}" for number, question in enumerate(questions(NAMES))]
        names = [(what, f"host-{number}") for what in whats for number in range(TARGETS)]
        for name, target in names:
            one(brain, name, target, None)
        paced = serve(brain, names, requests, pause=PAUSE_SECONDS)
        tight = serve(brain, names, requests, pause=0.0)
        failing = serve(brain, names, requests, pause=PAUSE_SECONDS, failures=FAILURES)
        brain.flush()
        profile = profiled(lambda row: one(brain, *row, None), (names * 10)[:500])
    at = f"an operation (consult=cached, record=async) at {size:,} memories adds"
    return [
        *added(at, paced, TARGET_ADDED_MS),
        *added(f"{at}, requests without a pause", tight, None),
        *added(f"{at}, {FAILURES:.0%} of requests fail", failing, None),
    ], profile


def one(brain: Brain, name: str, target: str, error: Exception | None) -> None:
    """Run an operation around nothing."""
    try:
        with brain.operation(name, target=target, consult="cached", record="async"):
            if error is not None:
                raise error
    except ValueError:
        pass


def serve(brain: Brain, names: list[tuple[str, str]], requests: int, *, pause: float, failures: float = 0.0) -> Timing:
    """Serve requests one after the other and time what the operation adds to each."""
    chance, timing = random.Random(5), Timing(wall=[], cpu=[])
    for number in range(requests):
        name, target = chance.choice(names)
        error = ValueError(f"no such row: {number}") if chance.random() < failures else None
        add(timing, lambda: one(brain, name, target, error))  # noqa: B023 - it is called before the next round
        if pause:
            time.sleep(pause)
    brain.flush()
    return timing


def added(name: str, timing: Timing, at_most: float | None) -> list[Figure]:
    """Return the median and the 99th percentile."""
    p50, _ = latencies(name, timing)
    p99 = Figure(
        name=f"{name}: p99",
        value=float(numpy.quantile(timing.wall, 0.99)),
        unit="ms",
        n=len(timing.wall),
        interval=bootstrap(timing.wall, lambda rows: numpy.quantile(rows, 0.99, axis=-1)),
        method="bootstrap",
        at_most=at_most,
    )
    return [p50, p99]


if __name__ == "__main__":
    main()
