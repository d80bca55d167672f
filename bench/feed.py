"""What does the feed add to a capture? Captures with and without it take turns; the server's CPU counts too.

    python -m bench.feed [--captures 2000] [--store postgresql://...]

The other side is a store of the same program without the feed's triggers: a second file, or on PostgreSQL a second
database, whose address is the same with `_without` behind its name.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from brainops.brain import Brain
from brainops.store import open_store
from brainops.store.scope import Scope

BLOCK = 50
TICKS = os.sysconf("SC_CLK_TCK")


def without_feed(store: str) -> None:
    """Take a store's triggers off, which tell the feed."""
    opened = open_store(store, Scope.of("bench"))
    named = "select name, tbl_name as of from sqlite_master where type = 'trigger' and name like 'told_%'"
    if opened.database.dialect == "postgres":
        named = (
            "select distinct t.tgname as name, c.relname as of from pg_trigger as t join pg_class as c "
            "on c.oid = t.tgrelid where t.tgname like 'told%' and t.tgparentid = 0"
        )
    database: Any = opened.database
    with database.raw() as connection:
        for row in connection.execute(named).fetchall():
            on = f" on {row['of']}" if opened.database.dialect == "postgres" else ""
            connection.execute(f"drop trigger {row['name']}{on}")
    opened.close()


def server_seconds(store: str | None) -> float:
    """Return the CPU that the server's processes of a database have taken; they live as long as the views."""
    if not store:
        return 0.0
    import psycopg

    with psycopg.connect(store) as connection:
        pids = connection.execute(
            "select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        ).fetchall()
    told = [Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split() for (pid,) in pids]
    return sum(int(each[11]) + int(each[12]) for each in told) / TICKS


def main() -> None:
    """Print the medians, as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--captures", type=int, default=2_000)
    parser.add_argument("--store")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        head, _, tail = (given.store or "").partition("?")
        both = (given.store, f"{head}_without?{tail}") if given.store else (f"{folder}/with.db", f"{folder}/without.db")
        open_store(both[0], Scope.of("bench")).close()
        without_feed(both[1])
        views = [Brain.open(each, namespace="bench", read=[], model="none", background=False) for each in both]
        client: list[list[float]] = [[], []]
        places = [given.store and each for each in both]
        server = [-server_seconds(place) for place in places]
        for block in range(given.captures // BLOCK):
            for side in (0, 1) if block % 2 else (1, 0):
                begun = time.process_time()
                for number in range(BLOCK):
                    views[side].capture(
                        f"gateway {block} {number}", f"it was slow for the {number}th time in block {block}"
                    )
                client[side].append((time.process_time() - begun) / BLOCK * 1e3)
        server = [sum(pair) for pair in zip(server, map(server_seconds, places), strict=True)]
        for view in views:
            view.close()
    ratios = [a / b for a, b in zip(*client, strict=True)]
    print(
        json.dumps(
            {
                "client_ms_with": round(statistics.median(client[0]), 4),
                "client_ms_without": round(statistics.median(client[1]), 4),
                "median_ratio": round(statistics.median(ratios), 4),
                "server_ms_with": round(server[0] / given.captures * 1e3, 4),
                "server_ms_without": round(server[1] / given.captures * 1e3, 4),
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
