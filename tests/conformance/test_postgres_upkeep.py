"""Can a PostgreSQL store be made, copied, put back, checked and kept in shape by its owner?"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy
import psycopg
import pytest

from brainops.brain import Brain
from brainops.errors import ArchiveDamaged, Conflict, InvalidInput, StoreReadOnly, StoreUnavailable
from brainops.memory.meaning import waiting
from brainops.store import acts, migrate, postgres_upkeep
from brainops.store.opening import open_store
from brainops.store.postgres_archive import LEFT, TABLES
from brainops.store.postgres_upkeep import restore_database
from brainops.store.schema import migrations
from brainops.store.scope import Scope
from brainops.store.search import Embedded
from brainops.types import Filter
from tests.conformance.conftest import OWNER, SCOPE, FreshDatabase
from tests.conformance.postgres_server import PostgresServer
from tests.inside import inside

DIMENSION = 8
TEXT = "tab\tnew\nline \\N \\. back\\slash"
LATEST = migrate.program_schema("postgres")
LATER = (99, "later", "create table later (n bigint); insert into later values (1)")


@pytest.fixture
def url(postgres: PostgresServer, database: str) -> str:
    """Return the address of a fresh, migrated store."""
    return postgres.url(database, OWNER)


@pytest.fixture
def empty(postgres: PostgresServer) -> Iterator[str]:
    """Return the address of a database without a schema and without pgvector."""
    with FreshDatabase(postgres, template="template0") as name:
        yield postgres.url(name, OWNER)


def brain_on(url: str, namespace: str = "team/a") -> Brain:
    """Open a Brain without a model."""
    return Brain.open(url, namespace=namespace, read=[], model="none", background=False)


def fill(url: str) -> dict[str, int]:
    """Capture into two namespaces, with a vector, an operation and a verdict; return the number of rows by table."""
    for namespace in ("team/a", "team/b"):
        with brain_on(url, namespace) as brain:
            memory = brain.capture("ünï", TEXT, tags=["x"])
            brain.feedback(memory.id, "helpful")
            with brain.operation("deploy", target="prod"):
                pass
            brain.flush()
            give_vectors(brain, 1)
    return rows_of(url)


def give_vectors(brain: Brain, seed: int) -> None:
    """Give every memory that waits a vector of a made-up model."""
    random = numpy.random.default_rng(seed)
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        for row in tx.session.all("vector_pending", after=0, limit=1_000):
            vectors = random.normal(size=(1, DIMENSION)).astype(numpy.float32)
            tx.index.store_vectors(
                tx.session, "m", [Embedded(key=row["key"], content_hash=row["content_hash"], vectors=vectors)]
            )


def rows_of(url: str) -> dict[str, int]:
    """Return the number of rows of each table, as the owner's upkeep sees them."""
    found: dict[str, int] = {}
    with psycopg.connect(url) as connection:
        connection.execute("set local brainops.upkeep = 'on'")
        for table in TABLES:
            row = connection.execute(f"select count(*) from {table}".encode()).fetchone()
            assert row is not None
            found[table] = row[0]
    return found


