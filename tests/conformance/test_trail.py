"""Is every change in the trail, in order, and is it noticed when somebody edits it?"""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from brainops.store import Store, acts
from brainops.store.store import Transaction
from brainops.store.trail import GENESIS, chained_hash
from brainops.types import Actor, ActorKind, Draft
from tests.conformance.conftest import OpenBrain, OpenStore

PERSON = Actor(kind=ActorKind.PERSON, id="ops@example.com", proof="terminal")


def trail(store: Store, namespace: str = "team/a") -> list[Any]:
    """Return a namespace's whole trail."""
    with store.read() as tx:
        return list(tx.trail.page(namespace, 0))


def append(store: Store, count: int) -> None:
    with store.writing(acts.FEEDBACK, PERSON) as tx:
        for number in range(count):
            tx.trail.append(f"subject {number}", 1_000 + number, number=number, text="ü\u2028")


def first_break(store: Store) -> int | None:
    with store.read() as tx:
        return tx.trail.first_break("team/a")


def test_each_line_carries_the_hash_of_the_one_before(store: Store) -> None:
    append(store, 3)

    lines = trail(store)

    assert [line["sequence"] for line in lines] == [1, 2, 3]
    assert [line["previous_hash"] for line in lines] == [GENESIS, lines[0]["hash"], lines[1]["hash"]]
    assert [line["hash"] for line in lines] == [chained_hash(line) for line in lines]


def test_a_whole_trail_of_several_pages_holds(store: Store) -> None:
    append(store, 1_203)

    assert first_break(store) is None


def rewritten(store: Store, lines: list[dict[str, Any]], open_store: OpenStore) -> Store:
    """Return a store of another namespace chain that holds these lines, as a forger would leave them."""
    with store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        for line in lines:
            tx.trail.put_back(line)
    return store


@pytest.mark.parametrize(
    "column", ["at", "actor_id", "actor_kind", "act", "subject", "detail", "hash", "previous_hash"]
)
def test_a_changed_line_is_noticed(open_test_store: OpenStore, column: str) -> None:
    lines = forged_lines(3)
    lines[1][column] = {"at": 5, "hash": "0" * 64, "previous_hash": "1" * 64, "detail": "{}"}.get(column, "forged")

    store = rewritten(open_test_store(), lines, open_test_store)

    assert first_break(store) == 2


def test_a_line_that_is_missing_is_noticed(open_test_store: OpenStore) -> None:
    lines = forged_lines(4)
    del lines[2]

    assert first_break(rewritten(open_test_store(), lines, open_test_store)) == 3


def test_a_trail_that_was_cut_at_its_beginning_is_noticed(open_test_store: OpenStore) -> None:
    assert first_break(rewritten(open_test_store(), forged_lines(4)[1:], open_test_store)) == 1


def forged_lines(count: int) -> list[dict[str, Any]]:
    """Return a good trail, for somebody to spoil."""
    lines: list[dict[str, Any]] = []
    for number in range(1, count + 1):
        line = {
            "namespace": "team/a",
            "sequence": number,
            "at": number,
            "actor_kind": "person",
            "actor_id": "ops@example.com",
            "actor_proof": "none",
            "act": "archived",
            "subject": "m",
            "detail": '{"n": 1}',
            "previous_hash": lines[-1]["hash"] if lines else GENESIS,
        }
        lines.append({**line, "hash": chained_hash(line)})
    return lines


def test_the_good_trail_of_these_tests_is_good(open_test_store: OpenStore) -> None:
    assert first_break(rewritten(open_test_store(), forged_lines(4), open_test_store)) is None


@pytest.mark.parametrize("statement", ["update audit set act = 'forged'", "delete from audit"])
def test_the_database_itself_refuses_to_change_the_trail(store: Store, statement: str) -> None:
    append(store, 2)

    with (
        pytest.raises(Exception, match=r"append-only|permission denied"),
        store.writing(acts.TRY_STORE, acts.ITSELF) as tx,
    ):
        raw(tx, statement)

    assert first_break(store) is None
    assert len(trail(store)) == 2


def raw(tx: Transaction, statement: str) -> None:
    """Execute bare SQL on a transaction's own connection, as an attacker inside the process would."""
    tx.session.connection.execute(statement)  # type: ignore[attr-defined]


def test_two_writers_make_one_chain(open_test_store: OpenStore) -> None:
    one, other = open_test_store(), open_test_store()
    for _ in range(5):
        append(one, 1)
        append(other, 1)

    assert first_break(one) is None
    assert [line["sequence"] for line in trail(one)] == list(range(1, 11))


def test_every_change_of_a_memory_says_who_made_it(open_brain: OpenBrain) -> None:
    brain = open_brain(actor=PERSON)
    memory = brain.capture("Limit", "10")
    given = brain.feedback(memory.id, "helpful")
    brain.undo_feedback(given.id)
    brain.flag(memory.id, "look")
    brain.archive(memory.id)
    brain.restore(memory.id)
    brain.move_source(memory.id, "runbook.md")
    new = brain.supersede(memory.id, Draft(title="Limit", content="20"))
    brain.purge(new.id, reason="asked to")

    acts = brain.history(memory.id).acts

    assert [entry.act for entry in acts] == [
        "feedback", "undo-feedback", "flag", "archived", "restore", "move-source", "supersede",
    ]  # fmt: skip
    assert {replace(entry.actor) for entry in acts} == {PERSON}


def test_a_secret_in_a_reason_does_not_get_into_the_trail(open_brain: OpenBrain) -> None:
    brain = open_brain()
    memory = brain.capture("Limit", "10")

    brain.archive(memory.id, reason="the key was AKIAIOSFODNN7EXAMPLE")

    assert "AKIA" not in str(brain.history(memory.id).acts)
