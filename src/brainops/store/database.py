"""What does the store ask of a database? Named statements inside a transaction that knows its namespaces."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from brainops.store.scope import Scope

Row = Mapping[str, Any]


class Session(Protocol):
    """One transaction. `:namespace` and `:namespaces` are filled in from its scope, never by the caller."""

    scope: Scope

    def one(self, name: str, /, **parameters: Any) -> Row | None:
        """Return the first row of a named statement, or None."""
        ...

    def all(self, name: str, /, **parameters: Any) -> Sequence[Row]:
        """Return every row of a named statement."""
        ...

    def run(self, name: str, /, **parameters: Any) -> int:
        """Execute a named statement and return how many rows it changed."""
        ...

    def savepoint(self) -> AbstractContextManager[None]:
        """Undo what the block did when it raises, and nothing before it."""
        ...

    def many(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Execute a named statement once for each row."""
        ...


class Executed(Protocol):
    """What a driver returns of a statement: the standard cursor."""

    @property
    def rowcount(self) -> int:
        """How many rows were changed."""
        ...

    def fetchone(self) -> Any:
        """Return the next row, or None."""
        ...

    def fetchall(self) -> list[Any]:
        """Return the rows that are left."""
        ...


class NamedStatements(ABC):
    """The part of a session that is the same for every driver."""

    def one(self, name: str, /, **parameters: Any) -> Row | None:
        """Return the first row, or None."""
        row: Row | None = self._execute(name, parameters).fetchone()
        return row

    def all(self, name: str, /, **parameters: Any) -> Sequence[Row]:
        """Return every row."""
        return self._execute(name, parameters).fetchall()

    def run(self, name: str, /, **parameters: Any) -> int:
        """Return how many rows the statement changed."""
        return self._execute(name, parameters).rowcount

    @abstractmethod
    def _execute(self, name: str, parameters: Mapping[str, Any]) -> Executed: ...


class Database(Protocol):
    """A place that keeps rows: SQLite or PostgreSQL."""

    dialect: str
    location: str

    def read(self, scope: Scope) -> AbstractContextManager[Session]:
        """Open a transaction that sees one consistent state."""
        ...

    def write(self, scope: Scope) -> AbstractContextManager[Session]:
        """Open a transaction whose changes are durable when the block ends without an error."""
        ...

    def now(self) -> int:
        """Return the database's time in microseconds."""
        ...

    def close(self) -> None:
        """Release every connection of this process."""
        ...


def bound(parameters: frozenset[str], given: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """Return the values for a statement's parameters, with the scope's namespaces filled in."""
    values = dict(given)
    if "namespace" in parameters:
        values["namespace"] = scope.write
    if "namespaces" in parameters:
        values["namespaces"] = list(scope.read)
    return values
