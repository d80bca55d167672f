"""Do both dialects answer to the same names, and does every statement say whose rows it touches?"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import brainops
from brainops.store import schema
from brainops.store.named import Statement, Statements, statements
from brainops.store.schema import SQL, migrations

DIALECTS = ("sqlite", "postgres")

OWN_STATEMENTS = {
    "sqlite": {
        "filter_search": "FTS5 finds the rows of a filter by their tokens; PostgreSQL asks the rows' own indexes",
        "lexical_texts": "FTS5 leaves common words out and adds their weight to what it found",
        "vector_admit": "the map knows numbers of vectors, which are looked up; pgvector's index is read with its rows",
        "vector_sequences": "the map knows numbers of vectors",
        "vector_keys": "the map is searched among the vectors of what passes a filter",
    },
    "postgres": {
        "lexical_ranked": "BM25 by pg_textsearch, where it is there",
        "lexical_ranked_all": "BM25 by pg_textsearch under a filter that leaves few rows",
        "filter_count": "whether pgvector's index is worth reading",
        "index_ready": "extensions may be there or not",
        "vector_index": "an index for each model",
        "vector_near": "pgvector's index",
        "vector_nearest": "pgvector without its index",
    },
}

OWN_PARAMETERS = {
    "lexical_insert": "PostgreSQL also keeps the words as text for BM25",
    "lexical_search": "FTS5 takes filters in one expression; PostgreSQL takes them with the row",
    "lexical_frequency": "FTS5 counts one word at a time",
    "vector_of_keys": "SQLite compares vectors in Python, PostgreSQL in the query",
}

WITHOUT_NAMESPACE = {
    "lexical_insert": ("sqlite", "an FTS5 row has no column for it; its tokens hold it, and the memory's row is asked"),
    "lexical_delete": ("sqlite", "an FTS5 row is known by its memory's key, which was looked up in the namespace"),
    "lexical_search": ("sqlite", "the expression holds the namespaces' tokens, and the rows are asked again"),
    "lexical_frequency": ("sqlite", "how common a word is, over the whole file; no row is shown"),
    "lexical_last": ("sqlite", "how large the file is; no row is shown"),
    "lexical_texts": ("sqlite", "by keys of rows whose tokens matched; the memories' rows are asked afterwards"),
    "lexical_prune": ("sqlite", "words of no memory belong to no namespace"),
    "filter_search": ("sqlite", "the expression holds the namespaces' tokens, and the rows are asked again"),
    "vector_delete": ("sqlite", "by the key of a memory that was looked up in the namespace"),
    "vector_since": ("sqlite", "the map of a file holds every namespace; its hits are asked of the rows"),
    "vector_sequences": ("sqlite", "by keys of memories that passed the filter; their rows are asked again"),
    "vector_of_keys": ("sqlite", "by keys of memories that passed the filter"),
    "namespaces_used": ("sqlite", "names of namespaces alone, of which a server shows those that a caller may read"),
    "backup_list": ("both", "a backup holds every namespace, so a purge in any of them has to name it"),
}

CREATED = re.compile(r"^create (?:virtual )?table (\w+)(.*?);$", re.MULTILINE | re.DOTALL)
NAMESPACED = sorted(
    {
        table
        for dialect in DIALECTS
        for _, _, script in migrations(dialect)
        for table, columns in CREATED.findall(script)
        if re.search(r"^    namespace text", columns, re.MULTILINE)
    }
)
"""What the migrations say, so that no table can be forgotten; and the functions that read one."""
TABLES = re.compile(rf"\b({'|'.join([*NAMESPACED, 'memory_fts', 'brainops_words', 'brainops_count_retrieved'])})\b")
TOUCHING = re.compile(r"\b(?:from|join|into|update|using|select)\s+" + TABLES.pattern)


def test_the_migrations_tables_are_all_known() -> None:
    assert {"memory", "operation_key", "run_step", "worker", "guard_count", "fix_application"} <= set(NAMESPACED)
    assert len(NAMESPACED) >= 30


def given(statement: Statement) -> set[str]:
    """Return the parameters that a caller hands in; the namespaces come from the transaction's scope."""
    return set(statement.parameters) - {"namespace", "namespaces"}


def test_both_dialects_have_the_same_statements() -> None:
    names = {dialect: set(statements(dialect)) for dialect in DIALECTS}

    assert names["sqlite"] - names["postgres"] == set(OWN_STATEMENTS["sqlite"])
    assert names["postgres"] - names["sqlite"] == set(OWN_STATEMENTS["postgres"])


