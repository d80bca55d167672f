"""How is one PostgreSQL database read and written by many threads, processes and people at once, durably?

A transaction takes the runtime role and says which namespaces it reads and writes; row-level security does the rest.
Writers of one namespace queue behind each other, as they do on SQLite: what a transaction has read of the namespace
that it writes stays true until it commits. Writers of different namespaces do not wait for each other.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus
from psycopg.rows import DictRow, dict_row

from brainops.errors import (
    BrainOpsError,
    InvalidConfiguration,
    InvalidInput,
    NamespaceDenied,
    OutcomeUnknown,
    StoreCorrupt,
    StoreFull,
    StoreReadOnly,
    StoreUnavailable,
)
from brainops.store.database import WAIT_SECONDS, Deadline, NamedStatements, bound
from brainops.store.named import Statement, statements
from brainops.store.pool import Pool
from brainops.store.scope import Scope
from brainops_core.blake2 import blake2b

RUNTIME_ROLE = "brainops_runtime"
MINIMUM_VERSION = 150000  # PostgreSQL 15
CONNECT_SECONDS = 10  # unless the URL, or a deadline, says otherwise
LEAST_CONNECT_SECONDS = 2  # the driver waits no shorter for a server that does not answer at all
SILENT_SECONDS = 20  # after which a writer that was stopped or cut off lets the others of its namespace go
CONNECTIONS = 10  # of one process at once: a server lets in 100 unless it is told otherwise
FOR_READERS = 2  # of them that no writer takes: a guard's answer never waits for somebody's turn to write
ATTEMPTS = 4  # to reach the server, or to begin on a connection that turns out to be lost
RETRY_SECONDS = 0.2  # before the second attempt; twice that before each further one
HOUSE_SECONDS = 3_600.0  # between two looks whether there is something to keep in order
HOUSE_KEEPING = """
begin;
set local lock_timeout = '2s';
select brainops_partition_operations({now});
do $$ begin
    if to_regproc('brainops_spill_words') is not null then perform brainops_spill_words(); end if;
