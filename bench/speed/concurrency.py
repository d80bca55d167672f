"""What do eight readers and one writer get done at once, and does every reader see every acknowledged capture?"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from bench.figures import Figure
from bench.part import copy_of, options, publish, say
from bench.speed.questions import NAMESPACE, notes, questions
from brainops import Brain

READERS = 8
CHECKED_EVERY = 4  # one read in so many asks for the memory that was acknowledged last, the others ask at large
TARGET_A_SECOND = 300.0
OFFERED_A_SECOND = 330.0  # reads and captures each, where they come at a rate and not as fast as they can


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What the processes tell each other: how many captures are acknowledged, and when to start and to stop."""

    acknowledged: Synchronized[int]
    ready: Any
    go: Event
    stop: Event
    reported: Any


def main() -> None:
    given = options()
    seconds = 3.0 if given.quick else 15.0
    figures: list[Figure] = []
    # 1,000 memories is what research measured the peers at; ten times as many shows how it grows.
    asked = [(size, "minilm", OFFERED_A_SECOND) for size in ((1_000,) if given.quick else (1_000, 10_000))]
    for size, model, offered in (*asked, (asked[-1][0], "minilm", 0.0), (asked[-1][0], "none", 0.0)):
        mode = "words only" if model == "none" else "words and meaning"
        mode += f", {offered:.0f}/s of each asked for" if offered else ", as fast as they can"
        say(f"{READERS} readers and a writer ({mode}) for {seconds:.0f} s on {size:,} memories")
        counted = run(copy_of(given, size, "concurrent"), model, seconds, offered)
        figures += judged(f"{READERS} readers, 1 writer, {size:,} memories, {mode}", counted, offered)
    publish(figures, quick=given.quick)


def judged(name: str, counted: dict[str, float], offered: float) -> list[Figure]:
    """Return what was done in a second and whether anything was missed."""
    n = round(counted["checks"])
    line = TARGET_A_SECOND if offered else None
    return [
        Figure(name=f"{name}: reads", value=counted["reads_a_second"], unit="/s", n=round(counted["reads"]),
               at_least=line),
        Figure(name=f"{name}: captures", value=counted["captures_a_second"], unit="/s", n=round(counted["captures"]),
               at_least=line),
        Figure(name=f"{name}: captures that a reader did not see", value=counted["missed"], n=n, at_most=0),
    ]  # fmt: skip


def run(store: Path, model: str, seconds: float, offered: float) -> dict[str, float]:
    """Let everybody work for so long, and add up what they report."""
    start = multiprocessing.get_context("spawn")
    shared = Shared(
        acknowledged=start.Value("q", 0),
        ready=start.Semaphore(0),
        go=start.Event(),
        stop=start.Event(),
        reported=start.Queue(),
    )
    pace = 1.0 / offered if offered else 0.0
    people = [start.Process(target=write, args=(store, shared, pace))]
    people += [start.Process(target=read, args=(store, model, each, shared, pace * READERS)) for each in range(READERS)]
    for each in people:
        each.start()
    for _ in people:
        shared.ready.acquire()
    shared.go.set()
    began = time.monotonic()
    time.sleep(seconds)
    shared.stop.set()
    took = time.monotonic() - began
    reports = [shared.reported.get(timeout=300) for _ in people]
    for each in people:
        each.join()
        assert each.exitcode == 0, f"a process ended with {each.exitcode}"
    total = {key: sum(report.get(key, 0) for report in reports) for key in ("reads", "captures", "checks", "missed")}
    return {**total, "reads_a_second": total["reads"] / took, "captures_a_second": total["captures"] / took}


def paced(shared: Shared, pace: float) -> Iterator[None]:
    """Take turns until told to stop: each at its time, or at once where that has passed."""
    due = time.monotonic()
    while not shared.stop.is_set():
        due += pace
        time.sleep(max(0.0, due - time.monotonic()))
        yield


def token(number: int) -> str:
    """Return the word that only capture `number` holds."""
    return f"token{number}"


def write(store: Path, shared: Shared, pace: float) -> None:
    """Capture until told to stop; a capture counts for the readers once it is acknowledged."""
    with Brain.open(store, namespace=NAMESPACE, model="none", background=False) as brain:
        rows = notes(2_000, 23)
        brain.capture("the writer is warm", "ready")
        shared.ready.release()
        shared.go.wait()
        done = 0
        for _ in paced(shared, pace):
            title, text = rows[done % len(rows)]
            brain.capture(f"{token(done + 1)} {title}", text, idempotency_key=token(done + 1))
            done += 1
            shared.acknowledged.value = done
        shared.reported.put({"captures": done})


def read(store: Path, model: str, number: int, shared: Shared, pace: float) -> None:
    """Ask until told to stop; then look that everything acknowledged is there."""
    asked = questions(500)[number::READERS]
    reads = checks = missed = 0
    with Brain.open(store, namespace=NAMESPACE, model=model, background=False) as brain:
        brain.retrieve(asked[0])
        shared.ready.release()
        shared.go.wait()
        for _ in paced(shared, pace):
            newest = shared.acknowledged.value
            if newest and reads % CHECKED_EVERY == 0:
                checks, missed = checks + 1, missed + (not finds(brain, newest))
            else:
                brain.retrieve(asked[reads % len(asked)])
            reads += 1
        acknowledged = {token(each) for each in range(1, shared.acknowledged.value + 1)}
        titles = everything(brain)
        missed += len(acknowledged - titles)
        checks += len(acknowledged)
    shared.reported.put({"reads": reads, "checks": checks, "missed": missed})


def finds(brain: Brain, number: int) -> bool:
    """Say whether a capture is among the hits for its own word."""
    return any(hit.memory.title.startswith(f"{token(number)} ") for hit in brain.retrieve(token(number)))


def everything(brain: Brain) -> set[str]:
    """Return the first words of all titles, newest first, a thousand at a time."""
    found: set[str] = set()
    until = None
    while True:
        conditions = {} if until is None else {"until": until}
        hits = brain.retrieve("", limit=1_000, **conditions)
        new = {hit.memory.title.split(" ", 1)[0] for hit in hits} - found
        found |= new
        if len(hits) < 1_000 or not any(each.startswith("token") for each in new):
            return found
        until = min(hit.memory.created_at for hit in hits) + 1


if __name__ == "__main__":
    main()
