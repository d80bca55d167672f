"""Does everything that is stored come through a migration and back from a backup, and what becomes of older stores?"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from brainops.brain import Brain
from brainops.errors import SchemaTooOld
from brainops.store import postgres_archive
from brainops.store.postgres_archive import TABLES
from tests.conformance.conftest import OWNER, FreshDatabase, OpenBrain
from tests.conformance.everything import MARTA, furnish
from tests.conformance.postgres_server import PostgresServer
from tests.conformance.test_schema import ADDED, as_owner, automatic_backups, bring_a_migration, restore
from tests.inside import inside

EXPORTED = Path(__file__).parent / "exported_before_release.jsonl"
"""An export by the last program of before the first release: memories, a log, a fix and a trail of `team/a`."""

OF_THE_STORE = {"setting", "backup"}
"""What a migration changes itself: its number, and the backup before it."""


def rows_of(brain: Brain, tables: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """Return every row of some tables, without what the migration of the tests adds."""
    with as_owner(brain) as connection:
        found = {table: connection.execute(f"select * from {table}") for table in tables}
        return {
            table: sorted((_plain(row) for row in cursor.fetchall()), key=lambda row: repr(sorted(row.items())))
            for table, cursor in found.items()
        }


def _plain(row: Any) -> dict[str, Any]:
    plain = {name: row[name] for name in row.keys() if name != "colour"}  # noqa: SIM118 (a row is no mapping)
    return {name: bytes(value) if isinstance(value, memoryview) else value for name, value in plain.items()}


def tables_of(brain: Brain) -> list[str]:
    """Return the tables whose rows no migration changes."""
    own = {"operation_key"} if inside(brain).store.database.dialect == "sqlite" else set()
    return [table for table in TABLES if table not in OF_THE_STORE | own]


@contextmanager
def another(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Lend a second place of the same kind, where nothing is yet."""
    if dialect == "sqlite":
        yield str(tmp_path / "other.db")
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    with FreshDatabase(server, template="template0") as name:
        yield server.url(name, OWNER)


@contextmanager
def opened(url: str) -> Iterator[Brain]:
    """Lend a Brain on another place than the test's."""
    with Brain.open(
        url, namespace="team/a", read=["team/shared"], model="none", background=False, actor=MARTA
    ) as brain:
        yield brain


def test_a_migration_keeps_every_row_and_its_backup_is_migrated_again(
    open_brain: OpenBrain,
    dialect: str,
    store_url: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BRAINOPS_HOME", str(tmp_path / "home"))
    old = open_brain(actor=MARTA)
    furnish(old)
    before = rows_of(old, tables_of(old))
    old.close()
    number = bring_a_migration(monkeypatch, ADDED)

    new = open_brain(actor=MARTA)

    assert rows_of(new, before) == before
    assert inside(new).store.upkeep.schema()["stored"] == number
    assert [problem for problem in inside(new).store.upkeep.check() if "pgvector" not in problem] == []
    new.capture("later")
    [backup] = automatic_backups(store_url)
    with another(dialect, request, tmp_path) as target:
        restore(backup, target)
        with opened(target) as again:
            assert rows_of(again, before) == before
            again.capture("after")


def test_a_backup_holds_everything_that_is_in_force(
    open_brain: OpenBrain, dialect: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """What an import puts aside, a backup brings back: it is the same store."""
    brain = open_brain(actor=MARTA)
    furnish(brain)
    brain.upkeep.export_to(tmp_path / "before.jsonl")
    rows = rows_of(brain, tables_of(brain))
    brain.upkeep.backup(tmp_path / "copy.backup")

    with another(dialect, request, tmp_path) as target:
        restore(tmp_path / "copy.backup", target)
        with opened(target) as back:
            assert rows_of(back, rows) == rows
            back.upkeep.export_to(tmp_path / "after.jsonl")
            wrong = {check.name: check.detail for check in back.upkeep.doctor() if not check.passed}
            approvers = [each.name for each in back.approvals.approvers.list()]

    before, after = ((tmp_path / name).read_text().splitlines()[1:-1] for name in ("before.jsonl", "after.jsonl"))
    assert before == after
    assert wrong.keys() <= {"disk", "model", "permissions", "rows and word index"}, wrong
    assert approvers == ["ines"]


def become_older(brain: Brain) -> None:
    """Change a store into one of the last schema of before the first release, whose tables were the same."""
    with as_owner(brain) as connection:
        connection.execute("delete from setting where name = 'schema_line'")
        connection.execute("update setting set value = '19' where name = 'schema'")


def test_a_store_of_before_the_first_release_is_refused_and_its_export_is_the_way_out(
    open_brain: OpenBrain,
    dialect: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old = open_brain()
    old.capture("gateway note")
    with monkeypatch.context() as patch:
        patch.setattr(postgres_archive, "FORMAT", postgres_archive.OF_BEFORE)
        old.upkeep.backup(tmp_path / "old.backup")
    become_older(old)
    if dialect == "sqlite":
        with closing(sqlite3.connect(tmp_path / "old.backup")) as backup, backup:
            backup.execute("delete from setting where name = 'schema_line'")

    with pytest.raises(SchemaTooOld, match=r"brainops export FILE.*brainops import FILE"):
        open_brain()

    with as_owner(old) as connection:
        assert len(connection.execute("select key from memory").fetchall()) == 1
    with another(dialect, request, tmp_path) as target:
        with pytest.raises(SchemaTooOld):
            restore(tmp_path / "old.backup", target, unverified=True)
        with opened(target) as new:
            new.upkeep.import_from(EXPORTED)
            assert {hit.memory.title for hit in new.retrieve("gateway")} == {"gateway note"}
            assert new.match("ConnectionError: payments api timed out after 30 s")[0].exact
            assert [
                check.detail for check in new.upkeep.doctor() if check.name == "audit trail" and not check.passed
            ] == []