end $$;
commit
"""

Connection = psycopg.Connection[DictRow]


class _Connected(psycopg.Connection[DictRow]):
    """A connection that knows which role its transactions take."""

    role: str | None = None


class PostgresDatabase:
    """A PostgreSQL database that all threads of a process use by a few connections, opened again where lost."""

    dialect = "postgres"

    def __init__(self, url: str, *, clock: Callable[[], int] | None = None) -> None:
        self._parameters = _parameters(url)
        self.location = shown(self._parameters)
        self.name = str(self._parameters.get("dbname", "database"))
        self.clock: Callable[[], int] | None = clock
        self._begin_process()
        self._pool = Pool(
            self._connect,
            _Connected.close,
            most=CONNECTIONS,
            kept=CONNECTIONS,
            location=self.location,
        )
        self._house_kept_until = 0.0

    def _begin_process(self) -> None:
        self._process = os.getpid()
        self._local = threading.local()
        self._turns: dict[str, threading.Lock] = {}  # by namespace
        self._writers = threading.Semaphore(CONNECTIONS - FOR_READERS)

    @contextmanager
    def read(self, scope: Scope, deadline: Deadline | None = None) -> Iterator[PostgresSession]:
        """Open a snapshot; it waits for nobody and nobody waits for it."""
        said = ["begin isolation level repeatable read read only", *self._namespaces(scope, "")]
        if deadline is not None:
            said.append(f"set local statement_timeout = {_milliseconds(deadline)}")
        with self._transaction(said, scope, deadline or Deadline.after(WAIT_SECONDS)) as connection:
            yield PostgresSession(connection, scope)
            connection.execute("commit")

    @contextmanager
    def write(
        self, scope: Scope, deadline: Deadline | None = None, keys: Collection[str] = ()
    ) -> Iterator[PostgresSession]:
        """Open a write transaction; on leaving, the commit is synced to the server's disk.

        It has the namespace to itself. One that changes only what some `keys` stand for shares it with others of its
        kind, and has those keys to itself: sixteen that wait for the disk together wait once.
        """
        waits = deadline or Deadline.after(WAIT_SECONDS)
        if deadline is None:
            self._keep_house()
        with self._turn(scope.write, waits) as turn:
            said = [
                "begin",
                *self._namespaces(scope, scope.write),
                f"set local lock_timeout = {_milliseconds(waits)}",
                f"set local idle_in_transaction_session_timeout = '{SILENT_SECONDS}s'",
                *_locks(scope.write, keys),
                f"set local lock_timeout = '{WAIT_SECONDS:g}s'"
                if deadline is None
                else f"set local statement_timeout = {_milliseconds(deadline)}",
            ]
            with self._transaction(said, scope, waits) as connection:
                if keys:  # shared from here on; until then one alone of them waited here with a connection
                    turn.close()
                yield PostgresSession(connection, scope)
                self._commit(connection)

    @contextmanager
    def raw(self, deadline: Deadline | None = None) -> Iterator[Connection]:
        """Lend the bare connection, as whoever logged in, for what is no statement of a transaction."""
        self._check_process()
        deadline = deadline or Deadline.after(WAIT_SECONDS)
        lent: Connection | None = getattr(self._local, "connection", None)
        try:
            if lent is not None and not _in_transaction(lent):
                yield lent
                return
            with self._lent("select 1", deadline, guarded=False) as connection:
                yield connection
        except psycopg.Error as error:
            raise translated(error, self.location) from error

    def now(self, deadline: Deadline | None = None) -> int:
        """Return the server's time in microseconds."""
        if self.clock is not None:
            return self.clock()
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is not None and _in_transaction(connection):
            return _time_of(connection)
        with self.raw(deadline) as connection:
            return _time_of(connection)

    def address(self) -> str:
        """Return the connection string with its password, for a library that connects by itself."""
        return make_conninfo(**self._parameters)

    def close(self) -> None:
        """Close every connection of this process; one that is in use is closed when its transaction ends."""
        self._pool.close()

    @contextmanager
    def _transaction(self, said: Iterable[str], scope: Scope, deadline: Deadline) -> Iterator[Connection]:
        try:
            with self._lent("; ".join(said), deadline, guarded=True) as connection:
                yield connection
        except (errors.LockNotAvailable, errors.QueryCanceled) as error:
            busy = isinstance(error, errors.LockNotAvailable)
            why = f"another process writes {scope.write!r}" if busy else "what was asked takes longer"
            raise deadline.missed(self.location, why) from error
        except psycopg.Error as error:
            raise translated(error, self.location) from error

    def _commit(self, connection: Connection) -> None:
        try:
            connection.execute("commit")
        except psycopg.OperationalError as error:
            if error.sqlstate is not None and not error.sqlstate.startswith(("08", "57P")):
                raise  # the server answered that it did not commit
            raise OutcomeUnknown(
                f"{self.location}: the connection was lost at the moment of the commit, and whether it was written is "
                f"not known. {OutcomeUnknown.WAY_OUT}"
            ) from error

    @contextmanager
    def _turn(self, namespace: str, deadline: Deadline) -> Iterator[ExitStack]:
        """Queue with this process's other writers before taking a connection, so that they leave some for readers.

        To close what is yielded lets the next one of the namespace ask for it.
        """
        self._check_process()
        self._check_free()
        queues: list[threading.Lock | threading.Semaphore] = [
            self._turns.setdefault(namespace, threading.Lock()),
            self._writers,
        ]
        with ExitStack() as turn, ExitStack() as place:
            for held, queue in zip((turn, place), queues, strict=True):
                if not queue.acquire(timeout=deadline.left()):
                    raise deadline.missed(self.location, "other threads of this process write")
                held.callback(queue.release)
            yield turn

    def _namespaces(self, scope: Scope, writes: str) -> list[str]:
        """Return what a transaction says of its namespaces, which hold no quotes (see `checked_namespace`)."""
        reads = ",".join(dict.fromkeys([*scope.read, scope.write]))
        said = [
            f"set local brainops.read_namespaces = '{reads}'",
            f"set local brainops.write_namespace = '{writes}'",
            "set local hnsw.ef_search = 100",
            "set local hnsw.iterative_scan = strict_order",
        ]
        if self.clock is not None:
            said.append(f"set local brainops.clock = '{int(self.clock())}'")
        return said

    @contextmanager
    def _lent(self, script: str, deadline: Deadline, *, guarded: bool) -> Iterator[Connection]:
        """Lend a connection that has executed this; what is not committed at the end is rolled back."""
        self._check_process()
        self._check_free()
        connection = self._local.connection = self._begun(script, deadline, guarded)
        try:
            yield connection
        finally:
            self._local.connection = None
            self._give(connection)

    def _begun(self, script: str, deadline: Deadline, guarded: bool) -> _Connected:
        """Execute the first script of a transaction; nothing was done before it, so a lost connection is no matter."""
        wait = RETRY_SECONDS
        for attempt in range(1, ATTEMPTS + 1):
            connection: _Connected | None = None
            try:
                connection = self._pool.take(deadline)
                role = connection.role if guarded else None
                connection.execute(f"{script}; set local role {role}" if role else script, prepare=False)
                return connection
            except psycopg.OperationalError as error:
                lost = connection is None or connection.broken
                if connection is not None:
                    self._give(connection)
                if not lost or attempt == ATTEMPTS or _is_refused(error) or deadline.left() < wait:
                    raise
                self._pool.close()  # what lost one connection has lost the idle ones as well
            except BaseException:
                if connection is not None:
                    self._give(connection)
                raise
            time.sleep(wait)
            wait *= 2
        raise AssertionError("the last attempt returns or raises")

    def _check_process(self) -> None:
        if os.getpid() != self._process:
            self._begin_process()

    def _check_free(self) -> None:
        if getattr(self._local, "connection", None) is not None:
            raise StoreUnavailable("this thread has a transaction open already; end it first")

    def _connect(self, deadline: Deadline) -> _Connected:
        longest = max(LEAST_CONNECT_SECONDS, math.ceil(deadline.left()))
        seconds = min(longest, int(self._parameters["connect_timeout"]) or longest)
        parameters = {**self._parameters, "connect_timeout": seconds}
        connection = _Connected.connect(make_conninfo(**parameters), autocommit=True, row_factory=dict_row)
        connection.add_notice_handler(_ignore)
        if connection.info.server_version < MINIMUM_VERSION:
            raise StoreUnavailable(
                f"{self.location} runs PostgreSQL {connection.info.server_version // 10_000}; BrainOps needs "
                f"{MINIMUM_VERSION // 10_000} or newer"
            )
        connection.role = RUNTIME_ROLE if may_take_role(connection) else None
        return connection

    def reconnect(self) -> None:
        """Open the connections anew, so that they take the role that a migration has just made."""
        self._pool.close()

    def _give(self, connection: _Connected) -> None:
        """Give a connection back, without what its transaction left open."""
        with suppress(psycopg.Error):
            if not connection.closed and _in_transaction(connection):
                connection.execute("rollback")
        self._pool.give(connection, usable=not connection.closed and not _in_transaction(connection))

    def _keep_house(self) -> None:
        """Make the coming months' partitions and write BM25's words out, once an hour; all works without."""
        if time.monotonic() < self._house_kept_until:
            return
        self._house_kept_until = time.monotonic() + HOUSE_SECONDS
        with self.raw() as connection, suppress(psycopg.Error):
            connection.execute(f"{HOUSE_KEEPING.format(now=int(self.now()))}", prepare=False)


