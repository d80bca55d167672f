"""Which SQL answers to which name, and which parameters does it take?

`sql/<aggregate>.sql` holds each statement once, as PostgreSQL spells it; `schema.for_sqlite` makes SQLite's text of it.
What is more than a spelling stands in `sql/sqlite/<aggregate>.sql` and `sql/postgres/<aggregate>.sql`.

A file holds statements under `-- name: memory_get`; `-- fragment: memory_filter` names a piece that others include as
`{memory_filter}`. Parameters are written `:name`, with their type where PostgreSQL cannot tell it: `:name::text`.

Columns are taken from the schema: `{memory as m}` is every column of a row, `{columns of memory}` and
`{values of memory}` are those of a row that comes from elsewhere.
`{pages r.created_at::bigint desc, r.id::text desc}` ends a list: the place from which it is read, its order and its
limit, in either direction (see `paging`). What stands under `-- each ordered: {table}_after` is
a statement for each of the schema's tables of that group.

`m.namespace::text = any (...)` is asked of rows that are found by their key: SQLite, which knows nothing of how rows
are spread, would rather sort a whole namespace for each page. `{namespace of run}` is that, where a table's key is its
id.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from brainops.store.schema import GROUPS, ORDER, for_sqlite, keyed_by_id, restored, sql_files, tables
from brainops_core.regex import Regex

if TYPE_CHECKING:
    from re import Match

_INCLUDE = Regex(r"\{(\w+)\}")
_ROW = Regex(r"\{(\w+) as (\w+)\}")
_LIST = Regex(r"\{(columns|values|order|start|namespace) of (\w+)\}")
_PAGES = Regex(r"\{pages ([^}]+)\}")
_BACK = " back"
_PARAMETER = Regex(r"(?<![:\w]):([a-z_]\w*)")
_WRITES = Regex(r"(?i)\b(insert\s+(or\s+\w+\s+)?into|update\s+\w+(\s+as\s+\w+)?\s+set|delete\s+from)\b")
_COMMENT = Regex(r"(?m)^\s*--.*$")
_KEY = Regex(r"([\w.]+)::([a-z ]+?)( desc)?(?:, |$)")


class Statement(Struct, frozen=True, kw_only=True):
    """One named statement: its text as the driver wants it, and the parameters that it mentions."""

    name: str
    aggregate: str
    text: str
    parameters: frozenset[str]
    writes: bool


class Key(Struct, frozen=True, kw_only=True):
    """One of the columns by which a list is in order: from high to low where it `falls`."""

    name: str
    of: str
    falls: bool

    @property
    def column(self) -> str:
        """The column's name in a row."""
        return self.name.rpartition(".")[2]

    @property
    def kind(self) -> type[str | int | float]:
        """What its values are."""
        return type(self.least)

    @property
    def least(self) -> str | int | float:
        """A value below all others."""
        return "" if self.of == "text" else -(2**63) if self.of == "bigint" else -math.inf

    @property
    def most(self) -> str | int | float:
        """A value above all others."""
        return "\U0010ffff" if self.of == "text" else 2**63 - 1 if self.of == "bigint" else math.inf


class _Piece(NamedTuple):
    """What stands under one head of a file."""

    aggregate: str
    kind: str
    text: str


