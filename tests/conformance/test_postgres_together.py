"""Do many sessions on one PostgreSQL store miss nothing, lose nothing and wait for nobody without need?"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from brainops.brain import Brain
from brainops.engine import Engine
from brainops.errors import Conflict, StoreUnavailable
from brainops.store import Store, acts
from brainops.store.database import Deadline
from brainops.store.opening import open_store
from brainops.store.postgres import CONNECTIONS, _lock_of
from brainops.store.scope import Scope
from brainops.types import Draft
from tests.conformance.conftest import OWNER, SCOPE
from tests.conformance.postgres_server import PostgresServer
from tests.inside import inside

WAIT_SECONDS = 30  # for another thread; it takes milliseconds
WRITERS = 6

OpenOne = Callable[..., Brain]


@pytest.fixture
def url(postgres: PostgresServer, database: str) -> str:
    """Return the address of a fresh, migrated store."""
    return postgres.url(database, OWNER)


@pytest.fixture
def brain(url: str) -> Iterator[Brain]:
    """Return a Brain that reads two namespaces."""
    with Brain.open(url, namespace="team/a", read=["team/b"], model="none", background=False) as opened:
        yield opened


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """Return a store that all threads of a test share."""
    opened = open_store(url, SCOPE)
    yield opened
    opened.close()


class Late:
    """A capture in another thread that takes its key at once and commits when it is told to."""

    def __init__(self, url: str, namespace: str) -> None:
        self._may_commit = threading.Event()
        self._has_key = threading.Event()
        self._url, self._namespace = url, namespace
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        with Brain.open(self._url, namespace=self._namespace, read=[], model="none", background=False) as brain:
            write = inside(brain).store.database.write

            def held(scope: Scope, deadline: Deadline | None, keys: Collection[str] = ()) -> object:
                return HeldBack(write(scope, deadline, keys), self._has_key, self._may_commit)

            inside(brain).store.database.write = held  # type: ignore[method-assign, assignment]
            brain.capture("the late one", "took its key first", idempotency_key="late")

    def begin(self) -> None:
        """Return once the row is written and not committed."""
        self._thread.start()
        assert self._has_key.wait(WAIT_SECONDS)

    def commit(self) -> None:
        """Let it commit, and return when it has."""
        self._may_commit.set()
        self._thread.join(WAIT_SECONDS)


class HeldBack:
    """A transaction that waits before it commits."""

    def __init__(self, inner: object, written: threading.Event, go_on: threading.Event) -> None:
        self._inner, self._written, self._go_on = inner, written, go_on

    def __enter__(self) -> object:
        return self._inner.__enter__()  # type: ignore[attr-defined]

    def __exit__(self, *error: object) -> object:
        self._written.set()
        assert self._go_on.wait(WAIT_SECONDS)
        return self._inner.__exit__(*error)  # type: ignore[attr-defined]


def test_an_embedding_run_finds_what_committed_late_with_a_lower_key(url: str, brain: Brain) -> None:
    late = Late(url, "team/b")
    late.begin()
    brain.capture("the early one", "took its key second")
    with inside(brain).store.read() as tx:
        first = tx.session.all("vector_pending", after=0, limit=10)
    late.commit()

    with inside(brain).store.read() as tx:
        then = tx.session.all("vector_pending", after=0, limit=10)

    assert [row["title"] for row in first] == ["the early one"]
    assert [row["title"] for row in then] == ["the late one", "the early one"]


def test_an_export_holds_what_was_committed_when_it_began_and_the_next_one_the_rest(
    url: str, brain: Brain, tmp_path: Path
) -> None:
    late = Late(url, "team/b")
    late.begin()
    brain.capture("the early one", "took its key second")
    brain.upkeep.export_to(tmp_path / "first")
    late.commit()
    brain.upkeep.export_to(tmp_path / "second")

    assert "the late one" not in (tmp_path / "first").read_text()
    assert "the early one" in (tmp_path / "first").read_text()
    assert "the late one" in (tmp_path / "second").read_text()


def test_an_import_that_was_done_before_brings_what_was_late(url: str, brain: Brain, tmp_path: Path) -> None:
    late = Late(url, "team/b")
    late.begin()
    brain.capture("the early one", "took its key second")
    brain.upkeep.export_to(tmp_path / "first")
    late.commit()
    brain.upkeep.export_to(tmp_path / "second")
    with Brain.open(str(tmp_path / "copy.db"), namespace="team/b", read=[], model="none", background=False) as copy:
        copy.upkeep.import_from(tmp_path / "first")
        before = copy.retrieve()
        copy.upkeep.import_from(tmp_path / "second")

        assert before == []
        assert [hit.memory.title for hit in copy.retrieve()] == ["the late one"]


def test_captures_wait_for_none_but_of_their_content_or_key_and_for_whoever_has_the_namespace_to_himself(
    url: str,
) -> None:
    late = Late(url, "team/a")
    with Brain.open(url, namespace="team/a", read=[], model="none", background=False) as brain:
        late.begin()
        brain.acting(deadline=WAIT_SECONDS).capture("the early one", "took its key second")
        soon = brain.acting(deadline=0.3)
        waits: list[Callable[[], object]] = [
            lambda: soon.capture("the late one", "took its key first"),
            lambda: soon.capture("another", "under the same key", idempotency_key="late"),
            lambda: soon.capture_many([Draft(title="one"), Draft(title="two")]),
            lambda: soon.limits.allow(["ls"]),
        ]
        for wait in waits:
            soon = brain.acting(deadline=0.3)
            with pytest.raises(StoreUnavailable):
                wait()
        late.commit()

        assert brain.capture("the late one", "took its key first").repeated
        with pytest.raises(Conflict):
            brain.capture("another", "under the same key", idempotency_key="late")
        assert len(brain.newest()) == 2


def test_captures_that_wait_for_one_namespace_leave_connections_to_another(url: str) -> None:
    with (
        Engine.open(url, namespace="team/a", read=[], model="none", background=False) as engine,
        psycopg.connect(url) as another_process,
        ThreadPoolExecutor(2 * CONNECTIONS) as threads,
    ):
        brain, elsewhere = Brain(engine), Brain(engine, namespace="team/b", read=[])
        another_process.execute("select pg_advisory_xact_lock(%s)", [_lock_of("team/a")])
        waiting = [threads.submit(brain.capture, f"text {number}") for number in range(CONNECTIONS)]
        time.sleep(0.5)  # so that all of them wait

        elsewhere.acting(deadline=WAIT_SECONDS / 10).capture("nobody writes here")

        assert not any(each.done() for each in waiting)
        another_process.commit()
        assert len({each.result(WAIT_SECONDS).id for each in waiting}) == CONNECTIONS


def test_a_key_that_many_give_at_once_is_captured_once(url: str) -> None:
    ready = threading.Barrier(WRITERS)

    def act(number: int) -> str:
        with Brain.open(url, namespace="team/a", read=[], model="none", background=False) as brain:
            ready.wait(WAIT_SECONDS)
            try:
                return brain.capture("Rollout", f"began {number % 2}", idempotency_key="rollout-7").id
            except Conflict:
                return "conflict"

    with ThreadPoolExecutor(WRITERS) as pool:
        found = list(pool.map(act, range(WRITERS)))

    assert found.count("conflict") == WRITERS // 2
    assert len(set(found)) == 2


def test_the_first_vectors_of_a_model_make_its_index_one_after_the_other(
    url: str, postgres: PostgresServer, database: str
) -> None:
    make, waits = "select brainops_index_vectors('letters', 26)", "select 1 from pg_locks where not granted"
    with (
        psycopg.connect(postgres.url(database), autocommit=True) as watching,
        psycopg.connect(url) as first,
        psycopg.connect(url) as second,
        ThreadPoolExecutor(1) as threads,
    ):
        first.execute(make)
        made = threads.submit(second.execute, make)
        deadline = time.monotonic() + WAIT_SECONDS
        while watching.execute(waits).fetchone() is None:
            assert time.monotonic() < deadline
        first.execute("lock table memory_vector in row exclusive mode")  # as whoever writes one has it
        first.commit()
        made.result(WAIT_SECONDS)
        second.commit()

        second.execute(make)
        first.execute("lock table memory_vector in row exclusive mode nowait")  # where it stands, nobody is held back


def test_a_search_finds_what_committed_late(url: str, brain: Brain) -> None:
    late = Late(url, "team/b")
    late.begin()
    brain.capture("the early one", "took its key second")
    late.commit()

    assert {hit.memory.title for hit in brain.retrieve("key")} == {"the late one", "the early one"}


def together(url: str, act: Callable[[Store, int], None], namespaces: list[str]) -> None:
    """Let one thread for each namespace act on a store of its own, all at once."""
    ready = threading.Barrier(len(namespaces))

    def one(number: int) -> None:
        store = open_store(url, Scope.of(namespaces[number]))
        ready.wait(WAIT_SECONDS)
        try:
            act(store, number)
        finally:
            store.close()

    with ThreadPoolExecutor(len(namespaces)) as pool:
        for done in [pool.submit(one, number) for number in range(len(namespaces))]:
            done.result(WAIT_SECONDS * 2)


def test_writers_of_one_namespace_keep_one_unbroken_trail(url: str) -> None:
    def act(store: Store, number: int) -> None:
        for turn in range(5):
            with store.writing(acts.FEEDBACK, acts.ITSELF) as tx:
                tx.trail.append(f"{number}-{turn}", store.now())

    together(url, act, ["team/a"] * WRITERS)

    store = open_store(url, SCOPE)
    with store.read() as tx:
        assert tx.trail.first_break("team/a") is None
        assert tx.trail.end()[0] == WRITERS * 5
    store.close()


def test_the_same_capture_by_many_is_one_memory_with_everybodys_tags(url: str) -> None:
    ready = threading.Barrier(WRITERS)

    def act(number: int) -> bool:
        with Brain.open(url, namespace="team/a", read=[], model="none", background=False) as brain:
            ready.wait(WAIT_SECONDS)
            return brain.capture("the same", "text", tags=[f"tag-{number}"]).repeated

    with ThreadPoolExecutor(WRITERS) as pool:
        repeated = list(pool.map(act, range(WRITERS)))

    with Brain.open(url, namespace="team/a", read=[], model="none", background=False) as brain:
        [hit] = brain.retrieve("the same")
    assert sorted(repeated) == [False] + [True] * (WRITERS - 1)
    assert hit.memory.occurrences == WRITERS
    assert set(hit.memory.tags) == {f"tag-{number}" for number in range(WRITERS)}


@pytest.mark.parametrize("texts", [1, 2])
def test_one_idempotency_key_by_many_is_one_memory_and_nothing_else_may_be_said_under_it(url: str, texts: int) -> None:
    ready = threading.Barrier(WRITERS)

    def act(number: int) -> str | None:
        with Brain.open(url, namespace="team/a", read=[], model="none", background=False) as brain:
            ready.wait(WAIT_SECONDS)
            try:
                return brain.capture(f"text {number % texts}", idempotency_key="request-1").id
            except Conflict:
                return None

    with ThreadPoolExecutor(WRITERS) as pool:
        ids = list(pool.map(act, range(WRITERS)))

    assert len(set(ids) - {None}) == 1
    assert ids.count(None) == (0 if texts == 1 else WRITERS // 2)


def test_writers_of_different_namespaces_do_not_wait_for_each_other(url: str) -> None:
    with ExitStack() as opened:
        one, other = (open_store(url, Scope.of(namespace)) for namespace in ("team/a", "team/b"))
        opened.callback(one.close)
        opened.callback(other.close)
        with one.writing(acts.TRY_STORE, acts.ITSELF) as tx, ThreadPoolExecutor(1) as pool:
            tx.session.run("policy_put", operation_name="x", mode="full", rate=1.0, failures_per_fingerprint=1)

            def write() -> str:
                with other.writing(acts.TRY_STORE, acts.ITSELF) as another:
                    return another.scope.write

            assert pool.submit(write).result(WAIT_SECONDS) == "team/b"


@pytest.mark.parametrize("namespaces", [["team/a"], [f"team/{number}" for number in range(CONNECTIONS + 2)]])
def test_a_read_goes_through_while_many_writers_of_its_process_wait_for_their_turn(
    url: str, store: Store, namespaces: list[str]
) -> None:
    ready = threading.Barrier(CONNECTIONS + 3)
    written: list[int] = []

    def write(number: int) -> None:
        ready.wait(WAIT_SECONDS)
        scope = Scope.of(namespaces[number % len(namespaces)])
        with store.writing(acts.TRY_STORE, acts.ITSELF, scope=scope) as tx:
            tx.set("turn", str(number))
        written.append(number)

    with ThreadPoolExecutor(CONNECTIONS + 2) as pool, psycopg.connect(url) as another_process:
        for namespace in namespaces:
            another_process.execute("select pg_advisory_xact_lock(%s)", [_lock_of(namespace)])
        writers = [pool.submit(write, number) for number in range(CONNECTIONS + 2)]
        ready.wait(WAIT_SECONDS)
        time.sleep(0.5)  # so that all of them wait
        try:
            with store.by(Deadline.after(5)).read() as tx:
                assert tx.setting("turn") is None
            assert written == []
        finally:
            another_process.rollback()
        for writer in writers:
            writer.result(WAIT_SECONDS)

    assert sorted(written) == list(range(CONNECTIONS + 2))


def test_a_writer_that_other_threads_keep_from_its_turn_is_told(store: Store) -> None:
    def write() -> None:
        with store.by(Deadline.after(0.05)).writing(acts.TRY_STORE, acts.ITSELF):
            pass

    with store.writing(acts.TRY_STORE, acts.ITSELF), ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(write)
        with pytest.raises(StoreUnavailable, match=r"nothing was written. Try again"):
            waiting.result(WAIT_SECONDS)

    write()


def test_two_programs_that_open_an_empty_database_at_once_make_one_schema(postgres: PostgresServer) -> None:
    from tests.conformance.conftest import FreshDatabase

    with FreshDatabase(postgres, template="template0") as name:
        together(postgres.url(name, OWNER), lambda store, _: store.close(), ["team/a"] * WRITERS)

        store = open_store(postgres.url(name, OWNER), SCOPE)
        assert store.upkeep.schema()["pending"] == []
        store.close()
