"""How is one SQLite file read and written by many threads and processes at once, durably?"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brainops import lazy
from brainops.errors import (
    InvalidInput,
    OutcomeUnknown,
    StoreReadOnly,
    StoreReplaced,
    StoreUnavailable,
)
from brainops.store.database import WAIT_SECONDS, Deadline, NamedStatements, bound
from brainops.store.holders import holders, told
from brainops.store.named import statements
from brainops.store.pool import Pool
from brainops.store.schema import LINE, versions
from brainops.store.sqlite_errors import PROBLEMS, primary_code, translated, unopened
from brainops.store.sqlite_log import LOG_BYTES, Log

if TYPE_CHECKING:
    from brainops.store.named import Statement
    from brainops.store.scope import Scope

MINIMUM_VERSION = (3, 35, 0)  # RETURNING and upsert on partial indexes
BUSY_SECONDS = 5.0  # what SQLite itself waits for a lock before we look at the clock again
LOOK_STEPS = 10_000  # of SQLite's machine between two looks at a deadline: some hundred microseconds
CACHE_KIBIBYTES = 8_192  # a connection's page cache; larger ones did not read faster at 100,000 memories
MAPPED_BYTES = 1 << 30  # read through the page cache of the system: half the time of a search at 100,000 memories
CONNECTIONS = 32  # of one process at once: each takes two descriptors and up to the cache above
KEPT_CONNECTIONS = 8  # open between two uses; to open one takes a millisecond
BEGIN_WRITING = "begin immediate"
FORK_SECONDS = 10.0  # what a fork waits for transactions under way; nearly all take milliseconds
STATEMENT_CACHE = 256  # every named statement stays prepared

File = tuple[int, int]
"""Which file it is, whatever it is called: its device and its number there."""

log = lazy.logger()


def clock_micros() -> int:
    """Return this machine's time, which is the clock of an embedded database."""
    return time.time_ns() // 1_000


class Connection(sqlite3.Connection):
    """A connection that knows which files it has open."""

    files: tuple[File | None, ...] = ()


