"""How many of ten thousand events are lost, or taken up twice, where who drains them is killed at random points?"""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress

from bench.figures import Figure
from bench.part import fresh, options, publish, say
from brainops import Brain
from brainops.hooks.folder import folder_of
from brainops_core.hook import spool

NAMESPACE = "team/shop"
DRAIN = f"""
import sys
from brainops.engine import Engine
with Engine.open(sys.argv[1], namespace={NAMESPACE!r}, read=(), model="none", background=False) as engine:
    engine.drain()
"""


def main() -> None:
    given = options()
    events, drains = (1_000, 8) if given.quick else (10_000, 60)
    store, chance = fresh(given, "killed"), random.Random(23)
    Brain.open(store, namespace=NAMESPACE, read=(), model="none", background=False).close()
    folder = folder_of(str(store)) or ""
    told: list[str] = []
    killed = 0
    while len(told) < events:
        for _ in range(events // drains):
            told.append(spool.new_id())
            spool.append(folder, ended(told[-1], len(told)))
        process = subprocess.Popen([sys.executable, "-c", DRAIN, str(store)])
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.2 + 0.8 * chance.random())
        killed += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
    say(f"{killed} drains were killed; the last is let end")
    subprocess.run([sys.executable, "-c", DRAIN, str(store)], check=True)
    with closing(sqlite3.connect(store)) as connection:
        kept = [row[0] for row in connection.execute("select id from operation where name like 'make part%'")]
        (counted,) = connection.execute("select sum(succeeded) from operation_count").fetchone()
    figures = {"events lost": len(set(told) - set(kept)), "events counted twice": counted - len(told)}
    named = [Figure(name=name, value=value, n=len(told), at_most=0) for name, value in figures.items()]
    publish(named, quick=given.quick, killed=killed)


def ended(event: str, number: int) -> dict[str, object]:
    """Return an event of a command that went well."""
    about = {"kind": "ended", "client": "codex", "session": "s1", "namespaces": [NAMESPACE], "outcome": "succeeded"}
    at = time.time_ns() // 1000
    return {"id": event, "at": at, "name": f"make part{number % 50}", "class": "changing", "context": {}, **about}


if __name__ == "__main__":
    main()
