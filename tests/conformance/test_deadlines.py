"""Is a verb that has a deadline told in time, with nothing written; and is one whose answer was lost safe to repeat?"""

from __future__ import annotations

import re
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from brainops.brain import Brain
from brainops.errors import InvalidInput, OutcomeUnknown, StoreUnavailable
from brainops.store import Store, Transaction, acts
from brainops.store.database import Deadline
from brainops.store.sqlite import BEGIN_WRITING, Connection
from brainops.types import RunState
from tests.conformance.conftest import OWNER, OpenBrain
from tests.inside import inside

DEADLINE = 0.3
LATEST = 5.0  # a loaded machine is slow; what is waited for without a deadline takes 120 s
ENDLESS = "with recursive c(x) as (select 1 union all select x + 1 - x from c) select count(*) from c"
HOLD = """
import sys
from brainops.store import acts, open_store
from brainops.store.scope import Scope
with open_store(sys.argv[1], Scope.of("team/a")).writing(acts.TRY_STORE, acts.ITSELF) as tx:
    tx.set("held", "by another")
    print("held", flush=True)
    sys.stdin.read()
"""
PROCEDURE = "---\nname: greet\nsteps:\n  - id: hello\n    name: Say hello\n    uses: manual\n---\nGreet.\n"


@contextmanager
def held(url: str) -> Iterator[int]:
    """Let another process be in the middle of a write; yield its number."""
    command = [sys.executable, "-c", HOLD, url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process.pid
        finally:
            process.communicate(timeout=30)


VERBS: dict[str, Callable[[Brain, str], object]] = {
    "capture": lambda brain, _: brain.capture("late"),
    "capture_many": lambda brain, _: brain.capture_many([brain.draft("late")]),
    "archive": lambda brain, known: brain.archive(known, reason="late"),
    "establish": lambda brain, _: brain.establish(PROCEDURE),
    "guidance": lambda brain, _: brain.guidance("late"),
    "feedback": lambda brain, known: brain.feedback(known, "helpful"),
    "purge": lambda brain, known: brain.purge(known, reason="late"),
    "session": lambda brain, _: brain.sessions.open(),
    "reindex": lambda brain, _: brain.upkeep.reindex(),
}


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_that_another_process_keeps_waiting_is_told_by_its_deadline_and_nothing_is_written(
    open_brain: OpenBrain, store_url: str, verb: str
) -> None:
    brain = open_brain()
    known = brain.capture("known").id
    with held(store_url) as process:
        began = time.monotonic()
        with pytest.raises(StoreUnavailable, match=r"nothing was written\. Try") as told:
            VERBS[verb](brain.acting(deadline=DEADLINE), known)
        took = time.monotonic() - began

    assert DEADLINE * 0.8 < took < LATEST
    if verb != "guidance":  # it searches first, which may take as long on a loaded machine
        assert "another process writes" in str(told.value)
        assert (f"process {process}" if store_url.startswith("/") else "'team/a'") in str(told.value)
    assert [hit.memory.title for hit in brain.retrieve()] == ["known"]
    assert brain.procedures.list() == []


READERS: dict[str, Callable[[Brain, str], object]] = {
    "retrieve": lambda brain, _: brain.retrieve("known"),
    "newest": lambda brain, _: brain.retrieve(),
    "match": lambda brain, _: brain.match("Error: known"),
    "get": lambda brain, known: brain.get(known),
    "history": lambda brain, known: brain.history(known),
    "status": lambda brain, _: brain.upkeep.status(),
    "health": lambda brain, _: brain.health.figures(),
    "report": lambda brain, _: brain.health.report(),
    "audit": lambda brain, _: brain.upkeep.audit(),
    "procedures": lambda brain, _: brain.procedures.list(),
    "runs": lambda brain, _: brain.runs.list(),
}


def test_a_write_that_another_process_holds_delays_no_reader(open_brain: OpenBrain, store_url: str) -> None:
    known = open_brain().capture("known").id
    with held(store_url):
        brain = open_brain()  # which is to open while the lock is held, too
        late = {}
        for name, ask in READERS.items():
            began = time.monotonic()
            ask(brain.acting(deadline=4 * LATEST), known)
            if (took := time.monotonic() - began) > LATEST:
                late[name] = took

    assert late == {}


def test_a_deadline_that_passes_before_the_commit_undoes_what_was_done(store: Store) -> None:
    hurried = store.by(Deadline.after(0.2))

    def write() -> None:
        with hurried.writing(acts.TRY_STORE, acts.ITSELF) as tx:
            tx.set("half", "done")
            while hurried.deadline is not None and hurried.deadline.left():
                pass

    with pytest.raises(StoreUnavailable, match="nothing was written"):
        write()

    with store.read() as tx:
        assert tx.setting("half") is None


def test_what_is_asked_ends_by_the_deadline_too_and_the_connection_is_as_before(store: Store) -> None:
    with pytest.raises(StoreUnavailable, match="takes longer"), store.by(Deadline.after(0.2)).read() as tx:
        tx.session.connection.execute(ENDLESS)  # type: ignore[attr-defined]
    time.sleep(0.2)

    with store.read() as tx:
        assert tx.setting("schema")


def test_a_view_has_at_most_the_time_of_the_one_that_it_was_made_of(open_brain: OpenBrain) -> None:
    view = open_brain().acting(deadline=30)
    standing = inside(view).store.deadline

    assert standing is not None
    assert inside(view.acting(deadline=3_000)).store.deadline is standing
    assert inside(view.acting(session="theirs")).store.deadline is standing
    sooner = inside(view.acting(deadline=1)).store.deadline
    assert sooner is not None
    assert sooner.at < standing.at


@pytest.mark.parametrize("deadline", [0, -1, float("nan"), float("inf"), True, "1"])
def test_a_deadline_that_is_no_time_is_refused(open_brain: OpenBrain, deadline: Any) -> None:
    with pytest.raises(InvalidInput, match="a number of seconds above 0"):
        open_brain().acting(deadline=deadline)


def test_an_operation_that_outlasts_its_deadline_is_ended_all_the_same(open_brain: OpenBrain) -> None:
    brain = open_brain()
    view = brain.acting(deadline=5)
    running = view.begin("deploy", consult="never")
    inside(view).store.deadline = Deadline.after(0)  # as if it had taken so long
    running.succeed()

    assert brain.operations.get(running.id).outcome is not None


def test_a_run_that_is_started_with_a_deadline_is_written_down_and_goes_on_elsewhere(open_brain: OpenBrain) -> None:
    brain = open_brain()
    brain.establish(PROCEDURE)
    run = brain.acting(deadline=30).runs.start("greet")

    assert (run.state, run.owner) == (RunState.QUEUED, None)
    assert brain.runs.advance(run.id).state is RunState.WAITING


# Many writers at once


class Turn:
    """A write that says when it has begun, and ends when it is let."""

    def __init__(self) -> None:
        self.begun, self.let = threading.Event(), threading.Event()

    def __call__(self, tx: Transaction) -> None:
        self.begun.set()
        assert self.let.wait(30)


def setting(name: str) -> Callable[[Transaction], None]:
    return lambda tx: tx.set(name, "written")


def test_a_writer_that_gives_up_in_the_queue_leaves_the_others(store: Store) -> None:
    turn = Turn()
    with ThreadPoolExecutor(3) as threads:
        first = threads.submit(store.write_together, acts.TRY_STORE, acts.ITSELF, turn)
        assert turn.begun.wait(30)
        late = store.by(Deadline.after(0.1))
        gives_up = threads.submit(late.write_together, acts.TRY_STORE, acts.ITSELF, setting("late"))
        stays = threads.submit(store.write_together, acts.TRY_STORE, acts.ITSELF, setting("stays"))
        with pytest.raises(StoreUnavailable, match="other threads of this process write"):
            gives_up.result(30)
        turn.let.set()
        first.result(30)
        stays.result(30)

    with store.read() as tx:
        assert (tx.setting("late"), tx.setting("stays")) == (None, "written")


def test_a_writer_that_opens_the_shared_transaction_and_gives_up_fails_alone(store: Store, store_url: str) -> None:
    with ThreadPoolExecutor(2) as threads:
        with held(store_url):
            late = store.by(Deadline.after(DEADLINE))
            gives_up = threads.submit(late.write_together, acts.TRY_STORE, acts.ITSELF, setting("late"))
            stays = threads.submit(store.write_together, acts.TRY_STORE, acts.ITSELF, setting("stays"))
            with pytest.raises(StoreUnavailable):
                gives_up.result(30)
        stays.result(30)

    with store.read() as tx:
        assert (tx.setting("late"), tx.setting("stays")) == (None, "written")


def test_a_part_of_a_shared_transaction_that_takes_too_long_is_undone_alone(store: Store) -> None:
    turn, late = Turn(), store.by(Deadline.after(1.0))

    def slow(tx: Transaction) -> None:
        tx.set("late", "written")
        while late.deadline is not None and late.deadline.left():
            pass

    with ThreadPoolExecutor(3) as threads:
        first = threads.submit(store.write_together, acts.TRY_STORE, acts.ITSELF, turn)
        assert turn.begun.wait(30)
        gives_up = threads.submit(late.write_together, acts.TRY_STORE, acts.ITSELF, slow)
        stays = threads.submit(store.write_together, acts.TRY_STORE, acts.ITSELF, setting("stays"))
        if store.database.dialect == "sqlite":
            while len(store._group._waiting) < 2:
                pass
        turn.let.set()
        first.result(30)
        stays.result(30)
        with pytest.raises(StoreUnavailable):
            gives_up.result(30)

    with store.read() as tx:
        assert (tx.setting("late"), tx.setting("stays")) == (None, "written")


def test_each_of_more_writers_than_share_a_transaction_gets_its_own_answer(store: Store) -> None:
    turn = Turn()
    with ThreadPoolExecutor(151) as threads:
        first = threads.submit(store.write_together, acts.TRY_STORE, acts.ITSELF, turn)
        assert turn.begun.wait(30)
        answers = [
            threads.submit(store.write_together, acts.TRY_STORE, acts.ITSELF, lambda tx, number=number: number)
            for number in range(150)
        ]
        turn.let.set()
        first.result(60)

        assert [each.result(60) for each in answers] == list(range(150))


# The answer to a commit is lost


class Cut:
    """What stands between a client and its server, and cuts them off at the next commit, before or after it arrives."""

    def __init__(self, folder: Path, server: str) -> None:
        self.arrives: bool | None = None  # None: nothing is cut
        self._server = server
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(folder / ".s.PGSQL.5432"))
        self._listening.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._server)
                threading.Thread(target=self._forward, args=(client, server), daemon=True).start()
                threading.Thread(target=self._answer, args=(server, client), daemon=True).start()

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        writes, commits = False, [b"commit"]
        with suppress(OSError):
            while said := client.recv(1 << 16):
                writes = (writes or b"pg_advisory_xact_lock" in said) and b"read only" not in said
                prepared = re.findall(rb"(_pg3_\d+\0)commit", said)  # the name that it has from then on
                commits += prepared
                if self.arrives is not None and writes and not prepared and any(each in said for each in commits):
                    if self.arrives:
                        self.arrives, self._lost = None, server
                        server.sendall(said)
                        continue
                    self.arrives = None
                    break
                server.sendall(said)
        hang_up(client, server)

    _lost: socket.socket | None = None

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while (said := server.recv(1 << 16)) and self._lost is not server:
                client.sendall(said)
        hang_up(client, server)

    def close(self) -> None:
        self._listening.close()