class SQLiteDatabase:
    """A SQLite file (or ":memory:") that all threads of a process use, by a few connections.

    A commit counts only in the file that stands under the location: what was removed, moved or replaced meanwhile is
    noticed before anything is acknowledged, and the next transaction goes to the file that is there then.
    """

    dialect = "sqlite"

    def __init__(
        self,
        location: str,
        *,
        clock: Callable[[], int] | None = None,
        when_replaced: Callable[[], None] = lambda: None,
    ) -> None:
        self.location = location
        self._when_replaced = when_replaced
        self.clock: Callable[[], int] | None = clock
        self.log = Log()
        self._in_memory = location == ":memory:"
        self._places = () if self._in_memory else _places(location)
        self._main: File | None = None
        self._store_id: str | None = None
        self._local = threading.local()
        self._writing = threading.RLock()
        self._process = os.getpid()
        most, kept = (1, 1) if self._in_memory else (CONNECTIONS, KEPT_CONNECTIONS)
        self._pool = Pool(self._connect, self._close, most=most, kept=kept, location=location)
        self._files: set[File] = set()
        _OPEN.add(self)

    def now(self, deadline: Deadline | None = None) -> int:
        """Return the time in microseconds; nobody waits for it."""
        return (self.clock or clock_micros)()

    @contextmanager
    def read(self, scope: Scope, deadline: Deadline | None = None) -> Iterator[SQLiteSession]:
        """Open a snapshot; it waits for nobody and nobody waits for it."""
        with self._transaction("begin", scope, deadline or Deadline.after(WAIT_SECONDS)) as session:
            if deadline is None:
                yield session
                return
            session.connection.set_progress_handler(lambda: deadline.left() == 0, LOOK_STEPS)
            try:
                yield session
            except sqlite3.OperationalError as error:
                if primary_code(error) != sqlite3.SQLITE_INTERRUPT:
                    raise
                raise deadline.missed(self.location, "what was asked takes longer") from error
            finally:
                session.connection.set_progress_handler(None, 0)

    @contextmanager
    def write(
        self, scope: Scope, deadline: Deadline | None = None, keys: Collection[str] = ()
    ) -> Iterator[SQLiteSession]:
        """Open a write transaction; on leaving, the commit is synced to the disk."""
        self._check_process()
        waits = deadline or Deadline.after(WAIT_SECONDS)
        writing = self._writing
        if not writing.acquire(timeout=waits.left()):
            raise waits.missed(self.location, "other threads of this process write")
        try:
            with self._transaction(BEGIN_WRITING, scope, waits) as session:
                yield session
        finally:
            writing.release()

    @contextmanager
    def raw(self) -> Iterator[sqlite3.Connection]:
        """Lend the bare connection for what is no statement of a transaction: migration, backup, integrity check."""
        self._check_process()
        with self._writing:
            try:
                lent: Connection | None = getattr(self._local, "connection", None)
                if lent is not None:
                    yield lent
                    return
                with self._lent(Deadline.after(WAIT_SECONDS)) as connection:
                    yield connection
            except PROBLEMS as error:
                raise translated(error, self.location) from error

    def close(self) -> None:
        """Close every connection of this process; one that is in use is closed when its transaction ends."""
        self._pool.close()
        self._files.clear()

    def before_fork(self) -> None:
        """Close every connection between two transactions, and open none until the fork is over.

        SQLite keeps the locks of a process in its memory: a child would inherit a write that never ends, and read under
        locks that nobody holds for it.
        """
        own = getattr(self._local, "connection", None) is not None
        if not self._in_memory and not self._pool.hold(int(own), FORK_SECONDS):
            log.warning("forked while a transaction of %s was under way; the child may find it busy", self.location)

    def after_fork(self) -> None:
        """Let the parent open connections again."""
        if not self._in_memory:
            self._pool.let_go()

    def holds(self, file: File) -> bool:
        """Say whether a file is this database's, its log or the index of its log, and open here."""
        return file in self._files

    @contextmanager
    def _transaction(self, begin: str, scope: Scope, deadline: Deadline) -> Iterator[SQLiteSession]:
        self._check_process()
        if getattr(self._local, "connection", None) is not None:
            raise StoreUnavailable("this thread has a transaction open already; end it first")
        try:
            with self._lent(deadline) as connection:
                self._begin(connection, begin, deadline)
                try:
                    yield SQLiteSession(connection, scope, writes=begin == BEGIN_WRITING)
                    if begin == BEGIN_WRITING:
                        self._require_there(connection)
                        self._commit(connection)
                    else:
                        connection.execute("commit")
                except BaseException:
                    if connection.in_transaction:
                        connection.execute("rollback")
                    raise
                if begin == BEGIN_WRITING and not self._in_memory:
                    self._require_kept(connection)
                    self.log.shorten(connection, self._places[1])
        except PROBLEMS as error:
            raise translated(error, self.location) from error

    def _begin(self, connection: Connection, begin: str, deadline: Deadline) -> None:
        hurried = False
        try:
            while True:
                if (left := deadline.left()) < BUSY_SECONDS:
                    hurried = True
                    connection.execute(f"pragma busy_timeout = {int(left * 1_000)}")
                try:
                    connection.execute(begin)
                    return
                except sqlite3.OperationalError as error:
                    if primary_code(error) != sqlite3.SQLITE_BUSY:
                        raise
                    if deadline.left() == 0:
                        held = holders(self.location, without_own=True)
                        where = f" (it is open in {told(held)})" if held else ""
                        raise deadline.missed(self.location, f"another process writes it{where}") from error
        finally:
            if hurried:
                connection.execute(f"pragma busy_timeout = {int(BUSY_SECONDS * 1_000)}")

    def _commit(self, connection: Connection) -> None:
        try:
            connection.execute("commit")
        except sqlite3.OperationalError as error:
            if primary_code(error) != sqlite3.SQLITE_IOERR or error.sqlite_errorcode == sqlite3.SQLITE_IOERR_WRITE:
                raise  # what did not get as far as the log is not found there
            raise OutcomeUnknown(
                f"{self.location}: the disk failed at the moment of the commit ({error}), and whether it was written "
                f"is not known. {OutcomeUnknown.WAY_OUT}"
            ) from error

    @contextmanager
    def _lent(self, deadline: Deadline) -> Iterator[Connection]:
        connection = self._local.connection = self._taken(deadline)
        try:
            yield connection
        finally:
            self._local.connection = None
            self._pool.give(connection)

    def _taken(self, deadline: Deadline) -> Connection:
        """Return a connection to the file that stands under the location now."""
        connection = self._pool.take(deadline)
        while not self._is_there(connection):
            self._pool.give(connection, usable=False)
            self._pool.close()  # the others have open what this one has
            connection = self._pool.take(deadline)
        return connection

    def _is_there(self, connection: Connection) -> bool:
        try:
            return connection.files == self._found()
        except OSError:  # nobody finds it there: opening it anew says why
            return False

    def _found(self) -> tuple[File | None, ...]:
        return tuple(identity(place) for place in self._places)

    def _require_there(self, connection: Connection) -> None:
        """Raise StoreReplaced unless what is about to be committed goes to the file that everybody else opens."""
        if self._is_there(connection):
            return
        try:
            gone = identity(self.location) is None
        except OSError as error:
            raise unopened(error, self.location) from error
        if gone:
            raise StoreReplaced(
                f"{self.location} was removed or moved while it was open here; nothing was written. Put it back, or "
                "restore a backup, then repeat the call."
            )
        raise StoreReplaced(
            f"{self.location}, or the log beside it, was replaced or removed while it was open here; nothing was "
            "written. Repeat the call: it goes to the file that is there now."
        )

    def _require_kept(self, connection: Connection) -> None:
        """Raise StoreReplaced where the file lost its name while what was written was synced to it."""
        if not self._is_there(connection):
            raise StoreReplaced(
                f"{self.location} was removed, moved or replaced at the moment of a write. What was written may be in "
                "the file that was moved, and not in the one that is there now: look for it before you repeat the call."
            )

    def _close(self, connection: Connection) -> None:
        with suppress(OSError):
            if self._in_memory or identity(self.location) == connection.files[0]:
                connection.close()  # where only its log lost its name, this writes what is in the log into the file
                return
        _abandon(connection)

    def _check_process(self) -> None:
        if os.getpid() != self._process:
            self._local, self._writing, self._process = threading.local(), threading.RLock(), os.getpid()

    def _connect(self, _: Deadline) -> Connection:
        try:
            before = None if self._in_memory else self._prepared_place()
            connection = sqlite3.connect(
                self.location,
                timeout=BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=STATEMENT_CACHE,
                factory=Connection,
            )
            connection.row_factory = sqlite3.Row
            self._prepare(connection)
            if not self._in_memory:
                self._recognise(connection, before)
        except PROBLEMS as error:
            raise translated(error, self.location) from error
        except OSError as error:
            raise unopened(error, self.location) from error
        return connection

    def _prepared_place(self) -> File | None:
        """Return which file stands under the location; an empty one is made where this process never saw one."""
        self._places = _places(self.location)
        if self._main is None:
            _create_private(Path(self.location))
        elif identity(self.location) is None:
            raise StoreReplaced(
                f"{self.location} is gone: it was removed or moved while this process worked with it. Put it back, or "
                "restore a backup; it is found again by itself."
            )
        return identity(self.location)

    def _recognise(self, connection: Connection, before: File | None) -> None:
        """Note which files a new connection has open, and whether they are those of the store that was open before."""
        stored = _settings(connection)
        store_id, connection.files = stored.get("store_id"), self._found()
        if connection.files[0] != before:
            _abandon(connection)
            raise StoreUnavailable(f"{self.location} was replaced this very moment. Try again.")
        if self._main not in (None, before) or self._store_id not in (None, store_id):
            if not _is_usable(stored):
                _abandon(connection)
                raise StoreReplaced(
                    f"{self.location} was replaced while this process worked with it, by a file that is no BrainOps "
                    "store of this program's schema. Put the store back, or open it anew."
                )
            log.warning("%s was replaced by another file; work goes on with that one", self.location)
            drop_maps(self.location)  # made from the rows of the other file, as is what the index remembers
            self._when_replaced()
        self._main, self._store_id = before, store_id
        self._files.update(file for file in connection.files if file is not None)

    def _prepare(self, connection: Connection) -> None:
        connection.create_function("now_us", 0, lambda: self.now())
        if connection.execute("pragma journal_mode").fetchone()[0] != "wal" and not self._in_memory:
            connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        connection.execute("pragma foreign_keys = on")
        connection.execute("pragma secure_delete = on")
        connection.execute("pragma temp_store = memory")
        connection.execute(f"pragma journal_size_limit = {LOG_BYTES}")
        connection.execute(f"pragma mmap_size = {MAPPED_BYTES}")
        connection.execute(f"pragma cache_size = -{CACHE_KIBIBYTES}")


