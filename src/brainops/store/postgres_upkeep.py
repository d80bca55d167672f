"""How is a PostgreSQL store made, migrated, checked and measured as a whole?"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from msgspec.structs import replace as changed

from brainops.errors import ArchiveDamaged, BrainOpsError, Conflict, StoreCorrupt, StoreReadOnly, StoreUnavailable
from brainops.store.files import expected_digest, require_digest
from brainops.store.migrate import CAPTURE_FROM, SchemaState, program_schema, require_line, require_usable
from brainops.store.postgres import RUNTIME_ROLE, Connection, PostgresDatabase, may_take_role
from brainops.store.postgres_archive import TABLES, load_archive, present, read_contents, write_archive
from brainops.store.postgres_index import PostgresIndex
from brainops.store.schema import migrations
from brainops.store.scope import Scope
from brainops.store.store import Store

MIGRATION_LOCK = 0x627261696E6F7073  # "brainops"; held until the migration commits
SCRUBBED = (
    "memory", "memory_fts", "memory_tag", "memory_vector", "occurrence", "feedback", "operation", "guidance",
    "run", "run_step", "approval", "decision", "notice", "fix", "fix_application", "evidence", "cause_change",
    "agent", "execution", "attempt", "decided_case", "failure_model", "cycle_report", "learning_told", "set_aside",
    "share_peer", "share_bundle", "share_item", "log_template", "log_count", "metric_series", "precursor",
    "improvement", "code_patch", "language_use", "alert", "inbox", "delivery", "job",
)  # fmt: skip
LOCK_ALL_SECONDS = 10  # what a restore waits for those who write, before it says who they are
WITHOUT_BACKUP = "BRAINOPS_MIGRATE_WITHOUT_BACKUP"


def postgres_store(url: str, scope: Scope, *, clock: Callable[[], int] | None = None) -> Store:
    """Return the store of a PostgreSQL database, not yet migrated; `clock` takes the place of the server's."""
    database = PostgresDatabase(url, clock=clock)
    return Store(database, PostgresIndex(), PostgresUpkeep(database), scope)


