"""Do the six founding procedures do their work, and does the sample that asks for guidance go both ways?"""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from brainops import authoring
from brainops.brain import Brain
from brainops.founding.establish import establish, sources
from brainops.framework import PersistentMemoryFramework
from brainops.types import ApprovalState, ProcedureState, RunState
from tests.founding.test_samples import sample

NAMES = {
    "ai-agent-coordination",
    "continuous-learning",
    "intelligent-error-resolution",
    "memory-aware-deployment",
    "memory-first-development",
    "memory-optimization",
}
CONTEXT = {"severity": "high", "affecting_users": 1000}
TASK = "Fix memory leak in production"


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point the default memory at a folder of the test's own."""
    monkeypatch.setenv("BRAINOPS_HOME", str(tmp_path))
    monkeypatch.setenv("BRAINOPS_NAMESPACE", "founding")
    monkeypatch.setenv("BRAINOPS_MODEL", "none")
    return tmp_path / "memory.db"


@pytest.fixture
def brain(memory: Path) -> Iterator[Brain]:
    with Brain.open(memory, background=False) as opened:
        establish(opened.procedures)
        yield opened


@pytest.mark.parametrize("name", sorted(NAMES))
def test_each_founding_procedure_does_what_its_own_examples_say(name: str, brain: Brain) -> None:
    results = authoring.rehearsed(brain.procedures.get(name).procedure)

    assert results
    assert [result.differences for result in results if not result.passed] == []


def test_establishing_them_again_changes_nothing(brain: Brain) -> None:
    again = establish(brain.procedures)

    assert {one.procedure.name for one in again} == NAMES == set(sources())
    assert {(one.number, one.state) for one in again} == {(1, ProcedureState.ACTIVE)}


def test_one_that_was_replaced_by_a_persons_own_is_left_alone(brain: Brain) -> None:
    own = brain.establish({"name": "memory-optimization", "description": "ours", "steps": [{"name": "look"}]})

    establish(brain.procedures)

    assert brain.procedures.get("memory-optimization").hash == own.hash


def test_development_consults_memory_and_keeps_what_the_change_taught(brain: Brain) -> None:
    brain.capture("Pool size is 40 since the outage", "Do not lower it", type="decision_record")
    begun = brain.execute("memory-first-development", {"task": "change the pool size"})
    first = brain.runs.current(begun.id)

    brain.runs.complete(begun.id, "change", output={"summary": "pool is 50"})
    ended = brain.runs.complete(begun.id, "tests", output={"passed": True})

    assert first.step_id == "change"
    assert "Pool size is 40" in str(begun.step("decisions"))
    assert ended.state is RunState.SUCCEEDED
    assert brain.retrieve("changed pool size", types=["success_pattern"])[0].memory.source.run_id == begun.id


def test_development_does_not_end_without_passing_tests(brain: Brain) -> None:
    begun = brain.execute("memory-first-development", {"task": "change the pool size"})
    brain.runs.complete(begun.id, "change", output={"summary": "pool is 50"})

    with pytest.raises(Exception, match="passed"):
        brain.runs.complete(begun.id, "tests", output={"passed": False})

    assert brain.runs.get(begun.id).state is RunState.WAITING


def test_a_risky_deployment_waits_for_a_person(brain: Brain) -> None:
    begun = brain.execute("memory-aware-deployment", {"task": "deploy v2", "risk_level": "high"}, target="api")

    pending = brain.approvals.pending()

    assert begun.state is RunState.WAITING
    assert [(each.run_id, each.step_id, each.state) for each in pending] == [(begun.id, "agree", ApprovalState.PENDING)]


def test_an_unknown_error_is_resolved_by_hand_and_known_from_then_on(brain: Brain) -> None:
    begun = brain.execute("intelligent-error-resolution", {"error": "KeyError: tenant"}, target="api")

    ended = brain.runs.complete(
        begun.id, "resolve", output={"resolved": True, "cause": "old rows", "solution": "run the backfill"}
    )

    assert ended.state is RunState.SUCCEEDED
    known = brain.match("KeyError: tenant")[0]
    assert known.exact
    assert known.memory.content["solution"] == "run the backfill"  # type: ignore[index, call-overload]


