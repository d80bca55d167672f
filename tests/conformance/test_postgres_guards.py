"""Does PostgreSQL itself keep one namespace's rows from another's sessions, whatever SQL is sent?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

import psycopg
import pytest

from brainops.brain import Brain
from brainops.errors import BrainOpsError, NamespaceDenied, StoreReadOnly
from brainops.store import acts
from brainops.store.opening import open_store
from brainops.store.postgres_archive import LEFT, TABLES
from brainops.store.scope import Scope
from brainops.types import Action, Actor, ApprovalKind, Draft, Procedure, Step, StepKind, Verdict
from tests.conformance.conftest import OWNER, SCOPE
from tests.conformance.everything import any_row
from tests.conformance.postgres_server import PostgresServer
from tests.inside import inside

GUARDED = [table for table in TABLES if table not in ("setting", "backup")]
KEPT = ("audit", "procedure", "procedure_change")  # nobody but the owner may delete there
SAYING = "set local brainops.read_namespaces = 'team/a'; set local brainops.write_namespace = 'team/a'"

Raw = Callable[..., psycopg.Connection[tuple[object, ...]]]


@pytest.fixture
def url(postgres: PostgresServer, database: str) -> str:
    """Return the address of a store that holds rows of two namespaces in every table that it can."""
    url = postgres.url(database, OWNER)
    for namespace in ("team/a", "team/b"):
        fill(url, namespace)
    return url


def fill(url: str, namespace: str) -> None:
    """Put a row of a namespace into every table."""
    with Brain.open(url, namespace=namespace, read=[], model="none", background=False) as brain:
        memory = brain.capture("pool is exhausted", f"in {namespace}", tags=["db"])
        brain.capture("pool is exhausted", f"in {namespace}", tags=["db"])
        brain.feedback(memory.id, Verdict.HELPFUL)
        brain.supersede(memory.id, Draft(title="pool is exhausted", content=f"again in {namespace}"))
        with brain.operation("deploy", target=namespace):
            pass
        brain.flush()
        brain.archive(brain.capture("old", namespace).id)
        brain.procedures.save(
            Procedure(
                name="rollout",
                description="How it is rolled out.",
                steps=(Step(id="look", action=Action(uses=StepKind.MANUAL), text="Look."),),
            )
        )
        with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
            run = tx.session.connection.execute  # type: ignore[attr-defined]
            run(
                f"insert into memory_vector (memory_key, namespace, model_id, passage, vector) "
                f"select key, namespace, 'm', 0, '[1,0]' from memory where namespace = '{namespace}' limit 1"
            )
            run(f"insert into growth_policy values ('{namespace}', 'deploy', 'full', 1, 1)")
            inside(brain).services.approvals.ask(
                tx, kind=ApprovalKind.OPERATION, subject="deploy", question="May it?", requested_by=Actor()
            )
            tx.approvals.set_clients(["a client"])
            run(
                "insert into approver (id, namespace, name, kind, secret_hash, enrolled_at, enrolled_by_kind, "
                f"enrolled_by_id, enrolled_by_proof) values ('{namespace}', '{namespace}', 'ines', 'key', 'x', 1, "
                "'person', 'ines', 'none')"
            )
            run(
                "insert into channel (id, namespace, name, kind, settings, kinds, created_at, created_by_kind, "
                f"created_by_id, created_by_proof) values ('{namespace}', '{namespace}', 'pager', 'command', '{{}}', "
                "'[]', 1, 'person', 'ines', 'none')"
            )
            run(f"insert into segment values ('{namespace}', '{namespace}', 'memory', 1, 1, 1, 1, 'x', 'x')")
            for table in GUARDED:
                found = run(f"select count(*) as rows from {table} where namespace = '{namespace}'").fetchone()
                if found["rows"] == 0:
                    any_row(tx.session.connection, table, namespace)  # type: ignore[attr-defined]


@pytest.fixture
def raw(url: str, postgres: PostgresServer) -> Iterator[Raw]:
    """Return a function that opens a bare transaction on the store: as its owner, or in the runtime role."""
    opened: list[psycopg.Connection[tuple[object, ...]]] = []

    def open_one(
        *, role: str | None = "brainops_runtime", saying: str = "select 1"
    ) -> psycopg.Connection[tuple[object, ...]]:
        connection = psycopg.connect(url)
        opened.append(connection)
        connection.execute("; ".join([saying, *([f"set local role {role}"] if role else [])]).encode())
        return connection

    yield open_one
    for connection in opened:
        connection.close()


def count(connection: psycopg.Connection[tuple[object, ...]], table: str, where: str = "true") -> object:
    """Return how many rows of a table a connection sees."""
    row = connection.execute(f"select count(*) from {table} where {where}".encode()).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize(
    ("table", "role"),
    [(table, "brainops_runtime") for table in GUARDED]
    # The word search runs as the owner, who therefore sees the words of every namespace (docs/reference/postgresql.md).
    + [(table, None) for table in GUARDED if table != "memory_fts"],
)
def test_raw_sql_without_a_namespace_returns_nothing(raw: Raw, table: str, role: str | None) -> None:
    assert count(raw(role=None, saying="set local brainops.upkeep = 'on'"), table) != 0

    assert count(raw(role=role), table) == 0


@pytest.mark.parametrize("table", GUARDED)
def test_raw_sql_sees_the_namespaces_that_its_transaction_reads(raw: Raw, table: str) -> None:
    seen = raw(saying=SAYING)

    assert count(seen, table, "namespace = 'team/a'") != 0
    assert count(seen, table, "namespace <> 'team/a'") == 0


@pytest.mark.parametrize("table", [table for table in GUARDED if table not in KEPT])
def test_raw_sql_changes_only_the_namespace_that_its_transaction_writes(raw: Raw, table: str) -> None:
    reader = "set local brainops.read_namespaces = 'team/a,team/b'; set local brainops.write_namespace = 'team/a'"
    writing = raw(saying=reader)

    removed = 0
    with suppress(psycopg.errors.InsufficientPrivilege), writing.transaction():  # what is kept, nobody deletes
        removed = writing.execute(f"delete from {table} where namespace = 'team/b'".encode()).rowcount

    assert count(writing, table, "namespace = 'team/b'") != 0
    assert removed == 0


def test_every_table_of_the_catalog_is_guarded_granted_and_backed_up(raw: Raw) -> None:
    """Nothing that a migration adds can be forgotten: what the catalog knows is what all lists have to say."""
    owner = raw(role=None)
    tables = owner.execute(
        "select c.relname, c.relrowsecurity and c.relforcerowsecurity, count(p.polname), "
        "has_table_privilege('brainops_runtime', c.oid, 'select, insert') from pg_class as c "
        "left join pg_policy as p on p.polrelid = c.oid where c.relnamespace = current_schema()::regnamespace "
        "and c.relkind in ('r', 'p') and not c.relispartition group by c.oid order by c.relname"
    ).fetchall()

    assert sorted([*TABLES, *LEFT]) == [name for name, _, _, _ in tables]
    assert [name for name, guarded, _, _ in tables if not guarded] == []
    assert [name for name, _, policies, _ in tables if not policies] == []
    assert [name for name, _, _, granted in tables if not granted] == []


def test_a_row_of_another_namespace_cannot_be_written(raw: Raw) -> None:
    writing = raw(saying=SAYING)

    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        writing.execute("update memory set namespace = 'team/b'")


def test_the_store_says_whose_row_it_refused(url: str) -> None:
    store = open_store(url, SCOPE)

    with pytest.raises(NamespaceDenied), store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        tx.session.connection.execute("update memory set namespace = 'team/b'")  # type: ignore[attr-defined]
    store.close()


def test_the_setting_of_the_owners_upkeep_means_nothing_to_the_runtime_role(raw: Raw) -> None:
    assert count(raw(saying="set local brainops.upkeep = 'on'"), "memory") == 0


def test_the_word_search_that_runs_as_the_owner_asks_for_the_namespace_itself(raw: Raw) -> None:
    search = "brainops_words('pool'::tsquery, 'pool'::tsquery, 100)"

    assert count(raw(), search) == 0
    assert count(raw(saying=SAYING), search) == 2
    assert count(raw(role=None, saying="set local brainops.read_namespaces = 'team/a,team/b'"), search) == 4


def test_counting_a_use_reaches_what_is_read_and_nothing_else(url: str, raw: Raw) -> None:
    everything = raw(role=None, saying="set local brainops.upkeep = 'on'")
    keys = [row[0] for row in everything.execute("select key from memory order by namespace, key").fetchall()]
    store = open_store(url, Scope.of("team/c", ["team/a"]))

    with store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        tx.memories.count_retrieved({key: 3 for key in keys if isinstance(key, int)})
    store.close()

    everything.rollback()
    everything.execute("set local brainops.upkeep = 'on'")
    counts = everything.execute(
        "select namespace, sum(retrieved_count) > 0 from memory group by 1 order by 1"
    ).fetchall()
    assert counts == [("team/a", True), ("team/b", False)]


def test_counting_a_use_by_raw_sql_reaches_no_more(raw: Raw) -> None:
    every = "set local brainops.upkeep = 'on'"
    [(key,)] = raw(role=None, saying=every).execute("select min(key) from memory where namespace = 'team/b'").fetchall()
    with raw(saying=SAYING) as reader:
        reader.execute("select brainops_count_retrieved(%s, 5, array['team/b'])", (key,))

    assert count(raw(role=None, saying=every), "memory", "retrieved_count > 0") == 0


def test_a_partition_is_no_way_around_the_guard(raw: Raw) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        count(raw(saying=SAYING), "operation_default")


@pytest.mark.parametrize("statement", ["update audit set act = 'x'", "delete from audit", "truncate audit"])
def test_not_even_the_owner_changes_the_trail(raw: Raw, statement: str) -> None:
    owner = raw(role=None, saying="set local brainops.upkeep = 'on'")

    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        owner.execute(statement.encode())


def test_the_runtime_role_cannot_pretend_another_schema(raw: Raw) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        raw(saying=SAYING).execute(
            "insert into setting values ('schema', '9') on conflict (name) do update set value = '9'"
        )


class TestARestrictedLogin:
    """A user that an administrator made a member of the runtime role, and nothing else."""

    @pytest.fixture
    def restricted(self, url: str, postgres: PostgresServer) -> Iterator[str]:
        """Return the store's address for such a user."""
        with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
            connection.execute("create role clerk login in role brainops_runtime")
            yield url.replace(f"//{OWNER}@", "//clerk@")
            connection.execute("drop role clerk")

    def test_captures_and_retrieves(self, restricted: str) -> None:
        with Brain.open(restricted, namespace="team/a", read=[], model="none", background=False) as brain:
            brain.capture("the clerk was here")

            assert [hit.memory.namespace for hit in brain.retrieve("clerk pool")] == ["team/a"] * 2

    def test_does_not_see_another_namespace_by_raw_sql(self, restricted: str) -> None:
        with psycopg.connect(restricted) as connection:
            connection.execute("set local brainops.upkeep = 'on'")

            assert count(connection, "memory") == 0

    def test_is_told_that_a_backup_takes_the_owner(self, restricted: str, tmp_path: object) -> None:
        store = open_store(restricted, SCOPE)

        with pytest.raises(StoreReadOnly, match="owner"):
            store.upkeep.backup(f"{tmp_path}/backup")
        store.close()

    def test_is_told_that_a_migration_takes_the_owner(
        self, restricted: str, raw: Raw, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from brainops.store import migrate, postgres_upkeep
        from brainops.store.schema import migrations

        later = [*migrations("postgres"), (99, "later", "create table later ()")]
        monkeypatch.setattr(postgres_upkeep, "migrations", lambda _: later)
        monkeypatch.setattr(migrate, "versions", lambda _: [(number, name) for number, name, _ in later])
        monkeypatch.setenv("BRAINOPS_MIGRATE_WITHOUT_BACKUP", "1")

        with pytest.raises(BrainOpsError, match="owner"):
            open_store(restricted, SCOPE)
