"""Which SQL answers to which name, and which parameters does it take?

A file holds statements under `-- name: memory_get`; `-- fragment: memory_filter` names a piece that others include as
`{memory_filter}`. Parameters are written `:name` in both dialects.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_HEAD = re.compile(r"^-- (name|fragment): (\w+)[ \t]*$", re.MULTILINE)
_INCLUDE = re.compile(r"\{(\w+)\}")
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]\w*)")
_WRITES = re.compile(r"\b(insert\s+(or\s+\w+\s+)?into|update\s+\w+(\s+as\s+\w+)?\s+set|delete\s+from)\b", re.IGNORECASE)
_COMMENT = re.compile(r"^\s*--.*$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One named statement: its text as the driver wants it, and the parameters that it mentions."""

    name: str
    text: str
    parameters: frozenset[str]
    writes: bool


@cache
def statements(dialect: str) -> dict[str, Statement]:
    """Return every named statement of a dialect ("sqlite" or "postgres")."""
    pieces: dict[str, tuple[str, str]] = {}
    for file in sorted(files("brainops.store").joinpath("sql", dialect).iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".sql"):
            pieces.update(_pieces(file.read_text(encoding="utf-8")))
    fragments = {name: text for name, (kind, text) in pieces.items() if kind == "fragment"}
    return {name: _statement(dialect, name, text, fragments) for name, (kind, text) in pieces.items() if kind == "name"}


def migrations(dialect: str) -> list[tuple[int, str, str]]:
    """Return (number, name, script) of every migration of a dialect, in order."""
    folder = files("brainops.store").joinpath("sql", dialect, "migrations")
    found = [(file.name, file.read_text(encoding="utf-8")) for file in folder.iterdir() if file.name.endswith(".sql")]
    return [(int(name[:4]), name[5:-4], script) for name, script in sorted(found)]


def _pieces(source: str) -> dict[str, tuple[str, str]]:
    heads = list(_HEAD.finditer(source))
    ends = [head.start() for head in heads[1:]] + [len(source)]
    return {
        head[2]: (head[1], _COMMENT.sub("", source[head.end() : end]).strip().rstrip(";"))
        for head, end in zip(heads, ends, strict=True)
    }


def _statement(dialect: str, name: str, text: str, fragments: dict[str, str]) -> Statement:
    text = _INCLUDE.sub(lambda found: fragments[found[1]], text)
    parameters = frozenset(_PARAMETER.findall(text))
    if dialect == "postgres":
        text = _PARAMETER.sub(r"%(\1)s", text.replace("%", "%%"))
    return Statement(name=name, text=text, parameters=parameters, writes=_WRITES.search(text) is not None)
