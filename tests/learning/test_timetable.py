"""When is a cycle due, and what does one run cover?"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from brainops.learning.cycles.timetable import PERIOD_MICROS, boundary, due, next_at
from brainops.types import Cycle

MOMENTS = st.integers(1_600_000_000_000_000, 1_900_000_000_000_000)
CYCLES = st.sampled_from(list(Cycle))


def test_a_cycle_that_never_ran_covers_its_last_full_period() -> None:
    found = due(Cycle.HOURLY, None, 7_300_000_000)

    assert found is not None
    assert (found.from_at, found.to_at, found.missed) == (3_600_000_000, 7_200_000_000, 0)


def test_a_week_that_was_missed_is_one_run() -> None:
    week = 7 * PERIOD_MICROS[Cycle.DAILY]
    found = due(Cycle.DAILY, week, 2 * week + 5)

    assert found is not None
    assert (found.from_at, found.to_at, found.missed) == (week, 2 * week, 6)


@given(CYCLES, MOMENTS)
def test_after_a_run_nothing_is_due_before_the_next_boundary(cycle: Cycle, now: int) -> None:
    through = boundary(cycle, now)

    assert due(cycle, through, now) is None
    assert next_at(cycle, through, now) == through + PERIOD_MICROS[cycle]
    assert due(cycle, through, next_at(cycle, through, now)) is not None


@given(CYCLES, MOMENTS, st.integers(0, 10**13))
def test_runs_join_without_a_gap(cycle: Cycle, through: int, later: int) -> None:
    found = due(cycle, through, through + later)

    assert found is None or (found.from_at == through and found.to_at > through and found.missed >= 0)
