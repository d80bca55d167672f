"""Does a store of the first schema come to the newest with everything in it, and does an old program live with it?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from brainops.brain import Brain
from brainops.store import acts, migrate, named, postgres_upkeep
from brainops.store.approvals import ApprovalRows
from brainops.store.operations import GrowthPolicy, finish_row
from brainops.store.postgres_archive import TABLES
from brainops.store.records import Records
from brainops.store.rules import RuleRows
from brainops.types import Draft, ErrorEvent, Evidence, Failed, OperationStart, Outcome, Source, Succeeded
from tests.conformance.conftest import OWNER, FreshDatabase
from tests.conformance.everything import MARTA, any_row, furnish
from tests.conformance.postgres_server import PostgresServer
from tests.conformance.test_schema import as_owner, automatic_backups, restore
from tests.inside import inside

OLD_TABLES = (
    "memory occurrence memory_tag feedback operation operation_count growth_policy guidance audit segment".split()
)


@pytest.fixture
def url(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return where nothing is yet: a file, or a database without a schema."""
    if dialect == "sqlite":
        yield str(tmp_path / "memory.db")
        return
    with FreshDatabase(request.getfixturevalue("postgres"), template="template0") as name:
        server: PostgresServer = request.getfixturevalue("postgres")
        yield server.url(name, OWNER)


@contextmanager
def first_schema(monkeypatch: pytest.MonkeyPatch, last: int = 1) -> Iterator[None]:
    """Let this program be one that knows the first migration only, or those up to the `last`."""
    known = named.migrations
    with monkeypatch.context() as patch:
        for module in (migrate, postgres_upkeep):
            patch.setattr(module, "migrations", lambda dialect: known(dialect)[:last])
        patch.setattr(Records, "ended_runs", lambda self, before: 0)  # it does not know that there are runs,
        patch.setattr(ApprovalRows, "names_of_approvers", lambda self: [])  # nor that somebody may approve,
        patch.setattr(RuleRows, "is_strict", lambda self, floor=False: False)  # nor that rules hold
        yield


@contextmanager
def opened(url: str) -> Iterator[Brain]:
    with ExitStack() as stack:
        brain = Brain.open(url, namespace="team/a", read=["team/shared"], model="none", background=False, actor=MARTA)
        stack.callback(brain.close)
        yield brain


def fill(brain: Brain) -> None:
    """Leave something in every table of the first schema, by what needs no other table."""
    first = brain.capture("gateway note", "über", tags=["gateway"], metadata={"n": 1}, source=Source(uri="x:1"))
    brain.capture("gateway note", "über", metadata={"n": 2})
    brain.feedback(first.id, "helpful", note="yes")
    brain.supersede(first.id, Draft(title="gateway second", content="plain"))
    brain.upkeep.set_growth(GrowthPolicy(operation_name="poll", mode="sampled", rate=0.5))
    now = inside(brain).store.now()
    start = OperationStart(name="deploy", target="prod", context={"a": 1}, actor=MARTA)
    failed = Failed(error=ErrorEvent(type="E", message="no"), evidence=Evidence.OBSERVED)
    ends: list[Outcome | None] = [Succeeded(result=[1]), failed, None]
    for number, outcome in enumerate(ends):
        with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
            tx.operations.begin(f"operation-{number}", start, None, now)
            if outcome is not None:
                tx.operations.finish(f"operation-{number}", finish_row(outcome, now + 1))
            tx.operations.tally("deploy", now, failed=number == 1, recorded=True)
    brain.archive(brain.capture("put aside", "long ago").id)
    brain.upkeep.compact(older_than_days=0)
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        for number in (7, 8):
            tx.operations.begin(f"operation-{number}", start, None, now)
        receipt: dict[str, Any] = {
            "id": "receipt",
            "operation_name": "deploy",
            "target": None,
            "action_class": "changing",
            "actor_kind": "person",
            "actor_id": "marta",
            "session_id": "s",
            "created_at": now,
            "expires_at": now + 1,
            "confidence": 0.0,
            "raw_confidence": 0.25,
            "failure_probability": None,
            "primary_id": None,
            "body": "{}",
        }
        tx.operations.add_guidance(receipt)


def rows_of(brain: Brain, tables: Iterable[str] = OLD_TABLES) -> dict[str, list[dict[str, Any]]]:
    """Return every row of the first schema's tables, or of others."""
    with as_owner(brain) as connection:
        found = {table: connection.execute(f"select * from {table}") for table in tables}
        return {
            table: sorted((_plain(row) for row in cursor.fetchall()), key=lambda row: repr(sorted(row.items())))
            for table, cursor in found.items()
        }


def _plain(row: Any) -> dict[str, Any]:
    return {name: bytes(row[name]) if isinstance(row[name], memoryview) else row[name] for name in row.keys()}  # noqa: SIM118 (a row is no mapping)


