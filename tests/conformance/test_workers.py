"""Do several workers share a team's runs, are they told at once what is due, and does it work without being told?"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from msgspec.structs import replace

from brainops.brain import Brain
from brainops.errors import InvalidConfiguration, StoreReadOnly
from brainops.procedures.consent import approvers
from brainops.store import acts
from brainops.types import Action, Procedure, Run, RunState, Step, StepKind, TerminalProof
from brainops.workers import procrastinate
from tests.conformance.conftest import OWNER
from tests.conformance.postgres_server import PostgresServer
from tests.inside import inside

PHRASE = "seven quiet herons at dusk"
WAIT_SECONDS = 60.0  # for another process; it takes about a second
AT_ONCE_SECONDS = 5.0  # a worker that is told needs some hundredths; one that looks, up to 30 when nothing was open


class UndoneError(Exception):
    """Ends a transaction so that nothing of it stays."""


def note(id: str, *needs: str) -> Step:
    return Step(id=id, needs=needs, action=Action(uses=StepKind.CAPTURE, parameters={"title": id, "content": id}))


def gate() -> Procedure:
    ask = Step(id="ask", action=Action(uses=StepKind.APPROVAL, parameters={"question": "Go?"}))
    return Procedure(name="gate", description="It asks first.", steps=(ask, note("after", "ask")))


def establish(brain: Brain, *procedures: Procedure) -> None:
    for procedure in procedures:
        brain.procedures.save(procedure)
        brain.procedures.activate(procedure.name)


@contextmanager
def worker(url: str, folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Run `brainops worker` until the block ends; lend it once it works."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BRAINOPS_")}
    environment |= {"BRAINOPS_HOME": str(folder), "BRAINOPS_CONFIG": str(folder / "settings.toml")}
    program = "from brainops.cli import main; main()"
    shared = ["--store", url, "--namespace", "team/a", "--model", "none"]
    command = [sys.executable, "-c", program, "worker", *shared, *options]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        assert "Working on" in line, line + process.stderr.read()
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(WAIT_SECONDS)
        finally:
            process.kill()
            process.wait()
            assert process.stderr is not None
            process.stderr.close()


def until(what: Callable[[], object], seconds: float = WAIT_SECONDS) -> float:
    """Return the seconds until something holds."""
    began = time.monotonic()
    while not what():
        assert time.monotonic() - began < seconds
        time.sleep(0.01)
    return time.monotonic() - began


def ended(brain: Brain, run: Run) -> bool:
    return brain.runs.get(run.id).finished_at is not None


@pytest.fixture
def url(postgres: PostgresServer, database: str) -> str:
    return postgres.url(database, OWNER)


@pytest.fixture
def brain(url: str) -> Iterator[Brain]:
    with Brain.open(url, namespace="team/a", model="none", background=False) as opened:
        yield opened


def listening(url: str) -> bool:
    """Say whether a worker of the engine has registered itself."""
    with psycopg.connect(url) as connection:
        row = connection.execute("select count(*) from brainops_workers.procrastinate_workers").fetchone()
    return row is not None and row[0] > 0


def jobs(url: str) -> int:
    with psycopg.connect(url) as connection:
        connection.execute("set brainops.write_namespace = 'team/a'")
        row = connection.execute("select count(*) from brainops_workers.procrastinate_jobs").fetchone()
    assert row is not None
    return int(row[0])


def test_a_worker_is_told_at_once_of_a_run_that_begins_and_of_an_answer(
    brain: Brain, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(approvers, "SCRYPT_COST", 2**4)
    procrastinate.install(brain)
    establish(brain, gate())
    brain.approvals.approvers.enrol("ines", passphrase=PHRASE)

    with worker(url, tmp_path):
        until(lambda: listening(url))
        begun = brain.runs.start("gate", detached=True)
        asked = until(lambda: brain.runs.get(begun.id).state is RunState.WAITING, AT_ONCE_SECONDS)
        [question] = brain.approvals.pending()
        brain.approvals.grant(question.id, proof=TerminalProof(approver="ines", passphrase=PHRASE))
        answered = until(lambda: ended(brain, begun), AT_ONCE_SECONDS)

    assert brain.runs.get(begun.id).state is RunState.SUCCEEDED
    assert max(asked, answered) < AT_ONCE_SECONDS


def test_a_wake_up_stands_and_falls_with_the_transaction_that_makes_a_run_due(brain: Brain, url: str) -> None:
    procrastinate.install(brain)
    establish(brain, Procedure(name="one", description="One step.", steps=(note("a"),)))
    begun = brain.runs.start("one", detached=True)

    with suppress(UndoneError), inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        inserted = tx.runs.insert(replace(begun, id="another", concurrency_group=None))
        raise UndoneError

    assert inserted
    assert jobs(url) == 1


def test_another_namespace_sees_no_wake_ups(brain: Brain, url: str) -> None:
    procrastinate.install(brain)
    establish(brain, Procedure(name="one", description="One step.", steps=(note("a"),)))
    brain.runs.start("one", detached=True)

    with psycopg.connect(url) as connection:
        connection.execute("set role brainops_runtime")
        connection.execute("set brainops.write_namespace = 'team/b'")
        seen = connection.execute("select count(*) from brainops_workers.procrastinate_jobs").fetchone()

    assert seen == (0,)
    assert jobs(url) == 1


def test_a_login_without_tables_of_its_own_works_and_is_told(
    brain: Brain, postgres: PostgresServer, database: str, url: str, tmp_path: Path
) -> None:
    procrastinate.install(brain)
    establish(brain, Procedure(name="one", description="One step.", steps=(note("a"),)))
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        connection.execute("create role on_call login; grant brainops_runtime to on_call")
    try:
        with worker(postgres.url(database, "on_call"), tmp_path):
            until(lambda: listening(url))
            begun = brain.runs.start("one", detached=True)
            took = until(lambda: ended(brain, begun), AT_ONCE_SECONDS)
        with (
            Brain.open(postgres.url(database, "on_call"), namespace="team/a", background=False) as theirs,
            pytest.raises(StoreReadOnly, match="owner"),
        ):
            procrastinate.install(theirs)
    finally:
        with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
            connection.execute("drop role on_call")

    assert took < AT_ONCE_SECONDS


def test_a_worker_goes_on_when_its_engine_is_taken_away(brain: Brain, url: str, tmp_path: Path) -> None:
    procrastinate.install(brain)
    establish(brain, Procedure(name="one", description="One step.", steps=(note("a"),)))

    with worker(url, tmp_path):
        until(lambda: listening(url))
        wakeups = brain.workers.wakeups()
        assert wakeups is not None
        wakeups.remove()
        begun = brain.runs.start("one", detached=True)
        until(lambda: ended(brain, begun), 60.0)

    assert brain.runs.get(begun.id).state is RunState.SUCCEEDED


def test_the_engine_is_taken_away_though_a_worker_takes_its_tables_in_another_order(
    brain: Brain, postgres: PostgresServer, database: str
) -> None:
    procrastinate.install(brain)
    wakeups = brain.workers.wakeups()
    assert wakeups is not None
    tables = """
        select oid::regclass::text from pg_class
        where relkind = 'r' and relnamespace = 'brainops_workers'::regnamespace order by oid
    """
    waits = "select 1 from pg_locks where not granted"

    with (
        psycopg.connect(postgres.url(database), autocommit=True) as watching,
        psycopg.connect(postgres.url(database)) as working,
        ThreadPoolExecutor(1) as threads,
    ):
        working.execute("set deadlock_timeout = '1min'")  # so that the other one is given up by the server
        held, *others = [name for (name,) in working.execute(tables)]
        working.execute(f"lock table {held} in row exclusive mode")
        removed = threads.submit(wakeups.remove)
        until(lambda: watching.execute(waits).fetchone() is not None)
        working.execute(f"lock table {', '.join(others)} in row exclusive mode")
        working.commit()
        removed.result(WAIT_SECONDS)

    assert wakeups.installed() is None


def test_a_stopped_worker_lets_its_step_end_and_strikes_itself_off(brain: Brain, url: str, tmp_path: Path) -> None:
    establish(brain, Procedure(name="one", description="One step.", steps=(note("a"),)))

    with worker(url, tmp_path, "--runs-at-once", "2") as process:
        until(lambda: len(brain.workers.list()) == 1)
        [alive] = brain.workers.list()
        process.send_signal(signal.SIGTERM)
        status = process.wait(WAIT_SECONDS)

    assert str(process.pid) in alive.id
    assert status == 0
    assert brain.workers.list() == []


class Counting:
    """A loop that counts what it is told."""

    def __init__(self) -> None:
        self.woken = False
        self.wakes = self.sweeps = 0

    def wake(self) -> None:
        self.wakes += 1

    def sweep(self) -> None:
        self.sweeps += 1
        time.sleep(1.5)  # longer than a tick, so that the next one is put while this one goes on


def test_a_cycle_is_gone_through_once_per_tick_by_all_workers_together(
    brain: Brain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(procrastinate, "TICK", "* * * * * *")
    procrastinate.install(brain)
    loops = Counting(), Counting()

    began = time.monotonic()
    with procrastinate.Woken(brain, loops[0]), procrastinate.Woken(brain, loops[1]):
        until(lambda: sum(loop.sweeps for loop in loops) >= 5)
        ticks = time.monotonic() - began + 2  # the second that had begun, and the one that ends now
        swept = sum(loop.sweeps for loop in loops)
        still = [loop.woken for loop in loops]

    assert swept <= ticks
    assert still == [True, True]


def test_two_stores_of_one_database_have_their_wake_ups_apart(
    brain: Brain, postgres: PostgresServer, database: str, url: str
) -> None:
    with psycopg.connect(postgres.url(database), autocommit=True) as connection:
        connection.execute(f'create schema "Second" authorization {OWNER}')
        connection.execute("drop extension vector cascade")  # it stands in another schema than the second store
    second = f"{url}&options=-csearch_path%3D%22Second%22"

    with Brain.open(second, namespace="team/a", model="none", background=False) as other:
        procrastinate.install(other)
        alone = procrastinate.obstacle(brain)
        procrastinate.install(brain)
        establish(other, Procedure(name="one", description="One step.", steps=(note("a"),)))
        other.runs.start("one", detached=True)
        both = procrastinate.obstacle(other)

    assert "--install" in str(alone)
    assert both is None
    assert jobs(url) == 0


def test_it_is_said_why_a_worker_only_looks(brain: Brain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = procrastinate.obstacle(brain)
    procrastinate.install(brain)
    after = procrastinate.obstacle(brain)
    monkeypatch.setattr(procrastinate, "engine", lambda: "procrastinate 9.9")
    newer = procrastinate.obstacle(brain)
    monkeypatch.setattr(procrastinate, "engine", lambda: None)
    without = procrastinate.obstacle(brain)

    assert "brainops worker --install" in str(before)
    assert after is None
    assert "brainops worker --install` again" in str(newer)
    assert "brainops[workers]" in str(without)
    with Brain.open(tmp_path / "m.db", model="none", background=False) as single:
        assert "SQLite" in str(procrastinate.obstacle(single))
        with pytest.raises(InvalidConfiguration):
            procrastinate.install(single)


def test_installing_again_makes_everything_anew_and_loses_no_run(brain: Brain, url: str) -> None:
    procrastinate.install(brain)
    establish(brain, Procedure(name="one", description="One step.", steps=(note("a"),)))
    begun = brain.runs.start("one", detached=True)

    procrastinate.install(brain)

    assert jobs(url) == 0
    assert brain.runs.advance(begun.id).state is RunState.SUCCEEDED