def run(url: str, *statements: str) -> None:
    """Execute statements as the owner's upkeep."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("set brainops.upkeep = 'on'")
        for statement in statements:
            connection.execute(statement.encode())


def test_a_backup_holds_every_table_that_there_is(url: str) -> None:
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "select relname from pg_class where relnamespace = current_schema()::regnamespace"
            " and relkind in ('r', 'p') and not relispartition"
        ).fetchall()

    assert {name for (name,) in found} == {*TABLES, *LEFT}


def test_a_backup_comes_back_whole_in_an_empty_database(postgres: PostgresServer, url: str, tmp_path: Path) -> None:
    rows = fill(url)
    store = open_store(url, SCOPE)
    store.upkeep.backup(str(tmp_path / "backup"))
    store.close()

    with FreshDatabase(postgres) as name:
        restore_database(str(tmp_path / "backup"), postgres.url(name, OWNER))

        assert rows_of(postgres.url(name, OWNER)) == rows
        with brain_on(postgres.url(name, OWNER)) as brain:
            [hit] = brain.retrieve("ünï")
            assert hit.memory.content == TEXT
            assert not brain.capture("a new one").repeated
            assert inside(brain).store.upkeep.check() == []
            with brain.operation("deploy", target="prod"):
                pass


def test_a_backup_is_restored_into_a_database_that_had_no_schema(empty: str, url: str, tmp_path: Path) -> None:
    fill(url)
    store = open_store(url, SCOPE)
    store.upkeep.backup(str(tmp_path / "backup"))
    store.close()

    restore_database(str(tmp_path / "backup"), empty)

    with brain_on(empty) as brain:  # it has no pgvector, so the vectors wait for their model again
        with inside(brain).store.read() as tx:
            assert set(tx.counts.models()) == {""}
            assert tx.counts.wrong(inside(brain).store.now(), tx.memories.newest_key()) == []
        assert brain.retrieve("back")


def test_a_store_that_stands_there_is_only_replaced_when_asked_and_is_kept(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRAINOPS_HOME", str(tmp_path / "home"))
    with brain_on(url) as brain:
        brain.capture("before")
        inside(brain).store.upkeep.backup(str(tmp_path / "backup"))
        brain.capture("after")

    with pytest.raises(Conflict, match="--replace"):
        restore_database(str(tmp_path / "backup"), url)
    restore_database(str(tmp_path / "backup"), url, replace=True)

    with brain_on(url) as brain:
        assert [hit.memory.title for hit in brain.retrieve()] == ["before"]
    [kept] = (tmp_path / "home" / "backups").glob("*.backup")
    restore_database(str(kept), url, replace=True)
    with brain_on(url) as brain:
        assert {hit.memory.title for hit in brain.retrieve()} == {"before", "after"}


def test_a_restore_lets_nobody_write_meanwhile_or_says_who_does(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRAINOPS_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("brainops.store.postgres_upkeep.LOCK_ALL_SECONDS", 1)
    with brain_on(url) as brain:
        brain.capture("before")
        inside(brain).store.upkeep.backup(str(tmp_path / "backup"))
        with psycopg.connect(url, application_name="a report") as other:
            other.execute("lock table memory in row exclusive mode")

            with pytest.raises(StoreUnavailable, match=r"in use by .*a report \(\d+\)"):
                restore_database(str(tmp_path / "backup"), url, replace=True)

        brain.capture("after")
        assert {hit.memory.title for hit in brain.retrieve()} == {"before", "after"}
    assert not (tmp_path / "home" / "backups").exists()


def test_a_backup_is_taken_with_its_digest_alone(url: str, tmp_path: Path) -> None:
    with brain_on(url) as brain:
        inside(brain).store.upkeep.backup(str(tmp_path / "backup"))
    (tmp_path / "backup.sha256").unlink()

    with pytest.raises(InvalidInput, match="--sha256"):
        restore_database(str(tmp_path / "backup"), url, replace=True)
    with pytest.raises(ArchiveDamaged, match="SHA-256"):
        restore_database(str(tmp_path / "backup"), url, replace=True, sha256="0" * 64)


@pytest.mark.parametrize("unverified", [False, True])
@pytest.mark.parametrize("member", ["memory.copy", "contents.json", None])
def test_a_damaged_backup_changes_nothing(url: str, tmp_path: Path, member: str | None, unverified: bool) -> None:
    rows = fill(url)
    store = open_store(url, SCOPE)
    store.upkeep.backup(str(tmp_path / "backup"))
    store.close()
    damage(tmp_path / "backup", member)

    with pytest.raises(ArchiveDamaged):
        restore_database(str(tmp_path / "backup"), url, replace=True, unverified=unverified)

    assert rows_of(url) == rows


def damage(path: Path, member: str | None) -> None:
    """Drop the end of a backup, or change one of its members by one byte."""
    if member is None:
        path.write_bytes(path.read_bytes()[:-100])
        return
    with zipfile.ZipFile(path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    held[member] = held[member].replace(b"e", b"", 1)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in held.items():
            archive.writestr(name, data)


def test_a_migration_of_a_store_with_data_is_preceded_by_a_backup(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = fill(url)
    monkeypatch.setenv("BRAINOPS_HOME", str(tmp_path))
    offer_a_later_schema(monkeypatch)

    open_store(url, SCOPE).close()

    [backup] = (tmp_path / "backups").glob("*.backup")
    assert "before-schema-99" in backup.name
    run(url, "drop table later")
    monkeypatch.undo()
    with zipfile.ZipFile(backup) as archive:
        assert archive.read("memory.copy").count(b"\n") == rows["memory"]


def test_a_migration_whose_backup_cannot_be_written_changes_nothing(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("BRAINOPS_HOME", str(tmp_path / "file"))
    offer_a_later_schema(monkeypatch)

    with pytest.raises(StoreReadOnly, match="BRAINOPS_MIGRATE_WITHOUT_BACKUP"):
        open_store(url, SCOPE)

    store = open_store(url, SCOPE, migrate=False)
    assert store.upkeep.schema()["stored"] == LATEST
    store.close()


def offer_a_later_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the program bring one more migration."""
    later = [*migrations("postgres"), LATER]
    monkeypatch.setattr(postgres_upkeep, "migrations", lambda _: later)
    monkeypatch.setattr(migrate, "versions", lambda _: [(number, name) for number, name, _ in later])


