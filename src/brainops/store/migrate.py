"""Which schema does a store have, and how does it get to this program's?

The rule for two programs on one store: `schema` is the number of the last migration; `capture_from` is the oldest
program schema that can still read and capture. A program whose own schema lies in between works; an older one refuses.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec import Struct

from brainops.errors import SchemaTooNew, SchemaTooOld, StoreCorrupt
from brainops.store.schema import LINE, migrations, versions

if TYPE_CHECKING:
    from brainops.store.sqlite import SQLiteDatabase

CAPTURE_FROM = 1  # raised only by a migration that an older program cannot live with


class SchemaState(Struct, frozen=True, kw_only=True):
    """Where a store's schema stands against this program's; `pending` names the migrations to come."""

    stored: int
    program: int
    capture_from: int
    pending: tuple[str, ...]


def program_schema(dialect: str = "sqlite") -> int:
    """Return the schema number that this program brings."""
    return versions(dialect)[-1][0]


def sqlite_state(connection: sqlite3.Connection) -> SchemaState:
    """Return a SQLite store's schema state; raise StoreCorrupt where the file holds something else."""
    stored, capture_from = _stored(connection)
    pending = tuple(name for number, name in versions("sqlite") if number > stored)
    return SchemaState(stored=stored, program=program_schema(), capture_from=capture_from, pending=pending)


def require_usable(state: SchemaState, location: str) -> None:
    """Raise SchemaTooNew where this program is too old for the store."""
    if state.program < state.capture_from:
        raise SchemaTooNew(
            f"{location} has schema {state.stored} and needs a program of schema {state.capture_from} or newer; "
            f"this one brings {state.program}. Upgrade it: `pip install -U brainops`. Nothing was changed."
        )


def require_line(line: str | None) -> None:
    """Raise SchemaTooOld where the schema of a store, or of a backup, is none of these migrations'."""
    if line != LINE:
        raise SchemaTooOld(
            "the store was written before the first release, and no migration starts from its schema: export it with "
            "the program that wrote it, `brainops export FILE`, and import that here, `brainops import FILE`. "
            "Nothing was changed."
        )


def migrate_sqlite(database: SQLiteDatabase, before: Callable[[SchemaState], None]) -> SchemaState:
    """Bring a SQLite store to this program's schema; `before` runs first where a store with data is about to change."""
    with database.raw() as connection:
        state = sqlite_state(connection)
        require_usable(state, database.location)
        if not state.pending:
            _name_store(connection)
            return state
    if state.stored:
        before(state)
    with database.raw() as connection:
        connection.execute("begin exclusive" if database.location != ":memory:" else "begin")
        try:
            _apply(connection)
            connection.execute("commit")
        except BaseException:
            if connection.in_transaction:  # a full disk has ended it by itself, and is what is to be told
                connection.execute("rollback")
            raise
        return sqlite_state(connection)


def _apply(connection: sqlite3.Connection) -> None:
    stored, _ = _stored(connection)  # again, under the lock: another process may have been faster
    for number, _name, script in migrations("sqlite"):
        if number <= stored:
            continue
        statements, pending = [], ""
        for line in script.splitlines():
            pending += line + "\n"
            if sqlite3.complete_statement(pending):
                statements.append(pending)
                pending = ""
        for statement in [text for text in statements if text.strip()]:
            connection.execute(statement)
        connection.execute(
            "insert into setting (name, value) values ('schema', :n), ('capture_from', :c) "
            "on conflict (name) do update set value = excluded.value",
            {"n": str(number), "c": str(CAPTURE_FROM)},
        )
    _name_store(connection)


def _name_store(connection: sqlite3.Connection) -> None:
    """Give the store an id of its own, by which a process sees that another file took its place."""
    if connection.execute("select 1 from setting where name = 'store_id'").fetchone() is None:
        with suppress(sqlite3.OperationalError):  # where it cannot be written now, the file's number has to do
            connection.execute("insert or ignore into setting values ('store_id', lower(hex(randomblob(16))))")


def _stored(connection: sqlite3.Connection) -> tuple[int, int]:
    tables = {row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")}
    if not tables:
        return 0, 0
    if "setting" not in tables:
        raise StoreCorrupt(
            "the file is a SQLite database of something else (it has no BrainOps settings); choose another path, "
            "or import from it with `brainops import`"
        )
    found = dict(
        connection.execute("select name, value from setting where name in ('schema', 'capture_from', 'schema_line')")
    )
    require_line(found.get("schema_line"))
    return int(found.get("schema", 0)), int(found.get("capture_from", 0))
