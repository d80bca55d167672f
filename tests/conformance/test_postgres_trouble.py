"""What happens when the connection, the server or the address of a PostgreSQL store is not as it should be?"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import psycopg
import pytest

from brainops.brain import Brain
from brainops.errors import InvalidConfiguration, InvalidInput, StoreReadOnly, StoreUnavailable
from brainops.store import Store, acts
from brainops.store.database import Deadline
from brainops.store.migrate import program_schema
from brainops.store.opening import open_store
from brainops.store.postgres import PostgresDatabase
from tests.conformance.conftest import OWNER, SCOPE
from tests.conformance.postgres_server import PostgresServer
from tests.inside import inside

SECRET = "s3cr3t-word"


@pytest.fixture
def url(postgres: PostgresServer, database: str) -> str:
    """Return the address of a fresh, migrated store."""
    return postgres.url(database, OWNER)


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """Return an open store."""
    opened = open_store(url, SCOPE)
    yield opened
    opened.close()


def hang_up(postgres: PostgresServer, url: str) -> None:
    """Let the server end every connection to a database, as a restart or a failover does."""
    name = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = %s", (name,)
        ).fetchall()


def test_the_next_transaction_opens_a_lost_connection_again(postgres: PostgresServer, url: str, store: Store) -> None:
    hang_up(postgres, url)
    with store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        tx.set("here", "again")
    hang_up(postgres, url)

    with store.read() as tx:
        assert tx.setting("here") == "again"


def test_a_connection_lost_within_a_transaction_is_said_and_nothing_is_half_done(
    postgres: PostgresServer, url: str, store: Store
) -> None:
    with pytest.raises(StoreUnavailable), store.writing(acts.TRY_STORE, acts.ITSELF) as tx:  # noqa: PT012 (the block is the transaction)
        tx.set("half", "done")
        hang_up(postgres, url)
        tx.set("other half", "done")

    with store.read() as tx:
        assert tx.setting("half") is None


def test_time_is_still_told_after_the_connection_was_lost(postgres: PostgresServer, url: str, store: Store) -> None:
    before = store.now()
    hang_up(postgres, url)

    assert store.now() > before


def test_an_error_in_a_transaction_leaves_the_connection_usable(store: Store) -> None:
    with pytest.raises(KeyError), store.writing(acts.TRY_STORE, acts.ITSELF) as tx:  # noqa: PT012 (the block is the transaction)
        tx.set("a", "1")
        raise KeyError("mine")

    with store.read() as tx:
        assert tx.setting("a") is None


def test_a_transaction_within_another_is_refused(store: Store) -> None:
    with store.read(), pytest.raises(StoreUnavailable, match="open already"), store.read():
        pass


def backend(brain: Brain) -> object:
    """Return the number of the server process that this thread's connection talks to."""
    with inside(brain).store.read() as tx:
        return tx.session.connection.info.backend_pid  # type: ignore[attr-defined]


def test_a_child_process_opens_connections_of_its_own(url: str) -> None:
    with Brain.open(url, namespace="team/a", read=[], model="none", background=False) as brain:
        brain.capture("before the fork")
        ours = backend(brain)
        child = os.fork()
        if child == 0:
            brain.capture("in the child")
            os._exit(backend(brain) == ours)
        _, status = os.waitpid(child, 0)
        brain.capture("after the fork")

        assert status == 0
        assert {hit.memory.title for hit in brain.retrieve()} == {"before the fork", "in the child", "after the fork"}


def test_threads_have_connections_of_their_own(store: Store) -> None:
    seen: list[object] = []

    def look() -> None:
        with store.read() as tx:
            seen.append(tx.setting("schema"))

    with store.writing(acts.TRY_STORE, acts.ITSELF):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()

    assert seen == [str(program_schema("postgres"))]


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://someone:{SECRET}@127.0.0.1:1/nowhere?connect_timeout=2",
        f"postgresql://someone@127.0.0.1:1/nowhere?password={SECRET}&connect_timeout=2",
    ],
)
def test_a_server_that_is_not_there_is_named_without_the_password(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("brainops.store.postgres.RETRY_SECONDS", 0.001)

    with pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1") as caught:
        open_store(url, SCOPE)

    chain = [caught.value, caught.value.__cause__, caught.value.__context__]
    assert SECRET not in "".join(map(repr, chain)) + "".join(map(str, chain))


@pytest.mark.parametrize("url", [f"postgresql://a:{SECRET}@@/x:y?z", f"postgresql://a:{SECRET}@h/d?nonsense=1"])
def test_an_address_that_is_none_is_refused_without_the_password(url: str) -> None:
    with pytest.raises(InvalidConfiguration) as caught:
        open_store(url, SCOPE)

    assert SECRET not in f"{caught.value!r} {caught.value.__cause__!r}"
    assert caught.value.__suppress_context__


def test_the_password_stands_in_nothing_that_shows_a_database() -> None:
    database = PostgresDatabase(f"postgresql://a:{SECRET}@somewhere:5433/memories")

    assert database.location == "postgresql://a@somewhere:5433/memories"
    assert SECRET not in f"{database!r} {database}"


def test_a_database_that_is_not_there_is_said_at_once(postgres: PostgresServer) -> None:
    with pytest.raises(StoreUnavailable, match="does not exist"):
        open_store(postgres.url("no_such_database", OWNER), SCOPE)


def test_a_database_of_something_else_is_left_alone(postgres: PostgresServer, url: str) -> None:
    from brainops.errors import StoreCorrupt
    from tests.conformance.conftest import FreshDatabase

    with FreshDatabase(postgres, template="template0") as name:
        with psycopg.connect(postgres.url(name, OWNER), autocommit=True) as connection:
            connection.execute("create table memory (mine text)")

        with pytest.raises(StoreCorrupt, match="something else"):
            open_store(postgres.url(name, OWNER), SCOPE)


def test_a_read_only_server_says_so(postgres: PostgresServer, url: str) -> None:
    store = open_store(url + "&options=-cdefault_transaction_read_only%3Don", SCOPE)

    with pytest.raises(StoreReadOnly), store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        tx.set("a", "1")
    store.close()


def test_a_writer_that_waits_too_long_for_its_turn_is_told(url: str, store: Store) -> None:
    other = open_store(url, SCOPE).by(Deadline.after(0.5))
    with store.writing(acts.TRY_STORE, acts.ITSELF):

        def wait() -> None:
            with pytest.raises(StoreUnavailable, match="Try again"), other.writing(acts.TRY_STORE, acts.ITSELF):
                pass
            other.close()

        thread = threading.Thread(target=wait)
        thread.start()
        thread.join()

    assert not thread.is_alive()


def test_a_text_holds_what_postgresql_cannot(store: Store) -> None:
    with store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        tx.set("nul", "a\0b")

    with store.read() as tx:
        assert tx.setting("nul") == "a\N{REPLACEMENT CHARACTER}b"


def test_a_number_beyond_the_databases_is_an_invalid_input(url: str) -> None:
    with Brain.open(url, namespace="team/a", read=[], model="none", background=False) as brain:
        brain.capture("one")

        with pytest.raises(InvalidInput):
            brain.retrieve("one", since=10**30)


def test_a_text_of_more_words_than_an_index_entry_holds_is_kept_whole_and_found_by_its_first(url: str) -> None:
    text = "firstword " + " ".join(f"w{number}x" for number in range(110_000))
    with Brain.open(url, namespace="team/a", read=[], model="none", background=False) as brain:
        memory = brain.capture("long", text)

        assert [hit.memory.id for hit in brain.retrieve("firstword")] == [memory.id]
        assert brain.get(memory.id).content == text
