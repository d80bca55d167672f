"""Is only recommended what is about the operation and can be done, as surely as following it has earned?"""

from __future__ import annotations

from typing import Any

import pytest

from brainops.brain import Brain
from brainops.types import Actor, ActorKind, Evidence, Guidance, Recommendation, Source, Verdict
from tests.conformance.conftest import OpenBrain

ANN = Actor(kind=ActorKind.PERSON, id="ann", proof="terminal")
DATABASE_DOWN = (
    "Database Connection Error",
    {"error": "Connection timeout to PostgreSQL", "solution": "Implement retry with backoff"},
)
OTHERS = (
    ("OSError: No space left on device", {"error": "No space left on device", "solution": "rotate the logs"}),
    ("TLS certificate expired", {"error": "x509: certificate has expired", "solution": "renew it with certbot"}),
    ("Redis out of memory", {"error": "OOM command not allowed", "solution": "set maxmemory-policy to allkeys-lru"}),
    ("Kafka rebalances endlessly", {"error": "CommitFailedError", "solution": "lower max.poll.records"}),
    ("Deadlock in payments", {"error": "deadlock detected", "solution": "lock rows in the order of their ids"}),
)
UNRELATED: tuple[tuple[str, str | None, dict[str, Any]], ...] = (
    ("water the plants", None, {}),
    ("paint the fence", None, {}),
    ("translate the brochure", None, {"language": "Italian"}),
    ("Deploy backend v3.1.195 to production", "production", {"version": "v3.1.195", "environment": "production"}),
    ("print the shipping label", "printer-9", {"error": "paper jam in tray 2"}),
)


def only(guidance: Guidance, memory_id: str) -> Recommendation:
    [found] = [each for each in guidance.recommendations if each.memory_id == memory_id]
    return found


def capture(brain: Brain, number: int) -> str:
    title, content = (DATABASE_DOWN, *OTHERS)[number % (1 + len(OTHERS))]
    return brain.capture(title if number < 6 else f"{title} ({number})", content, type="error_pattern").id


@pytest.mark.parametrize("size", [1, 2, 3, 6, 20])
def test_what_is_unrelated_is_not_recommended_in_a_store_of_any_size(open_brain: OpenBrain, size: int) -> None:
    brain = open_brain()
    for number in range(size):
        capture(brain, number)

    for name, target, context in UNRELATED:
        guidance = brain.guidance(name, target=target, context=context)
        assert guidance.confidence <= 0.2
        assert all(each.confidence <= 0.2 for each in guidance.recommendations)


def test_what_is_unrelated_is_not_recommended_by_its_meaning_either(tmp_path: Any) -> None:
    with Brain.open(tmp_path / "memory.db", namespace="a", model="minilm", background=False) as brain:
        for number in range(4):
            capture(brain, number)
            brain.upkeep.embed_pending()
            for name, target, context in UNRELATED:
                guidance = brain.guidance(name, target=target, context=context)
                assert all(each.confidence <= 0.2 for each in guidance.recommendations), (number, name)
        known = brain.guidance("the database cannot be reached, connections time out")

    assert known.primary_recommendation is not None
    assert known.primary_recommendation.name == "Database Connection Error"
    assert known.confidence > 0.2


def test_the_only_procedure_with_phrases_is_not_meant_by_whatever_is_said(open_brain: OpenBrain) -> None:
    brain = open_brain(actor=ANN)
    phrases = ["restart the worker", "the worker hangs", "kick the background worker", "jobs are stuck"]
    step = {"id": "do", "uses": "manual", "with": {"text": "Restart it."}}
    brain.procedures.save({"name": "restart-worker", "mode": "required", "on": {"intents": phrases}, "steps": [step]})
    brain.procedures.activate("restart-worker")

    meant = brain.guidance("handle", context={"request": "please restart the stuck worker"})

    assert meant.primary_recommendation is not None and meant.primary_recommendation.name == "restart-worker"
    for name, target, context in UNRELATED:
        guidance = brain.guidance(name, target=target, context=context)
        assert guidance.confidence <= 0.2
        assert guidance.required_ids == ()


def test_a_memory_that_was_followed_is_no_more_about_what_is_unrelated(open_brain: OpenBrain) -> None:
    brain = open_brain()
    memory_id = capture(brain, 0)
    follow(brain, "database connection error", memory_id, 20)

    again = open_brain()

    assert again.guidance("database connection error").confidence > 0.8
    assert again.guidance("water the plants").confidence <= 0.2


