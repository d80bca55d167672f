"""What does the store know at this moment? A few rows by index, read only, and nobody is waited for."""

from __future__ import annotations

import time

from brainops_core.json_text import to_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from brainops_core.pack import Pack

STEPS = 1_000  # of SQLite's virtual machine between two looks at the clock


class NoRows(Exception):
    """The store cannot be asked now: it is no file, not there, locked, or takes too long."""


class Rows:
    """One look at a store that is a file, by the statements of its pack."""

    def __init__(self, store: str | None, known: Pack, deadline: float) -> None:
        self._store = store
        self._pack = known
        self._deadline = deadline
        self._connection: Any = None

    def ask(self, statement: str, **given: Any) -> list[dict[str, Any]]:
        """Return the rows of a statement. Raises NoRows."""
        text = self._pack.statement(statement)
        if text is None or self._store is None:
            raise NoRows(f"the pack has no statement {statement}")
        try:
            import _sqlite3 as sqlite3  # `sqlite3` adds converters, and three modules that take as long
        except ImportError:
            import sqlite3  # type: ignore[no-redef]

        values = {"namespace": self._pack.namespaces[0], "namespaces": to_json(self._pack.namespaces), **given}
        try:
            if self._connection is None:
                self._connection = self._opened(sqlite3.connect, self._store)
            cursor = self._connection.execute(text, values)
            names = [each[0] for each in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        except (sqlite3.Error, UnicodeError) as error:  # no store holds a lone surrogate
            raise NoRows(str(error)) from error

    def _opened(self, connect: Callable[..., Any], store: str) -> Any:
        path = "".join(
            each if (each.isalnum() and each.isascii()) or each in "/._-" else _percent(each) for each in store
        )
        connection = connect(f"file:{path}?mode=ro", uri=True, timeout=0, isolation_level=None)
        connection.set_progress_handler(lambda: time.monotonic() > self._deadline, STEPS)
        return connection

    def close(self) -> None:
        """Let go of the store."""
        if self._connection is not None:
            self._connection.close()


def listed(values: Sequence[str]) -> str:
    """Return a list as a parameter."""
    return to_json(list(values))


def _percent(letter: str) -> str:
    return "".join(f"%{byte:02X}" for byte in letter.encode("utf-8", "surrogateescape"))
