"""How long does a learning cycle take, and what does it hold, at 100,000 memories and 10,000 new operations?

    python -m bench.learning.cycles --work FOLDER [--quick]

The log holds four weeks of 200,000 operations of 400 kinds besides, a tenth of which changed how often they fail. Each
cycle runs in a process of its own, beside a thread that captures a memory every 20 ms and keeps its longest wait.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

from bench.figures import Figure
from bench.part import ROOT, Options, copy_of, options, publish, say
from brainops import Brain
from brainops.store import acts
from brainops.store.ids import new_id
from brainops.store.operations import finish_row
from brainops.types import Actor, ActorKind, Cycle, ErrorEvent, Failed, OperationStart, Succeeded

NAMESPACE = "bench/scale"
KINDS = 400
DAYS = 28
DAY = 86_400_000_000
NEW = 10_000
BATCH = 5_000
ERRORS = 50  # kinds of them
TARGETS = {Cycle.FIVE_MINUTES: 2.0, Cycle.HOURLY: None, Cycle.DAILY: 60.0}
MOST_MEGABYTES = 300.0
CAPTURE_EVERY_SECONDS = 0.02


def main() -> None:
    given = options()
    if given.rest:
        child(given.rest[0], given.rest[1], int(given.rest[2]))
    else:
        measure(given)


def measure(given: Options) -> None:
    """Fill a store, run each cycle, and publish what it took."""
    memories, past = (5_000, 10_000) if given.quick else (100_000, 200_000)
    store = copy_of(given, memories, "learning")
    with Brain.open(store, namespace=NAMESPACE, model="none", background=False) as brain:
        end = brain._context.store.now() // DAY * DAY
        write(brain, past, end - DAYS * DAY, end - 300_000_000, learnt=True)
        write(brain, NEW, end - 300_000_000, end, learnt=False)
    figures: list[Figure] = []
    for cycle in Cycle:
        say(f"running the cycle {cycle.value}")
        arguments = [sys.executable, "-m", "bench.learning.cycles", "--work", str(given.work)]
        done = subprocess.run(
            [*arguments, str(store), cycle.value, str(end)], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
        )
        told = json.loads(done.stdout)
        say(told["report"])
        figures += of(cycle, told, f"{memories:,} memories, {past:,} + {NEW:,} operations")
    publish(figures, quick=given.quick)


def write(brain: Brain, count: int, begin: int, end: int, *, learnt: bool) -> None:
    """Write operations evenly over a time."""
    say(f"writing {count:,} operations")
    dice = random.Random(count)
    for first in range(0, count, BATCH):
        with brain._context.store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
            for number in range(first, min(count, first + BATCH)):
                operation(tx, dice, begin + (end - begin) * number // count, end)
            if learnt:
                keys = [row["key"] for row in tx.learning.unlearnt(end + DAY, 0)]
                tx.learning.mark_learnt(keys, end)


def operation(tx: object, dice: random.Random, at: int, end: int) -> None:
    """Write one operation: most kinds fail now and then, a tenth often since the last week."""
    kind = dice.randrange(KINDS)
    often = kind % 10 == 0 and at > end - 7 * DAY
    failed = dice.random() < (0.4 if often else 0.02)
    id, actor = new_id(), Actor(kind=ActorKind.AGENT, id=f"agent-{kind % 7}")
    start = OperationStart(name=f"operation {kind % 40}", target=f"service-{kind}", actor=actor, context={"n": kind})
    tx.operations.begin(id, start, None, at)  # type: ignore[attr-defined]
    error = ErrorEvent(type="TimeoutError", message=f"service-{kind % ERRORS} did not answer")
    outcome = Failed(error=error, duration_seconds=2.0) if failed else Succeeded(duration_seconds=dice.random())
    values = finish_row(outcome, at)
    values["fingerprint"] = f"{kind % ERRORS:032x}" if failed else None
    tx.operations.finish(id, values)  # type: ignore[attr-defined]


def child(store: str, cycle: str, end: int) -> None:
    """Run one cycle and print what it took."""
    with Brain.open(Path(store), namespace=NAMESPACE, model="none", background=False) as brain:
        over, waits, held = threading.Event(), [0.0], [0.0]

        def capture() -> None:
            number = 0
            while not over.wait(CAPTURE_EVERY_SECONDS):
                held.append(private_megabytes())
                number, begun = number + 1, time.monotonic()
                brain.capture(f"beside the cycle {cycle}, number {number}", "a memory", importance=0.6)
                waits.append(time.monotonic() - begun)

        beside = threading.Thread(target=capture)
        beside.start()
        begun, spent = time.monotonic(), time.process_time()
        report = brain.learning.run(cycle, now=end)
        took, spent = time.monotonic() - begun, time.process_time() - spent
        over.set()
        beside.join()
        assert report is not None
    said = {"seconds": took, "cpu": spent, "megabytes": max(held), "wait": max(waits), "insights": len(report.insights)}
    print(json.dumps({**said, "report": report.text()}))


def private_megabytes() -> float:
    """Return what the process holds for itself; pages of the mapped store are the system's, and leave when needed."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon"))


def of(cycle: Cycle, told: dict[str, float], at: str) -> list[Figure]:
    """Return the figures of one cycle."""
    name = f"{cycle.value}, {at}"
    beside = {"cpu_seconds": round(told["cpu"], 2), "insights": told["insights"]}
    return [
        Figure(name=f"{name}: seconds", value=told["seconds"], unit="s", n=1, at_most=TARGETS[cycle], beside=beside),
        Figure(name=f"{name}: private memory", value=told["megabytes"], unit="MB", n=1, at_most=MOST_MEGABYTES),
        Figure(name=f"{name}: longest wait of a capture", value=told["wait"] * 1e3, unit="ms", n=1),
    ]


if __name__ == "__main__":
    main()
