"""Is each column of a table written, read, exported, brought back and cleansed, or said not to be?

A column that one of these forgets is lost without an error: each test fails for a column that nothing accounts for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from brainops.brain import Brain
from brainops.memory.transfer.line_kinds import KINDS
from brainops.store import Store, Transaction
from brainops.store.agents import agent_of, attempt_of, execution_of
from brainops.store.approvals import approval_of, notice_of
from brainops.store.cases import case_of
from brainops.store.fixes import application_of, fix_of
from brainops.store.improvements import improvement_of
from brainops.store.learning import report_of
from brainops.store.memories import memory_of, walk
from brainops.store.named import statements
from brainops.store.operations import operation_of
from brainops.store.rules import bypass_of, decision_of
from brainops.store.runs import run_of
from brainops.store.schema import OF_ONE_STORE, exported, migrations, restored, sql_files, tables
from tests.conformance.everything import MARTA, furnish
from tests.inside import inside

DERIVED = {"memory_fts"}
"""Tables of indexes, which each database makes as it can."""

NUMBERED = {
    ("memory", "key"),
    ("occurrence", "sequence"),
    ("memory_vector", "sequence"),
    ("operation", "key"),
    ("operation_key", "key"),
    ("change", "number"),
    ("change", "xid"),
}
"""What the database counts by itself."""

ELSEWHERE = {("occurrence", "memory_id")}
"""Columns of a line that stand in another table."""


def columns_of(store: Store, dialect: str) -> dict[str, list[tuple[str, bool]]]:
    """Return what the database itself says: each table's columns, and whether each may be null."""
    found: dict[str, list[tuple[str, bool]]] = {}
    asked = {
        "sqlite": 'select t.name as table_name, c.name, c."notnull" = 0 and c.pk = 0 as nullable '
        "from sqlite_master as t join pragma_table_info(t.name) as c "
        "where t.type = 'table' and t.name not like 'sqlite_%' and t.name not like 'memory_fts_%' order by 1, c.cid",
        "postgres": "select c.table_name, c.column_name as name, c.is_nullable = 'YES' as nullable "
        "from information_schema.columns as c where c.table_schema = current_schema() "
        "and c.table_name !~ '^operation_(default|[0-9]+_[0-9]+)$' order by 1, c.ordinal_position",
    }[dialect]
    with store.database.raw() as connection:  # type: ignore[attr-defined]
        for row in connection.execute(asked).fetchall():
            found.setdefault(row["table_name"], []).append((row["name"], bool(row["nullable"])))
    return {table: columns for table, columns in found.items() if table not in DERIVED}


def test_the_schema_says_the_columns_that_the_database_has(dialect: str, store: Store) -> None:
    there = {table: {name for name, _ in columns} for table, columns in columns_of(store, dialect).items()}
    said = {table: set(columns) for table, columns in tables().items()}
    if dialect == "postgres":  # which has an order of its own for occurrences, and keeps ids of operations apart
        there["occurrence"].remove("sequence")
        del there["operation_key"]
        there["change"].remove("xid")
        said["memory_vector"] = there["memory_vector"] | said["memory_vector"]

    assert there == said


def test_an_export_holds_every_column_that_does_not_belong_to_one_store() -> None:
    held = {
        kind: set(fields) - {column for table, column in ELSEWHERE if table == kind} for kind, fields in KINDS.items()
    }

    assert held == {kind: set(exported(kind)) for kind in KINDS}


def test_a_column_of_one_store_is_one() -> None:
    assert {(table, column) for table, stay in OF_ONE_STORE.items() for column in stay - set(tables()[table])} == set()


def test_an_export_says_which_columns_may_be_null(dialect: str, store: Store) -> None:
    nullable = {
        (table, name) for table, columns in columns_of(store, dialect).items() for name, empty in columns if empty
    }
    said = {(kind, name) for kind, fields in KINDS.items() for name, field in fields.items() if field.nullable}

    assert said == {(table, name) for table, name in nullable if name in KINDS.get(table, ())}


INSERTED = re.compile(r"insert into (\w+) \(([\w\s,]+)\)")


def written(dialect: str, *, arriving: bool) -> Iterator[tuple[str, str]]:
    """Yield the columns that statements write: those by which rows come from elsewhere, or all others and triggers."""
    for told in () if arriving else migrations(dialect):
        for columns in (columns for table, columns in INSERTED.findall(told[2]) if table == "change"):
            yield from (("change", column.strip()) for column in columns.split(","))
    for name, statement in statements(dialect).items():
        if name.endswith("_restore_row") is not arriving:
            continue
        for table, columns in INSERTED.findall(statement.text):
            yield from ((table, column.strip()) for column in columns.split(","))
        for table, changes in re.findall(
            r"update (\w+)(?: as \w+)? set (.*?)(?=\bwhere\b|$)", statement.text, re.DOTALL
        ):
            yield from ((table, column) for column in re.findall(r"\b(\w+) = ", changes))
        for table, changes in re.findall(
            r"insert into (\w+) .*? do update set (.*?)(?=\bwhere\b|$)", statement.text, re.DOTALL
        ):
            yield from ((table, column) for column in re.findall(r"\b(\w+) = ", changes))