def test_without_pgvector_search_works_by_words_and_says_so(empty: str) -> None:
    with brain_on(empty) as brain:
        brain.capture("connection pool", "is exhausted")
        with inside(brain).store.read() as tx:
            dense = tx.index.dense(tx.session, "m", numpy.ones(DIMENSION, numpy.float32), Filter(), 5)
            pending = waiting(tx, "m")

        assert [hit.memory.title for hit in brain.retrieve("exhausted")] == ["connection pool"]
        assert dense == []
        assert pending == 0
        assert "pgvector" in str(inside(brain).store.upkeep.schema()["degraded"])
        assert "pgvector" in " ".join(inside(brain).store.upkeep.check())


def test_pgvector_is_used_once_it_is_there(postgres: PostgresServer, empty: str) -> None:
    with brain_on(empty) as brain:
        brain.capture("connection pool", "is exhausted")
    name = psycopg.conninfo.conninfo_to_dict(empty)["dbname"]
    with psycopg.connect(postgres.url(str(name)), autocommit=True) as connection:
        connection.execute("create extension vector")

    with brain_on(empty) as brain:
        give_vectors(brain, 1)
        with inside(brain).store.read() as tx:
            found = tx.index.dense(tx.session, "m", numpy.ones(DIMENSION, numpy.float32), Filter(), 5)

        assert len(found) == 1
        assert inside(brain).store.upkeep.check() == []


def test_a_store_lives_in_a_schema_of_its_own(postgres: PostgresServer, database: str) -> None:
    address = postgres.url(database, OWNER)
    run(address, "create schema other")
    other = address + "&options=-csearch_path%3Dother,public"
    with brain_on(address) as brain:
        brain.capture("kept in public")

    with brain_on(other) as brain:
        brain.capture("kept elsewhere")

        assert [hit.memory.title for hit in brain.retrieve()] == ["kept elsewhere"]
        assert [hit.memory.title for hit in brain.retrieve("kept")] == ["kept elsewhere"]


def test_the_coming_months_have_partitions_and_old_operations_still_have_a_place(url: str) -> None:
    with brain_on(url) as brain, inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        now = inside(brain).store.now()
        started = {"new": now, "old": 1_000_000}
        for identity, at in started.items():
            values = dict.fromkeys(("target", "session_id", "parent_id", "guidance_id"))
            actor = {"actor_kind": "agent", "actor_id": "a", "actor_proof": "none"}
            tx.session.run(
                "operation_begin", id=identity, name="deploy", context="{}", action_class="read", started_at=at,
                **values, **actor,
            )  # fmt: skip
        places = {
            row["id"]: row["place"]
            for row in tx.session.connection.execute(  # type: ignore[attr-defined]
                "select id, tableoid::regclass::text as place from operation"
            ).fetchall()
        }

    month = datetime.fromtimestamp(now / 1_000_000, UTC)
    assert places == {"new": f"operation_{month:%Y_%m}", "old": "operation_default"}