def hang_up(*ends: socket.socket) -> None:
    for each in ends:
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()


@pytest.fixture
def losing(
    dialect: str, store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Brain, Callable[[bool], None]]]:
    """Return a Brain, and what makes it lose the answer to its next commit, which is done or not."""
    options: dict[str, Any] = {"namespace": "team/a", "read": [], "model": "none", "background": False}
    if dialect == "postgres":
        server = psycopg.conninfo.conninfo_to_dict(store_url)
        cut = Cut(tmp_path, f"{server['host']}/.s.PGSQL.5432")
        url = f"postgresql://{OWNER}@/{server['dbname']}?host={tmp_path}"
        with Brain.open(url, **options) as brain:
            brain.capture("before")
            yield brain, lambda done: setattr(cut, "arrives", done)
        cut.close()
        return

    armed: list[bool] = []
    began = [""]

    def execute(connection: Connection, statement: str, *values: Any) -> sqlite3.Cursor:
        if statement.startswith("begin"):
            began[0] = statement
        if statement == "commit" and armed and began[0] == BEGIN_WRITING:
            if armed.pop():
                sqlite3.Connection.execute(connection, statement)
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR
            raise error
        return sqlite3.Connection.execute(connection, statement, *values)

    monkeypatch.setattr(Connection, "execute", execute, raising=False)
    with Brain.open(store_url, **options) as brain:
        brain.capture("before")
        yield brain, armed.append


