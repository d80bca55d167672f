"""How long does a retrieve take on PostgreSQL, with word ranking by pg_textsearch and by tsvector?"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from bench.figures import Figure, Timing, add, latencies, timed, work
from bench.part import Options, options, profiled, publish, say
from bench.scale.build import build
from bench.speed.latency import HITS, WARM, checked, ratio
from bench.speed.questions import NAMESPACE, ONE_PERCENT, TEN_PERCENT, notes, questions
from brainops import Brain
from brainops.embedding import open_embedder
from tests.conformance.conftest import OWNER, FreshDatabase, prepare
from tests.conformance.postgres_server import PostgresServer

TARGET_P50 = 15.0
PACKAGE = "pgserver"  # a PostgreSQL with pgvector and pg_textsearch
SETTINGS = {  # of a small server, and durable, unlike that of the tests
    "fsync": "on",
    "autovacuum": "on",
    "shared_buffers": "1GB",
    "maintenance_work_mem": "512MB",
    "shared_preload_libraries": "pg_textsearch",
}


def main() -> None:
    given = options()
    count = 3_000 if given.quick else 100_000
    asked = questions(60 if given.quick else 300)
    if importlib.util.find_spec(PACKAGE) is None:
        raise SystemExit(f"{PACKAGE} is not installed: there is no PostgreSQL to measure")
    figures: list[Figure] = []
    profiles = {}
    with database() as (url, administrator):
        fill(url, administrator, count)
        for ranking in ("pg_textsearch", "tsvector"):
            if ranking == "tsvector":
                with psycopg.connect(administrator, autocommit=True) as connection:
                    connection.execute("drop extension pg_textsearch cascade")
            found, profiles[ranking] = ask(url, asked, f"retrieve on PostgreSQL with {ranking}, {count:,} memories")
            figures += found
            figures += captures(url, given, f"captures on PostgreSQL with {ranking}, {count:,} memories")
    publish(figures, quick=given.quick, profile=profiles)


@contextmanager
def database() -> Iterator[tuple[str, str]]:
    """Run a server and lend a fresh database: its address for its owner, and for whoever runs the server."""
    with PostgresServer(PACKAGE, **SETTINGS) as server:
        prepare(server, "pg_textsearch")
        with FreshDatabase(server) as name:
            yield server.url(name, OWNER), server.url(name)


def fill(url: str, administrator: str, count: int) -> None:
    """Build the store, and do at once what autovacuum would have done a little later."""
    embedder = open_embedder("minilm")
    assert embedder is not None
    say(f"building {count:,} memories")
    build(url, count, embedder.model_id, embedder.dimension)
    with psycopg.connect(administrator, autocommit=True) as connection:
        connection.execute("vacuum analyze")


def ask(url: str, asked: list[str], at: str) -> tuple[list[Figure], object]:
    """Ask in three ways that take turns."""
    timings = {way: Timing(wall=[], cpu=[]) for way in ("hybrid", "1 % tag", "10 % type")}
    conditions = {"hybrid": {}, "1 % tag": ONE_PERCENT, "10 % type": TEN_PERCENT}
    with Brain.open(url, namespace=NAMESPACE, background=False) as brain:
        for number, question in enumerate(asked):
            for way, wanted in conditions.items():
                timing = timings[way] if number >= WARM else Timing(wall=[], cpu=[])
                add(timing, lambda: checked(brain.retrieve(question, limit=HITS, **wanted)))  # noqa: B023
        profile = profiled(lambda question: brain.retrieve(question, limit=HITS), asked[WARM : WARM + 100])
    return [
        *latencies(f"{at}, with query embedding", timings["hybrid"], p50=TARGET_P50),
        work(f"{at}, of this process", timings["hybrid"]),
        latencies(f"{at}, 1 % tag filter", timings["1 % tag"])[0],
        latencies(f"{at}, 10 % type filter", timings["10 % type"])[0],
        wall_ratio(f"{at}, 1 % tag filter over no filter", timings["1 % tag"], timings["hybrid"]),
    ], profile


def wall_ratio(name: str, over: Timing, under: Timing) -> Figure:
    """Return the ratio of two median wall times: the work is the server's, not this process's."""
    return ratio(name, Timing(wall=over.wall, cpu=over.wall), Timing(wall=under.wall, cpu=under.wall))


def captures(url: str, given: Options, name: str) -> list[Figure]:
    """Time single durable captures."""
    with Brain.open(url, namespace=NAMESPACE, model="none", background=False) as brain:
        rows = notes(100 if given.quick else 600, 41)
        timing = timed(lambda row: brain.capture(*row), rows[50:])
    return latencies(name, timing)


if __name__ == "__main__":
    main()
