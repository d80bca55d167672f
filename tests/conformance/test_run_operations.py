"""Is everything that runs an operation of the log, once, and is its failure one error memory?"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import pytest

from brainops.brain import Brain
from brainops.errors import Conflict
from brainops.types import (
    JSON,
    Action,
    Concurrency,
    Failed,
    Memory,
    MemoryType,
    Operation,
    Procedure,
    Run,
    RunState,
    Step,
    StepKind,
    Succeeded,
)
from tests.conformance.conftest import OpenBrain

SAYING = "import sys; sys.exit('TimeoutError: erp did not answer within 3 s')"


@pytest.fixture
def brain(open_brain: OpenBrain) -> Brain:
    opened = open_brain()
    opened.limits.allow([sys.executable])
    return opened


def python(source: str) -> Action:
    return Action(uses=StepKind.COMMAND, parameters={"run": [sys.executable, "-c", source]})


def establish(brain: Brain, name: str, action: Action, **rest: object) -> None:
    inputs: dict[str, JSON] = {"type": "object", "additionalProperties": True}
    step = Step(id="sync", action=action)
    brain.establish(Procedure(name=name, description=name, steps=(step,), inputs=inputs, **rest))  # type: ignore[arg-type]


def errors(brain: Brain) -> Sequence[Memory]:
    return [hit.memory for hit in brain.retrieve(types=["error_pattern"], limit=50)]


def operations(brain: Brain) -> list[Operation]:
    return brain.operations.list(limit=50)[::-1]


def start(brain: Brain, name: str) -> Run:
    return brain.runs.start(name, {"order": 4711}, target="erp")


def execute(brain: Brain, name: str) -> Run:
    return brain.execute(name, {"order": 4711}, target="erp")


@pytest.mark.parametrize("how", [start, execute])
def test_a_run_is_one_operation_that_ends_with_it(brain: Brain, how: object) -> None:
    establish(brain, "sync-erp", python("pass"))

    run = how(brain, "sync-erp")  # type: ignore[operator]

    (operation,) = operations(brain)
    assert (operation.id, operation.start.name, operation.start.target) == (run.operation_id, "execute sync-erp", "erp")
    assert isinstance(operation.outcome, Succeeded)
    assert operation.start.context["order"] == 4711


@pytest.mark.parametrize("how", [start, execute])
def test_a_run_that_fails_is_one_failed_operation_and_one_error_memory(brain: Brain, how: object) -> None:
    establish(brain, "sync-erp", python(SAYING))

    run = how(brain, "sync-erp")  # type: ignore[operator]

    (operation,), (error,) = operations(brain), errors(brain)
    assert run.state is RunState.FAILED
    assert isinstance(operation.outcome, Failed)
    assert operation.error_memory_id == error.id
    assert (error.title, error.occurrences) == ("TimeoutError: erp did not answer within 3 s", 1)
    assert operation.fingerprint == error.fingerprint == run.fingerprint
    assert isinstance(error.content, dict)
    assert error.content["operation"] == "execute sync-erp"
    assert error.content["context"] == {"order": 4711, "run": run.id, "step": "sync"}


def test_failures_of_runs_count_where_guidance_looks(brain: Brain) -> None:
    establish(brain, "sync-erp", python(SAYING))
    for _ in range(3):
        start(brain, "sync-erp")

    for asked in ("execute sync-erp", "sync-erp", "sync erp"):
        guidance = brain.guidance(asked, target="erp")
        assert guidance.failure_probability is not None
        assert guidance.failure_probability > 0.5
        assert [each.name for each in guidance.similar_operations] == ["execute sync-erp"] * 3


def test_a_run_that_waits_is_an_open_operation_until_it_has_ended(brain: Brain) -> None:
    establish(brain, "ask", Action(uses=StepKind.MANUAL, parameters={}))

    run = execute(brain, "ask")
    before = operations(brain)[0].outcome
    brain.runs.complete(run.id, "sync")

    (operation,) = operations(brain)
    assert before is None
    assert isinstance(operation.outcome, Succeeded)


def test_a_run_that_is_stopped_is_a_failed_operation_and_no_error_to_remember(brain: Brain) -> None:
    establish(brain, "ask", Action(uses=StepKind.MANUAL, parameters={}))
    run = start(brain, "ask")

    brain.runs.cancel(run.id, reason="not today")

    (operation,) = operations(brain)
    assert isinstance(operation.outcome, Failed)
    assert operation.outcome.error.type == "CancelledError"
    assert errors(brain) == []


def test_a_run_that_is_tried_again_is_another_operation(brain: Brain) -> None:
    establish(brain, "sync-erp", python(SAYING))
    run = start(brain, "sync-erp")

    again = brain.runs.retry(run.id)

    first, second = operations(brain)
    assert (second.start.parent_id, again.operation_id) == (first.id, second.id)
    assert isinstance(second.outcome, Failed)
    assert [error.occurrences for error in errors(brain)] == [2]


def test_a_run_within_a_run_is_an_operation_below_it_and_its_failure_one_memory(brain: Brain) -> None:
    establish(brain, "inner", python(SAYING))
    establish(brain, "outer", Action(uses=StepKind.PROCEDURE, parameters={"procedure": "inner"}))

    run = start(brain, "outer")

    outer, inner = operations(brain)
    (error,) = errors(brain)
    assert (outer.start.name, inner.start.name) == ("execute outer", "execute inner")
    assert inner.start.parent_id == outer.id == run.operation_id
    assert outer.error_memory_id == inner.error_memory_id == error.id
    assert error.occurrences == 1


def test_a_run_that_joins_another_is_no_second_operation(brain: Brain) -> None:
    attach = Concurrency(group="one", on_conflict="attach")
    establish(brain, "ask", Action(uses=StepKind.MANUAL, parameters={}), concurrency=attach)
    first = start(brain, "ask")

    joined = [start(brain, "ask"), execute(brain, "ask")]

    assert [each.id for each in joined] == [first.id] * 2
    assert [each.id for each in operations(brain)] == [first.operation_id]


def test_a_run_that_may_not_begin_leaves_no_operation(brain: Brain) -> None:
    drop = Concurrency(group="one", on_conflict="drop")
    establish(brain, "ask", Action(uses=StepKind.MANUAL, parameters={}), concurrency=drop)
    start(brain, "ask")

    for how in (start, execute):
        with pytest.raises(Conflict):
            how(brain, "ask")

    assert len(operations(brain)) == 1


def test_what_happened_and_the_runs_that_answer_it_are_operations_one_below_the_other(brain: Brain) -> None:
    brain.guard.set_autonomy("auto")
    brain.establish({"name": "answer", "description": "It answers.", "on": {"events": ["Down"]},
                     "steps": [{"id": "look", "uses": "check", "with": {"condition": "true"}}]})  # fmt: skip

    handled = brain.handle("Down", target="erp")

    heard, answer = operations(brain)
    assert (heard.id, answer.start.parent_id) == (handled.operation_id, heard.id)
    assert answer.start.name == "execute answer"


def test_what_brainops_says_of_a_step_is_another_error_for_each_step(brain: Brain) -> None:
    for name in ("one", "other"):
        establish(brain, name, python("import sys; sys.exit(3)"))
        start(brain, name)

    titles = {error.title for error in errors(brain)}

    assert titles == {
        f"step sync of {name}: {sys.executable.rsplit('/', 1)[-1]} ended with exit status 3"
        for name in ("one", "other")
    }


def test_what_is_printed_of_a_failed_run_is_recognised_when_it_is_pasted_back(brain: Brain) -> None:
    quiet, saying = python("import sys; sys.exit(3)"), python(SAYING)
    establish(brain, "inner", saying)
    establish(brain, "outer", Action(uses=StepKind.PROCEDURE, parameters={"procedure": "inner"}))
    establish(brain, "quiet", quiet)

    for name in ("outer", "quiet"):
        run = start(brain, name)
        (notice,) = [each for each in brain.notices.pending() if each.body.get("run_id") == run.id]
        for printed in (run.error, notice.body["error"], errors(brain)[0].title):
            best = brain.match(str(printed))[0]
            assert best.exact, printed
            assert best.memory.type is MemoryType.ERROR_PATTERN
