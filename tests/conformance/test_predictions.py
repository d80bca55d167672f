"""Does guidance foretell failures, with reasons, insights and an agent, from what a cycle learned of the record?"""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from brainops.brain import Brain
from brainops.operations.guidance import guidance_of
from brainops.store import acts
from brainops.store.operations import GrowthPolicy
from brainops.types import Choice, MemoryType, OperationStart, RecommendedAgent
from brainops.types.times import HOUR_MICROS, SECOND_MICROS
from tests.conformance.conftest import OpenBrain
from tests.inside import inside

START = 1_700_000_000 * SECOND_MICROS


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        self.now += 1
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def brain(open_brain: OpenBrain, clock: Clock) -> Brain:
    return open_brain(clock=clock)


def lived(brain: Brain, clock: Clock, rounds: int = 60) -> None:
    """Deploy in rounds two hours apart; a migration that failed just before makes it fail."""
    for place in range(rounds):
        clock.now += 2 * HOUR_MICROS
        bad = place % 3 == 0
        _done(brain, "migrate", bad)
        clock.now += 120 * SECOND_MICROS
        _done(brain, "deploy", bad or place % 10 == 1)


def _done(brain: Brain, name: str, failed: bool) -> None:
    running = brain.begin(name, target="prod", consult="never")
    running.fail("ValueError: broken") if failed else running.succeed()


def learn(brain: Brain) -> None:
    found = inside(brain).services.predictions.refit()
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        inside(brain).services.predictions.keep(tx, found, inside(brain).store.now())


def test_the_record_is_given_as_the_reason(brain: Brain, clock: Clock) -> None:
    lived(brain, clock, 10)

    guidance = brain.guidance("deploy", target="prod")

    assert guidance.failure_reasons == ("failed 5 of 10 times",)


def test_a_precursor_that_was_learned_raises_the_probability_when_it_is_seen(brain: Brain, clock: Clock) -> None:
    lived(brain, clock)
    learn(brain)
    clock.now += 2 * HOUR_MICROS

    calm = brain.guidance("deploy", target="prod")
    _done(brain, "migrate", True)
    clock.now += 60 * SECOND_MICROS
    warned = brain.guidance("deploy", target="prod")

    assert calm.failure_probability is not None
    assert warned.failure_probability is not None
    assert warned.failure_probability > 0.6 > 0.4 > calm.failure_probability
    assert any("after migrate failed" in reason and "within 10 minutes" in reason for reason in warned.failure_reasons)


def test_what_was_not_found_again_is_forgotten(brain: Brain, clock: Clock) -> None:
    lived(brain, clock)
    learn(brain)
    assert inside(brain).services.predictions.model("deploy") is not None

    found = replace(inside(brain).services.predictions.refit(), models={})
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        inside(brain).services.predictions.keep(tx, found, inside(brain).store.now())

    assert inside(brain).services.predictions.model("deploy") is None


def test_a_record_with_successes_left_out_teaches_nothing(brain: Brain, clock: Clock) -> None:
    lived(brain, clock)
    brain.upkeep.set_growth(GrowthPolicy(operation_name="deploy", mode="sampled", rate=0.5))

    assert "deploy" not in inside(brain).services.predictions.refit().models


def test_insights_about_an_operation_stand_in_its_guidance(brain: Brain) -> None:
    kept = brain.capture(
        "Deployments fail on Mondays", "since May", tags=["insight", "deploy"], metadata={"probability": 0.8}
    )
    brain.capture("Something else entirely", "of no matter", tags=["insight", "restart"])
    brain.capture("deploy", "a note, no insight", tags=["deploy"], type=MemoryType.DECISION_RECORD)

    guidance = brain.guidance("deploy", target="prod")

    assert [each.memory_id for each in guidance.insights] == [kept.id]
    assert guidance["insights"][0]["name"] == "Deployments fail on Mondays"


def test_the_recommended_agent_is_named_and_kept_with_the_receipt(
    brain: Brain, monkeypatch: pytest.MonkeyPatch
) -> None:
    def recommend(start: OperationStart) -> Choice:
        return Choice(agent="robin", sentence=f"robin did {start.name} 9 of 10 times")

    monkeypatch.setattr(inside(brain).services.agents, "recommend", recommend)

    guidance = brain.guidance("deploy", target="prod")

    assert guidance.recommended_agent == RecommendedAgent(name="robin", sentence="robin did deploy 9 of 10 times")
    again = brain.begin("deploy", target="prod", consult="cached").guidance
    assert again == guidance
    assert guidance_of(_body(brain, guidance.id)) == guidance


def _body(brain: Brain, guidance_id: str) -> dict[str, object]:
    import json

    with inside(brain).store.read() as tx:
        row = tx.operations.guidance(guidance_id)
    assert row is not None
    body: dict[str, object] = json.loads(row["body"])
    return body
