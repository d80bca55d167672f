"""Does a PostgreSQL with pg_textsearch rank by BM25, and keep every promise that the other word index keeps?"""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from brainops.brain import Brain
from brainops.types import MemoryType
from tests.conformance.conftest import OWNER, FreshDatabase, prepare
from tests.conformance.postgres_server import PostgresServer
from tests.inside import inside

OFTEN = 400  # memories that say the common word; more than the index is asked for at first


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """Run a PostgreSQL with pg_textsearch."""
    with PostgresServer("pgserver", shared_preload_libraries="pg_textsearch") as started:
        prepare(started)
        yield started


@pytest.fixture
def url(server: PostgresServer) -> Iterator[str]:
    """Return the address of a fresh database with both extensions."""
    # No copy of a migrated one: pg_textsearch 1.0.0 tells indexes apart by their number, which a copied database keeps.
    with FreshDatabase(server, template="template0") as name:
        with psycopg.connect(server.url(name), autocommit=True) as connection:
            connection.execute("create extension vector; create extension pg_textsearch")
        yield server.url(name, OWNER)


@pytest.fixture
def brain(url: str) -> Iterator[Brain]:
    """Return a Brain on it."""
    with open_brain(url) as opened:
        yield opened


def open_brain(url: str, namespace: str = "team/a") -> Brain:
    """Open a Brain without a model."""
    return Brain.open(url, namespace=namespace, read=[], model="none", background=False)


def titles(brain: Brain, query: str, **conditions: object) -> list[str]:
    """Return the titles of what is found, best first."""
    return [hit.memory.title for hit in brain.retrieve(query, **conditions)]  # type: ignore[arg-type]


def test_nothing_is_degraded(brain: Brain) -> None:
    assert inside(brain).store.upkeep.schema()["degraded"] == []
    assert inside(brain).store.upkeep.check() == []


def test_a_rare_word_weighs_more_than_a_common_one(brain: Brain) -> None:
    for number in range(20):
        brain.capture(f"deployment {number}", "the deployment went through")
    brain.capture("the odd one", "a certificate expired")

    assert titles(brain, "deployment certificate")[0] == "the odd one"


def test_a_word_in_a_short_text_weighs_more_than_in_a_long_one(brain: Brain) -> None:
    brain.capture("long", "timeout " + " ".join(f"filler{number}" for number in range(300)))
    brain.capture("short", "a timeout")

    assert titles(brain, "timeout") == ["short", "long"]


def test_a_word_in_the_title_weighs_more_than_in_the_body(brain: Brain) -> None:
    brain.capture("disk", "something was full")
    brain.capture("something", "a disk was full")

    assert titles(brain, "disk")[0] == "disk"


@pytest.mark.parametrize("query", ["retries", "RETRY", "retrying", "who is it"])
def test_words_are_found_in_any_form_and_stop_words_where_there_is_nothing_else(brain: Brain, query: str) -> None:
    brain.capture("backoff", "retry with backoff")
    brain.capture("a question", "who is it")

    assert titles(brain, query) == [{"who is it": "a question"}.get(query, "backoff")]


def test_no_list_is_short_while_more_memories_match(brain: Brain) -> None:
    drafts = [
        brain.draft(
            f"memory {number}",
            f"deployment {number}",
            tags=["rare"] if number % 40 == 0 else [],
            type=MemoryType.DEPLOYMENT_LOG if number % 20 == 0 else MemoryType.LEARNING_INSIGHT,
        )
        for number in range(OFTEN)
    ]
    brain.capture_many(drafts)

    assert len(titles(brain, "deployment", limit=OFTEN)) == OFTEN
    assert len(titles(brain, "deployment", limit=10, tags=["rare"])) == OFTEN // 40
    assert len(titles(brain, "deployment", limit=15, types=[MemoryType.DEPLOYMENT_LOG])) == 15


def test_a_namespace_finds_all_of_its_own_among_many_others_and_nothing_of_theirs(url: str, brain: Brain) -> None:
    brain.capture_many([brain.draft(f"memory {number}", f"deployment {number}") for number in range(OFTEN)])
    with open_brain(url, "team/b") as other:
        for number in range(12):
            other.capture(f"ours {number}", "a longer text about one more deployment, of the other team")

        found = titles(other, "deployment")

    assert len(found) == 10
    assert all(title.startswith("ours") for title in found)


def test_what_was_forgotten_is_found_no_more_and_what_came_back_is(brain: Brain) -> None:
    memory = brain.capture("certificate", "expired")
    brain.forget(memory.id)
    gone = titles(brain, "certificate")
    brain.restore(memory.id)

    assert (gone, titles(brain, "certificate")) == ([], ["certificate"])


def test_pg_textsearch_is_used_once_it_is_there_and_knows_every_memory(server: PostgresServer) -> None:
    with FreshDatabase(server, template="template0") as name:
        with open_brain(server.url(name, OWNER)) as brain:
            brain.capture("certificate", "expired")
        with psycopg.connect(server.url(name), autocommit=True) as connection:
            connection.execute("create extension pg_textsearch")

        with open_brain(server.url(name, OWNER)) as brain:
            brain.capture("another certificate", "expired")
            before = set(titles(brain, "expired"))
            [problem, *_] = inside(brain).store.upkeep.check()
            brain.upkeep.reindex()
        with open_brain(server.url(name, OWNER)) as brain:
            assert set(titles(brain, "expired")) == before == {"certificate", "another certificate"}
            assert "brainops reindex" in problem
            assert not [said for said in inside(brain).store.upkeep.check() if "BM25" in said]
