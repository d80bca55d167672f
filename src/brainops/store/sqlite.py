"""How is one SQLite file read and written by many threads and processes at once, durably?"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from brainops.errors import BrainOpsError, InvalidInput, StoreCorrupt, StoreFull, StoreReadOnly, StoreUnavailable
from brainops.store.database import NamedStatements, bound
from brainops.store.named import statements
from brainops.store.scope import Scope

MINIMUM_VERSION = (3, 35, 0)  # RETURNING and upsert on partial indexes
BUSY_SECONDS = 5.0  # what SQLite itself waits for a lock before we look at the clock again
LOCK_SECONDS = 120.0  # what a writer waits in all: 16 writers on a slow disk queue far shorter than this
CACHE_KIBIBYTES = 8_192  # a connection's page cache; larger ones did not read faster at 100,000 memories
MAPPED_BYTES = 1 << 30  # read through the page cache of the system: half the time of a search at 100,000 memories
STATEMENT_CACHE = 256  # every named statement stays prepared

_UNAVAILABLE = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR}
# A damaged file makes SQLite say texts, even in its own messages, that are no UTF-8.
PROBLEMS = (sqlite3.Error, UnicodeDecodeError)
_CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def clock_micros() -> int:
    """Return this machine's time, which is the clock of an embedded database."""
    return time.time_ns() // 1_000


class SQLiteDatabase:
    """A SQLite file (or ":memory:"): one connection for each thread, opened again after a fork."""

    dialect = "sqlite"

    def __init__(self, location: str, *, clock: Callable[[], int] = clock_micros) -> None:
        self.location = location
        self.now = clock
        self._local = threading.local()
        self._writing = threading.RLock()
        self._connections: list[sqlite3.Connection] = []
        self._process = os.getpid()
        self._files: set[tuple[int, int]] = set()
        _OPEN.add(self)
        self._shared = self._connect() if location == ":memory:" else None

    @contextmanager
    def read(self, scope: Scope) -> Iterator[SQLiteSession]:
        """Open a snapshot; it waits for nobody and nobody waits for it."""
        with self._transaction("begin", scope) as session:
            yield session

    @contextmanager
    def write(self, scope: Scope) -> Iterator[SQLiteSession]:
        """Open a write transaction; on leaving, the commit is synced to the disk."""
        self._check_process()
        with self._writing, self._transaction("begin immediate", scope) as session:
            yield session

    @contextmanager
    def raw(self) -> Iterator[sqlite3.Connection]:
        """Lend the bare connection for what is no statement of a transaction: migration, backup, integrity check."""
        self._check_process()
        with self._writing:
            try:
                yield self._connection()
            except PROBLEMS as error:
                raise translated(error, self.location) from error

    def close(self) -> None:
        """Close every connection that this process opened."""
        if os.getpid() == self._process:
            for connection in self._connections:
                connection.close()
        self._connections.clear()
        self._local = threading.local()
        self._files.clear()

    def holds(self, file: tuple[int, int]) -> bool:
        """Say whether a file (device, number) is this database's, its log or the index of its log, and open here."""
        return file in self._files

    @contextmanager
    def _transaction(self, begin: str, scope: Scope) -> Iterator[SQLiteSession]:
        connection = self._connection()
        if self._shared is not None:
            self._writing.acquire()
        try:
            self._begin(connection, begin)
            try:
                yield SQLiteSession(connection, scope)
                connection.execute("commit")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("rollback")
                raise
        except PROBLEMS as error:
            raise translated(error, self.location) from error
        finally:
            if self._shared is not None:
                self._writing.release()

    def _begin(self, connection: sqlite3.Connection, begin: str) -> None:
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                connection.execute(begin)
                return
            except sqlite3.OperationalError as error:
                busy = _primary_code(error) == sqlite3.SQLITE_BUSY
                if not busy or time.monotonic() > deadline:
                    raise

    def _connection(self) -> sqlite3.Connection:
        self._check_process()
        if self._shared is not None:
            return self._shared
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connect()
        return connection

    def _check_process(self) -> None:
        if os.getpid() == self._process:
            return
        # A connection must not be used or closed in a child: closing would drop the parent's file locks.
        _INHERITED.extend(self._connections)
        self._connections = []
        self._local, self._writing, self._process = threading.local(), threading.RLock(), os.getpid()

    def _connect(self) -> sqlite3.Connection:
        try:
            if self.location != ":memory:":
                _create_private(Path(self.location))
            connection = sqlite3.connect(
                self.location,
                timeout=BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=STATEMENT_CACHE,
            )
            connection.row_factory = sqlite3.Row
            self._prepare(connection)
        except PROBLEMS as error:
            raise translated(error, self.location) from error
        except OSError as error:
            raise _unopened(error, self.location) from error
        self._connections.append(connection)
        if self.location != ":memory:":
            found = (_identity(self.location + ending) for ending in ("", "-wal", "-shm"))
            self._files.update(file for file in found if file is not None)
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.create_function("now_us", 0, lambda: self.now())
        if connection.execute("pragma journal_mode").fetchone()[0] != "wal" and self.location != ":memory:":
            connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        connection.execute("pragma foreign_keys = on")
        connection.execute("pragma secure_delete = on")
        connection.execute("pragma temp_store = memory")
        connection.execute(f"pragma mmap_size = {MAPPED_BYTES}")
        connection.execute(f"pragma cache_size = -{CACHE_KIBIBYTES}")


