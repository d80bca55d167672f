"""Does what agent frameworks keep in this memory come back the same from every store, and from a server?"""

from __future__ import annotations

from brainops.integrations.langgraph import MemoryStore
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
