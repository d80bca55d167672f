"""Does a goal become a plan that is held to its constraints, is it run, and is the next plan made from it?"""

from __future__ import annotations

from typing import Any

import pytest

from brainops.brain import Brain
from brainops.errors import InvalidInput, NotFound
from brainops.store.sqlite import clock_micros
from brainops.types import Actor, ActorKind, ProcedureState, RunState, StepState, Task
from tests.conformance.conftest import OpenBrain

PERSON = Actor(kind=ActorKind.PERSON, id="ada", proof="os-user")
GOAL = "Implement user authentication enhancement"
CONSTRAINTS = {"timeline": "4 hours", "testing_required": True, "rollback_plan": True}


class Agent:
    """An agent that keeps what it was asked, and fails at tasks that begin with one of these words."""

    def __init__(self, *fails: str) -> None:
        self.fails = fails
        self.tasks: list[str] = []

    def __call__(self, task: Task) -> Any:
        self.tasks.append(task.text)
        if task.text.startswith(self.fails or ("\0",)):
            raise RuntimeError("the session store was unreachable")
        return {"did": task.text}


@pytest.fixture
def brain(open_brain: OpenBrain) -> Brain:
    return open_brain(actor=PERSON)


def test_the_founding_workflow_is_planned_with_tests_and_a_way_back_in_time(brain: Brain) -> None:
    brain.agents.register_callable("builder", Agent())

    plan = brain.workflows.plan(GOAL, CONSTRAINTS)

    version = brain.procedures.get(plan.procedure, number=plan.number)
    assert plan.steps == ("prepare_rollback", "work", "test")
    assert version.state is ProcedureState.DRAFT
    work = version.procedure.step("work")
    assert work is not None and work.compensate is not None and work.needs == ("prepare_rollback",)
    assert sum(step.timeout_seconds or 0 for step in version.procedure.steps) <= 4 * 3_600 == plan.deadline_seconds
    assert {choice.agent for choice in plan.agents.values() if choice} == {"builder"}
    assert plan.mermaid.startswith("flowchart TD") and "builder" in plan.text
    assert plan.confidence == 0.0


def test_a_workflow_is_run_and_what_came_of_it_is_kept(brain: Brain) -> None:
    builder = Agent()
    brain.agents.register_callable("builder", builder)

    done = brain.workflows.create(GOAL, CONSTRAINTS)

    assert done.state is RunState.SUCCEEDED
    assert [text.split(" ")[0] for text in builder.tasks] == ["Prepare", "Implement", "Test"]
    assert done.learned is not None
    assert "succeeded" in brain.get(done.learned).title
    assert brain.procedures.get(done.plan.procedure).state is ProcedureState.RETIRED
    with pytest.raises(KeyError, match="no part of a workflow"):
        done["colour"]


def test_a_listed_workflow_says_how_its_steps_stand(brain: Brain) -> None:
    brain.agents.register_callable("builder", Agent())
    brain.workflows.create(GOAL, CONSTRAINTS)

    [listed] = brain.workflows.list()

    assert listed.run is not None and {step.state for step in listed.run.steps} == {StepState.SUCCEEDED}


def test_the_next_plan_for_such_a_goal_reuses_the_run_that_went_better(brain: Brain) -> None:
    builder = Agent("Release")
    brain.agents.register_callable("builder", builder)
    badly = brain.workflows.create("Release the mobile app")
    well = brain.workflows.create("Build the mobile app, then release the mobile app")

    plan = brain.workflows.plan("Release the mobile app today")

    assert (badly.state, well.state) == (RunState.FAILED, RunState.SUCCEEDED)
    assert next(iter(plan.sources)) == well.learned
    assert plan.steps == ("work_1", "check_work_2", "work_2")
    assert 0.4 < plan.confidence < 1


def test_a_goal_of_several_parts_keeps_its_own_order(brain: Brain) -> None:
    brain.agents.register_callable("builder", Agent())
    brain.workflows.create("Migrate the user table, then deploy the user service")

    plan = brain.workflows.plan("Deploy the user service; migrate the user table")

    procedure = brain.procedures.get(plan.procedure, number=plan.number).procedure
    assert [step.name for step in procedure.steps] == ["Deploy the user service", "migrate the user table"]


