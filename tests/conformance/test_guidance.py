"""Does guidance say what memory knows, with a receipt that is kept and a confidence that is earned?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from brainops.brain import Brain
from brainops.types import OperationStart
from tests.conformance.conftest import OpenBrain

FIX = {"error": "Connection timeout to the database", "solution": "raise the pool size to 40"}


def receipts(brain: Brain) -> list[Any]:
    with brain._store.read() as tx:
        return list(tx.operations.guidance_page(""))


def test_guidance_leaves_a_receipt(open_brain: OpenBrain) -> None:
    brain = open_brain()

    guidance = brain.guidance("deploy api", target="prod-1", context={"v": 1})

    [row] = receipts(brain)
    assert (row["id"], row["operation_name"], row["target"]) == (guidance.id, "deploy api", "prod-1")
    assert guidance.expires_at > guidance.created_at
    assert guidance["receipt"] == guidance.id


def test_guidance_without_any_memory_is_honest(open_brain: OpenBrain) -> None:
    guidance = open_brain().guidance("deploy api")

    assert (guidance.confidence, guidance.primary, guidance.failure_probability) == (0.0, None, None)
    assert guidance["primary_recommendation"] is None


def test_guidance_recommends_what_helped(open_brain: OpenBrain) -> None:
    brain = open_brain()
    memory = brain.capture("Database connection timeout", FIX, type="error_pattern")
    brain.capture("Lunch menu", "soup on mondays")

    guidance = brain.guidance("fix", context={"error": "Connection timeout to the database"})

    assert guidance.primary is not None
    assert guidance.primary.memory_id == memory.id
    assert "pool size" in guidance.primary.text
    assert guidance["confidence"] == guidance.confidence > 0.0
    assert guidance["primary_recommendation"]["name"] == "Database connection timeout"


def test_guidance_shows_how_such_operations_ended(open_brain: OpenBrain) -> None:
    brain = open_brain()
    for number in range(8):
        with pytest.raises(RuntimeError), brain.operation("deploy api", target="prod-1", consult="never"):
            raise RuntimeError(f"step {number} broke")
    for _ in range(8):
        with brain.operation("deploy api", target="prod-2", consult="never"):
            pass

    bad, good = brain.guidance("deploy api", target="prod-1"), brain.guidance("deploy api", target="prod-2")

    assert bad.failure_probability is not None
    assert good.failure_probability is not None
    assert bad.failure_probability > 0.7 > 0.3 > good.failure_probability
    assert {each.succeeded for each in bad.similar_operations} == {False}


def test_a_contradicted_success_counts_as_a_failure(open_brain: OpenBrain) -> None:
    brain = open_brain()
    for _ in range(4):
        with brain.operation("deploy api", consult="never"):
            pass
    before = brain.guidance("deploy api").failure_probability

    for operation in brain.operations():
        brain.contradict(operation.id, "it was down")

    after = brain.guidance("deploy api").failure_probability
    assert before is not None
    assert after is not None
    assert after > before


def test_an_operation_names_its_receipt_and_what_it_followed(open_brain: OpenBrain) -> None:
    brain = open_brain()
    memory = brain.capture("Deploy api", "drain first, then deploy", type="operational_procedure")

    with brain.operation("deploy api") as running:
        running.follow()

    [operation] = brain.operations()
    assert running.guidance is not None
    assert (operation.guidance_id, operation.followed_id) == (running.guidance.id, memory.id)


def tick() -> Callable[[], int]:
    moment = [10**15]

    def now() -> int:
        moment[0] += 1_000_000
        return moment[0]

    return now


def test_a_cached_consultation_reuses_a_receipt_that_another_process_left(open_brain: OpenBrain) -> None:
    one, other = open_brain(), open_brain()
    given = one.guidance("deploy api", target="prod-1")

    with other.operation("deploy api", target="prod-1", consult="cached") as running:
        pass

    assert running.guidance is not None
    assert running.guidance.id == given.id
    assert running.guidance.operation == OperationStart(
        name="deploy api", target="prod-1", actor=one.settings.actor, context={}
    )
    assert len(receipts(one)) == 1


def test_a_receipt_is_not_reused_after_a_failure_on_its_target(open_brain: OpenBrain) -> None:
    one, other = open_brain(), open_brain()
    given = one.guidance("deploy api", target="prod-1")
    with pytest.raises(RuntimeError), one.operation("deploy api", target="prod-1", consult="never"):
        raise RuntimeError("it broke")

    with other.operation("deploy api", target="prod-1", consult="cached") as running:
        pass

    assert running.guidance is not None
    assert running.guidance.id != given.id


def test_a_receipt_is_not_reused_once_it_expired(open_brain: OpenBrain) -> None:
    now = tick()
    one, other = open_brain(clock=now), open_brain(clock=now)
    given = one.guidance("deploy api")
    while now() <= given.expires_at:
        pass

    with other.operation("deploy api", consult="cached") as running:
        pass

    assert running.guidance is not None
    assert running.guidance.id != given.id


def test_an_operation_that_never_consults_has_no_receipt(open_brain: OpenBrain) -> None:
    brain = open_brain()

    with brain.operation("deploy api", consult="never") as running:
        pass

    assert running.guidance is None
    assert receipts(brain) == []


def test_retrieving_and_matching_write_nothing(open_brain: OpenBrain) -> None:
    brain = open_brain()
    memory = brain.capture("Database connection timeout", FIX)
    before = brain.get(memory.id)

    brain.retrieve("timeout")
    brain.match("Connection timeout")

    assert brain.get(memory.id) == before
    assert receipts(brain) == []