class PostgresUpkeep:
    """What is done to a whole database, as its owner."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    def migrate(self) -> None:
        """Bring the schema to this program's, after an automatic backup where there is data."""
        state = self._state()
        require_usable(state, self._database.location)
        if state.pending:
            if state.stored:
                self._back_up_automatically(f"{self._database.name}.before-schema-{state.program}.backup")
            with self._owning() as connection:
                apply_migrations(connection, program_schema("postgres"))
        if state.pending or self._offers():
            with self._owning() as connection:
                use_extensions(connection)
            self._database.reconnect()

    def schema(self) -> dict[str, int | list[str]]:
        """Return the stored and the program's schema, the pending migrations, and what could be better."""
        state = self._state()
        return {
            "stored": state.stored,
            "program": state.program,
            "capture_from": state.capture_from,
            "pending": list(state.pending),
            "degraded": (self._missing("vector", PGVECTOR_MISSING) + self._missing("pg_textsearch", BM25_MISSING)),
        }

    def backup(self, target: str) -> str:
        """Write a consistent copy while others read and write; return its SHA-256."""
        with self._seeing_all() as connection:
            return write_archive(connection, Path(target).expanduser().absolute(), stored_schema(connection)[0])

    def restore(self, path: Path, head: Mapping[str, Any], *, over: bool) -> Path | None:
        """Put an archive's rows in the place of all others, at the archive's schema, and migrate from there."""
        state, archived = self._state(), int(head["schema"])
        require_usable(changed(state, stored=archived, capture_from=archived), str(path))
        if state.stored > archived:
            raise Conflict(
                f"{path} has schema {archived}, the database {state.stored} already: restore into an empty one"
            )
        if state.stored and not over and self._holds_rows():
            raise Conflict(f"{self._database.location} holds a store already; add --replace (it is backed up first)")
        with self._owning() as connection:
            apply_migrations(connection, archived)
        with self._owning() as connection:
            use_extensions(connection)
        with self._owning() as connection:
            connection.execute("set local brainops.upkeep = 'on'")
            self._lock_all(connection)
            kept = self._kept(connection, archived) if state.stored and over else None
            load_archive(connection, path, head)
        self.migrate()
        return kept

    def _lock_all(self, connection: Connection) -> None:
        """Let nobody write from here to the commit, or raise StoreUnavailable that says who does."""
        connection.execute(f"set local lock_timeout = '{LOCK_ALL_SECONDS}s'")
        try:
            with connection.transaction():
                connection.execute(f"lock table {', '.join(present(connection))} in access exclusive mode".encode())
        except psycopg.errors.LockNotAvailable as error:
            who = ", ".join(f"{row['application_name'] or '?'} ({row['pid']})" for row in connection.execute(OTHERS))
            raise StoreUnavailable(
                f"{self._database.location} is in use by {who or 'another session'}. End it, then restore again: "
                "nothing was changed"
            ) from error

    def _kept(self, connection: Connection, schema: int) -> Path:
        """Write what stands in the database beside, under a name of its own; nobody writes meanwhile."""
        path = _backup_folder() / f"{self._database.name}.replaced-{self._database.now()}.backup"
        try:
            write_archive(connection, path, schema)
        except OSError as error:
            raise _unwritten(path, error) from error
        return path

    def check(self) -> list[str]:
        """Return what is wrong with the rows, the indexes and the guards."""
        with self._seeing_all() as connection:
            found = [
                f"{row['wrong']} {what}"
                for what, query in CHECKS.items()
                for row in connection.execute(query).fetchall()
                if row["wrong"]
            ]
            found += [
                f"the table {row['name']} is not guarded by row-level security: run `brainops doctor` as its owner"
                for row in connection.execute(UNGUARDED, (list(TABLES),)).fetchall()
            ]
            found += [
                f"the index {row['name']} is not usable: `reindex index {row['name']}`"
                for row in connection.execute(UNUSABLE, (list(TABLES),)).fetchall()
            ]
        return found + self._missing("vector", PGVECTOR_MISSING)

    def scrub(self) -> None:
        """Give the room of purged rows back, so that no index or page holds them; needs the tables' owner."""
        with self._database.raw() as connection:
            if _owns(connection):
                connection.execute(f"vacuum {', '.join(SCRUBBED)}")

    def log(self, *, shorten: bool = False) -> None:
        """The log is the server's own matter."""

    def sizes(self) -> dict[str, int]:
        """Return the bytes of rows, word index and vectors; how much room the server has left, it does not tell."""
        with self._database.raw() as connection:
            row = connection.execute(SIZES).fetchone()
        assert row is not None
        return {"rows": row["whole"] - row["words"] - row["vectors"], "words": row["words"], "vectors": row["vectors"]}

    def _state(self) -> SchemaState:
        with self._database.raw() as connection:
            stored, capture_from = stored_schema(connection)
        pending = tuple(name for number, name, _ in migrations("postgres") if number > stored)
        return SchemaState(
            stored=stored, program=program_schema("postgres"), capture_from=capture_from, pending=pending
        )

    def _missing(self, extension: str, consequence: str) -> list[str]:
        with self._database.raw() as connection:
            found = connection.execute("select 1 from pg_extension where extname = %s", (extension,)).fetchone()
        return [] if found else [consequence]

    def _offers(self) -> bool:
        """Say whether an extension is installed that the schema does not use yet, and this login may change that."""
        with self._database.raw() as connection:
            row = connection.execute(OFFERED).fetchone()
            return row is not None and row["offered"] and _owns(connection)

    def _back_up_automatically(self, name: str) -> None:
        target = _backup_folder() / name
        if os.environ.get(WITHOUT_BACKUP) == "1" or target.exists():
            return
        try:
            self.backup(str(target))
        except OSError as error:
            raise _unwritten(target, error) from error

    def _holds_rows(self) -> bool:
        with self._seeing_all() as connection:
            row = connection.execute(
                "select exists (select 1 from memory) or exists (select 1 from operation_key) as holds"
            ).fetchone()
        return row is not None and bool(row["holds"])

    @contextmanager
    def _owning(self) -> Iterator[Connection]:
        """Lend the connection in a transaction that holds the migration lock."""
        with self._database.raw() as connection:
            try:
                connection.execute(f"begin; select pg_advisory_xact_lock({MIGRATION_LOCK})", prepare=False)
                yield connection
                connection.execute("commit")
            except psycopg.errors.InsufficientPrivilege as error:
                raise StoreReadOnly(
                    f"this login may not change the schema ({error.diag.message_primary}). Open the store once as the "
                    f"owner of the database, who needs CREATEROLE or these two statements from an administrator: "
                    f"`create role {RUNTIME_ROLE} nologin; grant {RUNTIME_ROLE} to {connection.info.user}`"
                ) from error

    @contextmanager
    def _seeing_all(self) -> Iterator[Connection]:
        """Lend the connection in a snapshot of every namespace; only the owner or a superuser can see that."""
        with self._database.raw() as connection:
            if not _owns(connection):
                raise StoreReadOnly(
                    f"{self._database.location}: this looks at every namespace, which only the owner of the tables or "
                    "a superuser may; log in as one of them"
                )
            connection.execute("begin isolation level repeatable read read only; set local brainops.upkeep = 'on'")
            yield connection
            connection.execute("commit")