class PostgresSession(NamedStatements):
    """One transaction on a PostgreSQL connection."""

    def __init__(self, connection: Connection, scope: Scope) -> None:
        self.scope = scope
        self.connection = connection
        self._statements = statements("postgres")

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what the block did when it raises, and nothing before it."""
        with self.connection.transaction():
            yield

    def many(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Execute the statement once for each row."""
        statement = self._statements[name]
        given = [_encoded(bound(statement.parameters, row, self.scope)) for row in rows]
        with self.connection.cursor() as cursor:
            cursor.executemany(statement.text, given)

    def _execute(self, name: str, parameters: Mapping[str, Any]) -> psycopg.Cursor[DictRow]:
        statement = self._statements[name]
        values = _encoded(bound(statement.parameters, parameters, self.scope))
        try:
            return self.connection.execute(_text(statement, values), values, prepare=_prepared(statement))
        except UnicodeEncodeError as error:
            raise InvalidInput(f"no database holds this value: {error}") from error


def _text(statement: Statement, values: dict[str, Any]) -> str:
    """Return the statement's text; the length of a vector type is the one thing that cannot be a parameter."""
    if "dimension" not in values or "halfvec(" not in statement.text:
        return statement.text
    return statement.text.replace("%(dimension)s", str(int(values["dimension"])))


def _prepared(statement: Statement) -> bool | None:
    """Say False where a plan made once for all values would be bad: optional filters, and indexes of one model."""
    return False if {"include_archived", "model_id", "since"} & statement.parameters else None


def _encoded(values: dict[str, Any]) -> dict[str, Any]:
    """PostgreSQL's texts hold no NUL, and its lists are Python's."""
    for key, value in values.items():
        if isinstance(value, str) and "\0" in value:
            values[key] = value.replace("\0", "\N{REPLACEMENT CHARACTER}")
        elif isinstance(value, tuple):
            values[key] = list(value)
    return values