_OPEN: weakref.WeakSet[SQLiteDatabase] = weakref.WeakSet()
_FORKING = threading.RLock()  # one thread at a time: two would wait for what the other holds
_held: list[SQLiteDatabase] = []


def _before_fork() -> None:
    _FORKING.acquire()
    for each in list(_OPEN):
        _held.append(each)
        each.before_fork()


def _after_in_parent() -> None:
    while _held:
        _held.pop().after_fork()
    _FORKING.release()


def _after_in_child() -> None:
    global _FORKING
    _FORKING = threading.RLock()
    _held.clear()  # a child makes its pools anew


os.register_at_fork(before=_before_fork, after_in_parent=_after_in_parent, after_in_child=_after_in_child)


class SQLiteSession(NamedStatements):
    """One transaction on a SQLite connection."""

    def __init__(self, connection: sqlite3.Connection, scope: Scope, *, writes: bool) -> None:
        self.scope = scope
        self.connection = connection
        self._writes = writes
        self._statements = statements("sqlite")

    def within(self, scope: Scope) -> SQLiteSession:
        """Return the same transaction seen through other namespaces."""
        return SQLiteSession(self.connection, scope, writes=self._writes)

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
        statement = self._statement(name)
        self.connection.executemany(
            statement.text, (_encoded(bound(statement.parameters, row, self.scope)) for row in rows)
        )

    def _statement(self, name: str) -> Statement:
        """Return a statement that this transaction may execute: PostgreSQL's own snapshots refuse to write."""
        statement = self._statements[name]
        if statement.writes and not self._writes:
            raise StoreReadOnly(f"{name} changes rows, and this transaction only reads: it was opened for no act")
        return statement

    def _execute(self, name: str, parameters: Mapping[str, Any]) -> sqlite3.Cursor:
        statement = self._statement(name)
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