def restore_database(
    backup: str, url: str, *, replace: bool = False, sha256: str | None = None, unverified: bool = False
) -> Path | None:
    """Put a verified backup into a database; return where what stood there is kept, None where nothing did.

    The backup's SHA-256 is `sha256`, or stands in the file beside it, unless `unverified`. Raises InvalidInput where
    there is no such digest, ArchiveDamaged where the backup does not verify, Conflict where a store is there and
    `replace` is not set, StoreUnavailable where somebody works in it.
    """
    path = Path(backup).expanduser().absolute()
    if not path.is_file():
        raise ArchiveDamaged(f"there is no backup {path}")
    if not unverified:
        require_digest(path, expected_digest(path, sha256), path)
    head = read_contents(path)
    database = PostgresDatabase(url)
    upkeep = PostgresUpkeep(database)
    try:
        return upkeep.restore(path, head, over=replace)
    finally:
        database.close()


def stored_schema(connection: Connection) -> tuple[int, int]:
    """Return (schema, capture_from) of a database, (0, 0) of an empty one; raise StoreCorrupt where it is another's."""
    row = connection.execute(
        "select to_regclass(format('%I.setting', current_schema())) as setting, "
        "to_regclass(format('%I.memory', current_schema())) as memory"
    ).fetchone()
    assert row is not None
    if row["setting"] is None and row["memory"] is None:
        return 0, 0
    try:
        rows = connection.execute("select name, value from setting where name like 'schema%' or name = 'capture_from'")
        found = {row["name"]: int(row["value"]) for row in rows.fetchall()}
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn, ValueError):
        found = {}
    if "schema" not in found:
        raise StoreCorrupt(
            "the database holds tables of something else (they have no BrainOps schema); choose another database, or "
            "an empty schema of its own by adding ?options=-csearch_path%3Dbrainops to the URL"
        )
    require_line(str(found.get("schema_line")))
    return found["schema"], found.get("capture_from", 0)


