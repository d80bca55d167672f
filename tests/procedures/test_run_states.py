"""Is the page about the states of a run what the program does?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainops.procedures.runs import machine
from brainops.types import ENDED, Procedure, Retry, RunState, StepState
from tests.conformance.runs_kit import step

PAGE = Path(__file__).parents[2] / "docs" / "run-states.md"


def rows() -> list[str]:
    """Return the table of the steps' states as the page has it."""
    return [
        f"| {before.value} | {', '.join(after.value for after in StepState if after in allowed) or 'nothing'} |"
        for before, allowed in machine.STEP_TRANSITIONS.items()
    ]


def test_the_picture_of_the_page_is_drawn_from_the_table() -> None:
    drawn = re.search(r"```mermaid\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)

    assert drawn is not None
    assert drawn[1].strip() == machine.picture(machine.RUN_TRANSITIONS, ENDED)


def test_the_table_of_the_page_is_the_table_of_the_program() -> None:
    page = PAGE.read_text(encoding="utf-8").splitlines()

    assert [row for row in rows() if row not in page] == []


def test_every_state_has_its_transitions_and_an_end_is_reached_from_each() -> None:
    assert set(machine.RUN_TRANSITIONS) == set(RunState)
    assert set(machine.STEP_TRANSITIONS) == set(StepState)
    for state in RunState:
        reached, more = {state}, {state}
        while more:
            more = {after for before in more for after in machine.RUN_TRANSITIONS[before]} - reached
            reached |= more
        assert reached & ENDED


@given(
    failures=st.integers(1, 200),
    chance=st.floats(0, 1),
    retry=st.builds(
        Retry,
        attempts=st.integers(1, 100),
        wait_seconds=st.floats(0, 1e5),
        factor=st.floats(1, 100),
        max_wait_seconds=st.floats(0, 1e5),
        jitter=st.floats(0, 1),
    ),
)
def test_a_wait_before_another_attempt_is_bounded_and_the_last_attempt_is_the_last(
    failures: int, chance: float, retry: Retry
) -> None:
    wait = machine.retry_after(retry, failures, chance)

    assert (wait is None) == (failures >= retry.attempts)
    assert wait is None or 0 <= wait <= retry.max_wait_seconds * (1 + retry.jitter) + 1e-6


@pytest.mark.parametrize(("failures", "chance", "seconds"), [(1, 0.5, 2.0), (2, 0.5, 6.0), (3, 1.0, 12.0), (9, 0, 8.0)])
def test_waits_grow_up_to_a_limit_and_are_spread(failures: int, chance: float, seconds: float) -> None:
    retry = Retry(attempts=10, wait_seconds=2, factor=3, max_wait_seconds=10, jitter=0.2)

    assert machine.retry_after(retry, failures, chance) == pytest.approx(seconds)


def test_what_needs_a_step_is_found_through_others() -> None:
    procedure = Procedure(name="p", steps=(step("a"), step("b", "a"), step("c", "b"), step("d")))

    assert machine.dependents(procedure, "a") == {"a", "b", "c"}
