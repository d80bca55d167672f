"""Which SQL answers to which name, and which parameters does it take?

`sql/<aggregate>.sql` holds each statement once, as PostgreSQL spells it; SQLite's text is made of it by the rewrites of
`_SQLITE`. What is more than a spelling stands in `sql/sqlite/<aggregate>.sql` and `sql/postgres/<aggregate>.sql`.

A file holds statements under `-- name: memory_get`; `-- fragment: memory_filter` names a piece that others include as
`{memory_filter}`. Parameters are written `:name`, with their type where PostgreSQL cannot tell it: `:name::text`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

from msgspec import Struct

SQL = files("brainops.store").joinpath("sql")

# What SQLite spells otherwise, in the order in which it is rewritten.
_SQLITE = tuple(
    (re.compile(postgres), sqlite)
    for postgres, sqlite in (
        (r"= any \((:\w+)::\w+\[\]\)", r"in (select value from json_each(\1))"),  # a list travels as JSON text
        (r"\bunnest\((:\w+)::\w+\[\]\) as (\w+) \(value\)", r"json_each(\1) as \2"),
        (r"(:\w+)::(?:double precision|[a-z]+)(?:\[\])?", r"\1"),  # a value has its own type
        (r"(\w+\.\w+)::jsonb ->> '(\w+)'", r"json_extract(\1, '$.\2')"),
        (r"\bis distinct from\b", "is not"),
        (r"\bis not distinct from\b", "is"),
        (r"\bleast\(", "min("),
        (r"\bgreatest\(", "max("),
        (r"\bstrpos\(", "instr("),
        (r' collate "C"', ""),  # the order of code points, which is SQLite's own
    )
)

_HEAD = re.compile(r"^-- (name|fragment): (\w+)[ \t]*$", re.MULTILINE)
_INCLUDE = re.compile(r"\{(\w+)\}")
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]\w*)")
_WRITES = re.compile(r"\b(insert\s+(or\s+\w+\s+)?into|update\s+\w+(\s+as\s+\w+)?\s+set|delete\s+from)\b", re.IGNORECASE)
_COMMENT = re.compile(r"^\s*--.*$", re.MULTILINE)


class Statement(Struct, frozen=True, kw_only=True):
    """One named statement: its text as the driver wants it, and the parameters that it mentions."""

    name: str
    aggregate: str
    text: str
    parameters: frozenset[str]
    writes: bool


class _Piece(Struct, frozen=True, kw_only=True):
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
            for aggregate, source in _files(folder):
                for name, piece in _pieces(aggregate, source):
                    if name in self._pieces:
                        earlier = self._pieces[name].aggregate
                        raise ValueError(f"{name} is said twice: in {earlier}.sql and in {aggregate}.sql")
                    self._pieces[name] = piece

    def __getitem__(self, name: str) -> Statement:
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return (name for name, piece in self._pieces.items() if piece.kind == "name")

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _make(self, name: str) -> Statement:
        text = self._text(name)
        parameters = frozenset(_PARAMETER.findall(text))
        return Statement(
            name=name,
            aggregate=self._pieces[name].aggregate,
            text=_for_postgres(text) if self._dialect == "postgres" else _for_sqlite(text),
            parameters=parameters,
            writes=_WRITES.search(text) is not None,
        )

    def _text(self, name: str) -> str:
        """Return what stands under a name, with what it includes."""
        text = _COMMENT.sub("", self._pieces[name].text).strip().rstrip(";")
        return _INCLUDE.sub(lambda found: self._text(found[1]), text)


@cache
def statements(dialect: str) -> Statements:
    """Return the named statements of a dialect ("sqlite" or "postgres")."""
    return Statements(dialect)


def migrations(dialect: str) -> list[tuple[int, str, str]]:
    """Return (number, name, script) of every migration of a dialect, in order."""
    return [(int(name[:4]), name[5:], script) for name, script in _files(f"{dialect}/migrations")]


def _files(folder: str) -> list[tuple[str, str]]:
    """Return (name, text) of the SQL files of a folder, in order."""
    found = sorted(SQL.joinpath(folder).iterdir(), key=lambda entry: entry.name)
    return [(file.name[:-4], file.read_text(encoding="utf-8")) for file in found if file.name.endswith(".sql")]


def _pieces(aggregate: str, source: str) -> Iterator[tuple[str, _Piece]]:
    heads = list(_HEAD.finditer(source))
    ends = [head.start() for head in heads[1:]] + [len(source)]
    for head, end in zip(heads, ends, strict=True):
        yield head[2], _Piece(aggregate=aggregate, kind=head[1], text=source[head.end() : end])


def _for_postgres(text: str) -> str:
    return _PARAMETER.sub(r"%(\1)s", text.replace("%", "%%"))


def _for_sqlite(text: str) -> str:
    for postgres, sqlite in _SQLITE:
        text = postgres.sub(sqlite, text)
    return text
