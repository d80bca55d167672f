"""Does a figure over time say what was counted in each step, and nothing where nothing was?"""

from __future__ import annotations

import pytest

from brainops.brain import Brain
from brainops.errors import InvalidInput
from brainops.types.times import DAY_MICROS, HOUR_MICROS
from tests.conformance.conftest import OpenBrain, set_clock
from tests.inside import inside

NOON = 1_800_000_000_000_000 // DAY_MICROS * DAY_MICROS + 12 * HOUR_MICROS


@pytest.fixture
def brain(open_brain: OpenBrain) -> Brain:
    """Three hours of work: two operations in the first, none in the second, one that fails and one that does not."""
    brain = open_brain(clock=lambda: NOON)
    for hour, failed in ((0, False), (0, False), (2, True), (2, False)):
        at(brain, NOON + hour * HOUR_MICROS)
        running = brain.begin("deploy", consult="never")
        running.fail("OSError: disk full") if failed else running.succeed()
    at(brain, NOON + 3 * HOUR_MICROS - 2)
    return brain


def at(brain: Brain, now: int) -> None:
    set_clock(inside(brain).store, lambda: now)


def test_each_step_has_its_own_count_and_a_gap_is_none(brain: Brain) -> None:
    operations = brain.health.series("operations", since=NOON, until=NOON + 3 * HOUR_MICROS)
    failures = brain.health.series("failures", since=NOON, until=NOON + 3 * HOUR_MICROS)

    assert [(point.at, point.value) for point in operations.points] == [
        (NOON, 2.0),
        (NOON + HOUR_MICROS, None),
        (NOON + 2 * HOUR_MICROS, 2.0),
    ]
    assert [(point.value, point.counted) for point in failures.points] == [(0.0, 2), (None, 0), (0.5, 2)]
    assert (operations.unit, failures.unit, failures.step_seconds) == ("operations", "share", 3_600)


def test_the_last_step_ends_now_and_the_first_is_48_before(brain: Brain) -> None:
    told = brain.health.series("operations", step_seconds=1_800)

    assert len(told.points) == 48
    assert sum(point.counted for point in told.points) == 4
    assert told.points[-1].at + 1_800_000_000 == NOON + 3 * HOUR_MICROS - 1


def test_every_figure_of_health_has_a_course_or_is_said_to_be_of_now(brain: Brain) -> None:
    for figure in brain.health.figures():
        if figure.name in ("last capture", "queue age"):
            with pytest.raises(InvalidInput, match="of now only"):
                brain.health.series(figure.name)
        else:
            told = brain.health.series(figure.name, since=NOON - DAY_MICROS, step_seconds=86_400)
            assert (told.unit, len(told.points)) == (figure.unit, 2)


def test_the_rate_of_questions_is_that_of_the_step(brain: Brain) -> None:
    for _ in range(30):
        brain.guidance("deploy")
    told = brain.health.series("memory queries", since=NOON + 2 * HOUR_MICROS, until=NOON + 3 * HOUR_MICROS)

    assert (told.points[0].value, told.points[0].counted, told.unit) == (0.5, 30, "a minute")


@pytest.mark.parametrize(
    ("figure", "given", "told"),
    [
        ("uptime", {}, "no figure that has a course; there is memory queries"),
        ("operations", {"step_seconds": 1}, "a step is 60 to"),
        ("operations", {"step_seconds": 1e308}, "a step is 60 to"),
        ("operations", {"step_seconds": float("nan")}, "a step is 60 to"),
        ("operations", {"since": NOON - 365 * DAY_MICROS}, "more than 400 points; let the step be at least"),
        ("operations", {"since": NOON, "until": NOON}, "a later `until`"),
        ("operations", {"since": -5}, "a later `until`"),
        ("procedure compliance", {}, "counted by days"),
    ],
)
def test_what_is_no_course_is_refused_with_what_would_be(
    brain: Brain, figure: str, given: dict[str, float], told: str
) -> None:
    with pytest.raises(InvalidInput, match=told.replace("(", r"\(")):
        brain.health.series(figure, **given)  # type: ignore[arg-type]


def test_the_founding_charts_sum_each_step_and_say_from_how_much(brain: Brain) -> None:
    again = brain.begin("deploy", consult="never")
    again.fail("OSError: disk full")
    at(brain, NOON + 3 * HOUR_MICROS)

    charts = {chart.title: chart for chart in brain.health.charts(since=NOON, until=NOON + 4 * HOUR_MICROS)}

    assert list(charts) == ["Questions to memory", "Repeats", "Runs", "Loudest errors", "Improvements"]
    errors, repeats = charts["Loudest errors"], charts["Repeats"]
    assert (errors.unit, errors.counted, len(errors.at)) == ("failures", 2, 48)
    [line] = errors.lines
    assert "disk full" in line.name
    assert [(errors.at[step] - NOON) // HOUR_MICROS for step, value in enumerate(line.values) if value] == [2, 2]
    assert {line.name: sum(line.values) for line in repeats.lines} == {"avoided": 0, "repeated": 1}
    assert [mark.text for mark in errors.marks] == ["deploy"] * 5
    with pytest.raises(InvalidInput, match="later"):
        brain.health.charts(since=NOON, until=NOON)