def apply_migrations(connection: Connection, until: int) -> None:
    """Apply the pending migrations up to a number, inside a transaction that holds the migration lock."""
    stored, _ = stored_schema(connection)  # again, under the lock: another process may have been faster
    if not stored:
        found = connection.execute("select 1 from pg_roles where rolname = %s", (RUNTIME_ROLE,)).fetchone()
        if found is None:
            with suppress(psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation), connection.transaction():
                connection.execute(
                    f"create role {RUNTIME_ROLE} nologin"
                )  # roles are shared with the server's other stores
        if not may_take_role(connection):
            connection.execute(f"grant {RUNTIME_ROLE} to current_user")
    _pin_search_path(connection)
    connection.execute("set local brainops.upkeep = 'on'")
    for number, _name, script in migrations("postgres"):
        if stored < number <= until:
            connection.execute(script.encode(), prepare=False)
            connection.execute(
                "insert into setting (name, value) values ('schema', %s), ('capture_from', %s) "
                "on conflict (name) do update set value = excluded.value",
                (str(number), str(CAPTURE_FROM)),
            )


def use_extensions(connection: Connection) -> None:
    """Use pgvector and pg_textsearch where they are installed, installing them where this login may."""
    schema = _pin_search_path(connection)
    for extension, statement in EXTENSIONS.items():
        row = connection.execute(AVAILABLE, (extension,)).fetchone()
        if row is None:
            continue
        try:
            with connection.transaction():
                if not row["installed"]:
                    connection.execute(f"create extension {extension}")
                connection.execute(statement.format(schema=schema))
        except (psycopg.errors.InsufficientPrivilege, psycopg.errors.RaiseException):
            continue  # it takes a superuser, or a restart of the server; `doctor` says what is missing


def _pin_search_path(connection: Connection) -> str:
    """Let functions that run as the owner find our tables before anybody's temporary ones; return our schema."""
    connection.execute("select set_config('search_path', current_setting('search_path') || ', pg_temp', true)")
    row = connection.execute("select current_schema() as name").fetchone()
    assert row is not None
    if row["name"] is None:
        raise StoreCorrupt("the schema of the search path does not exist: `create schema` it first")
    return str(row["name"])


def _owns(connection: Connection) -> bool:
    row = connection.execute(
        "select pg_has_role(current_user, relowner, 'USAGE') as owns from pg_class where oid = to_regclass('memory')"
    ).fetchone()
    return row is not None and bool(row["owns"])


def _unwritten(target: Path, error: OSError) -> BrainOpsError:
    return StoreReadOnly(
        f"the automatic backup cannot be written to {target} ({error.strerror}): set BRAINOPS_HOME to a folder "
        f"with room for it, or, to upgrade with a backup of your own, {WITHOUT_BACKUP}=1. Nothing was changed."
    )


def _backup_folder() -> Path:
    home = os.environ.get("BRAINOPS_HOME")
    data = os.environ.get("XDG_DATA_HOME")
    folder = Path(home) if home else (Path(data) if data else Path.home() / ".local" / "share") / "brainops"
    return folder / "backups"


EXTENSIONS = {
    "vector": "alter table memory_vector add column if not exists vector halfvec not null",
    # A plan that does not read the BM25 index scores each row by itself, which takes a hundred times as long. What the
    # index holds in memory is searched ten times as slowly as what it has written, and by itself it writes very late.
    "pg_textsearch": """
        create index if not exists memory_fts_spoken on memory_fts using bm25 (spoken)
            with (text_config = '{schema}.brainops');
        create index if not exists memory_fts_unspoken on memory_fts (memory_key) where spoken is null;
        create or replace function brainops_ranked(asked text, depth bigint)
            returns table (memory_key bigint, score double precision)
            language plpgsql stable rows 100
            set plan_cache_mode = force_custom_plan set enable_seqscan = off set enable_sort = off
            set enable_bitmapscan = off
        as $$
        begin
            return query select f.memory_key, -(f.spoken <@> to_bm25query(asked, 'memory_fts_spoken'))::double precision
            from memory_fts as f order by f.spoken <@> to_bm25query(asked, 'memory_fts_spoken') limit depth;
        end
        $$;
        create or replace function brainops_spill_words() returns void
            language plpgsql volatile security definer set search_path from current
        as $$
        begin
            if exists (select 1 from setting where name = 'words_spilled_at' and value::bigint > now_us() - 3600000000)
            then
                return;
            end if;
            insert into setting values ('words_spilled_at', now_us()::text)
                on conflict (name) do update set value = excluded.value;
            perform bm25_spill_index('memory_fts_spoken');
        end
        $$;
        revoke execute on function brainops_spill_words from public;
        grant execute on function brainops_spill_words to brainops_runtime;
    """,
}

