"""How many durable captures a second, against what the disk commits and what the embedder embeds? And are they synced?

python -m bench.speed.capture --work FOLDER [--quick]
python -m bench.speed.capture --work FOLDER --alone STORE NUMBER THREADS

The second form only captures; the first one counts the syncs around it.
"""

from __future__ import annotations

import itertools
import shutil
import sqlite3
import statistics
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy

from bench.figures import Figure, Timing, add, bootstrap, median
from bench.part import ROOT, Options, copy_of, fresh, options, profiled, publish, say
from bench.speed.questions import NAMESPACE, notes
from brainops import Brain
from brainops.embedding import open_embedder

TARGET_COMMITS, TARGET_EMBEDDER, TARGET_SYNCS = 0.6, 0.8, 1.0
BLOCK = 50  # captures whose rate is one observation: long enough to hold its share of checkpoints
ROW = "x" * 1_000


def main() -> None:
    given = options()
    if given.rest[:1] == ("--alone",):
        _, store, number, threads = given.rest
        alone(store, int(number), int(threads))
        return
    number = 300 if given.quick else 3_000
    large = 5_000 if given.quick else 100_000
    figures: list[Figure] = []
    profiles: dict[str, Any] = {}
    for size in (400, large):
        say(f"single captures at {size:,} memories beside the bare commit")
        figures += against_commits(given, size, number, profiles)
    say("threads, bulk, embedding")
    figures += several_threads(given, number)
    figures.append(in_bulk(given, number * 2))
    figures += against_embedder(given, number // 3)
    say("counting syncs")
    figures += syncs(given, 100 if given.quick else 400)
    publish(figures, quick=given.quick, profile=profiles)


def against_commits(given: Options, size: int, number: int, profiles: dict[str, Any]) -> list[Figure]:
    """Let captures and bare commits take turns on the same file system."""
    commits = bare(fresh(given, "commits"))
    bare_commit, captures = Timing(wall=[], cpu=[]), Timing(wall=[], cpu=[])
    with Brain.open(copy_of(given, size, "captured"), namespace=NAMESPACE, model="none", background=False) as brain:
        rows = notes(number + 400, 1)
        for title, text in rows[:100]:
            commit(commits)
            brain.capture(title, text)
        for title, text in rows[100 : 100 + number]:
            add(bare_commit, lambda: commit(commits))
            add(captures, lambda: brain.capture(title, text))  # noqa: B023 - it is called before the next round
        profiles[f"capture at {size:,}"] = profiled(lambda row: brain.capture(*row), rows[100 + number :])
    commits.close()
    at = f"durable captures, {size:,} memories"
    return [
        rate(f"{at}", captures),
        rate(f"bare commits of 1 kB beside it ({size:,})", bare_commit),
        share(f"{at}, over the bare commit rate", bare_commit, captures, TARGET_COMMITS),
    ]


def bare(path: Path) -> sqlite3.Connection:
    """Return a SQLite file in the same mode as the store, with one table."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.execute("create table row (key integer primary key, content text)")
    return connection


def commit(connection: sqlite3.Connection) -> None:
    """Commit one row of a kilobyte."""
    connection.execute("insert into row (content) values (?)", (ROW,))


def rate(name: str, timing: Timing) -> Figure:
    """Return calls a second as the median over blocks."""
    rates = 1e3 / blocks(timing)
    return Figure(
        name=name,
        value=float(numpy.median(rates)),
        unit="/s",
        n=len(timing.wall),
        interval=bootstrap(rates, median),
        method="bootstrap over blocks",
        beside={"p50_ms": round(statistics.median(timing.wall), 3), **timing.beside()},
    )


def share(name: str, alone: Timing, whole: Timing, at_least: float | None) -> Figure:
    """Return the rate of `whole` over that of `alone`, as the median over blocks in which both took turns."""
    ratios = blocks(alone) / blocks(whole)
    return Figure(
        name=name,
        value=float(numpy.median(ratios)),
        n=len(whole.wall),
        interval=bootstrap(ratios, median),
        method="bootstrap over blocks",
        at_least=at_least,
        beside={
            "of_medians": round(statistics.median(alone.wall) / statistics.median(whole.wall), 3),
            "of_best_deciles": round(float(numpy.quantile(alone.wall, 0.1) / numpy.quantile(whole.wall, 0.1)), 3),
            "of_whole_time": round(sum(alone.wall) / sum(whole.wall), 3),
        },
    )


def blocks(timing: Timing) -> numpy.ndarray:
    """Return the mean wall milliseconds of each block of calls."""
    whole = len(timing.wall) // BLOCK
    return numpy.array(timing.wall[: whole * BLOCK]).reshape(whole, BLOCK).mean(axis=1)


def several_threads(given: Options, number: int) -> list[Figure]:
    """Capture from 1, 4 and 16 threads of one process."""
    figures = []
    for threads in (1, 4, 16):
        with Brain.open(fresh(given, "threads"), namespace=NAMESPACE, model="none", background=False) as brain:
            seconds = spread(brain, notes(number, threads), threads)
            kept = brain.upkeep.status()["memories"]["total"]
        assert kept == number, f"{kept} of {number} captures are there"
        figures.append(Figure(name=f"captures from {threads} threads", value=number / seconds, unit="/s", n=number))
    return figures


def spread(brain: Brain, rows: list[tuple[str, str]], threads: int) -> float:
    """Capture rows from several threads at once and return the seconds that it took."""
    failures: list[BaseException] = []

    def work(mine: list[tuple[str, str]]) -> None:
        try:
            for title, text in mine:
                brain.capture(title, text)
        except BaseException as error:
            failures.append(error)
            raise

    running = [threading.Thread(target=work, args=(rows[number::threads],)) for number in range(threads)]
    timing = Timing(wall=[], cpu=[])
    add(timing, lambda: [*map(threading.Thread.start, running), *map(threading.Thread.join, running)])
    assert not failures, failures
    return timing.wall[0] / 1e3


def in_bulk(given: Options, number: int) -> Figure:
    """Capture many at once, without embedding."""
    with Brain.open(fresh(given, "bulk"), namespace=NAMESPACE, model="none", background=False) as brain:
        drafts = [brain.draft(title, text) for title, text in notes(number, 7)]
        timing = Timing(wall=[], cpu=[])
        add(timing, lambda: brain.capture_many(drafts))
    cpu = round(timing.cpu[0] / number, 3)
    return Figure(
        name="captures in bulk", value=number / timing.wall[0] * 1e3, unit="/s", n=number, beside={"cpu_ms_each": cpu}
    )


def against_embedder(given: Options, number: int) -> list[Figure]:
    """Capture with vectors, one at a time and in bulk, in turn with the embedder alone on the same texts."""
    embedder = open_embedder("minilm")
    assert embedder is not None
    single, alone_single, bulk, alone_bulk = (Timing(wall=[], cpu=[]) for _ in range(4))
    with Brain.open(fresh(given, "embedded"), namespace=NAMESPACE, background=False) as brain:
        brain.retrieve("is the model warm")
        for title, text in notes(number, 11):
            add(alone_single, lambda: embedder.embed([text]))  # noqa: B023 - called before the next round
            add(single, lambda: brain.capture(title, text))  # noqa: B023
        rows = notes(number * 2, 13)
        for start in range(0, len(rows), 64):
            part = rows[start : start + 64]
            texts = [text for _, text in part]
            drafts = [brain.draft(title, text) for title, text in part]
            add(alone_bulk, lambda: embedder.embed(texts))  # noqa: B023
            add(bulk, lambda: (brain.capture_many(drafts), brain.upkeep.embed_pending()))  # noqa: B023
        with_vector = sum(hit.why.dense > 0 for hit in brain.retrieve(rows[-1][1], limit=5))
    assert with_vector, "nothing was embedded"
    return [
        rate("captures with embedding, one at a time", single),
        share("captures with embedding over the embedder alone, one at a time", alone_single, single, TARGET_EMBEDDER),
        batches("captures with embedding over the embedder alone, 64 at a time", alone_bulk, bulk),
    ]


def batches(name: str, alone: Timing, whole: Timing) -> Figure:
    """Return the ratio of rates over batches in which both took turns."""
    ratios = numpy.array(alone.wall) / numpy.array(whole.wall)
    return Figure(
        name=name,
        value=float(numpy.median(ratios)),
        n=len(ratios),
        interval=bootstrap(ratios, median),
        method="bootstrap over batches",
        at_least=TARGET_EMBEDDER,
        beside={"memories_a_second": round(64e3 / statistics.median(whole.wall))},
    )


def syncs(given: Options, number: int) -> list[Figure]:
    """Count fsync and fdatasync around captures, by running some and none under strace."""
    if shutil.which("strace") is None:
        say("strace is not here: no syncs are counted")
        return []
    figures = []
    for name, threads, asked in (
        ("single captures", 1, number),
        ("captures from 8 threads", 8, number),
        ("bulk capture", 0, number * 5),
    ):
        idle, _ = calls(given, 0, threads)
        counted, commits = calls(given, asked, threads)
        figures.append(
            Figure(
                name=f"syncs for each acknowledged commit, {name}",
                value=(counted - idle) / commits,
                n=commits,
                at_least=TARGET_SYNCS,
                beside={"syncs": counted - idle, "captures": asked},
            )
        )
    return figures


def calls(given: Options, number: int, threads: int) -> tuple[int, int]:
    """Return how many syncs and how many commits a process makes that captures so many into a new store."""
    store, counted = fresh(given, "synced"), given.work / "syncs.txt"
    command = [sys.executable, "-m", "bench.speed.capture", "--work", str(given.work)]
    traced = ["strace", "-f", "-qq", "-e", "trace=fsync,fdatasync", "-e", "signal=none", "-o", str(counted)]
    finished = subprocess.run(
        [*traced, *command, "--alone", str(store), str(number), str(threads)],
        cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    found = complete(counted.read_text(encoding="utf-8").splitlines())
    counted.unlink()
    return found, int(finished.stdout)


def complete(lines: Iterable[str]) -> int:
    """Count the calls that succeeded; one that was interrupted stands on two lines, of which the second counts."""
    return sum(("fsync" in line or "fdatasync" in line) and line.rstrip().endswith("= 0") for line in lines)


def alone(store: str, number: int, threads: int) -> None:
    """Capture from so many threads, or in bulk where that is 0, and print how many transactions were committed."""
    with Brain.open(store, namespace=NAMESPACE, model="none", background=False) as brain:
        rows, write, commits = notes(number, 17), brain._context.store.database.write, itertools.count()

        @contextmanager
        def counted_write(*given: Any) -> Iterator[Any]:
            with write(*given) as session:
                yield session
            next(commits)

        brain._context.store.database.write = counted_write  # type: ignore[method-assign]
        if threads:
            spread(brain, rows, threads)
        else:
            brain.capture_many([brain.draft(title, text) for title, text in rows])
        print(next(commits))


if __name__ == "__main__":
    main()