def test_every_column_is_written_by_some_statement(dialect: str, store: Store) -> None:
    there = {(table, name) for table, columns in columns_of(store, dialect).items() for name, _ in columns}
    come = {(table, "imported_at") for table in tables() if "imported_at" in restored(table)}
    counted = {("memory", "retrieved_count")} if dialect == "postgres" else set()  # by a function of the owner's

    assert there - set(written(dialect, arriving=False)) - NUMBERED == come | counted


@pytest.mark.parametrize("kind", [kind for kind in KINDS if f"{kind}_restore_row" in statements("sqlite")])
def test_a_row_that_comes_from_elsewhere_brings_every_column(kind: str, dialect: str) -> None:
    brought = {column for table, column in written(dialect, arriving=True) if table == kind}

    assert set(exported(kind)) - brought == set()


class Watched(dict[str, Any]):
    """A row that knows what was read of it."""

    def __init__(self, row: Any) -> None:
        super().__init__(row)
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self.read.add(name)
        return super().__getitem__(name)


READERS: dict[str, tuple[Callable[[Any], object], set[str]]] = {
    "memory": (
        memory_of,
        {"content_hash", "idempotency_key", "message_fingerprint", "flag", "forgotten_at", "retrieved_count"},
    ),
    "operation": (operation_of, {"error"}),
    "run": (run_of, set()),
    "approval": (approval_of, set()),
    "decision": (decision_of, set()),
    "bypass": (bypass_of, set()),
    "fix": (fix_of, set()),
    "fix_application": (application_of, set()),
    "decided_case": (case_of, {"changed_at"}),
    "agent": (agent_of, {"namespace", "removed_at"}),
    "execution": (execution_of, {"error", "opened_at"}),
    "attempt": (attempt_of, {"namespace", "error", "learnt_at"}),
    "improvement": (improvement_of, {"decided_basis"}),
    "cycle_report": (report_of, set()),
    "notice": (notice_of, set()),
}
"""By what a row becomes a value, and which of its columns only statements ask for, or only a row that failed."""


@pytest.mark.parametrize("table", READERS)
def test_a_reader_reads_every_column(table: str, furnished: Transaction) -> None:
    reader, unread = READERS[table]
    read: set[str] = set()
    for row in rows_of(furnished, table):
        watched = Watched({**dict.fromkeys(OF_ONE_STORE.get(table, ())), "holds_group": 0, **dict(row)})
        reader(watched)
        read |= watched.read

    assert set(exported(table)) - read == unread


def rows_of(tx: Transaction, table: str) -> Sequence[Any]:
    """Return some readable rows of a table."""
    if table == "memory":
        return list(walk(tx.memories))
    if table == "operation":
        return tx.session.all(
            "operation_list",
            name=None,
            target=None,
            outcome=None,
            since=None,
            limit=50,
            place_0=2**63 - 1,
            place_1=2**63 - 1,
        )
    return tx.records.page(table, None)


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Transaction]:
    """Lend a transaction that reads a store which holds something of every kind."""
    place = str(tmp_path_factory.mktemp("furnished") / "memory.db")
    with Brain.open(place, namespace="team/a", model="none", background=False, actor=MARTA) as brain:
        furnish(brain)
        with inside(brain).store.read() as tx:
            yield tx


SAID_BY_PROGRAMS = set(
    "actor_kind actor_id actor_proof session_id operation_id parent_id correction_id error_memory_id action_class kind"
    " state stage mode trust standing origin outcome evidence verdict would enforcement judged adapter memory direction"
    " flag limits delivered_to acknowledged procedures required skipped_because rule_name rule_kind verified_by value"
    " content_format owner created_kind created_by created_proof activated_kind activated_by activated_proof"
    " requested_by_kind requested_by_proof decided_by_kind decided_by_proof judged_by_kind judged_by_id judged_by_proof"
    " repository commit_id effect basis".split()
)
"""Texts that are no words of a person, an agent or a tool: kinds, states, ids, who did something, checked settings."""
UNCHANGED = {
    *((table, "reason") for table in ("procedure", "rule_mode", "bypass")),
    *(("procedure", name) for name in ("body", "source", "path")),
    ("rule", "body"),
    *(("audit", name) for name in ("act", "detail", "previous_hash", "hash")),
    ("segment", "sha256"),
    ("evidence", "source"),
    ("memory", "tags"),  # cleansed one by one
}
"""Texts that a hash covers, a program says, or that say what holds: redacted as they are written, not afterwards."""


def texts_of(script: str) -> Iterator[tuple[str, str]]:
    """Yield the columns of texts that a migration makes: those of its tables, and those that it adds to others."""
    for table, body in re.findall(r"^create table (\w+) \((.*?)^\)", script, re.MULTILINE | re.DOTALL):
        yield from ((table, column) for column in re.findall(r"^    (\w+) text(?! collate)", body, re.MULTILINE))
    yield from re.findall(r"^alter table (\w+) add column (\w+) text(?! collate)", script, re.MULTILINE)


def test_every_text_is_cleansed_or_said_by_a_program() -> None:
    texts = {
        (table, column)
        for _, script in [*sql_files("migrations"), *sql_files("postgres/migrations")]
        for table, column in texts_of(script)
        if column in KINDS.get(table, ())
    }
    cleansed = {(kind, name) for kind, fields in KINDS.items() for name, field in fields.items() if field.redacted}

    assert {(table, column) for table, column in texts - cleansed if column not in SAID_BY_PROGRAMS} == UNCHANGED
