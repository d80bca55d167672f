"""Do sixteen writers on PostgreSQL wait for each other because their captures are counted?

Three ways take turns on one database: without counts, with the appended ones that the product keeps, and, to compare,
with one row that every capture of a namespace updates.
"""

from __future__ import annotations

import importlib.util
import multiprocessing
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from bench.figures import Figure
from bench.part import options, publish, say
from bench.speed.postgres import PACKAGE, database
from bench.speed.questions import NAMESPACE, notes
from brainops import Brain

WRITERS = 16
LOOK_SECONDS = 0.005
ONE_ROW = """
create table if not exists one_row (namespace text primary key, memories bigint not null);
create or replace function count_in_one_row() returns trigger language plpgsql security definer as $$
begin
    insert into one_row values (new.namespace, 1)
        on conflict (namespace) do update set memories = one_row.memories + 1;
    return null;
end
$$;
drop trigger if exists in_one_row on memory;
create trigger in_one_row after insert on memory for each row execute function count_in_one_row();
"""
WAYS = {
    "not counted": "alter table memory disable trigger user",
    "appended": "alter table memory enable trigger user; alter table memory disable trigger in_one_row",
    "one row": "alter table memory disable trigger user; alter table memory enable trigger in_one_row",
}


def main() -> None:
    given = options()
    captures, rounds = (5, 2) if given.quick else (40, 6)
    if importlib.util.find_spec(PACKAGE) is None:
        raise SystemExit(f"{PACKAGE} is not installed: there is no PostgreSQL to measure")
    rates: dict[str, list[float]] = {way: [] for way in WAYS}
    server: dict[str, list[float]] = {way: [] for way in WAYS}
    waiting: dict[str, list[float]] = {way: [] for way in WAYS}
    with database() as (url, administrator):
        Brain.open(url, namespace=NAMESPACE, model="none", background=False).close()
        with psycopg.connect(administrator, autocommit=True) as connection:
            connection.execute(ONE_ROW)
            with multiprocessing.get_context("spawn").Pool(WRITERS, _open, (url,)) as writers:
                for number in range(rounds + 1):  # the first one opens the connections
                    for way, switch in WAYS.items():
                        say(f"round {number}: {way}")
                        connection.execute(switch)
                        work = [
                            (number * len(WAYS) + place, seed, captures)
                            for place in (list(WAYS).index(way),)
                            for seed in range(WRITERS)
                        ]
                        with looked_at(administrator) as seen:
                            began, cpu = time.perf_counter(), server_seconds(connection)
                            writers.map(_capture, work, chunksize=1)
                            took, used = time.perf_counter() - began, server_seconds(connection) - cpu
                        if number:
                            rates[way].append(WRITERS * captures / took)
                            server[way].append(used / (WRITERS * captures) * 1e3)
                            waiting[way].append(statistics.mean(seen))
    publish(list(_figures(rates, server, waiting)), quick=given.quick)


def _figures(
    rates: dict[str, list[float]], server: dict[str, list[float]], waiting: dict[str, list[float]]
) -> Iterator[Figure]:
    for way in WAYS:
        at = f"captures of {WRITERS} writers on PostgreSQL, {way}"
        yield Figure(name=at, value=statistics.median(rates[way]), unit="/s", n=len(rates[way]))
        value = statistics.median(server[way])
        yield Figure(name=f"{at}: the server's CPU for one", value=value, unit="ms", n=len(server[way]))
        value = statistics.mean(waiting[way])
        yield Figure(name=f"{at}: writers that wait for a lock", value=value, n=len(waiting[way]))


def _open(url: str) -> None:
    global brain
    brain = Brain.open(url, namespace=NAMESPACE, model="none", background=False)


def _capture(work: tuple[int, int, int]) -> None:
    number, seed, captures = work
    for title, content in notes(captures, number * WRITERS + seed):
        brain.capture(title, content)


@contextmanager
def looked_at(administrator: str) -> Iterator[list[int]]:
    """Note again and again how many sessions wait for a row or a transaction of another."""
    seen, over = [0], threading.Event()

    def look() -> None:
        with psycopg.connect(administrator, autocommit=True) as connection:
            while not over.wait(LOOK_SECONDS):
                row = connection.execute(
                    "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
                ).fetchone()
                assert row is not None
                seen.append(row[0])

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield seen
    finally:
        over.set()
        looking.join()


def server_seconds(connection: psycopg.Connection[tuple[object, ...]]) -> float:
    """Return the CPU seconds that the server's sessions took, the one that asks apart."""
    rows = connection.execute("select pid from pg_stat_activity where pid <> pg_backend_pid()").fetchall()
    ticks = 0
    for (pid,) in rows:
        try:
            ticks += sum(map(int, Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(") ")[1].split()[11:13]))
        except FileNotFoundError:  # it ended this moment
            continue
    return ticks / 100


if __name__ == "__main__":
    main()
