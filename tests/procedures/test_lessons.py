"""Do the runs of a procedure teach what they show, and nothing from one or two of them?"""

from __future__ import annotations

from typing import Any

from brainops.procedures.runs.lessons import lesson
from brainops.types import Action, Actor, Procedure, Run, RunState, Step, StepKind, StepRun, StepState

PROCEDURE = Procedure(
    name="deploy",
    steps=tuple(Step(id=each, action=Action(uses=StepKind.MANUAL)) for each in ("build", "smoke")),
)


def step(step_id: str, state: StepState = StepState.SUCCEEDED, **values: Any) -> StepRun:
    given = {"attempts": 1, "idempotency_key": "k", "started_at": 0, "finished_at": 2_000_000, **values}
    return StepRun(run_id="r", step_id=step_id, state=state, **given)


def run(state: RunState, *steps: StepRun) -> Run:
    ended = state in (RunState.SUCCEEDED, RunState.FAILED)
    return Run(
        id="r",
        namespace="team/a",
        procedure_id="p",
        procedure_name="deploy",
        procedure_hash="h",
        inputs={},
        state=state,
        epoch=1,
        actor=Actor(),
        created_at=0,
        started_at=0,
        finished_at=4_000_000 if ended else None,
        steps=steps,
    )


def test_runs_are_counted_by_how_they_ended() -> None:
    taught = lesson(PROCEDURE, [run(RunState.SUCCEEDED), run(RunState.FAILED), run(RunState.WAITING)])

    assert (taught.runs, taught.succeeded, taught.failed, taught.waiting) == (3, 1, 1, 1)
    assert taught.median_seconds == 4.0
    assert taught.findings == ("1 of 2 runs that went to their end succeeded",)


def test_a_step_that_fails_half_the_time_is_named_with_its_last_error() -> None:
    failing = [
        run(RunState.FAILED, step("build"), step("smoke", StepState.FAILED, error="HTTP 500", finished_at=at))
        for at in (1, 2)
    ]
    taught = lesson(PROCEDURE, [*failing, run(RunState.SUCCEEDED, step("build"), step("smoke"))])

    assert "step smoke failed in 2 of 3 runs: HTTP 500" in taught.findings
    assert not [each for each in taught.findings if "build" in each]


def test_two_runs_teach_nothing_of_a_step() -> None:
    taught = lesson(PROCEDURE, [run(RunState.FAILED, step("smoke", StepState.FAILED, error="x"))] * 2)

    assert not [each for each in taught.findings if "smoke" in each]


def test_a_step_that_is_excused_again_and_again_is_named_and_one_without_its_condition_is_not() -> None:
    excused = run(RunState.SUCCEEDED, step("build", StepState.SKIPPED, skipped_because="approval-1"))
    unneeded = run(RunState.SUCCEEDED, step("smoke", StepState.SKIPPED, skipped_because="condition"))
    taught = lesson(PROCEDURE, [excused] * 3 + [unneeded] * 3)

    assert "step build was skipped with an approval 3 times" in taught.findings
    assert not [each for each in taught.findings if "smoke" in each]


def test_a_step_that_needs_several_tries_is_named() -> None:
    taught = lesson(PROCEDURE, [run(RunState.SUCCEEDED, step("build", attempts=3, failures=2))] * 3)

    assert "step build needed another try in 3 of 3 runs" in taught.findings


def test_a_lesson_becomes_the_content_of_a_memory() -> None:
    content = lesson(PROCEDURE, [run(RunState.SUCCEEDED, step("build"))]).as_content()

    assert isinstance(content, dict)
    assert content["steps"][0]["median_seconds"] == 2.0