def _milliseconds(deadline: Deadline) -> int:
    return max(1, int(deadline.left() * 1_000))  # 0 would be no limit at all


def _locks(namespace: str, keys: Collection[str]) -> Iterator[str]:
    """Yield what locks a namespace, or some keys of it, in the one order in which nobody waits in a circle."""
    mine = _lock_of(namespace)
    yield f"select pg_advisory_xact_lock{'_shared' if keys else ''}({mine})"
    for lock in sorted({_lock_of(f"{namespace}\0{key}") for key in keys} - {mine}):
        yield f"select pg_advisory_xact_lock({lock})"


def _lock_of(name: str) -> int:
    """Return the number under which writers of a namespace, or of a key, queue; two that share one only wait longer."""
    digest = blake2b(f"brainops {name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _time_of(connection: Connection) -> int:
    row = connection.execute("select (extract(epoch from clock_timestamp()) * 1000000)::bigint as now").fetchone()
    assert row is not None
    return int(row["now"])


def _is_refused(error: psycopg.Error) -> bool:
    """Say whether a server answered that it does not want this login or database, so that asking again is no use."""
    said = str(error)
    return "FATAL" in said and not any(
        word in said for word in ("starting", "shutting", "recovery", "too many", "slots")
    )


def _in_transaction(connection: Connection) -> bool:
    return connection.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR)


def may_take_role(connection: Connection) -> bool:
    """Say whether this login may take the runtime role, and is not that role already."""
    privilege = "SET" if connection.info.server_version >= 160000 else "MEMBER"
    row = connection.execute(
        "select pg_has_role(current_user, oid, %s) and current_user <> rolname as may from pg_roles where rolname = %s",
        (privilege, RUNTIME_ROLE),
    ).fetchone()
    return row is not None and bool(row["may"])


def _ignore(_: psycopg.errors.Diagnostic) -> None:
    """Notices say nothing that anybody would act on."""


def _parameters(url: str) -> dict[str, Any]:
    try:
        parameters = conninfo_to_dict(url)
    except psycopg.Error:
        raise InvalidConfiguration(
            "the store's address is not a PostgreSQL URL: write postgresql://user:password@host:5432/database, with "
            "%-escapes for special characters in the password"
        ) from None  # the driver's text repeats the password
    parameters.setdefault("connect_timeout", CONNECT_SECONDS)
    parameters.setdefault("application_name", "brainops")
    return {**parameters, "client_encoding": "utf8"}


def shown(parameters: Mapping[str, Any]) -> str:
    """Return a database's address as it may be shown: without a password."""
    host = str(parameters.get("hostaddr") or parameters.get("host") or "localhost")
    place = f":{parameters['port']}" if parameters.get("port") else ""
    user = f"{parameters['user']}@" if parameters.get("user") else ""
    return f"postgresql://{user}{host}{place}/{parameters.get('dbname', '')}"


def translated(error: psycopg.Error, location: str) -> BrainOpsError:
    """Return the error of our tree that says what PostgreSQL meant, and the way out."""
    said = (error.diag.message_primary or str(error).strip() or type(error).__name__).split("\n")[0]
    state = error.sqlstate or ""
    if state == "42501" and "row-level security" in said:
        return NamespaceDenied(f"the database refused a row of another namespace than the one that is written ({said})")
    if state in ("53100", "53200"):
        return StoreFull(f"{location}: {said}. What was acknowledged is safe; free some space and repeat.")
    if state in ("25006", "42501"):
        return StoreReadOnly(f"{location} refuses this to the user that logged in ({said})")
    if state.startswith("XX0"):
        return StoreCorrupt(f"{location} reports damage ({said}); see the server's log, then restore a backup")
    if state in ("3F000", "42P01", "42703", "42883"):
        return StoreCorrupt(f"{location} lacks a part of its schema ({said}): run `brainops doctor`")
    if state == "54000" or state.startswith("22"):
        return InvalidInput(f"PostgreSQL cannot take this value ({said})")
    if isinstance(error, psycopg.DataError):
        return InvalidInput(f"PostgreSQL cannot take this value ({said})")
    if state in ("40001", "40P01", "55P03"):
        return StoreUnavailable(f"{location} is busy ({said}); nothing was written. Try again.")
    if (isinstance(error, psycopg.OperationalError) and not state) or state[:2] in ("08", "28", "3D", "53", "57"):
        return StoreUnavailable(f"{location} cannot be reached or used now ({said}). Try again.")
    return StoreUnavailable(f"{location}: {type(error).__name__}: {said}")
