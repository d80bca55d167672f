"""Does LangGraph's store answer here as its own store in memory does, whatever is put, read, searched and listed?"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from langgraph.store.base import BaseStore, GetOp, InvalidNamespaceError, ListNamespacesOp, Op, PutOp, SearchOp
from langgraph.store.memory import InMemoryStore

from brainops.brain import Brain
from brainops.errors import InvalidInput
from brainops.integrations.langgraph import MemoryStore
from brainops.types import MemoryState

LABELS = ["users", "u1", "ü", 'a"b', "v 1", "docs"]
KEYS = ["prefs", "x", "x/y", 'q"', "", "ключ", "nul\x00"]
VALUES: list[dict[str, Any]] = [
    {},
    {"text": "the gateway is drained first"},
    {"text": "the gateway is drained first", "n": 1},
    {"n": 2.5, "deep": {"a": [1, {"b": None}], "c": True}},
    {"n": 7, "list": [1, 2, 3], "ok": True},
    {"n": 1, "ok": 1},
]
FILTERS: list[dict[str, Any] | None] = [
    None,
    {"n": 1},
    {"n": {"$eq": 7}},
    {"deep": {"c": True}},
    {"list": [1, 2, 3]},
    {"n": {"$ne": 1}, "ok": True},
    {"text": None},
]
CONDITIONS: list[dict[str, Any]] = [{}, {"prefix": ("users",)}, {"prefix": ("*", "u1")}, {"suffix": ("u1",)}]


@pytest.fixture
def brain(tmp_path: Path) -> Iterator[Brain]:
    with Brain.open(tmp_path / "memory.db", namespace="team/a", read=(), model="none", background=False) as opened:
        yield opened


@pytest.fixture
def store(brain: Brain) -> MemoryStore:
    return MemoryStore(brain)


class InMemory(InMemoryStore):
    """The library's own store, without the one thing that it leaves behind: namespaces in which nothing is."""

    def batch(self, ops: Any) -> Any:
        answered = super().batch(ops)
        for empty in [each for each, items in self._data.items() if not items]:
            del self._data[empty]
        return answered


def namespace(by: random.Random, least: int = 1) -> tuple[str, ...]:
    return tuple(by.choice(LABELS) for _ in range(by.randint(least, 3)))


def answered(store: BaseStore, by: random.Random) -> Any:
    """Return what a store answers to the next random call, but for times and the order in which items are listed."""
    place, key = namespace(by), by.choice(KEYS)
    match by.randrange(8):
        case 0 | 1 | 2:
            return store.put(place, key, by.choice(VALUES))
        case 3:
            found = store.get(place, key)
            return found and (found.namespace, found.key, repr(found.value))
        case 4:
            return store.delete(place, key)
        case 5:
            return sorted(
                (each.namespace, each.key, repr(each.value))
                for each in store.search(namespace(by, 0), filter=by.choice(FILTERS), limit=1_000)
            )
        case 6:
            limit, offset = by.randrange(4), by.randrange(4)
            return len(store.search(namespace(by, 0), filter=by.choice(FILTERS), limit=limit, offset=offset))
        case _:
            depth, limit = by.choice([None, 1, 2]), by.choice([2, 100])
            return store.list_namespaces(**by.choice(CONDITIONS), max_depth=depth, limit=limit, offset=by.randrange(2))


def test_random_calls_are_answered_as_by_the_store_in_memory(store: MemoryStore) -> None:
    theirs, ours, other = InMemory(), random.Random(5), random.Random(5)
    told: set[str] = set()

    for number in range(300):
        here = answered(store, ours)
        there = answered(theirs, other)
        assert here == there, number
        told.add(type(here).__name__ + str(bool(here)))

    assert told == {"NoneTypeFalse", "tupleTrue", "listTrue", "listFalse", "intTrue", "intFalse"}


def test_a_batch_reads_what_was_there_before_it_and_writes_the_last_of_each_item(store: MemoryStore) -> None:
    store.put(("a",), "k", {"n": 1})
    ops: list[Op] = [
        PutOp(("a",), "k", {"n": 2}),
        GetOp(("a",), "k"),
        PutOp(("a",), "k", {"n": 3}),
        PutOp(("b",), "k", {"n": 4}),
        SearchOp(()),
        ListNamespacesOp(),
    ]

    answers: list[Any] = asyncio.run(store.abatch(ops))
    _, read, _, _, found, places = answers

    assert read.value == {"n": 1} and [each.value for each in found] == [{"n": 1}] and places == [("a",)]
    assert [each.value for each in store.search(())] == [{"n": 4}, {"n": 3}]
    with pytest.raises(InvalidNamespaceError):
        store.batch([GetOp(("a.b",), "k")])