def test_an_unrelated_critical_error_needs_not_be_named_back(open_brain: OpenBrain) -> None:
    brain = open_brain()
    brain.capture(*DATABASE_DOWN, type="error_pattern", tags=["critical"], importance=1.0)

    assert brain.guidance("water the plants").required_ids == ()


@pytest.mark.parametrize("trust", ["external", "agent", "verified"])
def test_trust_alone_says_nothing_of_having_helped(open_brain: OpenBrain, trust: str) -> None:
    brain = open_brain(actor=ANN)
    memory = brain.capture("Rotate the signing keys", "issue, load, revoke", type="operational_procedure", trust=trust)

    found = only(brain.guidance("rotate the signing keys"), memory.id)

    assert 0.2 < found.confidence < 0.5
    assert "nobody has followed it yet" in found.reason


def follow(brain: Brain, name: str, memory_id: str, times: int, **how: Any) -> None:
    for _ in range(times):
        running = brain.begin(name)
        running.follow(memory_id)
        running.succeed(**how)


def test_reported_successes_move_the_confidence_and_the_reason_counts_them(open_brain: OpenBrain) -> None:
    brain = open_brain()
    memory = brain.capture("Rotate the signing keys", "issue, load, revoke", type="operational_procedure")
    before = only(brain.guidance("rotate the signing keys"), memory.id)

    follow(brain, "rotate the signing keys", memory.id, 12)

    after = only(open_brain().guidance("rotate the signing keys"), memory.id)
    assert before.confidence < 0.5 < 0.75 < after.confidence
    assert "followed 12 times, 12 of them right" in after.reason


def test_what_was_only_claimed_counts_less_than_what_was_seen(open_brain: OpenBrain) -> None:
    brain = open_brain()
    seen = brain.capture("Rotate the signing keys", "issue, load, revoke", type="operational_procedure")
    said = brain.capture("Drain the message queue", "stop, wait, purge", type="operational_procedure")
    follow(brain, "rotate the signing keys", seen.id, 3)
    follow(brain, "drain the message queue", said.id, 3, evidence=Evidence.CLAIMED)

    brain = open_brain()

    claimed = only(brain.guidance("drain the message queue"), said.id)
    assert claimed.confidence < only(brain.guidance("rotate the signing keys"), seen.id).confidence
    assert "3 of them by somebody's word alone" in claimed.reason


def test_feedback_moves_the_confidence_once_an_actor(open_brain: OpenBrain) -> None:
    brain = open_brain()
    memory = brain.capture("Rotate the signing keys", "issue, load, revoke", type="operational_procedure")

    def sure() -> float:
        return only(brain.guidance("rotate the signing keys"), memory.id).confidence

    before = sure()
    given = [brain.feedback(memory.id, Verdict.HELPFUL) for _ in range(12)]
    helpful = sure()
    for each in given:
        brain.undo_feedback(each.id)

    assert before < helpful < 0.8
    assert sure() == pytest.approx(before)


def test_what_was_followed_in_vain_falls(open_brain: OpenBrain) -> None:
    brain = open_brain()
    memory = brain.capture("Rotate the signing keys", "issue, load, revoke", type="operational_procedure")
    before = only(brain.guidance("rotate the signing keys"), memory.id).confidence

    for _ in range(4):
        running = brain.begin("rotate the signing keys")
        running.follow(memory.id)
        running.fail("KeyError: no such key")

    assert only(open_brain().guidance("rotate the signing keys"), memory.id).confidence < before / 2


def test_only_an_equal_fingerprint_is_the_same_error(open_brain: OpenBrain) -> None:
    brain = open_brain()
    error = "ConnectionError: payments api timed out after 41 s"
    brain.capture(error, {"error": error, "solution": "raise the timeout"}, type="error_pattern")

    same = brain.guidance(
        "charge", context={"error": "ConnectionError: payments api timed out after 7 s"}
    ).primary_recommendation
    other = brain.guidance(
        "charge", context={"error": "the payments api timed out again, says the shop"}
    ).primary_recommendation

    assert same is not None and "the same error happened before: its fingerprint is equal" in same.reason
    assert other is not None and "same error" not in other.reason
    assert "shares" in other.reason and "payments" in other.reason


