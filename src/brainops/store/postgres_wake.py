"""How does a database tell a team's workers what is due, in the transaction that makes it so?

The tables of an engine stand in a schema of their own, with triggers on ours that put a job there. Nothing rests on
them: the schema can be dropped and made anew at any time, which is also how it is brought to an engine's next version.
"""

from __future__ import annotations

import hashlib
from importlib.resources import files

from brainops.errors import StoreReadOnly
from brainops.store.postgres import PostgresDatabase, may_take_role
from brainops.store.scope import Scope

SCHEMA = "brainops_workers"
OWNS = "select pg_has_role(relowner, 'usage') as owns from pg_class where oid = 'run'::regclass"
SEARCH_FIRST = "select set_config('search_path', %s || ', ' || current_setting('search_path'), true)"


class Wakeups:
    """The engine's schema in one database, seen from one namespace."""

    def __init__(self, database: PostgresDatabase, scope: Scope) -> None:
        self._database = database
        self._namespace = scope.write
        self.queue = f"runs-{hashlib.md5(scope.write.encode(), usedforsecurity=False).hexdigest()}"  # as queue_of does

    def installed(self) -> str | None:
        """Return what the schema was made for, as `install` was told; None where it is not there."""
        with self._database.raw() as connection:
            row = connection.execute(
                "select obj_description(oid, 'pg_namespace') as made_for from pg_namespace where nspname = %s",
                (SCHEMA,),
            ).fetchone()
        return None if row is None else str(row["made_for"])

    def install(self, made_for: str, script: str) -> None:
        """Make the schema, or make it anew: the engine's script, then what tells of our runs. Raises StoreReadOnly."""
        ours = files("brainops.store").joinpath("sql", "postgres", "workers", "wake.sql").read_text(encoding="utf-8")
        with self._database.raw() as connection:
            row = connection.execute(OWNS).fetchone()
            if row is None or not row["owns"]:
                raise StoreReadOnly(
                    f"{self._database.location}: only the owner of the store may make tables and triggers; log in as "
                    "its owner"
                )
            connection.execute("begin")
            connection.execute(f"drop schema if exists {SCHEMA} cascade")
            connection.execute(f"create schema {SCHEMA}")
            connection.execute(SEARCH_FIRST, (SCHEMA,))
            connection.execute(script, prepare=False)
            connection.execute(ours, prepare=False)
            connection.execute(f"comment on schema {SCHEMA} is '{made_for}'")
            connection.execute("commit")

    def remove(self) -> None:
        """Take the schema and its triggers away; workers go on by looking. Raises StoreReadOnly."""
        with self._database.raw() as connection:
            connection.execute(f"drop schema if exists {SCHEMA} cascade")

    def address(self) -> str:
        """Return where the engine connects to, secrets included."""
        return self._database.address()

    def greeting(self) -> str:
        """Return what each connection of the engine says first: the runtime role, its namespace, its schema."""
        with self._database.raw() as connection:
            role = "set role brainops_runtime; " if may_take_role(connection) else ""
        reads = (
            f"set brainops.read_namespaces = '{self._namespace}'; set brainops.write_namespace = '{self._namespace}'"
        )
        return f"{role}{reads}; set search_path = {SCHEMA}, public"