OTHERS = """
select pid, application_name from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
"""

AVAILABLE = "select installed_version is not null as installed from pg_available_extensions where name = %s"

OFFERED = """
select exists (select 1 from pg_extension where extname = 'vector') and not exists (
    select 1 from pg_attribute where attrelid = to_regclass('memory_vector') and attname = 'vector')
or exists (select 1 from pg_extension where extname = 'pg_textsearch') and to_regclass('memory_fts_spoken') is null
    as offered
"""

PGVECTOR_MISSING = (
    "pgvector is not installed, so search works by words alone: have an administrator run `create extension vector` in "
    "this database, then open the store once as its owner"
)
BM25_MISSING = (
    "pg_textsearch is not installed, so words are ranked by ts_rank, which is a little worse on texts of varying length"
)

CHECKS = {
    "memories came before pg_textsearch and keep words from being ranked by BM25: run `brainops reindex`": (
        "select count(*) as wrong from memory_fts where spoken is null and to_regclass('memory_fts_spoken') is not null"
    ),
    "memories are missing from the word index: run `brainops reindex`": (
        "select count(*) as wrong from memory as m "
        "where not exists (select 1 from memory_fts as f where f.memory_key = m.key and f.namespace = m.namespace)"
    ),
    "memories claim a vector that is not there: run `brainops reembed`": (
        "select count(*) as wrong from memory as m where m.vector_model is not null and not exists ("
        "select 1 from memory_vector as v where v.memory_key = m.key and v.model_id = m.vector_model)"
    ),
    "rows of derived tables stand in another namespace than their memory: run `brainops reindex`": (
        "select count(*) as wrong from memory as m where exists ("
        "select 1 from memory_tag as g where g.memory_key = m.key and g.namespace <> m.namespace) or exists ("
        "select 1 from memory_vector as v where v.memory_key = m.key and v.namespace <> m.namespace)"
    ),
    "operations have no entry in the table of their ids": (
        "select count(*) as wrong from operation as o where not exists (select 1 from operation_key as k "
        "where k.id = o.id and k.key = o.key and k.namespace = o.namespace and k.started_at = o.started_at)"
    ),
    "ids of operations stand for no operation": (
        "select count(*) as wrong from operation_key as k where not exists ("
        "select 1 from operation as o where o.id = k.id and o.started_at = k.started_at)"
    ),
}

UNGUARDED = """
select c.relname as name from pg_class as c
where (c.oid in (select to_regclass(t) from unnest(%s::text[]) as t)
        or c.oid in (select inhrelid from pg_inherits where inhparent = to_regclass('operation')))
    and c.relkind in ('r', 'p') and not (c.relrowsecurity and c.relforcerowsecurity)
"""

UNUSABLE = """
select c.relname as name from pg_index as i join pg_class as c on c.oid = i.indexrelid
where not i.indisvalid and i.indrelid in (select to_regclass(t) from unnest(%s::text[]) as t)
"""

SIZES = """
select coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint as whole,
    coalesce(sum(pg_total_relation_size(c.oid)) filter (where c.relname = 'memory_fts'), 0)::bigint as words,
    coalesce(sum(pg_total_relation_size(c.oid)) filter (where c.relname = 'memory_vector'), 0)::bigint as vectors
from pg_class as c where c.relkind in ('r', 'p') and c.relnamespace = current_schema()::regnamespace
"""
