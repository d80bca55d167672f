"""Which tables has a store, with which columns, and which of them go from one store to another?

The migrations say each table's columns, once: what reads a whole row, or puts one back, takes them from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from brainops_core.regex import Regex

if TYPE_CHECKING:
    from re import Match

SQL = Path(__file__).parent / "sql"

LINE = "1"
"""What the setting `schema_line` holds where a store's schema has a number of these migrations. A store of before the
first release has no such setting, though its number may be the same."""

# What SQLite spells otherwise than PostgreSQL, in the order in which it is rewritten: what each such text holds, which
# is quickly looked for, what is rewritten, and what comes of it.
_SQLITE = tuple(
    (literal, Regex(postgres), sqlite)
    for literal, postgres, sqlite in (
        # not to find rows by (see `named`)
        ("namespace::text", r"((?:\w+\.)?namespace)::text(?= = any)", r"+\1"),
        # a list travels as JSON text
        ("= any (", r"= any \((:\w+)::\w+\[\]\)", r"in (select value from json_each(\1))"),
        ("unnest(", r"\bunnest\((:\w+)::\w+\[\]\) as (\w+) \(value\)", r"json_each(\1) as \2"),
        # a value has its own type
        ("::", r"(:\w+)::(?:double precision|[a-z]+)(?:\[\])?", r"\1"),
        ("::jsonb", r"(\w+\.\w+)::jsonb ->> '(\w+)'", r"json_extract(\1, '$.\2')"),
        ("is distinct from", r"\bis distinct from\b", "is not"),
        ("is not distinct from", r"\bis not distinct from\b", "is"),
        ("least(", r"\bleast\(", "min("),
        ("greatest(", r"\bgreatest\(", "max("),
        ("strpos(", r"\bstrpos\(", "instr("),
        # the order of code points, which is SQLite's own
        (' collate "C"', r' collate "C"', ""),
        (
            "generated always",
            r"\bbigint generated always as identity primary key\b",
            "integer primary key autoincrement",
        ),
        ("bigint", r"\bbigint\b", "integer"),
        ("double precision", r"\bdouble precision\b", "real"),
        ("bytea", r"\bbytea\b", "blob"),
    )
)

_TOLD = Regex(r"(?m)^create told (\w+) (after [^;]*?)((?:\s+when \([^;]*?\))?)\s+tells \(([^;]*)\);")
_TELLS = "insert into change (at, namespace, kind, ref) values (now_us(), new.namespace, {}); "
"""What the feed is told, which each database spells in its own way: `create told NAME after ... tells (kind, ref)`."""

_CREATED = Regex(r"(?ms)^create table (\w+) \((.*?)^\)")
_ID_IS_KEY = Regex(r"(?m)^    id [^,]*primary key")
_ADDED = Regex(r"(?m)^alter table (\w+) add column (\w+) ")

RECORDS: Mapping[str, Mapping[str, str | int]] = {
    "procedure": {"id": ""},
    "run": {"id": ""},
    "approval": {"id": ""},
    "rule": {"id": ""},
    "rule_mode": {"rule_id": ""},
    "namespace_setting": {"name": ""},
    "decision": {"id": ""},
    "guard_count": {"day": -1, "rule_id": "", "service": "", "person": ""},
    "bypass": {"id": ""},
    "fix": {"id": ""},
    "fix_application": {"id": ""},
    "evidence": {"id": ""},
    "cause_change": {"id": ""},
    "decided_case": {"id": ""},
    "agent": {"name": ""},
    "execution": {"id": ""},
    "attempt": {"id": ""},
    "improvement": {"id": ""},
    "improvement_trial": {"improvement_id": "", "unit": ""},
    "code_patch": {"id": ""},
    "set_aside": {"improvement_id": "", "memory_id": ""},
    "cycle_report": {"cycle": "", "to_at": -1},
    "log_template": {"source": "", "id": ""},
    "log_count": {"source": "", "template_id": "", "bucket": -1},
    "metric_series": {"id": ""},
    "metric_point": {"series": "", "bucket": -1},
    "notice": {"id": ""},
}
"""The tables in the order of an export, each with the columns that order its rows and what comes before the first."""

STAYING: Mapping[str, Mapping[str, str | int]] = {
    "failure_model": {"name": ""},
    "precursor": {"id": ""},
    "share_peer": {"key": ""},
    "share_bundle": {"id": "", "direction": ""},
    "language_use": {"day": -1, "purpose": "", "model": ""},
    "alert": {"key": ""},
    "inbox": {"id": ""},
    "delivery": {"id": ""},
    "job": {"id": ""},
}
"""Tables that no export holds: they are learned anew, or belong to one installation. A rescan goes through them too."""

ORDER = {**RECORDS, **STAYING}

GROUPS: Mapping[str, tuple[str, ...]] = {
    "ordered": tuple(ORDER),
    "imported": (*RECORDS, "run_step", "guidance", "operation_count"),
}
"""Tables for which a statement stands once (see `named`)."""

OF_ONE_STORE: Mapping[str, frozenset[str]] = {
    table: frozenset(names.split())
    for table, names in {
        "memory": "key vector_model",
        "occurrence": "memory_key",
        "operation": "key imported_at learnt_at",
        "guidance": "imported_at",
        "run": "owner due_at requested holds_group imported_at",
        "decision": "imported_at",
        "fix_application": "imported_at",
        "evidence": "imported_at",
        "execution": "owner lease_until requested imported_at",
        "attempt": "lease_until imported_at",
        "improvement": "imported_at",
        "notice": "next_attempt_at lease_until",
        "failure_model": "fitted_at",
        "precursor": "probability base cases failed chance within_us learnt_at",
        "share_peer": "added_at actor_kind actor_id actor_proof revoked_at",
        "share_bundle": "key at created_at items revoked_at",
    }.items()
}
"""The columns that no export holds: numbers of rows, what is derived, who has a row in hand and until when."""

_ARRIVAL = frozenset({"imported_at", "next_attempt_at"})
"""Of those, what is said of a row when it arrives from elsewhere."""


@cache
def versions(dialect: str) -> list[tuple[int, str]]:
    """Return (number, name) of every migration of a dialect: all that a store asks for that has them."""
    folders = (SQL / "migrations", SQL / dialect / "migrations")
    names = {path.stem for folder in folders if folder.is_dir() for path in folder.glob("*.sql")}
    return [(int(name[:4]), name[5:]) for name in sorted(names)]


@cache
def migrations(dialect: str) -> list[tuple[int, str, str]]:
    """Return (number, name, script) of every migration of a dialect: what both have, then what is its own."""
    spelt = for_sqlite if dialect == "sqlite" else _for_postgres
    scripts = {name: spelt(script) for name, script in sql_files("migrations")}
    for name, script in sql_files(f"{dialect}/migrations"):
        scripts[name] = scripts.get(name, "") + script
    return [(int(name[:4]), name[5:], script) for name, script in sorted(scripts.items())]


def sql_files(folder: str) -> list[tuple[str, str]]:
    """Return (name, text) of the SQL files of a folder, in order."""
    found = sorted(SQL.joinpath(folder).iterdir(), key=lambda entry: entry.name)
    return [(file.name[:-4], file.read_text(encoding="utf-8")) for file in found if file.name.endswith(".sql")]


def for_sqlite(text: str) -> str:
    """Return SQL as SQLite spells it."""
    text = _TOLD.sub(lambda to: f"create trigger told_{to[1]} {to[2]}{to[3]} begin {_TELLS.format(to[4])}end;", text)
    for literal, postgres, sqlite in _SQLITE:
        if literal in text:
            text = postgres.sub(sqlite, text)
    return text


def _for_postgres(script: str) -> str:
    """Return a migration as PostgreSQL takes it: what it lacks is that a key may hold the row."""
    return _TOLD.sub(_trigger, script.replace(") without rowid;", ");"))


def _trigger(told: Match[str]) -> str:
    """Return the function and the trigger by which PostgreSQL tells the feed."""
    name = f"told_{told[1]}"
    return (
        f"create function {name}() returns trigger language plpgsql as $$ begin {_TELLS.format(told[4])}return null; "
        f"end $$;\ncreate trigger {name} {told[2]} for each row{told[3]} execute function {name}();"
    )


@cache
def tables() -> dict[str, tuple[str, ...]]:
    """Return the columns of every table that the migrations make."""
    found: dict[str, tuple[str, ...]] = {}
    for _, script in (*sql_files("migrations"), *sql_files("sqlite/migrations")):  # however they spell the types
        for made in f"\n{script}".split("\ncreate table ")[1:]:
            name, _, rest = made.partition(" (")
            found[name] = tuple(_columns(rest[: rest.index("\n)")]))
        for added in _ADDED.finditer(script):
            found[added[1]] += (added[2],)
    return found


def _columns(body: str) -> Iterator[str]:
    """Yield the columns of a table: what is said under its name, one step in, and is no constraint."""
    for line in body.split("\n"):
        name, _, rest = line[4:].partition(" ")
        if name.isidentifier() and line.startswith("    ") and rest and name not in ("primary", "unique", "check"):
            yield name


@cache
def keyed_by_id() -> frozenset[str]:
    """Return the tables whose rows stand in the order of their ids alone, whatever their namespace."""
    made = (found for _, _, script in migrations("sqlite") for found in _CREATED.finditer(script))
    return frozenset(table[1] for table in made if _ID_IS_KEY.search(table[2]))


def exported(table: str) -> tuple[str, ...]:
    """Return the columns of a table's rows that an export holds."""
    stay = OF_ONE_STORE.get(table, frozenset())
    return tuple(column for column in tables()[table] if column not in stay)


def restored(table: str) -> tuple[str, ...]:
    """Return the columns that are written when a row arrives from elsewhere."""
    stay = OF_ONE_STORE.get(table, frozenset()) - _ARRIVAL
    return tuple(column for column in tables()[table] if column not in stay)
