"""Do match, fix and guidance say of an error what its evidence says is worth trying next?"""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from brainops.agents.handover import memory_for
from brainops.brain import Brain
from brainops.cli.program import main
from tests.conformance.conftest import OpenBrain
from tests.inside import inside

REDIS = "redis.exceptions.ConnectionError: Error 111 connecting to cache-1:6379. Connection refused."
STEP = {"id": "do", "uses": "manual", "with": {"text": "do it"}}


@pytest.fixture
def brain(open_brain: OpenBrain) -> Brain:
    return open_brain()


def tried(brain: Brain, remedy: str, helped: int = 0, failed: int = 0, target: str = "api") -> None:
    for effect, times in (("helped", helped), ("did_not_help", failed)):
        for _ in range(times):
            brain.evidence.record(REDIS, remedy, effect, target=target)


def test_guidance_recommends_the_next_try_with_its_record(brain: Brain) -> None:
    tried(brain, "restart-redis", helped=3)

    guidance = brain.guidance("repair api", target="mail", context={"error": REDIS})

    assert guidance.next_tries == brain.evidence.next_tries(REDIS, target="mail", context={"error": REDIS})
    first = guidance.primary_recommendation
    assert first is not None
    assert (first.name, first.kind) == ("restart-redis", "remedy")
    assert first.reason == "restart-redis: helped 3 of 3 here, last 1 min ago"


def test_a_remedy_that_is_a_procedure_is_recommended_as_one(brain: Brain) -> None:
    version = brain.establish({"name": "restart-redis", "description": "d", "steps": [STEP]}, reason="it helps")
    tried(brain, "restart-redis", helped=3)

    first = brain.guidance("repair api", target="mail", context={"error": REDIS}).primary_recommendation

    assert first is not None
    assert (first.memory_id, first.kind) == (version.id, "procedure")


def test_what_failed_here_is_no_recommendation_however_it_is_bound(brain: Brain) -> None:
    brain.fixes.attach(REDIS, "flush it", advice="flush the cache")
    tried(brain, "flush it", failed=3, target="ledger")
    tried(brain, "restart-redis", helped=2, target="ledger")

    guidance = brain.guidance("repair api", target="api", context={"error": REDIS})

    assert guidance.next_tries is not None and guidance.next_tries.not_again == ("flush it",)
    assert [each.name for each in guidance.recommendations][:1] == ["restart-redis"]
    assert "flush it" not in [each.name for each in guidance.recommendations]


def test_what_was_tried_in_this_incident_is_no_recommendation(brain: Brain) -> None:
    brain.fixes.attach(REDIS, "restart it", advice="restart redis")
    tried(brain, "restart it", helped=4, target="ledger")
    tried(brain, "restart it", failed=1, target="api")

    here = brain.guidance("repair api", target="api", context={"error": REDIS})
    elsewhere = brain.guidance("repair mail", target="mail", context={"error": REDIS})

    assert [each.name for each in here.recommendations] == []
    assert [each.name for each in elsewhere.recommendations] == ["restart it"]


def test_recognition_says_what_is_worth_trying(brain: Brain) -> None:
    tried(brain, "restart-redis", helped=2)

    assert brain.recognise(REDIS).next_tries == (brain.evidence.next_tries(REDIS),)
    assert brain.recognise("ValueError: nobody saw this").next_tries == ()


def test_an_agent_is_handed_the_next_tries_first(brain: Brain) -> None:
    tried(brain, "restart-redis", helped=2)
    brain.agents.register_callable("ada", str)
    guidance = brain.guidance("repair mail", target="mail", context={"error": REDIS})

    handed = memory_for(inside(brain).context, brain.agents.get("ada"), guidance, "repair mail", "repair")

    assert handed.splitlines()[0] == "What to try against the error:"
    assert "restart-redis: helped 2 of 2" in handed.splitlines()[1]


def test_the_command_line_shows_errors_by_their_text(open_brain: OpenBrain, tmp_path: object) -> None:
    brain = Brain.open(f"{tmp_path}/memory.db", model="none")
    brain.capture_error(REDIS)
    brain.flush()
    tried(brain, "restart-redis", helped=2)
    brain.causes.join(REDIS, "Error: connect ECONNREFUSED 10.1.2.3:6379", reason="both are redis down")
    brain.close()
    asked = {
        words: CliRunner().invoke(main, [*words.split(), "--store", f"{tmp_path}/memory.db"]).output
        for words in ("evidence list --limit 1", "causes list --limit 1", "evidence", "causes")
    }

    assert asked["evidence list --limit 1"].count("restart-redis: helped") == 1
    assert "ConnectionError: Error 111 connecting" in asked["evidence"]
    assert "ConnectionError: Error 111 connecting" in asked["causes"]
    assert "both are redis down" in asked["causes list --limit 1"]