def test_a_store_of_the_first_schema_comes_to_the_newest_with_everything_in_it(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRAINOPS_HOME", str(tmp_path / "home"))
    with first_schema(monkeypatch), opened(url) as old:
        fill(old)
        before = rows_of(old)
        assert inside(old).store.upkeep.schema()["stored"] == 1
    assert all(before.values())

    with opened(url) as new:
        after = rows_of(new)
        schema = inside(new).store.upkeep.schema()
        wrong = inside(new).store.upkeep.check()
        titles = {hit.memory.title for hit in new.retrieve("gateway", include_superseded=True)}
        with inside(new).store.read() as tx:
            [kept] = tx.operations.guidance_page("")
        furnish(new)

    assert {table: [{k: row[k] for k in before[table][0]} for row in rows] for table, rows in after.items()} == before
    assert (schema["stored"], schema["pending"]) == (schema["program"], [])
    assert schema["stored"] == len(named.migrations("sqlite"))
    assert [problem for problem in wrong if "pgvector" not in problem] == []
    assert titles == {"gateway note", "gateway second"}
    assert (kept["used_at"], kept["procedures"], kept["required"], kept["acknowledged"]) == (None, "[]", "[]", "[]")
    [backup] = automatic_backups(url)
    assert backup.stat().st_mode & 0o777 == 0o600


def test_each_migration_keeps_every_row_of_the_schemas_before_it(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that lived through every version: a row in each table as soon as there is one, and what was filled."""
    monkeypatch.setenv("BRAINOPS_HOME", str(tmp_path / "home"))
    known: dict[str, list[dict[str, Any]]] = {}
    last = len(named.migrations("sqlite"))
    for number in range(1, last + 1):
        with first_schema(monkeypatch, number), opened(url) as brain:
            if number == 1:
                fill(brain)
                known = rows_of(brain)
            with as_owner(brain) as connection:
                fresh = [table for table in TABLES if table not in {*known, *UNTOLD} and exists(connection, table)]
                for table in fresh if number > 1 else ():
                    any_row(connection, table, "team/a")
            after = rows_of(brain, known)
            assert inside(brain).store.upkeep.schema()["stored"] == number
            known |= rows_of(brain, fresh) if number > 1 else {}
        for table, rows in after.items():
            assert [{k: row[k] for k in known[table][0]} for row in rows] == known[table], (number, table)

    with opened(url) as new:
        everything = rows_of(new, known)
        assert inside(new).store.upkeep.schema()["pending"] == []
    assert set(known) == set(TABLES) - UNTOLD
    assert all(everything.values())
    assert len(automatic_backups(url)) == last - 1


NEWER = TABLES[TABLES.index("agent") :]
UNTOLD = {"setting", "backup", "memory_fts", "memory_vector", "operation_key"}
"""Tables of the store itself, and those that are derived."""


def exists(connection: Any, table: str) -> bool:
    """Say whether a store has a table."""
    if "sqlite" in type(connection).__module__:
        return connection.execute("select 1 from sqlite_master where name = ?", (table,)).fetchone() is not None
    return connection.execute(f"select to_regclass('{table}') as found").fetchone()["found"] is not None


@contextmanager
def another(url: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Lend a second place of the same kind, where nothing is yet."""
    if not url.startswith("postgres"):
        yield str(tmp_path / "other.db")
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    with FreshDatabase(server, template="template0") as name:
        yield server.url(name, OWNER)


def test_the_automatic_backup_brings_the_first_schema_back_and_is_migrated_again(
    url: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRAINOPS_HOME", str(tmp_path / "home"))
    with first_schema(monkeypatch), opened(url) as old:
        fill(old)
        before = rows_of(old)
    with opened(url) as new:
        new.capture("later")
    [backup] = automatic_backups(url)

    with another(url, request, tmp_path) as target:
        restore(backup, target)
        with opened(target) as again:
            after = rows_of(again)
            again.capture("after")

    assert {table: [{k: row[k] for k in before[table][0]} for row in rows] for table, rows in after.items()} == before


def test_a_program_of_the_first_schema_reads_and_captures_on_the_newest(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(url) as new:
        new.capture("gateway note")
        furnish(new)
        stored = inside(new).store.upkeep.schema()["stored"]

    with first_schema(monkeypatch), opened(url) as old:
        fill(old)
        schema = inside(old).store.upkeep.schema()

        assert {hit.memory.title for hit in old.retrieve("gateway")} >= {"gateway second"}
        assert (schema["stored"], schema["program"]) == (stored, 1)


def test_a_backup_holds_everything_that_is_in_force(url: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """What an import puts aside, a backup brings back: it is the same store."""
    with opened(url) as brain:
        furnish(brain)
        brain.upkeep.export_to(tmp_path / "before.jsonl")
        brain.upkeep.backup(tmp_path / "copy.backup")
        rows = rows_of(brain, NEWER)

    with another(url, request, tmp_path) as target:
        restore(tmp_path / "copy.backup", target)
        with opened(target) as back:
            back.upkeep.export_to(tmp_path / "after.jsonl")
            assert rows_of(back, NEWER) == rows
            wrong = {check.name: check.detail for check in back.upkeep.doctor() if not check.passed}
            approvers = [each.name for each in back.approvals.approvers.list()]

    before, after = ((tmp_path / name).read_text().splitlines()[1:-1] for name in ("before.jsonl", "after.jsonl"))
    assert before == after
    assert wrong.keys() <= {"disk", "model", "permissions", "rows and word index"}, wrong
    assert approvers == ["ines"]
