"""Do programs of two versions live on one store, and is a store brought to a newer schema without a loss?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from brainops.brain import Brain
from brainops.errors import ArchiveDamaged, Conflict, SchemaTooNew
from brainops.store import migrate, open_store
from brainops.store.schema import migrations
from tests.conformance.conftest import SCOPE, OpenBrain
from tests.inside import inside

ADDED = "alter table memory add column colour text default 'grey';\n"


@contextmanager
def as_owner(brain: Brain) -> Iterator[Any]:
    """Lend the bare connection in a transaction that sees everything, as a migration does."""
    database = inside(brain).store.database
    with database.raw() as connection:  # type: ignore[attr-defined]
        connection.execute("begin")
        if database.dialect == "postgres":
            connection.execute("set local brainops.upkeep = 'on'")
        yield connection
        connection.execute("commit")


def become_newer(brain: Brain, *, capture_from: int) -> None:
    """Change a store as a program of a later version would."""
    with as_owner(brain) as connection:
        connection.execute(ADDED)
        connection.execute("update setting set value = '99' where name = 'schema'")
        connection.execute(f"update setting set value = '{capture_from}' where name = 'capture_from'")


def test_an_older_program_reads_and_captures_on_a_newer_schema(open_brain: OpenBrain, tmp_path: Path) -> None:
    newer = open_brain()
    first = newer.capture("gateway note", tags=["gateway"])
    become_newer(newer, capture_from=1)

    older = open_brain()
    second = older.capture("gateway second")

    assert {hit.memory.id for hit in older.retrieve("gateway")} == {first.id, second.id}
    assert older.capture("gateway note").repeated
    older.archive(second.id)
    with older.operation("deploy"):
        pass
    assert older.upkeep.export_to(tmp_path / "one.jsonl").memories == 2
    assert inside(older).store.upkeep.schema()["stored"] == 99
    assert inside(older).store.upkeep.schema()["pending"] == []


def test_a_program_that_is_too_old_refuses_and_changes_nothing(open_brain: OpenBrain) -> None:
    newer = open_brain()
    newer.capture("gateway note")
    become_newer(newer, capture_from=99)

    with pytest.raises(SchemaTooNew, match="pip install -U"):
        open_brain()

    assert [hit.memory.title for hit in newer.retrieve("gateway")] == ["gateway note"]


def bring_a_migration(monkeypatch: pytest.MonkeyPatch, script: str) -> int:
    """Let this program know one migration more, and return its number."""
    from brainops.store import postgres_upkeep

    known = migrations

    def more(dialect: str) -> list[tuple[int, str, str]]:
        there = known(dialect)
        return [*there, (there[-1][0] + 1, "colours", script)]

    monkeypatch.setattr(migrate, "migrations", more)
    monkeypatch.setattr(migrate, "versions", lambda dialect: [each[:2] for each in more(dialect)])
    monkeypatch.setattr(postgres_upkeep, "migrations", more)
    return more("sqlite")[-1][0]


def automatic_backups(store_url: str) -> list[Path]:
    folder = Path(store_url).parent if not store_url.startswith("postgres") else Path(os.environ["BRAINOPS_HOME"])
    return list(folder.rglob("*.before-schema-*.backup"))


def fill(brain: Brain) -> None:
    for number in range(3):
        brain.capture(f"gateway {number}", tags=["gateway"])
    brain.archive(brain.capture("put aside").id)
    with brain.operation("deploy"):
        pass


def test_a_store_of_an_earlier_version_is_migrated_with_its_data_and_backed_up_before(
    open_brain: OpenBrain, store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRAINOPS_HOME", str(tmp_path / "home"))
    old = open_brain()
    fill(old)
    old.upkeep.export_to(tmp_path / "before.jsonl")
    old.close()
    number = bring_a_migration(monkeypatch, ADDED)

    new = open_brain()

    new.upkeep.export_to(tmp_path / "after.jsonl")
    before, after = ((tmp_path / name).read_text().splitlines()[1:-1] for name in ("before.jsonl", "after.jsonl"))
    assert before == after
    assert inside(new).store.upkeep.schema()["stored"] == number
    with as_owner(new) as connection:
        connection.execute("select colour from memory").fetchall()
    [backup] = automatic_backups(store_url)
    assert backup.stat().st_mode & 0o777 == 0o600
    assert inside(new).store.upkeep.check() == []
    assert len(new.retrieve("gateway", tags=["gateway"])) == 3


def test_a_migration_that_fails_leaves_the_store_as_it_was(
    open_brain: OpenBrain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRAINOPS_HOME", str(tmp_path / "home"))
    old = open_brain()
    fill(old)
    stored = inside(old).store.upkeep.schema()["stored"]
    with monkeypatch.context() as patch:
        bring_a_migration(patch, ADDED + "insert into no_such_table values (1);\n")
        with pytest.raises(Exception, match="no_such_table"):
            open_brain()

    assert inside(old).store.upkeep.schema()["stored"] == stored
    assert len(old.retrieve("gateway")) == 3
    number = bring_a_migration(monkeypatch, ADDED)
    assert inside(open_brain()).store.upkeep.schema()["stored"] == number


def test_an_empty_store_is_not_backed_up(open_brain: OpenBrain, store_url: str, tmp_path: Path) -> None:
    open_brain()

    assert list(tmp_path.rglob("*.backup")) == []


def test_a_store_can_be_looked_at_before_it_is_migrated(
    open_brain: OpenBrain, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_brain().capture("gateway")
    number = bring_a_migration(monkeypatch, ADDED)

    store = open_store(store_url, SCOPE, migrate=False)

    state = store.upkeep.schema()
    store.close()
    assert (state["stored"], state["program"], state["pending"]) == (number - 1, number, ["colours"])


def restore(backup: Path, store_url: str, *, replace: bool = False, unverified: bool = False) -> None:
    if store_url.startswith("postgres"):
        from brainops.store.postgres_upkeep import restore_database

        restore_database(str(backup), store_url, replace=replace, unverified=unverified)
    else:
        from brainops.store.sqlite_restore import restore_file

        restore_file(str(backup), store_url, replace=replace, unverified=unverified)


def test_a_backup_brings_everything_back(
    open_brain: OpenBrain, store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRAINOPS_HOME", str(tmp_path / "home"))
    brain = open_brain()
    fill(brain)
    brain.upkeep.export_to(tmp_path / "before.jsonl")
    brain.upkeep.backup(tmp_path / "copy.backup")
    brain.purge(brain.retrieve("gateway")[0].memory.id, reason="by mistake")
    brain.capture("later")
    brain.close()

    with pytest.raises(Conflict):
        restore(tmp_path / "copy.backup", store_url)
    restore(tmp_path / "copy.backup", store_url, replace=True)

    back = open_brain()
    back.upkeep.export_to(tmp_path / "after.jsonl")
    before, after = ((tmp_path / name).read_text().splitlines()[1:-1] for name in ("before.jsonl", "after.jsonl"))
    assert before == after
    assert inside(back).store.upkeep.check() == []
    assert back.capture("gateway again").id


@pytest.mark.parametrize("unverified", [False, True])
@pytest.mark.parametrize(
    "damage", [lambda data: data[:200], lambda data: b"", lambda data: data[: len(data) // 2] + b"x" * 9_000]
)
def test_a_damaged_backup_is_refused_and_the_store_stays(
    open_brain: OpenBrain, store_url: str, tmp_path: Path, damage: Any, unverified: bool
) -> None:
    brain = open_brain()
    fill(brain)
    brain.upkeep.backup(tmp_path / "copy.backup")
    damaged = damage((tmp_path / "copy.backup").read_bytes())
    (tmp_path / "copy.backup").write_bytes(damaged)

    with pytest.raises(ArchiveDamaged):
        restore(tmp_path / "copy.backup", store_url, replace=True, unverified=unverified)

    assert len(open_brain().retrieve("gateway")) == 3


def test_others_write_while_a_backup_is_made(open_brain: OpenBrain, tmp_path: Path) -> None:
    brain, other = open_brain(), open_brain()
    brain.capture_many(brain.draft(f"gateway {number}", "text " * 200) for number in range(500))

    for number in range(3):
        brain.upkeep.backup(tmp_path / f"{number}.backup")
        other.capture(f"while {number}")

    assert len(brain.retrieve("while")) == 3