def test_an_operation_id_is_unique_over_all_partitions(url: str) -> None:
    with brain_on(url) as brain:
        with brain.operation("deploy") as running:
            pass
        brain.flush()
        with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
            values = dict.fromkeys(("target", "session_id", "parent_id", "guidance_id"))
            actor = {"actor_kind": "agent", "actor_id": "a", "actor_proof": "none"}
            again = tx.session.run(
                "operation_begin", id=running.id, name="again", context="{}", action_class="read", started_at=1,
                **values, **actor,
            )  # fmt: skip

        assert again == 0
        assert [operation.start.name for operation in brain.operations.list()] == ["deploy"]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("delete from memory_fts", "missing from the word index"),
        ("delete from memory_vector", "claim a vector"),
        ("update memory_tag set namespace = 'elsewhere'", "another namespace"),
        ("delete from operation_key", "no entry"),
        ("delete from operation", "stand for no operation"),
        ("alter table memory no force row level security", "not guarded"),
        ("alter table operation_default disable row level security", "not guarded"),
    ],
)
def test_the_check_says_what_is_wrong(url: str, damage: str, said: str) -> None:
    fill(url)
    run(url, damage)
    store = open_store(url, SCOPE)

    [problem] = store.upkeep.check()

    assert said in problem
    store.close()


def test_sizes_are_told_by_part(url: str) -> None:
    fill(url)
    store = open_store(url, SCOPE)

    sizes = store.upkeep.sizes()

    assert set(sizes) == {"rows", "words", "vectors"}
    assert all(size > 0 for size in sizes.values())
    store.close()


@pytest.mark.parametrize("rows", [300, 6_000])
def test_the_nearest_are_found_under_every_filter_whatever_index_is_read(url: str, rows: int) -> None:
    random = numpy.random.default_rng(7)
    vectors = random.normal(size=(rows, DIMENSION)).astype(numpy.float32)
    vectors /= numpy.linalg.norm(vectors, axis=1, keepdims=True)
    with brain_on(url) as brain:
        drafts = [brain.draft(f"memory {n}", tags=["rare"] if n % 100 == 0 else ["often"]) for n in range(rows)]
        brain.capture_many(drafts)
        with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
            pending = tx.session.all("vector_pending", after=0, limit=rows)
            for row, vector in zip(pending, vectors, strict=True):
                tx.index.store_vectors(
                    tx.session,
                    "m",
                    [Embedded(key=row["key"], content_hash=row["content_hash"], vectors=vector[None, :])],
                )
        run(url, "analyze")
        keys = numpy.array([row["key"] for row in pending])
        query = vectors[100] + random.normal(size=DIMENSION).astype(numpy.float32) * 0.1
        scores = vectors @ (query / numpy.linalg.norm(query))
        with inside(brain).store.read() as tx:
            every = tx.index.dense(tx.session, "m", query, Filter(), 10)
            rare = tx.index.dense(tx.session, "m", query, Filter(tags=("rare",)), 10)
            often = tx.index.dense(tx.session, "m", query, Filter(tags=("often",)), 10)
            foreign = tx.index.dense(tx.session, "other model", query, Filter(), 10)

    exact = set(keys[numpy.argsort(-scores)[:10]].tolist())
    few = set(keys[::100][numpy.argsort(-scores[::100])[:10]].tolist())
    assert len(exact & {hit.key for hit in every}) >= 9
    assert len(few & {hit.key for hit in rare}) == min(10, len(few))
    assert every[0].score == pytest.approx(float(scores.max()), abs=0.01)
    assert every[0].key == keys[100]  # which is a rare one
    assert not {hit.key for hit in often} & set(keys[::100].tolist())
    assert len(every) == len(often) == 10
    assert foreign == []


def test_a_narrowed_reader_never_gets_a_vector_of_another_namespace(url: str) -> None:
    fill(url)
    store = open_store(url, Scope.of("team/b"))
    with store.read() as tx:
        found = tx.index.dense(tx.session, "m", numpy.ones(DIMENSION, numpy.float32), Filter(), 5)
        rows = tx.memories.by_keys([hit.key for hit in found])

    assert [row["namespace"] for row in rows.values()] == ["team/b"]
    store.close()
