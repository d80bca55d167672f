"""How does a database tell a team's workers what is due, in the transaction that makes it so?

The tables of an engine stand in a schema of their own, with triggers on ours that put a job there. Nothing rests on
them: the schema can be dropped and made anew at any time, which is also how it is brought to an engine's next version.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import psycopg

from brainops.errors import StoreReadOnly
from brainops.store.postgres import RUNTIME_ROLE, Connection, PostgresDatabase, may_take_role
from brainops.store.scope import Scope

PLACE = """
select quote_ident(case nspname when 'public' then 'brainops' else nspname end || '_workers') as schema,
    case nspname when 'public' then 'brainops' else nspname end || '_workers' as name,
    pg_has_role(relowner, 'usage') as owned
from pg_class join pg_namespace on pg_namespace.oid = relnamespace where pg_class.oid = 'run'::regclass
"""  # beside the store's own schema, so that two stores of one database have one each
MADE_FOR = "select obj_description(oid, 'pg_namespace') as made_for from pg_namespace where nspname = %s"
DEADLOCKS = 10  # a worker's statement takes milliseconds, and the server ends a deadlock after a second of its own
SEARCH_FIRST = "select set_config('search_path', %s || ', ' || current_setting('search_path') || ', pg_temp', true)"


class Wakeups:
    """The engine's schema in one database, seen from one namespace."""

    def __init__(self, database: PostgresDatabase, scope: Scope) -> None:
        self._database = database
        self._namespace = scope.write
        self.queue = f"runs-{hashlib.md5(scope.write.encode(), usedforsecurity=False).hexdigest()}"  # as queue_of does

    def installed(self) -> str | None:
        """Return what the schema was made for, as `install` was told; None where it is not there."""
        with self._database.raw() as connection:
            row = connection.execute(MADE_FOR, (_place(connection)["name"],)).fetchone()
        return None if row is None else str(row["made_for"])

    def install(self, made_for: str, script: str) -> None:
        """Make the schema, or make it anew: the engine's script, then what tells of our runs. Raises StoreReadOnly."""
        ours = files("brainops.store").joinpath("sql", "postgres", "workers", "wake.sql").read_text(encoding="utf-8")
        with self._database.raw() as connection:
            place = _place(connection)
            if not place["owned"]:
                raise StoreReadOnly(
                    f"{self._database.location}: only the owner of the store may make tables and triggers; log in as "
                    "its owner"
                )
            _begin_without(connection, place["schema"])
            connection.execute(f"create schema {place['schema']}")
            connection.execute(SEARCH_FIRST, (place["schema"],))
            connection.execute(script, prepare=False)
            connection.execute(ours.replace("brainops_workers", place["schema"]), prepare=False)
            connection.execute(f"comment on schema {place['schema']} is '{made_for}'")
            connection.execute("commit")

    def remove(self) -> None:
        """Take the schema and its triggers away; workers go on by looking. Raises StoreReadOnly."""
        with self._database.raw() as connection:
            _begin_without(connection, _place(connection)["schema"])
            connection.execute("commit")

    def address(self) -> str:
        """Return where the engine connects to, secrets included."""
        return self._database.address()

    def greeting(self) -> str:
        """Return what each connection of the engine says first: the runtime role, its namespace, its schema."""
        with self._database.raw() as connection:
            role = f"set role {RUNTIME_ROLE}; " if may_take_role(connection) else ""
            schema = _place(connection)["schema"]
        named = "; ".join(
            f"set brainops.{what} = '{self._namespace}'" for what in ("read_namespaces", "write_namespace")
        )
        return f"{role}{named}; set search_path = {schema}, pg_temp"


def _begin_without(connection: Connection, schema: str) -> None:
    """Begin a transaction in which the schema is gone, though workers hold and take locks on its tables meanwhile."""
    for attempt in range(1, DEADLOCKS + 1):
        connection.execute("begin")
        try:
            connection.execute(f"drop schema if exists {schema} cascade")
            return
        except psycopg.errors.DeadlockDetected:
            connection.execute("rollback")
            if attempt == DEADLOCKS:
                raise


def _place(connection: Connection) -> Mapping[str, Any]:
    row = connection.execute(PLACE).fetchone()
    assert row is not None
    return row