class Statements(Mapping[str, Statement]):
    """The named statements of a dialect. Each is made when it is first asked for: a process needs few of them."""

    def __init__(self, dialect: str) -> None:
        self._dialect = dialect
        self._made: dict[str, Statement] = {}
        self._pieces: dict[str, _Piece] = {}
        for folder in ("", dialect):
            for aggregate, source in sql_files(folder):
                for name, piece in _pieces(aggregate, source):
                    if name in self._pieces:
                        earlier = self._pieces[name].aggregate
                        raise ValueError(f"{name} is said twice: in {earlier}.sql and in {aggregate}.sql")
                    self._pieces[name] = piece

    def __getitem__(self, name: str) -> Statement:
        if name not in self._made:
            said, goes_back = name.removesuffix(_BACK), name.endswith(_BACK)
            text = _PAGES.sub(lambda found: _page(_keys(found[1]), goes_back), self._text(said))
            parameters = frozenset(_PARAMETER.findall(text))
            self._made[name] = Statement(
                name=name,
                aggregate=self._pieces[said].aggregate,
                text=_PARAMETER.sub(r"%(\1)s", text.replace("%", "%%"))
                if self._dialect == "postgres"
                else for_sqlite(text),
                parameters=parameters,
                writes=_WRITES.search(text) is not None,
            )
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return (name for name, piece in self._pieces.items() if piece.kind == "name")

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _text(self, name: str) -> str:
        """Return what stands under a name, with what it includes."""
        text = _COMMENT.sub("", self._pieces[name].text).strip().rstrip(";")
        if "{" not in text:
            return text
        text = _INCLUDE.sub(lambda found: self._text(found[1]), text)
        return _LIST.sub(_columns, _ROW.sub(_row, text))

    def order(self, name: str) -> tuple[Key, ...]:
        """Return by which columns a list is in order that can be paged."""
        return _keys(_PAGES.findall(self._text(name))[0])


def back(name: str) -> str:
    """Return the name of the statement that reads a list from a place towards its beginning."""
    return name + _BACK


@cache
def statements(dialect: str) -> Statements:
    """Return the named statements of a dialect ("sqlite" or "postgres")."""
    return Statements(dialect)


def _pieces(aggregate: str, source: str) -> Iterator[tuple[str, _Piece]]:
    # By hand, since every process looks through all files at its start. A line with no head's kind is a comment.
    pieces: list[tuple[str, str, list[str]]] = []
    for part in f"\n{source}".split("\n-- "):
        line, _, text = part.partition("\n")
        kind, _, name = line.rstrip().partition(": ")
        if kind in ("name", "fragment") or kind.startswith("each "):
            pieces.append((kind, name, []))
        if pieces:
            pieces[-1][2].append(text)
    for kind, name, texts in pieces:
        text = "\n\n".join(texts)
        if not kind.startswith("each "):
            yield name, _Piece(aggregate, kind, text)
            continue
        for table in GROUPS[kind.removeprefix("each ")]:
            yield name.replace("{table}", table), _Piece(aggregate, "name", text.replace("{table}", table))


def _keys(order: str) -> tuple[Key, ...]:
    """Read what stands behind `pages`, such as `r.created_at::bigint desc, r.id::text desc`."""
    return tuple(Key(name=key[1], of=key[2], falls=bool(key[3])) for key in _KEY.finditer(order))


def _page(keys: tuple[Key, ...], goes_back: bool) -> str:
    """Return the condition, the order and the limit of a page: beyond a place, in one direction for all columns."""
    falls = keys[0].falls is not goes_back
    names = ", ".join(key.name for key in keys)
    places = ", ".join(f":place_{number}::{key.of}" for number, key in enumerate(keys))
    order = ", ".join(f"{key.name}{' desc' if falls else ''}" for key in keys)
    return f"and ({names}) {'<' if falls else '>'} ({places}) order by {order} limit :limit"


def _row(found: Match[str]) -> str:
    """Return every column of a table, as a query names them."""
    return ", ".join(f"{found[2]}.{column}" for column in tables()[found[1]])


def _columns(found: Match[str]) -> str:
    """Return those columns of a table, or their parameters, that a statement names together."""
    what, table = found[1], found[2]
    match what:
        case "columns":
            return ", ".join(restored(table))
        case "values":
            return ", ".join(f":{column}" for column in restored(table))
        case "order":
            return ", ".join(ORDER[table])
        case "start":
            return ", ".join(f":after_{column}" for column in ORDER[table])
        case _:
            return "namespace::text" if table in keyed_by_id() else "namespace"