SEEN: tuple[tuple[str, dict[str, Any]], ...] = (
    ("RuntimeError: sync-clock did not help against x509 errors", {"type": "error_pattern"}),
    ("Restarting the gateway didn't help against x509 errors", {"type": "learning_insight"}),
    ("renew gateway certificate keeps succeeding", {"type": "success_pattern", "tags": ["insight", "success"]}),
    ("renew gateway certificate fails more often after: flush cache was done", {"type": "learning_insight"}),
    ("renew gateway certificate took 40 s", {"type": "performance_metric"}),
    ("renew gateway certificate on monday: fine", {"type": "deployment_log"}),
    ("Evolution plan: renew gateway certificate", {"type": "system_improvement", "tags": ["insight"]}),
    ("Memory was looked after: renew gateway certificate", {"source": Source(run_id="r")}),
)


def test_what_was_seen_stands_beside_what_can_be_done(open_brain: OpenBrain) -> None:
    brain = open_brain()
    ids = {brain.capture(title, "certificate of the gateway, x509", **fields).id for title, fields in SEEN}

    guidance = brain.guidance("renew gateway certificate", context={"request": "x509 errors"})

    assert guidance.recommendations == ()
    assert guidance.confidence == 0.0
    beside = {each.memory_id for each in (*guidance.insights, *guidance.known_errors)}
    assert beside <= ids and len(beside) >= 3  # those nearest


@pytest.mark.parametrize("solution", ["", "none", "Unknown.", "n/a", "none yet", "Restarting did not help", None])
def test_an_error_without_a_remedy_is_known_and_not_recommended(open_brain: OpenBrain, solution: str | None) -> None:
    brain = open_brain()
    content = {"error": "the gateway answers 502", "solution": solution}
    memory = brain.capture("Gateway answers 502", content, type="error_pattern")

    guidance = brain.guidance("gateway answers 502")

    assert guidance.recommendations == ()
    assert [each.memory_id for each in guidance.known_errors] == [memory.id]


def test_the_operations_own_past_comes_before_its_neighbours(open_brain: OpenBrain) -> None:
    brain = open_brain()
    running = brain.begin("Deploy checkout", target="production")
    running.fail("UndefinedColumn: gift_note does not exist")
    [operation] = brain.operations.list()
    assert operation.error_memory_id is not None
    title = "UndefinedColumn: gift_note does not exist"
    own = brain.supersede(
        operation.error_memory_id,
        brain.draft(title, {"error": title, "solution": "migrate first"}, type="error_pattern"),
    )
    for name in ("cart", "ledger"):
        brain.capture(f"Workflow: Deploy {name} on production: succeeded", f"deploy {name}", type="success_pattern")

    guidance = brain.guidance("Deploy checkout", target="production")

    assert guidance.primary_recommendation is not None
    assert guidance.primary_recommendation.memory_id == guidance.known_errors[0].memory_id == own.id
    assert "this operation failed so in 1 of its last 1" in guidance.primary_recommendation.reason


def test_a_fix_that_was_bound_to_the_error_comes_before_what_resembles_it(open_brain: OpenBrain) -> None:
    brain = open_brain(actor=ANN)
    error = "ConnectionError: the pool is exhausted"
    fix = brain.fixes.attach(error, "Raise the pool size", advice="set pool_size to 40")
    brain.capture("The pool is exhausted", "close idle sessions of the pool", type="operational_procedure")

    primary = brain.guidance("handle the request", context={"error": error}).primary_recommendation

    assert primary is not None
    assert primary.memory_id == fix.id
    assert primary.confidence < 0.5 and "never verified" in primary.reason


def test_what_only_ran_in_the_same_surroundings_is_not_known_to_go_wrong(open_brain: OpenBrain) -> None:
    brain = open_brain()
    surroundings = {"folder": "/srv/acme/shop", "host": "web-7.acme.example", "region": "eu-west-1", "stage": "canary"}
    with (
        pytest.raises(TimeoutError),
        brain.operation("sync erp", target="production", context={**surroundings, "command": "erp-sync --all"}),
    ):
        raise TimeoutError("erp did not answer within 30 s")

    elsewhere = brain.guidance("water the plants", target="production", context={**surroundings, "command": "water"})
    again = brain.guidance("sync erp", target="production", context=surroundings)

    assert all(each.probability <= 0.2 for each in elsewhere.known_errors)
    assert all(each.confidence <= 0.2 for each in elsewhere.recommendations)
    assert again.known_errors[0].probability > 0.2