Losing = tuple[Brain, Callable[[bool], None]]


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("key", [None, "request-7"])
def test_a_capture_whose_answer_was_lost_is_one_memory_when_it_is_repeated_under_its_key(
    losing: Losing, done: bool, key: str | None
) -> None:
    brain, lose = losing
    lose(done)
    with pytest.raises(OutcomeUnknown, match="idempotency key") as told:
        brain.capture("gateway", "slow on Mondays", tags=["net"], idempotency_key=key)
    assert told.value.idempotency_key == key if key else told.value.idempotency_key
    captured = brain.capture("gateway", "slow on Mondays", tags=["net"], idempotency_key=told.value.idempotency_key)

    assert captured.occurrences == 1
    assert captured.repeated is done
    assert sorted(hit.memory.title for hit in brain.retrieve()) == ["before", "gateway"]


@pytest.mark.parametrize("done", [True, False])
def test_many_captures_whose_answer_was_lost_are_repeated_each_under_its_key(losing: Losing, done: bool) -> None:
    brain, lose = losing
    lose(done)
    with pytest.raises(OutcomeUnknown) as told:
        brain.capture_many([brain.draft("one"), brain.draft("two", idempotency_key="second")])
    one, two = told.value.idempotency_keys
    again = brain.capture_many([brain.draft("one", idempotency_key=one), brain.draft("two", idempotency_key=two)])

    assert two == "second"
    assert [(each.occurrences, each.repeated) for each in again] == [(1, done), (1, done)]