def test_a_query_finds_by_words_within_the_namespace_alone(store: MemoryStore) -> None:
    for user in ("u1", "u2"):
        store.put(("users", user), "habit", {"text": f"drains the gateway before lunch, says {user}", "kind": "habit"})
    store.put(("users", "u1"), "food", {"text": "eats soup", "kind": "food"})

    (found,) = store.search(("users", "u2"), query="who drains the gateway?")
    everywhere = store.search((), query="gateway", filter={"kind": "habit"})

    assert found.namespace == ("users", "u2") and found.score is not None and found.score > 0
    assert {each.namespace for each in everywhere} == {("users", "u1"), ("users", "u2")}
    assert store.search(("users", "u1"), query="gateway", filter={"kind": "food"}) == []
    assert store.search(("users", "u2"), query="soup") == []


def test_numbers_are_compared_by_a_filter_and_nothing_else_is(store: MemoryStore) -> None:
    for key, value in {"one": 1, "two": 2.5, "text": "3", "none": None}.items():
        store.put(("a",), key, {"n": value})

    def found(**wanted: Any) -> set[str]:
        return {
            each.key for each in store.search((), filter={"n": {f"${name}": each for name, each in wanted.items()}})
        }

    assert found(gt=1) == {"two"} and found(gte=1, lt=2.5) == {"one"} and found(lte=2.5) == {"one", "two"}
    assert found(ne=1) == {"two", "text", "none"} and found(eq="3") == {"text"}
    with pytest.raises(ValueError, match=r"Unsupported operator: \$like; there are \$eq"):
        found(like="x")


def test_an_item_is_gone_once_its_time_is_over_and_reading_it_lets_it_live_on_where_that_is_asked_for(
    brain: Brain,
) -> None:
    store = MemoryStore(brain, ttl={"default_ttl": 60})
    store.put(("a",), "mortal", {"text": "the gateway"})
    store.put(("a",), "over", {"text": "the gateway"}, ttl=1e-9)
    store.put(("a",), "stays", {"text": "the gateway"}, ttl=None)

    def ends() -> int | None:
        (found,) = (each for each in brain.by_source("langgraph:") if each.title == "a/mortal")
        return found.valid_to

    begun = ends()
    assert store.get(("a",), "over") is None
    assert {each.key for each in store.search(())} == {"mortal", "stays"}
    assert {each.key for each in store.search((), query="gateway")} == {"mortal", "stays"}
    assert ends() == begun

    assert store.get(("a",), "mortal", refresh_ttl=True) is not None

    assert begun is not None and (ends() or 0) > begun
    assert store.get(("a",), "mortal") is not None
    store.put(("a",), "over", {"text": "the gateway"})
    assert store.get(("a",), "over") is not None


def test_secrets_are_taken_out_of_values_and_the_log_says_so(
    store: MemoryStore, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="brainops"):
        for _ in range(2):
            store.put(("a",), "login", {"user": "kim", "password": "correct-horse-7"})

    found = store.get(("a",), "login")
    assert found is not None and found.value == {"user": "kim", "password": "[redacted:password]"}
    assert "taken out: 1 password" in caplog.text and "correct-horse" not in caplog.text


@pytest.mark.parametrize(
    ("place", "key", "value"),
    [
        (("a",), "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH", {}),
        (("a",), "k" * 3_000, {}),
        (("a",), "k", {"n": float("nan")}),
        (("a",), "k", {"n": object()}),
        (("a",) * 100, "k", {}),
    ],
)
def test_what_cannot_be_kept_is_an_error_that_says_why_and_changes_nothing(
    store: MemoryStore, place: tuple[str, ...], key: str, value: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInput) as raised:
        store.put(place, key, value)

    assert "sk-proj" not in str(raised.value)
    assert store.search(()) == []


def test_what_an_item_said_before_is_history_and_what_was_deleted_can_be_restored(
    brain: Brain, store: MemoryStore
) -> None:
    store.put(("a",), "k", {"n": 1})
    first = store.get(("a",), "k")
    (before,) = brain.by_source("langgraph:")
    store.put(("a",), "k", {"n": 2})
    second = store.get(("a",), "k")
    (after,) = brain.by_source("langgraph:")
    store.delete(("a",), "k")
    gone = store.get(("a",), "k")
    brain.restore(after.id)

    assert gone is None and brain.get(before.id).superseded_by == after.id
    assert first is not None and second is not None
    assert second.created_at == first.created_at and second.updated_at > first.updated_at
    assert store.get(("a",), "k") == second
    assert brain.get(after.id).state is MemoryState.ACTIVE


def test_an_item_stands_once_whatever_many_threads_put(store: MemoryStore) -> None:
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda n: store.put(("a",), "k", {"n": n % 3}), range(18)))

    assert len(store.search(())) == 1