def test_a_step_that_failed_before_is_checked_first_and_tried_twice(brain: Brain) -> None:
    brain.agents.register_callable("builder", Agent("Implement"))
    failed = brain.workflows.create(GOAL)

    plan = brain.workflows.plan(GOAL)

    procedure = brain.procedures.get(plan.procedure, number=plan.number).procedure
    step, check = procedure.step("work"), procedure.step("check_work")
    assert failed.state is RunState.FAILED and plan.confidence < 0.5
    assert plan.steps == ("check_work", "work")
    assert step is not None and step.retry.attempts == 2
    assert check is not None and "session store was unreachable" in str(check.action.parameters["task"])


def test_what_was_done_is_taken_back_when_the_test_fails(brain: Brain) -> None:
    builder = Agent("Test")
    brain.agents.register_callable("builder", builder)

    done = brain.workflows.create(GOAL, CONSTRAINTS)

    assert done.state is RunState.FAILED
    assert builder.tasks[-1].startswith("Take back")
    assert done.run is not None and [undo.step_id for undo in done.run.compensations] == ["work"]


def test_a_workflow_waits_where_no_agent_is_capable(brain: Brain) -> None:
    plan = brain.workflows.plan(GOAL)

    begun = brain.workflows.run(plan)

    assert begun.state is RunState.WAITING
    assert begun.run is not None and begun.run.steps[0].waits_for == "agent"
    assert any("no agent is capable" in note for note in plan.notes)
    assert brain.workflows.list()[0].run is not None


def test_a_person_agrees_before_anything_changes_where_the_risk_is_high(brain: Brain) -> None:
    builder = Agent()
    brain.agents.register_callable("builder", builder)

    begun = brain.workflows.create(GOAL, {"risk_level": "high"})

    assert begun.state is RunState.WAITING
    assert begun.run is not None and begun.run.steps[0].step_id == "approve"
    assert begun.run.steps[0].waits_for == "approval"
    assert builder.tasks == []


def test_a_workflow_past_its_deadline_is_cancelled_taken_back_and_told(open_brain: OpenBrain) -> None:
    passed = 0
    brain = open_brain(actor=PERSON, clock=lambda: clock_micros() + passed)
    begun = brain.workflows.create(GOAL, {"deadline_seconds": 3_600})
    assert begun.run is not None and begun.run.state is RunState.WAITING

    passed = 3_600_000_000

    assert brain.workflows.sweep() == 1
    ended = brain.workflows.get(begun.run.id)
    assert ended.state is RunState.CANCELLED
    assert any("deadline has passed" in notice.subject for notice in brain.notices.list())
    assert brain.workflows.sweep() == 1
    assert brain.workflows.sweep() == 0
    (hit,) = brain.retrieve(GOAL, tags=["workflow"])
    assert "cancelled" in hit.memory.title


def test_a_workflow_stops_where_its_budget_is_spent(brain: Brain) -> None:
    brain.agents.register_callable("builder", Agent(), cost=3.0)

    done = brain.workflows.create("Build the index, then publish the index", {"budget": "$2"})

    assert done.state is RunState.FAILED
    assert "has cost 3 of 2" in str(done.run)


def test_a_procedure_that_fits_the_goal_is_what_is_followed(brain: Brain) -> None:
    brain.establish(
        {
            "name": "rotate-signing-keys",
            "description": "Rotate the signing keys of the token service",
            "steps": [{"id": "rotate", "uses": "capture", "with": {"title": "rotated"}}],
        }
    )

    done = brain.workflows.create("Rotate the signing keys of the token service")

    assert done.state is RunState.SUCCEEDED
    assert "rotate-signing-keys" in done.plan.text


def test_constraints_that_are_not_understood_are_handed_on_and_said(brain: Brain) -> None:
    plan = brain.workflows.plan(GOAL, {"colour": "blue ${{ secrets.key }}"})

    work = brain.procedures.get(plan.procedure, number=plan.number).procedure.step("work")
    assert any("not understood" in note for note in plan.notes)
    assert work is not None and "colour" in str(work.action.parameters["context"])


def test_a_goal_without_words_or_an_unknown_run_is_refused(brain: Brain) -> None:
    with pytest.raises(InvalidInput, match="a goal is text"):
        brain.workflows.plan(" ")
    with pytest.raises(InvalidInput, match="constraints are a mapping"):
        brain.workflows.plan(GOAL, [1])  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        brain.workflows.get("019b")
