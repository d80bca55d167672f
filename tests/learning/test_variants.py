"""Are variants of procedures mined from habits, and only such as are safe to try?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from brainops.learning.improvements.variants import Deed, PastRun, PastStep, Variant, always, interval, variants
from brainops.procedures.definition.canonical import as_mapping
from brainops.procedures.definition.define import define
from brainops.types import Procedure, StepState

DID = StepState.SUCCEEDED
BROKE = StepState.FAILED
SKIPPED = StepState.SKIPPED
MEND = Deed(name="restart cache", command=("systemctl", "restart", "cache"))


def procedure(*steps: Mapping[str, Any], **fields: Any) -> Procedure:
    return define({"name": "deploy", "description": "Deploy.", "steps": list(steps), **fields})


def command(name: str, **fields: Any) -> dict[str, Any]:
    return {"id": name, "run": ["make", name], **fields}


def run(states: Mapping[str, StepState], *, seconds: float = 100.0, own: float = 40.0, **fields: Any) -> PastRun:
    succeeded = fields.pop("succeeded", BROKE not in states.values())
    steps = {name: PastStep(state=state, seconds=own, excused=state is SKIPPED) for name, state in states.items()}
    return PastRun(succeeded=succeeded, seconds=seconds, steps=steps, **fields)


def only(given: Procedure, runs: list[PastRun]) -> Variant:
    (found,) = variants(given, runs)
    define(as_mapping(found.procedure))  # it is a procedure: its graph has no cycle, its conditions name what is there
    return found


def ids(given: Procedure) -> list[str]:
    return [step.id for step in given.steps]


# A step that fails each time


LINT = procedure(command("lint", **{"continue-on-error": True}), command("build"), command("ship"))
WITHOUT_LINT = [run({"lint": BROKE, "build": DID, "ship": DID}, succeeded=True)] * 12


def test_a_step_that_always_fails_and_is_gone_without_is_left_out() -> None:
    found = only(LINT, WITHOUT_LINT)

    assert ids(found.procedure) == ["build", "ship"]
    assert found.procedure.steps[0].needs == ()
    assert found.evidence == {"runs": 12, "cases": 12, "interval": list(interval(12, 12))}
    assert found.measure == "quick_success"


def test_what_was_done_because_it_failed_is_done_always() -> None:
    fallback = {**command("local"), "if": 'steps.lint.state == "failed"'}
    given = procedure(command("lint", **{"continue-on-error": True}), fallback, command("ship"))

    found = only(given, [run({"lint": BROKE, "local": DID, "ship": DID}, succeeded=True)] * 12)

    assert ids(found.procedure) == ["local", "ship"]
    assert found.procedure.steps[0].condition is None


@pytest.mark.parametrize(
    "given",
    [
        procedure(
            command("lint", **{"continue-on-error": True}), command("build", env={"A": "${{ steps.lint.error }}"})
        ),
        procedure(command("lint", **{"continue-on-error": True, "satisfies": ["review"]}), command("build")),
        procedure(
            command("lint", **{"continue-on-error": True}), command("build"), outputs={"l": "${{ steps.lint.output }}"}
        ),
    ],
)
def test_a_step_that_something_relies_on_stays(given: Procedure) -> None:
    assert list(variants(given, [run({"lint": BROKE, "build": DID}, succeeded=True)] * 12)) == []


@pytest.mark.parametrize(
    "runs",
    [
        WITHOUT_LINT[:9],
        [*WITHOUT_LINT, run({"lint": DID, "build": DID, "ship": DID}), run({"lint": DID, "build": DID, "ship": DID})],
        [run({"lint": BROKE, "build": BROKE}, succeeded=False)] * 12,
        [run({"lint": BROKE, "build": DID, "ship": DID}, succeeded=True, own=1.0)] * 12,
    ],
    ids=["too few", "not each time", "the run fails too", "it costs nothing"],
)
def test_what_is_no_habit_changes_nothing(runs: list[PastRun]) -> None:
    assert list(variants(LINT, runs)) == []


def test_what_somebody_only_says_of_a_step_counts_for_nothing() -> None:
    given = procedure({"id": "lint", "uses": "manual", "text": "Lint.", "continue-on-error": True}, command("build"))

    assert list(variants(given, [run({"lint": BROKE, "build": DID}, succeeded=True)] * 12)) == []


# A step that is skipped with approval


def test_a_step_that_is_always_excused_is_left_out() -> None:
    given = procedure(command("build"), command("sign"), command("ship"))

    found = only(given, [run({"build": DID, "sign": SKIPPED, "ship": DID})] * 12)

    assert ids(found.procedure) == ["build", "ship"]
    assert found.procedure.steps[1].needs == ("build",)
    assert found.excuses


def test_a_step_that_its_condition_skips_stays() -> None:
    given = procedure(command("build"), command("sign", **{"if": "inputs.release == true"}), inputs=RELEASE)
    past = run({"build": DID, "sign": SKIPPED})
    past = replace(past, steps={**past.steps, "sign": PastStep(state=SKIPPED)})

    assert list(variants(given, [past] * 12)) == []


RELEASE = {"type": "object", "properties": {"release": {"type": "boolean"}}}


# The same repair


def test_a_repair_after_each_failure_is_done_by_the_run_which_then_tries_again() -> None:
    given = procedure(command("build"), command("warm", retry={"attempts": 3}), command("ship"))
    broke = run({"build": DID, "warm": BROKE}, after=frozenset({MEND}))

    found = only(given, [broke] * 12)

    assert ids(found.procedure) == ["build", "warm", "repair_warm", "warm_again", "ship"]
    warm, repair, again, ship = found.procedure.steps[1:]
    assert (warm.continue_on_error, warm.retry.attempts) == (True, 1)
    assert repair.action.parameters == {"run": ["systemctl", "restart", "cache"]}
    assert repair.condition == again.condition == 'steps["warm"].state == "failed"'
    assert (again.action, again.continue_on_error) == (warm.action, False)
    assert ship.needs == ("warm_again",)
    assert "after 3 attempts" in found.why


def test_a_repair_after_each_success_ends_the_run() -> None:
    given = procedure(
        command("build"), {**command("ship"), "needs": ["build"]}, {**command("tell"), "needs": ["build"]}
    )

    found = only(given, [run({"build": DID, "ship": DID, "tell": DID}, after=frozenset({MEND}))] * 12)

    assert found.procedure.steps[-1].needs == ("ship", "tell")
    assert found.measure == "not_repaired"


def test_a_repair_that_is_no_command_is_a_procedure_or_a_person() -> None:
    given = procedure(command("build"))

    for name, uses in (("execute mend", "procedure"), ("call the vendor", "manual")):
        past = [run({"build": DID}, after=frozenset({Deed(name=name)}))] * 12
        assert only(given, past).procedure.steps[-1].action.uses == uses


def test_what_is_done_all_the_time_is_no_repair() -> None:
    both = frozenset({MEND})

    assert list(variants(procedure(command("build")), [run({"build": DID}, before=both, after=both)] * 12)) == []


def test_a_run_that_just_ended_says_nothing_of_repairs() -> None:
    past = [run({"build": DID}, after=frozenset({MEND}), told=False)] * 12

    assert list(variants(procedure(command("build")), past)) == []


# The order


CHECK = {"id": "room", "uses": "check", "with": {"condition": "inputs.room > 3"}}
ROOM = {"type": "object", "properties": {"room": {"type": "integer"}}}
LATE = procedure(command("build"), command("test"), CHECK, command("ship"), inputs=ROOM)


def test_a_check_that_often_fails_and_reads_nothing_before_it_comes_first() -> None:
    found = only(LATE, [run({"build": DID, "test": DID, "room": BROKE})] * 12)

    assert ids(found.procedure) == ["room", "build", "test", "ship"]
    assert found.procedure.steps[0].needs == ()
    assert "room" in found.procedure.steps[1].needs
    assert set(found.procedure.steps[3].needs) == {"room", "test"}
    assert found.measure == "quick_end"


def test_a_check_comes_no_earlier_than_what_it_reads() -> None:
    check = {**CHECK, "with": {"condition": "steps.build.output.exit_code == 0"}}
    given = procedure(command("build"), command("test"), check)

    found = only(given, [run({"build": DID, "test": DID, "room": BROKE})] * 12)

    assert ids(found.procedure) == ["build", "room", "test"]


@pytest.mark.parametrize("look", [{"run": ["df"]}, {"with": {"url": "http://localhost/health"}}])
def test_a_check_that_looks_at_the_world_stays_where_it_is(look: dict[str, Any]) -> None:
    given = procedure(command("build"), {"id": "room", "uses": "check", **look})

    assert list(variants(given, [run({"build": DID, "room": BROKE})] * 12)) == []


def test_a_quick_step_that_often_fails_goes_before_a_long_one_beside_it() -> None:
    given = procedure(
        command("quota"), {**command("build"), "needs": []}, {**command("ship"), "needs": ["quota", "build"]}
    )
    past = run({"quota": BROKE, "build": DID})
    past = replace(past, steps={**past.steps, "quota": PastStep(state=BROKE, seconds=0.5)})

    found = only(given, [past] * 12)

    assert found.procedure.steps[1].needs == ("quota",)
    assert found.measure == "quick_end"


# What it rests on


@given(cases=st.integers(0, 200), more=st.integers(0, 200))
def test_an_interval_holds_the_rate(cases: int, more: int) -> None:
    of = cases + more
    low, high = interval(cases, of)

    assert 0 <= low <= high <= 1
    assert of == 0 or low - 0.01 <= min(0.99, max(0.01, cases / of)) + 0.02
    assert not always(cases, of) or cases > 0.8 * of


@given(
    states=st.lists(
        st.dictionaries(st.sampled_from(["lint", "build", "ship"]), st.sampled_from([DID, BROKE, SKIPPED])), max_size=30
    ),
    deeds=st.frozensets(st.sampled_from([MEND, Deed(name="execute x"), Deed(name="call")])),
)
def test_whatever_the_record_says_each_variant_is_a_procedure(
    states: list[dict[str, StepState]], deeds: frozenset[Deed]
) -> None:
    for found in variants(LINT, [run(each, after=deeds) for each in states * 3]):
        define(as_mapping(found.procedure))
