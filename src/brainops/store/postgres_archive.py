"""How is a whole PostgreSQL store copied into one file, and how does it come back?

The archive is a zip of what COPY says of each table, with a list of what it holds. It needs no program of the server's
exact version, unlike pg_dump, and row-level security keeps nothing from the owner who writes it.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from brainops.errors import ArchiveDamaged
from brainops.store.files import new_file, refuse_backup, write_digest
from brainops.store.migrate import require_line
from brainops.store.postgres import Connection

TABLES = (
    "setting", "memory", "memory_count", "memory_delta",
    "occurrence", "capture_key", "memory_fts", "memory_tag", "memory_vector", "feedback",
    "operation_key", "operation", "operation_count", "growth_policy", "guidance", "audit", "segment", "backup",
    "procedure", "procedure_change", "run", "run_step", "worker",
    "access_key", "person", "role_grant", "approval", "approver", "approval_setting", "notice", "channel",
    "namespace_setting", "rule", "rule_mode", "decision", "guard_count", "bypass", "fix", "fix_application",
    "evidence", "cause_change",
    "agent", "execution", "attempt", "decided_case", "failure_model",
    "cycle", "cycle_report", "learning_told", "set_aside",
    "query_count", "share_peer", "share_bundle", "share_item",
    "signal_file", "log_template", "log_count", "metric_series", "metric_point", "precursor",
    "improvement", "improvement_trial", "code_patch", "language_day", "language_use",
    "alert", "alert_run", "inbox", "delivery", "job",
)  # fmt: skip
"""Every table that a backup holds, those that others refer to first. A test compares them with the catalog."""
LEFT = ("change", "answer", "sign_in", "ticket", "rate_window")
"""The feed, whose places are numbers of transactions of one server, idempotency keys, and who is signed in: all of it
begins anew where rows come back."""

FORMAT = 2
OF_BEFORE = 1  # the format of archives of before the first release
CONTENTS = "contents.json"
BLOCK_BYTES = 1 << 20


def write_archive(connection: Connection, path: Path, schema: int) -> str:
    """Write every row that a snapshot shows into a new file, verify it, and return its SHA-256; raise Conflict."""
    path.parent.mkdir(parents=True, exist_ok=True)
    refuse_backup(path)
    with new_file(path) as unfinished:
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
            contents = [_write_table(connection, archive, table) for table in present(connection)]
            head = {"brainops": FORMAT, "schema": schema, "tables": contents}
            archive.writestr(CONTENTS, json.dumps(head, indent=1))
        read_contents(unfinished)
    return write_digest(path)


def read_contents(path: Path) -> dict[str, Any]:
    """Return what an archive holds, every byte compared with its sums; raise ArchiveDamaged, SchemaTooOld."""
    try:
        with zipfile.ZipFile(path) as archive:
            head: dict[str, Any] = json.loads(archive.read(CONTENTS))
            head["schema"] = int(head["schema"])
            if head["brainops"] != FORMAT:
                if head["brainops"] == OF_BEFORE:
                    require_line(None)
                raise ArchiveDamaged(f"{path} has format {head['brainops']}; this program reads {FORMAT}: upgrade it")
            for table in head["tables"]:
                with archive.open(_member(table["name"])) as stream:
                    digest = hashlib.sha256()
                    for block in _blocks(stream):
                        digest.update(block)
                    if digest.hexdigest() != table["sha256"]:
                        raise ArchiveDamaged(f"{path}: the table {table['name']} does not verify; use another backup")
    except (OSError, zipfile.BadZipFile, KeyError, TypeError, ValueError, EOFError) as error:
        raise ArchiveDamaged(f"{path} is no whole BrainOps backup of a PostgreSQL store: {error}") from error
    return head


def load_archive(connection: Connection, path: Path, head: Mapping[str, Any]) -> None:
    """Put an archive's rows in the place of all others, in a transaction that may see and write everything."""
    connection.execute("alter table audit disable trigger user")  # each gets its triggers back once it is loaded
    connection.execute(f"truncate {', '.join(present(connection, *LEFT))}".encode())
    connection.execute("alter table audit enable trigger user")
    with zipfile.ZipFile(path) as archive:
        for table in head["tables"]:
            if table["name"] == "memory_vector" and "vector" not in _columns(connection, "memory_vector"):
                connection.execute("update memory set vector_model = null where vector_model is not null")
                continue
            _load_table(connection, archive, table)
    connection.execute(
        "insert into setting (name, value) values ('store_id', replace(gen_random_uuid()::text, '-', '')) "
        "on conflict (name) do update set value = excluded.value"
    )