def test_a_statement_takes_the_same_parameters_in_both_dialects() -> None:
    sqlite, postgres = (statements(dialect) for dialect in DIALECTS)
    differing = {name for name in sqlite if name in postgres and given(sqlite[name]) != given(postgres[name])}

    assert differing == set(OWN_PARAMETERS)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_statement_that_touches_a_namespaced_table_says_which_namespaces(dialect: str) -> None:
    bare = {
        name
        for name, statement in statements(dialect).items()
        if TOUCHING.search(statement.text) and not {"namespace", "namespaces"} & statement.parameters
    }
    excepted = {name for name, (where, _) in WITHOUT_NAMESPACE.items() if where in (dialect, "both")}

    assert bare == excepted


@pytest.mark.parametrize("dialect", DIALECTS)
def test_migrations_are_numbered_without_a_gap(dialect: str) -> None:
    numbers = [number for number, _, _ in migrations(dialect)]

    assert numbers == list(range(1, len(numbers) + 1))


def test_both_dialects_have_the_same_migrations() -> None:
    names = [[(number, name) for number, name, _ in migrations(dialect)] for dialect in DIALECTS]

    assert names[0] == names[1]


def test_every_statement_says_what_it_answers() -> None:
    silent = [
        f"{file.name}: {head}"
        for folder in ("", *DIALECTS)
        for file in SQL.joinpath(folder).iterdir()
        if file.name.endswith(".sql")
        for head in re.findall(r"^-- name: (\w+)\n(?!-- \S)", file.read_text(encoding="utf-8"), re.MULTILINE)
    ]

    assert silent == []


def test_a_name_that_is_said_twice_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sqlite").mkdir()
    for file in ("runs.sql", "sqlite/runs.sql"):
        (tmp_path / file).write_text("-- name: run_get\n-- One run.\nselect 1\n", encoding="utf-8")
    monkeypatch.setattr(schema, "SQL", tmp_path)

    with pytest.raises(ValueError, match="run_get is said twice"):
        Statements("sqlite")


@pytest.mark.parametrize(
    ("common", "sqlite"),
    [
        ("id = any (:ids::text[])", "id in (select value from json_each(:ids))"),
        ("exists (select 1 from unnest(:ids::text[]) as e (value))", "exists (select 1 from json_each(:ids) as e)"),
        ("(:state::text is null or state = :state)", "(:state is null or state = :state)"),
        ("cost = :cost::double precision", "cost = :cost"),
        ("o.context::jsonb ->> 'event'", "json_extract(o.context, '$.event')"),
        ("target is not distinct from :target::text", "target is :target"),
        ("target is distinct from :target::text", "target is not :target"),
        ("least(first_at, :at), greatest(last_at, :at)", "min(first_at, :at), max(last_at, :at)"),
        ("strpos(body, :title) > 0", "instr(body, :title) > 0"),
        ('select :id collate "C"', "select :id"),
    ],
)
def test_sqlite_reads_the_common_spelling(
    common: str, sqlite: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sqlite").mkdir()
    (tmp_path / "rows.sql").write_text(f"-- name: row_get\n{common}\n", encoding="utf-8")
    monkeypatch.setattr(schema, "SQL", tmp_path)

    assert Statements("sqlite")["row_get"].text == sqlite


# The modules that use statements of another aggregate than their own.
OTHERS = {
    "store.approvals": {"notices"},
    "store.fixes": {"procedures"},
    "store.memories": {"index"},
    "store.operations": {"records"},
    "store.records": {"learning", "memories", "signals"},
    "store.rules": {"hook"},
    "store.scan": {"index"},
    "store.sqlite_index": {"memories", "store"},
}


def test_a_statement_its_file_and_its_module_share_a_name() -> None:
    known = {name: statement for dialect in DIALECTS for name, statement in statements(dialect).items()}
    others: dict[str, set[str]] = {}
    for module in Path(brainops.__file__).parent.rglob("*.py"):
        own = {module.stem, module.stem.removeprefix("sqlite_").removeprefix("postgres_")}
        for call in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            match call:
                case ast.Call(func=ast.Attribute(attr="one" | "all" | "run" | "many"), args=[ast.Constant(name), *_]):
                    if name in known and known[name].aggregate not in own:
                        others.setdefault(f"{module.parent.name}.{module.stem}", set()).add(known[name].aggregate)

    assert others == OTHERS
