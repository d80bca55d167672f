"""Which statements does a verb execute? Told by their names, transaction by transaction, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from brainops.store.database import Deadline, Row
from brainops.store.scope import Scope
from brainops.store.sqlite import SQLiteDatabase, SQLiteSession


class Watched:
    """A session that writes down the name of each statement, and is otherwise the one that it was given."""

    def __init__(self, session: SQLiteSession, names: list[str]) -> None:
        self._session = session
        self._names = names

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def within(self, scope: Scope) -> Watched:
        return Watched(self._session.within(scope), self._names)

    def one(self, name: str, /, **parameters: Any) -> Row | None:
        self._names.append(name)
        return self._session.one(name, **parameters)

    def all(self, name: str, /, **parameters: Any) -> Sequence[Row]:
        self._names.append(name)
        return self._session.all(name, **parameters)

    def run(self, name: str, /, **parameters: Any) -> int:
        self._names.append(name)
        return self._session.run(name, **parameters)

    def many(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        given = list(rows)
        self._names.append(f"{name}, {len(given)} rows")
        self._session.many(name, given)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        self._names.append("savepoint")
        with self._session.savepoint():
            yield
        self._names.append("release")


Opened = Callable[[SQLiteDatabase, Scope, Deadline | None], AbstractContextManager[SQLiteSession]]
Watching = Callable[[SQLiteDatabase, Scope], AbstractContextManager[Watched]]


@contextmanager
def watched() -> Iterator[list[dict[str, list[str]]]]:
    """Lend the list that each transaction of the block is written to: {"read" or "write": names of its statements}.

    One that is taken back ends in "rollback".
    """
    transactions: list[dict[str, list[str]]] = []

    def watching(kind: str, opened: Opened) -> Watching:
        @contextmanager
        def transaction(database: SQLiteDatabase, scope: Scope, deadline: Deadline | None = None) -> Iterator[Watched]:
            names: list[str] = []
            transactions.append({kind: names})
            try:
                with opened(database, scope, deadline) as session:
                    yield Watched(session, names)
            except BaseException:
                names.append("rollback")
                raise

        return transaction

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SQLiteDatabase, "read", watching("read", SQLiteDatabase.read))
        patch.setattr(SQLiteDatabase, "write", watching("write", SQLiteDatabase.write))
        yield transactions