_OPEN: weakref.WeakSet[SQLiteDatabase] = weakref.WeakSet()
_INHERITED: list[sqlite3.Connection] = []  # keeps a parent's connections from being closed in a child


class SQLiteSession(NamedStatements):
    """One transaction on a SQLite connection."""

    def __init__(self, connection: sqlite3.Connection, scope: Scope) -> None:
        self.scope = scope
        self.connection = connection
        self._statements = statements("sqlite")

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what the block did when it raises, and nothing before it."""
        self.connection.execute("savepoint part")
        try:
            yield
        except BaseException:
            self.connection.execute("rollback to part")
            self.connection.execute("release part")
            raise
        self.connection.execute("release part")

    def many(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Execute the statement once for each row."""
        statement = self._statements[name]
        self.connection.executemany(
            statement.text, (_encoded(bound(statement.parameters, row, self.scope)) for row in rows)
        )

    def _execute(self, name: str, parameters: Mapping[str, Any]) -> sqlite3.Cursor:
        statement = self._statements[name]
        values = _encoded(bound(statement.parameters, parameters, self.scope))
        try:
            return self.connection.execute(statement.text, values)
        except (UnicodeEncodeError, OverflowError) as error:
            raise InvalidInput(f"no database holds this value: {error}") from error


def _encoded(values: dict[str, Any]) -> dict[str, Any]:
    """Lists travel as JSON text, which the statements open with json_each."""
    for key, value in values.items():
        if isinstance(value, (list, tuple)):
            values[key] = json.dumps(value)
    return values


def _create_private(path: Path) -> None:
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def is_open_here(path: Path) -> bool:
    """Say whether this process has a file open as a part of a database, under this or another name."""
    file = _identity(str(path))
    return file is not None and any(database.holds(file) for database in list(_OPEN))


def _identity(path: str) -> tuple[int, int] | None:
    """Return which file stands under a path, whatever it is called; None where there is none."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _primary_code(error: Exception) -> int:
    if isinstance(error, UnicodeDecodeError):
        return sqlite3.SQLITE_CORRUPT
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF


def _unopened(error: OSError, location: str) -> BrainOpsError:
    if isinstance(error, PermissionError):
        return StoreReadOnly(f"{location} cannot be opened for writing: {error.strerror}. Check who owns the folder.")
    return StoreUnavailable(f"{location} cannot be opened: {error.strerror or error}")


def translated(error: sqlite3.Error | UnicodeDecodeError, location: str) -> BrainOpsError:
    """Return the error of our tree that says what SQLite meant, and the way out."""
    code = _primary_code(error)
    if code == sqlite3.SQLITE_FULL:
        return StoreFull(f"{location}: the disk is full. What was acknowledged is safe; free some space and repeat.")
    if code == sqlite3.SQLITE_READONLY:
        return StoreReadOnly(f"{location} is read-only here: check the permissions of the file and of its folder.")
    if code in _CORRUPT:
        return StoreCorrupt(
            f"{location} is damaged or is not a BrainOps store ({error}). Keep the file, then restore a backup: "
            "`brainops restore --from BACKUP`; `brainops doctor` says more."
        )
    if code in _UNAVAILABLE:
        return StoreUnavailable(f"{location} cannot be used now ({error}); nothing was written. Try again.")
    return StoreUnavailable(f"{location}: {type(error).__name__}: {error}")
