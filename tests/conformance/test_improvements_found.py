"""Does the record say what would be better: steps' time and retries, agents, rules, weights of retrieval?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import asdict, replace

from brainops.brain import Brain
from brainops.errors import OperationBlocked
from brainops.learning.cycles.part import CycleWork
from brainops.learning.improvements import retrieval_weights
from brainops.learning.improvements.port import draft
from brainops.memory.rank import DEFAULT
from brainops.memory.weights import weights_of
from brainops.operations.guard import breaker
from brainops.store import acts
from brainops.types import (
    Action,
    Cycle,
    Done,
    Improvement,
    ImprovementKind,
    ImprovementState,
    KeyProof,
    Procedure,
    Retry,
    Rule,
    RuleKind,
    RuleMode,
    Step,
    StepKind,
    Succeeded,
)
from tests.conformance.conftest import OpenBrain
from tests.conformance.test_improvements import PERSON, Clock
from tests.inside import inside


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def brain(open_brain: OpenBrain, clock: Clock) -> Brain:
    opened = open_brain(clock=clock, actor=PERSON)
    opened.guard.set_autonomy("auto")
    return opened


def found(brain: Brain, cycle: str = "daily") -> list[Improvement]:
    """Return what a cycle finds of the kinds that are tested here."""
    report = brain.learning.run(cycle, early=True)
    assert report is not None
    assert "could not be looked at" not in report.text()
    return [each for each in brain.improvements.list() if each.kind is not ImprovementKind.MEMORY]


def established(brain: Brain, step: Step) -> None:
    brain.establish(Procedure(name="restock", steps=(step,)))


def calling(**fields: Any) -> Step:
    action = Action(uses=StepKind.CALL, parameters={"function": "shop.work", "arguments": {}})
    return Step(id="work", action=action, **fields)


def ran(brain: Brain, times: int) -> None:
    for number in range(times):
        brain.runs.start("restock", target=str(number))


# Steps


def test_a_step_that_runs_out_of_time_though_it_nearly_made_it_is_given_more(brain: Brain, clock: Clock) -> None:
    calls = iter(range(1_000))

    def work(given: Mapping[str, Any]) -> str:
        clock.later(45)
        if next(calls) % 3 == 0:
            raise TimeoutError("it took too long")
        return "done"

    brain.calls.register("shop.work", work)
    established(brain, calling(timeout_seconds=60.0))
    ran(brain, 40)

    (improvement,) = found(brain)

    assert improvement.kind is ImprovementKind.TIMEOUT
    assert improvement.title == "restock: give step work 120 seconds instead of 60"
    assert "14 of 40 runs" in improvement.reason
    assert isinstance(improvement.after, dict)
    assert "timeout-minutes: 2" in improvement.after["source"]
    assert improvement.evidence["timed_out"] == 14


def test_a_step_that_is_merely_slow_at_times_keeps_its_time(brain: Brain, clock: Clock) -> None:
    def work(given: Mapping[str, Any]) -> str:
        clock.later(45)
        return "done"

    brain.calls.register("shop.work", work)
    established(brain, calling(timeout_seconds=60.0))
    ran(brain, 40)

    assert found(brain) == []


def test_retries_that_never_helped_are_tried_without(brain: Brain, clock: Clock) -> None:
    def work(given: Mapping[str, Any]) -> str:
        clock.later(5)
        raise ValueError("no such shelf")

    brain.calls.register("shop.work", work)
    established(brain, calling(retry=Retry(attempts=2, wait_seconds=0.0, jitter=0.0)))
    for number in range(12):
        run = brain.runs.start("restock", target=str(number))
        while run.finished_at is None:
            clock.later(60)
            run = brain.runs.advance(run.id)

    (improvement,) = found(brain)

    assert improvement.kind is ImprovementKind.RETRY
    assert improvement.title == "restock: try step work once instead of 2 times"
    assert improvement.evidence["measure"] == "quick_end"


# Agents


def judged(brain: Brain, agent: str, times: int, *, right: bool) -> None:
    for number in range(times):
        execution = brain.agents.execute(f"tidy shelf {number}", task_class="tidy", agent=agent)
        brain.agents.verify(execution.id, right=right)


def test_an_agent_whose_tasks_others_do_far_better_is_given_no_more_and_gets_them_back(brain: Brain) -> None:
    for name in ("careful", "careless"):
        brain.agents.register_callable(name, lambda task: "done", capabilities=["tidy"])
    judged(brain, "careful", 12, right=True)
    judged(brain, "careless", 20, right=False)
    found(brain, "hourly")

    (improvement,) = found(brain, "hourly")
    during = brain.agents.get("careless").enabled
    brain.improvements.undo(improvement.id)

    assert improvement.state is ImprovementState.APPLIED
    assert improvement.title == "give no more tasks to careless"
    assert not during
    assert brain.agents.get("careless").enabled


def test_the_only_agent_that_can_is_kept_however_bad(brain: Brain) -> None:
    brain.agents.register_callable("careless", lambda task: "done", capabilities=["tidy"])
    judged(brain, "careless", 20, right=False)

    assert found(brain, "hourly") == []


def test_what_agents_claim_of_themselves_is_no_evidence(brain: Brain) -> None:
    brain.agents.register_callable("careful", lambda task: Succeeded(result="done"), capabilities=["tidy"])
    for number in range(12):
        brain.agents.execute(f"tidy shelf {number}", task_class="tidy", agent="careful")
    with inside(brain).store.read() as tx:
        claimed = tx.improvements.agents(since=0, until=1 << 60)
    judged(brain, "careful", 3, right=True)

    with inside(brain).store.read() as tx:
        (row,) = tx.improvements.agents(since=0, until=1 << 60)

    assert list(claimed) == []
    assert (row["attempts"], row["succeeded"]) == (3, 3)


# Rules


def test_a_rule_judged_false_in_a_strict_namespace_waits_for_a_person(brain: Brain) -> None:
    key = brain.approvals.approvers.enrol("grace").key
    assert key is not None
    brain.guard.set_enforcement("strict")
    done = Done(operation="run tests")
    asks = Rule(
        id="", namespace="", name="test first", mode=RuleMode.ASK, kind=RuleKind.ORDER, requirement=done,
        operations=("deploy*",),
    )  # fmt: skip
    made = brain.guard.add(asks)
    for number in range(30):
        with pytest.raises(OperationBlocked):
            brain.begin(f"deploy {number}", target=str(number))
    for decision in brain.guard.decisions(kind="blocked", rule=made.id, limit=100):
        brain.guard.false_block(decision.id)
    before = brain.guard.rule(made.id).mode

    (improvement,) = [each for each in found(brain, "hourly") if each.kind is ImprovementKind.RULE]
    found(brain, "hourly")
    waiting = brain.improvements.get(improvement.id).state
    brain.improvements.apply(improvement.id, proof=KeyProof(key=key))

    assert before is RuleMode.ASK
    assert breaker.LEAST_JUDGED <= 30
    assert waiting is ImprovementState.PROPOSED
    assert brain.guard.rule(made.id).mode is RuleMode.WARN


# Retrieval


def followed(brain: Brain, times: int) -> None:
    """Let operations succeed by following a memory that answers them."""
    for number in range(times):
        memory = brain.capture(f"Restock shelf {number}", f"order crates for shelf {number} first")
        running = brain.begin(f"restock shelf {number}", consult="always")
        running.follow(memory.id)
        running.succeed()
        with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
            assert tx.operations.verify(running.id)


def test_the_questions_that_helped_are_asked_again_with_what_they_found(brain: Brain, clock: Clock) -> None:
    followed(brain, 5)
    brain.flush()
    now = clock()
    work = CycleWork(context=inside(brain).context, cycle=Cycle.DAILY, from_at=0, to_at=now, now=now)

    asked = list(retrieval_weights.questions(work, 0))

    assert len(asked) == 5
    assert all(question.helped in {each.key for each in question.candidates} for question in asked)


def test_weights_hold_for_the_namespace_and_are_taken_back_exactly(brain: Brain, clock: Clock) -> None:
    sides: list[Any] = [asdict(DEFAULT), asdict(replace(DEFAULT, recency=0.1))]
    proposal = draft(
        ImprovementKind.RETRIEVAL,
        retrieval_weights.KEY,
        "retrieval",
        "recency 0.1",
        "it won",
        before=sides[0],
        after=sides[1],
        at=clock(),
    )
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        kept = inside(brain).services.improvements.propose(tx, proposal)
    assert kept is not None

    brain.improvements.apply(kept.id)
    with inside(brain).store.read() as tx:
        during = weights_of(tx)
    brain.improvements.undo(kept.id)

    assert during.recency == 0.1
    with inside(brain).store.read() as tx:
        assert weights_of(tx) == DEFAULT
