"""What does HTTP add to a call, do many clients get along, and how soon does a server answer, at 100,000 memories?

The server is a process of its own, its clients threads of this one, each with a connection that stays open. CPU is the
server's, as the system counts it; walls are told with the load of the machine beside them.
"""

from __future__ import annotations

import http.client
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy

from bench.figures import Figure, bootstrap, median
from bench.part import copy_of, options, publish, say
from bench.speed.questions import NAMESPACE, notes, questions
from brainops import Brain
from brainops.errors import NotFound

MAIN = "from brainops.cli import main; main()"
TICK_MS = 1_000 / os.sysconf("SC_CLK_TCK")
CLIENTS = 32
ADDED_MS = 2.0
READY_SECONDS = 1.0


class Client:
    """One connection to the server."""

    def __init__(self, address: str) -> None:
        host = urlsplit(address)
        self._connection = http.client.HTTPConnection(host.hostname or "", host.port, timeout=60)

    def call(self, verb: str, **body: Any) -> Any:
        """Call a verb; raise where it is refused."""
        told = json.dumps(body).encode()
        self._connection.request("POST", f"/v1/{verb}", told, {"content-type": "application/json"})
        answer = self._connection.getresponse()
        read = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{verb}: {answer.status} {read[:200]!r}")
        return json.loads(read)


@contextmanager
def serving(store: Path) -> Iterator[tuple[str, int, float]]:
    """Run a server by words alone; yield its address, its process and the seconds until it was ready."""
    command = [sys.executable, "-c", MAIN, "serve", "--json", "--port", "0", "--workers", "0", "--model", "none"]
    began = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--store", str(store), "--namespace", NAMESPACE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        assert process.stdout is not None
        address = json.loads(process.stdout.readline())["address"]
        host = urlsplit(address)
        connection = http.client.HTTPConnection(host.hostname or "", host.port, timeout=60)
        connection.request("GET", "/readyz")
        assert connection.getresponse().status == 200
        yield address, process.pid, time.perf_counter() - began
    finally:
        process.terminate()
        process.wait(60)


def spent_ms(pid: int) -> float:
    """Return the CPU time that a process took so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_MS


def added(address: str, pid: int, brain: Brain, ids: list[str], rounds: int) -> Figure:
    """Return what HTTP adds to reading a memory: the server's CPU less that of the same call here, in turns."""
    client, differences = Client(address), []
    for number in range(rounds):
        chosen = ids[number % 7 :: 7]
        before = spent_ms(pid)
        for each in chosen:
            client.call("get", memory_id=each)
        over = (spent_ms(pid) - before) / len(chosen)
        here = time.process_time()
        for each in chosen:
            brain.acting(deadline=30.0).get(each)
        differences.append(over - (time.process_time() - here) * 1e3 / len(chosen))
    return Figure(
        name="what HTTP adds to a call: CPU",
        value=statistics.median(differences),
        unit="ms",
        n=len(differences),
        interval=bootstrap(differences, median),
        method="bootstrap",
        at_most=ADDED_MS,
    )


def load(address: str, clients: int, seconds: float, asked: list[str], told: list[tuple[str, str]]) -> dict[str, Any]:
    """Let clients ask for a while, every fifth call a capture; return what each did, and what was acknowledged."""
    done: list[list[float]] = [[] for _ in range(clients)]
    kept: list[list[str]] = [[] for _ in range(clients)]
    errors: list[str] = []
    end = time.perf_counter() + seconds

    def ask(mine: int) -> None:
        client, number = Client(address), mine
        while time.perf_counter() < end:
            began = time.perf_counter()
            try:
                if number % 5 == 0:
                    title, content = told[(number * 31 + mine) % len(told)]
                    title = f"{title} {clients}-{mine}-{number}"
                    kept[mine].append(client.call("capture", title=title, content=content)["id"])
                else:
                    client.call("retrieve", query=asked[(number * 17 + mine) % len(asked)])
            except (RuntimeError, OSError) as error:
                errors.append(str(error))
            done[mine].append((time.perf_counter() - began) * 1e3)
            number += 1

    threads = [threading.Thread(target=ask, args=(mine,)) for mine in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    calls = [each for mine in done for each in mine]
    return {
        "rate": len(calls) / seconds,
        "p99": float(numpy.quantile(calls, 0.99)),
        "mean": statistics.fmean(calls),
        "fewest": min(map(len, done)),
        "most": max(map(len, done)),
        "kept": [each for mine in kept for each in mine],
        "errors": errors,
    }


def closed(one: dict[str, Any], many: dict[str, Any]) -> Iterator[Figure]:
    """Yield how many clients get along, beside one."""
    calls = len(many["kept"]) * 5
    beside = {"one client, calls a second": round(one["rate"], 1), "many": round(many["rate"], 1)}
    yield Figure(
        name=f"{CLIENTS} clients, calls a second against one client's",
        value=many["rate"] / one["rate"],
        n=calls,
        at_least=1.0,
        beside=beside,
    )
    yield Figure(
        name=f"{CLIENTS} clients, p99 against the mean", value=many["p99"] / many["mean"], n=calls, at_most=2.0
    )
    yield Figure(
        name=f"{CLIENTS} clients, the fewest calls of one against the most of another",
        value=many["fewest"] / many["most"],
        n=CLIENTS,
    )
    yield Figure(name=f"{CLIENTS} clients, refused calls", value=len(many["errors"]), n=calls, at_most=0)


def main() -> None:
    given = options()
    count, seconds = (2_000, 3.0) if given.quick else (100_000, 30.0)
    store = copy_of(given, count, "http")
    asked, told = questions(200), notes(500, 1)
    ready: list[float] = []
    say("beginning, three times")
    for _ in range(3):
        with serving(store) as (_, _, took):
            ready.append(took)
    with serving(store) as (address, pid, _), Brain.open(store, namespace=NAMESPACE, model="none") as brain:
        ids = [hit.memory.id for hit in brain.retrieve(limit=100)]
        say("what HTTP adds")
        figures = [added(address, pid, brain, ids, 7 if given.quick else 35)]
        say("one client, then many")
        one = load(address, 1, seconds, asked, told)
        many = load(address, CLIENTS, seconds, asked, told)
        figures += closed(one, many)
        acknowledged = [*one["kept"], *many["kept"]]
        lost = sum(1 for each in acknowledged if not held(brain, each))
        figures.append(Figure(name="acknowledged and lost", value=lost, n=len(acknowledged), at_most=0))
    figures.append(
        Figure(
            name=f"until it is ready, {count:,} memories",
            value=statistics.median(ready),
            unit="s",
            n=len(ready),
            at_most=READY_SECONDS,
        )
    )
    publish(figures, quick=given.quick, errors=many["errors"][:5])


def held(brain: Brain, memory_id: str) -> bool:
    """Say whether a memory is there."""
    try:
        return brain.get(memory_id).id == memory_id
    except NotFound:
        return False


if __name__ == "__main__":
    main()