def test_coordination_waits_with_a_plan_and_pretends_nothing(brain: Brain) -> None:
    begun = brain.execute("ai-agent-coordination", {"task": "write the release notes"})

    step = begun.step("carry_out")

    assert begun.state is RunState.WAITING
    assert step is not None
    assert step.waits_for == "agent"
    assert "brainops agent done" in str(step.detail)


def test_coordination_hands_the_task_to_an_agent_and_lets_every_agent_learn_from_it(brain: Brain) -> None:
    brain.capture("Release notes name breaking changes first", "Readers stop after ten lines", type="decision_record")
    given: list[str] = []

    def writer(task: Any) -> dict[str, str]:
        given.append(task.memory)
        return {"file": "NOTES.md"}

    brain.agents.register_callable("writer", writer, capabilities=["write*"])

    ended = brain.execute("ai-agent-coordination", {"task": "write the release notes", "target": "docs"})

    assert ended.state is RunState.SUCCEEDED
    assert ended.outputs == {"agent": "writer", "result": {"file": "NOTES.md"}}
    assert "breaking changes first" in given[0]
    learnt = brain.retrieve("write the release notes", tags=["agents"])[0].memory
    assert learnt.content["result"] == {"file": "NOTES.md"}  # type: ignore[index, call-overload]


def test_learning_counts_the_errors_of_late_from_the_record(brain: Brain) -> None:
    for _ in range(2):
        brain.begin("sync orders").fail("TimeoutError: orders")
    brain.begin("sync orders").succeed()

    ended = brain.execute("continuous-learning", {"hours": 1})

    insight = brain.retrieve("operations of the last hour", tags=["continuous-learning"])[0].memory
    assert ended.state is RunState.SUCCEEDED
    assert insight.content["operations"]["failed"] == 2  # type: ignore[index, call-overload]


def test_optimization_checks_that_everything_can_be_found(brain: Brain) -> None:
    ended = brain.execute("memory-optimization")

    assert ended.state is RunState.SUCCEEDED
    assert brain.retrieve("memory was looked after", types=["performance_metric"])


def test_what_runs_taught_becomes_an_insight(brain: Brain) -> None:
    brain.execute("continuous-learning")
    brain.begin("sync orders").succeed()
    brain.execute("continuous-learning")

    kept = brain.learn("continuous-learning")

    assert brain.get(kept.id).content["succeeded"] == 2  # type: ignore[index, call-overload]


def test_the_sample_follows_the_recommended_procedure_where_memory_is_sure(memory: Path, brain: Brain) -> None:
    for number in range(40):  # the record that makes it sure: the procedure was followed and the operation went well
        operation = brain.begin(TASK, context=CONTEXT)
        assert operation.guidance is not None
        operation.follow()
        operation.succeed(f"mended {number}")
        brain.operations.verify(operation.id)

    names = run_sample(memory)

    assert names["guidance"]["confidence"] > 0.8
    assert names["guidance"]["primary_recommendation"]["name"] == "intelligent-error-resolution"
    executed = brain.runs.list(procedure="intelligent-error-resolution")
    assert len(executed) == 1


def test_the_sample_creates_a_new_approach_where_memory_is_not_sure(memory: Path, brain: Brain) -> None:
    names = run_sample(memory)

    assert names["guidance"]["confidence"] <= 0.8
    assert brain.runs.list() == []


def run_sample(memory: Path) -> dict[str, Any]:
    """Run the sample "Get Contextual Guidance" with the prelude that the design states."""
    names: dict[str, Any] = {"context": dict(CONTEXT)}
    source = sample("Get Contextual Guidance").rstrip() + "\n    pass\n"

    async def session() -> None:
        async with PersistentMemoryFramework(str(memory)) as pmf:
            names["pmf"] = pmf
            code = compile(source, "sample", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            await eval(code, names)

    asyncio.run(session())
    return names
