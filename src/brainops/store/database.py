"""What does the store ask of a database? Named statements inside a transaction that knows its namespaces."""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from msgspec import Struct

from brainops.errors import InvalidInput, StoreUnavailable
from brainops.store.named import Key, Statements
from brainops.store.scope import Scope

WAIT_SECONDS = 120.0  # what is waited in all where nobody set a deadline: 16 writers on a slow disk queue far shorter

Row = Mapping[str, Any]


class Deadline(Struct, frozen=True, kw_only=True):
    """Until when a transaction is waited for, on the monotonic clock, and how many seconds that were."""

    at: float
    seconds: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """Return the deadline that is so many seconds away."""
        return cls(at=time.monotonic() + seconds, seconds=seconds)

    def left(self) -> float:
        """Return the seconds that are left, 0 where it has passed."""
        return max(0.0, self.at - time.monotonic())

    def missed(self, location: str, why: str) -> StoreUnavailable:
        """Return the error of a caller whose time was over before anything was committed."""
        return StoreUnavailable(
            f"{location}: {why}, and the {self.seconds:g} s to wait for it are over; nothing was written. Try again, "
            "or with more time: acting(deadline=...)."
        )


def sooner(standing: Deadline | None, seconds: float | None) -> Deadline | None:
    """Return the deadline of who may take no longer than one that stands, and no longer than some seconds from now."""
    if seconds is None:
        return standing
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 < seconds < math.inf:
        raise InvalidInput(f"a deadline is a number of seconds above 0, not {seconds!r:.40}")
    wanted = Deadline.after(seconds)
    return wanted if standing is None or wanted.at < standing.at else standing


class Session(Protocol):
    """One transaction. `:namespace` and `:namespaces` are filled in from its scope, never by the caller."""

    scope: Scope
    counted: bool  # whether it moved a change counter, so that what was compiled of its namespaces is old

    def one(self, name: str, /, **parameters: Any) -> Row | None:
        """Return the first row of a named statement, or None."""
        ...

    def all(self, name: str, /, **parameters: Any) -> Sequence[Row]:
        """Return every row of a named statement."""
        ...

    def run(self, name: str, /, **parameters: Any) -> int:
        """Execute a named statement and return how many rows it changed."""
        ...

    def order(self, name: str) -> tuple[Key, ...]:
        """Return by which columns a statement's list is in order that can be paged."""
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

    _statements: Statements
    counted = False

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

    def order(self, name: str) -> tuple[Key, ...]:
        """Return by which columns a statement's list is in order that can be paged."""
        return self._statements.order(name)

    @abstractmethod
    def _execute(self, name: str, parameters: Mapping[str, Any]) -> Executed: ...


class Database(Protocol):
    """A place that keeps rows: SQLite or PostgreSQL."""

    dialect: str
    location: str
    clock: Callable[[], int] | None  # which it takes its time from instead of its own

    def read(self, scope: Scope, deadline: Deadline | None = None) -> AbstractContextManager[Session]:
        """Open a transaction that sees one consistent state; its statements end by the deadline."""
        ...

    def write(
        self, scope: Scope, deadline: Deadline | None = None, keys: Collection[str] = ()
    ) -> AbstractContextManager[Session]:
        """Open a transaction whose changes are durable when the block ends without an error.

        It is the only one of its namespace, but where it changes no more than what some `keys` stand for: then others
        that say so of other keys may go on beside it, where the database has more than one writer.
        Its turn is waited for until the deadline, `WAIT_SECONDS` where there is none. Raises StoreUnavailable; and
        OutcomeUnknown where the answer to the commit was lost.
        """
        ...

    def now(self, deadline: Deadline | None = None) -> int:
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
