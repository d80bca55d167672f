"""Is what has an index of its own looked up by that index, without a look at the whole namespace?"""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from brainops.store import Store
from brainops.store.memories import filter_parameters
from brainops.store.named import statements
from brainops.types import Filter
from tests.conformance.conftest import OpenBrain
from tests.inside import inside

MEMORIES = 500  # so many that a planner that counted them sees a difference
LOOKED_UP = {
    "memory_by_idempotency": ({"idempotency_key": "request-7", "key_hash": "0"}, {"memory_idempotency"}),
    "memory_by_fingerprint": (
        {"fingerprint": "0", "texts": ["1", "2"], "limit": 5, **filter_parameters(Filter())},
        {"memory_fingerprint", "memory_message_fingerprint"},
    ),
}


def plan(store: Store, dialect: str, name: str, values: dict[str, Any]) -> str:
    """Return what the database would do for a named statement, in its own words."""
    statement, prefix = statements(dialect)[name], "explain query plan" if dialect == "sqlite" else "explain"
    with store.read() as tx:
        session: Any = tx.session
        if dialect == "postgres":
            session.connection.execute("set local enable_seqscan = off")
        session._statements = {name: replace(statement, text=f"{prefix} {statement.text}")}
        return "\n".join(str(tuple(dict(row).values())) for row in session.all(name, **values))


@pytest.mark.parametrize("name", LOOKED_UP)
def test_a_memory_is_looked_up_by_its_key_and_not_among_all_of_the_namespace(
    open_brain: OpenBrain, dialect: str, name: str
) -> None:
    values, indexes = LOOKED_UP[name]
    brain = open_brain()
    brain.capture_many(brain.draft(f"memory {number}", f"text {number}") for number in range(MEMORIES))
    if dialect == "postgres":  # which counts by itself before long; nothing counts a SQLite file
        with inside(brain).store.database.raw() as connection:  # type: ignore[attr-defined]
            connection.execute("analyze memory")

    said = plan(inside(brain).store, dialect, name, values)

    assert [index for index in indexes if index not in said] == []
    assert "memory_namespace_type" not in said