def drop_maps(location: str) -> None:
    """Remove a store's vector maps, which are made anew, beside each of its names that is known."""
    for path in {Path(location), Path(os.path.realpath(location))}:
        for derived in path.parent.glob(path.name + ".*.vec"):
            derived.unlink(missing_ok=True)


def is_open_here(path: Path) -> bool:
    """Say whether this process has a file open as a part of a database, under this or another name."""
    file = identity(str(path))
    return file is not None and any(database.holds(file) for database in list(_OPEN))


def identity(path: str) -> File | None:
    """Return which file stands under a path, whatever it is called; None where there is none."""
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino


def _places(location: str) -> tuple[str, ...]:
    """Return where a database, its log and the index of that log are; the last two lie beside the file itself."""
    real = os.path.realpath(location)
    return location, f"{real}-wal", f"{real}-shm"


def _settings(connection: sqlite3.Connection) -> dict[str, str]:
    """Return the facts about the store, none where it is empty or of something else; this opens the log."""
    if not connection.execute("select 1 from sqlite_master where type = 'table' and name = 'setting'").fetchone():
        return {}
    known = "select name, value from setting where name in ('store_id', 'schema', 'capture_from', 'schema_line')"
    return {row[0]: str(row[1]) for row in connection.execute(known)}


def _is_usable(stored: Mapping[str, str]) -> bool:
    """Say whether a store that came in the place of another can be worked with as it is."""
    program, _ = versions("sqlite")[-1]
    known = int(stored.get("schema", 0)) >= program >= int(stored.get("capture_from", 0))
    return known and stored.get("schema_line") == LINE


def _abandon(connection: sqlite3.Connection) -> None:
    """Leave a connection open whose file has lost its name, until the process ends.

    SQLite would remove the log of the file that has that name now, and let go of what others still hold.
    """
    import ctypes

    ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))
