"""Does what agent frameworks keep in this memory come back the same from every store, and from a server?"""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Any

from claude_agent_sdk import SessionStore
from claude_agent_sdk.testing import run_session_store_conformance

from brainops.integrations.claude_sessions import MemorySessions
from brainops.integrations.langgraph import MemoryStore
from brainops.integrations.openai_session import MemorySession
from tests.conformance.conftest import OpenBrain


def test_items_of_langgraph_are_found_by_their_namespace_and_by_no_other(open_brain: OpenBrain) -> None:
    store = MemoryStore(open_brain())
    places = [("u",), ("u", "1"), ("u", "10"), ("u-1",), ("ü", 'a"b'), ("U",), ("u", "1", "x")]
    for number, place in enumerate(places):
        store.put(place, "k", {"n": number})
        store.put(place, "k2", {"n": number, "text": "drain the gateway"})
    store.delete(("u", "10"), "k")
    store.put(("u", "1"), "k", {"n": -1}, ttl=60)
    store.put(("u", "1"), "k", {"n": -2}, ttl=60)

    found = store.get(("u", "1"), "k", refresh_ttl=True)

    assert found is not None and found.value == {"n": -2}
    assert store.get(("u", "10"), "k") is None and store.get(("u", "1"), "k1") is None
    assert sorted(each.value["n"] for each in store.search(("u", "1"))) == [-2, 1, 6, 6]
    assert {each.namespace for each in store.search(("u",), query="gateway")} == set(places) - {
        ("u-1",), ("U",), ("ü", 'a"b')
    }  # fmt: skip
    assert store.list_namespaces() == sorted(places)


def test_sessions_hold_to_the_contract_of_the_claude_agent_sdk(open_brain: OpenBrain) -> None:
    brain, numbers = open_brain(read=[f"team/a{number}" for number in range(30)]), count()

    def fresh() -> SessionStore:
        return MemorySessions(brain.acting(namespace=f"team/a{next(numbers)}"))

    asyncio.run(run_session_store_conformance(fresh))

    assert next(numbers) > 10  # one for each contract


def test_a_conversation_comes_back_in_its_order_and_goes_on_where_it_was(open_brain: OpenBrain) -> None:
    session = MemorySession("s/1", open_brain())
    said: list[Any] = [{"role": "user", "content": str(number)} for number in range(12)]

    async def led() -> tuple[Any, ...]:
        await session.add_items(said[:10])
        popped = await session.pop_item()
        await session.add_items(said[9:])
        kept = await session.get_items(4)
        await session.clear_session()
        return popped, kept, await session.get_items()

    assert asyncio.run(led()) == (said[9], said[8:], [])
