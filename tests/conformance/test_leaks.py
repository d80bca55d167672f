"""Does nothing stay behind: of memories that were opened and closed, of threads that came and went?"""

from __future__ import annotations

import gc
import os
import resource
import signal
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from brainops.brain import Brain
from brainops.errors import StoreUnavailable
from brainops.memory import meaning
from brainops.store import postgres, sqlite
from tests.conformance.conftest import OpenBrain
from tests.inside import inside

OPENS = 300
THREADS = 1_000
FORKS = 10
FORK_SECONDS = 60  # in which a child captures, operates and retrieves; it takes a hundredth of that
AT_ONCE = 50
WITH_MODEL = 60
MORE_BYTES = 40_000_000  # what a run may add to a process of 100 MB: allocators keep some; 300 leaked ones took 105 MB


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


class Counted:
    """What a process has now, to be compared with what it has after some work."""

    def __init__(self) -> None:
        gc.collect()
        self.descriptors, self.threads, self.bytes = descriptors(), threading.active_count(), resident_bytes()

    def more(self) -> tuple[int, int, int]:
        gc.collect()
        return (
            descriptors() - self.descriptors,
            threading.active_count() - self.threads,
            resident_bytes() - self.bytes,
        )


def opened(url: str, **options: object) -> Brain:
    given: dict[str, object] = {"namespace": "team/a", "read": [], "model": "none", "background": True, **options}
    return Brain.open(url, **given)  # type: ignore[arg-type]


def use(brain: Brain, number: int) -> None:
    """Capture, ask, and operate, which start every thread that a memory has."""
    brain.capture(f"gateway {number}")
    with brain.operation("deploy", record="async"):
        pass
    assert brain.retrieve("gateway", limit=1)


@pytest.mark.timeout(600)
def test_memories_that_were_closed_leave_nothing_behind(store_url: str) -> None:
    with opened(store_url) as brain:
        use(brain, 0)
    del brain
    before, alive = Counted(), list[weakref.ref[Brain]]()
    for number in range(OPENS):
        with opened(store_url) as brain:
            if number % 10 == 0:
                use(brain, number)
        alive.append(weakref.ref(brain))
        del brain

    more_descriptors, more_threads, more_bytes = before.more()
    assert [each for each in alive if each() is not None] == []
    assert (more_descriptors, more_threads) == (0, 0)
    assert more_bytes < MORE_BYTES


@pytest.mark.timeout(600)
def test_threads_that_came_and_went_leave_nothing_behind(store_url: str, dialect: str) -> None:
    with opened(store_url, background=False) as brain:
        use(brain, 0)
        before = Counted()
        done: list[int] = []

        def work(number: int) -> None:
            if number % 20 == 0:
                brain.capture(f"gateway {number}")
            else:
                brain.retrieve("gateway", limit=1)
            done.append(number)

        for first in range(0, THREADS, AT_ONCE):
            threads = [threading.Thread(target=work, args=(first + each,)) for each in range(AT_ONCE)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        more_descriptors, more_threads, more_bytes = before.more()
        assert len(done) == THREADS
        # SQLite closes the file of an ended connection once nobody holds a lock on it, so some of those that were open
        # at once may still be there; a leak has two for each thread.
        kept = 2 * sqlite.KEPT_CONNECTIONS + AT_ONCE if dialect == "sqlite" else postgres.CONNECTIONS
        assert more_descriptors <= kept
        assert more_threads == 0
        assert more_bytes < MORE_BYTES + sqlite.KEPT_CONNECTIONS * sqlite.CACHE_KIBIBYTES * 1_024
        if dialect == "postgres":
            assert sessions(store_url) <= postgres.CONNECTIONS


def sessions(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        ).fetchone()
    assert row is not None
    return int(row[0])


def test_many_threads_that_live_on_do_not_exhaust_the_server(store_url: str, dialect: str) -> None:
    with opened(store_url, background=False) as brain, ThreadPoolExecutor(120) as pool:
        together = threading.Barrier(120)

        def ask(_: int) -> int:
            together.wait(60)
            found = len(brain.retrieve("gateway"))
            together.wait(60)  # every thread is still there when the last one has asked
            return found

        assert list(pool.map(ask, range(120))) == [0] * 120


def test_who_waits_too_long_for_a_connection_is_told_why(
    open_brain: OpenBrain, monkeypatch: pytest.MonkeyPatch
) -> None:
    brain = open_brain()
    pool = inside(brain).store.database._pool  # type: ignore[attr-defined]
    monkeypatch.setattr(pool, "_most", 1)
    told: list[str] = []

    def ask() -> None:
        try:
            brain.acting(deadline=0.1).retrieve("gateway")
        except StoreUnavailable as error:
            told.append(str(error))

    with inside(brain).store.read():
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()

    assert "connections of this process" in told[0]
    assert brain.retrieve("gateway") == []


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_fork_neither_keeps_a_memory_nor_breaks_one(store_url: str) -> None:
    with opened(store_url, background=False) as brain:
        for number in range(FORKS):
            use(brain, number)  # what the recorder writes of it is under way at the fork
            child = os.fork()
            if child == 0:
                try:
                    signal.alarm(FORK_SECONDS)
                    use(brain, FORKS + number)
                    os._exit(0 if brain.flush() else 2)
                finally:
                    os._exit(1)
            assert os.waitpid(child, 0)[1] == 0
        assert len(brain.retrieve("gateway", limit=100)) == 2 * FORKS


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kept_open", [0, 5])
def test_memories_share_the_model_that_they_embed_with(store_url: str, kept_open: int, dialect: str) -> None:
    pytest.importorskip("brainops_minilm")
    stay = [opened(store_url, model="minilm", background=False) for _ in range(kept_open)]
    try:
        for each in stay:
            each.retrieve("gateway")
        with opened(store_url, model="minilm", background=False) as brain:
            brain.retrieve("gateway")
        assert len({id(inside(each).context.meaning.embedder()) for each in stay}) <= 1
        before = Counted()
        for _ in range(WITH_MODEL):
            with opened(store_url, model="minilm", background=False) as brain:
                brain.retrieve("gateway")

        assert before.more()[2] < 2 * MORE_BYTES
        assert len(meaning._SHARED) == 1
    finally:
        for each in stay:
            each.close()