@pytest.mark.parametrize("done", [True, False])
def test_a_run_whose_answer_was_lost_is_one_run_when_it_is_repeated_under_its_key(losing: Losing, done: bool) -> None:
    brain, lose = losing
    brain.establish(PROCEDURE)
    lose(done)
    with pytest.raises(OutcomeUnknown) as told:
        brain.runs.start("greet", detached=True)
    run = brain.runs.start("greet", detached=True, idempotency_key=told.value.idempotency_key)

    assert [each.id for each in brain.runs.list()] == [run.id]
    assert (run.id == told.value.idempotency_key) is done


@pytest.mark.parametrize("done", [True, False])
def test_a_task_whose_answer_was_lost_is_one_task_when_it_is_repeated_under_its_key(losing: Losing, done: bool) -> None:
    brain, lose = losing
    brain.agents.register_callable("ada", lambda task: "deployed")
    lose(done)
    with pytest.raises(OutcomeUnknown) as told:
        brain.agents.execute("deploy")
    key = told.value.idempotency_key
    assert key is not None
    if done:  # whoever began it holds it for a while yet, so the repetition waits: here until somebody cancels it
        until = time.monotonic() + 30.0
        while not brain.agents.executions() and time.monotonic() < until:
            time.sleep(0.05)  # the server commits when it has read what came before the connection was lost
        brain.agents.cancel(key, reason="nobody is at it")
    repeated = brain.agents.execute("deploy", idempotency_key=key, stopped=lambda: done)

    assert [each.id for each in brain.agents.executions()] == [repeated.id]
    assert (repeated.id == key) is done


def test_a_task_that_outlasts_the_deadline_of_its_call_is_ended_all_the_same(open_brain: OpenBrain) -> None:
    brain = open_brain()
    view = brain.acting(deadline=1.0)
    brain.agents.register_callable("ada", lambda task: time.sleep(1.2))

    ended = view.agents.execute("deploy")

    assert ended.state.value == "succeeded"
    assert brain.agents.execution(ended.id).outcome is not None
