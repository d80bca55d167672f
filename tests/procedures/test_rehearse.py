"""Does a declared example go through the real machine, and is every difference told?"""

from __future__ import annotations

from typing import Any

from brainops.procedures.definition.define import define
from brainops.procedures.definition.rehearse import rehearse
from brainops.types import ExampleResult

STEPS: list[dict[str, Any]] = [
    {"id": "build", "run": "make", "verify": "output.exit_code == 0", "compensate": "make clean"},
    {"id": "ship", "run": ["ship", "${{ steps.build.output.version }}"], "compensate": "unship"},
    {"id": "tell", "run": "tell", "needs": "build", "if": "inputs.loud", "continue-on-error": True},
    {"id": "look", "needs": ["ship", "tell"]},
]


def gone(expect: dict[str, Any], **example: Any) -> ExampleResult:
    procedure = define(
        {
            "name": "p",
            "inputs": {"loud": {"type": "boolean", "default": True}},
            "steps": STEPS,
            "outputs": {"version": "${{ steps.build.output.version }}"},
            "expected_outcomes": ["steps.look.succeeded"],
            "tests": [{"expect": expect, **example}],
        }
    )
    return rehearse(procedure, procedure.tests[0])


BUILT = {"build": {"output": {"exit_code": 0, "version": "1.2"}}}


def test_all_goes_well() -> None:
    result = gone({"state": "succeeded", "outputs": {"version": "1.2"}, "skipped": []}, steps=BUILT)

    assert result.passed, result.differences
    assert (result.order, result.undone) == (("build", "ship", "tell", "look"), ())


def test_a_condition_that_does_not_hold_skips_its_step() -> None:
    result = gone({"skipped": ["tell"], "order": ["build", "ship", "look"]}, steps=BUILT, inputs={"loud": False})

    assert result.passed, result.differences


def test_a_failure_takes_back_what_was_done() -> None:
    result = gone(
        {"state": "failed", "failed": "look", "undone": ["ship", "build"]}, steps={**BUILT, "look": {"error": "no"}}
    )

    assert result.passed, result.differences
    assert result.undone == ("ship", "build")


def test_a_verification_that_does_not_hold_fails_its_step() -> None:
    result = gone({"state": "failed", "undone": "build"}, steps={"build": {"output": {"exit_code": 1}}})

    assert result.passed, result.differences
    assert "did not pass its verification" in str(result.error)


def test_a_step_of_which_nothing_is_said_succeeds() -> None:
    assert gone({"succeeded": ["build"], "state": "failed"}, steps={"ship": {"error": "no"}}).undone == ("build",)


def test_a_step_that_may_fail_ends_nothing() -> None:
    assert gone({"state": "succeeded", "failed": ["tell"]}, steps={**BUILT, "tell": {"error": "no"}}).passed


def test_a_step_that_waits_leaves_the_run_waiting() -> None:
    assert gone({"state": "waiting"}, steps={**BUILT, "look": {"waits": "manual"}}).passed


def test_a_template_without_a_value_fails_its_step() -> None:
    result = gone({"state": "failed", "failed": ["ship"]}, steps={"build": {"output": {"exit_code": 0}}})

    assert result.passed, result.differences


def test_inputs_that_do_not_fit_are_a_difference() -> None:
    result = gone({"state": "succeeded"}, inputs={"loud": "yes"})

    assert not result.passed
    assert "the input 'loud' is of type boolean" in str(result.differences)


def test_what_differs_is_told() -> None:
    result = gone({"state": "failed", "order": ["ship"]}, steps=BUILT)

    assert result.differences == (
        "state: 'succeeded' instead of 'failed'",
        "order: ['build', 'ship', 'tell', 'look'] instead of ['ship']",
    )