def present(connection: Connection, *besides: str) -> list[str]:
    """Return the tables that the store has: one of an older schema, before it is migrated, lacks the newer ones."""
    row = connection.execute(
        "select array(select name from unnest(%s::text[]) with ordinality as t (name, place) "
        "where to_regclass(name) is not null order by place) as names",
        ([*TABLES, *besides],),
    ).fetchone()
    assert row is not None
    return list(row["names"])


def _write_table(connection: Connection, archive: zipfile.ZipFile, table: str) -> dict[str, Any]:
    columns = _columns(connection, table)
    listed = ", ".join(f'"{column}"' for column in columns)
    digest, rows = hashlib.sha256(), 0
    with archive.open(_member(table), "w", force_zip64=True) as stream, connection.cursor() as cursor:
        with cursor.copy(f"copy (select {listed} from {table}) to stdout".encode()) as copy:
            for block in copy:
                stream.write(block)
                digest.update(block)
        rows = cursor.rowcount
    return {"name": table, "columns": columns, "rows": rows, "sha256": digest.hexdigest()}


def _load_table(connection: Connection, archive: zipfile.ZipFile, table: Mapping[str, Any]) -> None:
    name = table["name"]
    if name not in TABLES:
        raise ArchiveDamaged(f"the backup holds a table {name!r} that this program does not know")
    known = set(_columns(connection, name))
    listed = ", ".join(f'"{column}"' for column in table["columns"] if column in known)
    if set(table["columns"]) - known:
        raise ArchiveDamaged(f"the backup's table {name} has columns that its schema does not have")
    # COPY refuses a guarded table; the guard is back before anybody else can see this transaction's rows.
    # What triggers made of these rows, such as their counts, is in the archive.
    connection.execute(f"alter table {name} no force row level security, disable trigger user".encode())
    with archive.open(_member(name)) as stream, connection.cursor() as cursor:
        with cursor.copy(f"copy {name} ({listed}) from stdin".encode()) as copy:
            for block in _blocks(stream):
                copy.write(block)
        loaded = cursor.rowcount
    connection.execute(f"alter table {name} force row level security, enable trigger user".encode())
    if loaded != table["rows"]:
        raise ArchiveDamaged(f"the backup's table {name} has {loaded} rows, not {table['rows']}")
    _continue_numbers(connection, name)


def _continue_numbers(connection: Connection, table: str) -> None:
    """Let new rows be numbered after those that came back."""
    identities = "select attname from pg_attribute where attrelid = to_regclass(%s) and attidentity <> ''"
    for row in connection.execute(identities, (table,)).fetchall():
        column = row["attname"]
        connection.execute(
            f"select setval(pg_get_serial_sequence('{table}', '{column}'), coalesce(max({column}), 1), "
            f"max({column}) is not null) from {table}".encode()
        )


def _columns(connection: Connection, table: str) -> list[str]:
    rows = connection.execute(
        "select attname from pg_attribute where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped "
        "order by attnum",
        (table,),
    ).fetchall()
    return [row["attname"] for row in rows]


def _blocks(stream: IO[bytes]) -> Iterator[bytes]:
    while block := stream.read(BLOCK_BYTES):
        yield block


def _member(table: str) -> str:
    return f"{table}.copy"
