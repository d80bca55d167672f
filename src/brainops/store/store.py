"""Where is memory kept, and what may this reader and writer do with it in one transaction?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

from brainops.store.agents import Agents
from brainops.store.approvals import Approvals
from brainops.store.cases import Cases
from brainops.store.code import Code
from brainops.store.database import Database, Session
from brainops.store.figures import Figures
from brainops.store.fixes import Fixes
from brainops.store.group import Group
from brainops.store.improvements import Improvements
from brainops.store.language import Language
from brainops.store.learning import Learning
from brainops.store.memories import Memories
from brainops.store.operations import Operations
from brainops.store.procedures import Procedures
from brainops.store.records import Records
from brainops.store.rules import Rules
from brainops.store.runs import Runs
from brainops.store.scope import Scope
from brainops.store.search import Index
from brainops.store.sharing import Sharing
from brainops.store.signals import Signals
from brainops.store.trail import Trail
from brainops.store.variants import Variants

T = TypeVar("T")


class Upkeep(Protocol):
    """What is done to a whole store, outside its transactions."""

    def migrate(self) -> None:
        """Bring the schema to this program's, after an automatic backup where there is data."""
        ...

    def backup(self, target: str) -> str:
        """Write a consistent copy while others read and write; return its SHA-256."""
        ...

    def scrub(self) -> None:
        """Leave no trace of purged rows in the indexes' own files and logs."""
        ...

    def check(self) -> list[str]:
        """Return what is wrong with the rows and the indexes; nothing when all is well."""
        ...

    def sizes(self) -> dict[str, int]:
        """Return the bytes that the store takes, by part, and `free`, what the disk has left."""
        ...

    def schema(self) -> dict[str, int | list[str]]:
        """Return the stored and the program's schema, and the migrations that are pending."""
        ...


class Transaction:
    """One transaction with the aggregates on it."""

    def __init__(self, session: Session, index: Index) -> None:
        self.session = session
        self.index = index
        self.memories = Memories(session, index)
        self.operations = Operations(session)
        self.procedures = Procedures(session)
        self.runs = Runs(session)
        self.approvals = Approvals(session)
        self.rules = Rules(session)
        self.fixes = Fixes(session)
        self.agents = Agents(session)
        self.cases = Cases(session)
        self.signals = Signals(session)
        self.learning = Learning(session)
        self.improvements = Improvements(session)
        self.code = Code(session)
        self.variants = Variants(session)
        self.sharing = Sharing(session)
        self.language = Language(session)
        self.figures = Figures(session)
        self.records = Records(session)
        self.trail = Trail(session)

    @property
    def scope(self) -> Scope:
        """The namespaces of this transaction."""
        return self.session.scope

    def setting(self, name: str) -> str | None:
        """Return one fact about the store."""
        row = self.session.one("setting_get", name=name)
        return None if row is None else str(row["value"])

    def set(self, name: str, value: str) -> None:
        """Set one fact about the store."""
        self.session.run("setting_put", name=name, value=value)


class Store:
    """A database, its index and the namespaces that this reader and writer may touch."""

    def __init__(self, database: Database, index: Index, upkeep: Upkeep, scope: Scope) -> None:
        self.database = database
        self.index = index
        self.upkeep = upkeep
        self.scope = scope
        self._group = Group(self._open_shared)

    @contextmanager
    def read(self, scope: Scope | None = None) -> Iterator[Transaction]:
        """Open a transaction that sees one consistent state."""
        with self.database.read(scope or self.scope) as session:
            yield Transaction(session, self.index)

    @contextmanager
    def write(self, scope: Scope | None = None) -> Iterator[Transaction]:
        """Open a transaction whose changes are durable when the block ends without an error."""
        with self.database.write(scope or self.scope) as session:
            yield Transaction(session, self.index)

    def write_together(self, work: Callable[[Transaction], T]) -> T:
        """Do a small write in a transaction that it may share with other threads'; it is durable on return."""
        if self.database.dialect == "sqlite":
            return self._group.write(work)
        with self.write() as tx:  # PostgreSQL lets its connections share syncs by itself
            return work(tx)

    @contextmanager
    def _open_shared(self) -> Iterator[tuple[Transaction, Session]]:
        with self.write() as tx:
            yield tx, tx.session

    def within(self, scope: Scope) -> Store:
        """Return the same store seen through other namespaces."""
        return Store(self.database, self.index, self.upkeep, scope)

    def now(self) -> int:
        """Return the database's time in microseconds."""
        return self.database.now()

    def close(self) -> None:
        """Release every connection."""
        self.database.close()
