"""Does each database understand every statement that is kept for it?"""

from __future__ import annotations

import re
import sqlite3

import psycopg

from brainops.store import Store
from brainops.store.named import statements

RANKED_ELSEWHERE = {"lexical_ranked", "lexical_ranked_all"}  # by pg_textsearch, which has tests of its own
DIMENSION = "384"  # of vectors: a type's length is the one thing that is no parameter


def test_every_statement_is_understood(dialect: str, store: Store) -> None:
    refused = {}
    with store.database.raw() as connection:  # type: ignore[attr-defined]
        for name, statement in statements(dialect).items():
            try:
                if dialect == "sqlite":
                    connection.execute(f"explain {statement.text}", dict.fromkeys(statement.parameters))
                else:
                    connection.execute(f"prepare {name} as {positional(statement.text)}", prepare=False)
            except (sqlite3.Error, psycopg.Error) as error:
                refused[name] = str(error)

    assert set(refused) == (RANKED_ELSEWHERE if dialect == "postgres" else set()), refused


def positional(text: str) -> str:
    """Return a statement as PostgreSQL itself takes it: its parameters are numbered."""
    numbers: dict[str, int] = {}
    text = text.replace("halfvec(%(dimension)s)", f"halfvec({DIMENSION})")
    return re.sub(r"%\((\w+)\)s", lambda found: f"${numbers.setdefault(found[1], len(numbers) + 1)}", text).replace(
        "%%", "%"
    )
