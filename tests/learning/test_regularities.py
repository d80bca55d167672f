"""Are change points, precursors and rhythms found where they are, and not told where there are none?"""

from __future__ import annotations

import random

import pytest

from brainops.learning.signals.sequences import Event, Tried, precursors
from brainops.statistics.change_points import change_points
from brainops.statistics.seasonality import Rhythm, seasons
from brainops.statistics.significance import chi_square, discoveries, fisher, kruskal_wallis, poisson
from brainops.types.times import HOUR_MICROS

MINUTE = 60_000_000
WITHIN = 15 * MINUTE
SEEDS = 40


def walk(seed: int, count: int, memory: float) -> list[tuple[int, float]]:
    draw, value, points = random.Random(seed), 0.0, []
    for at in range(count):
        value = memory * value + draw.gauss(0.0, 1.0)
        points.append((at, value))
    return points


@pytest.mark.parametrize("memory", [0.0, 0.5, 0.8])
def test_a_series_without_a_change_has_hardly_ever_a_change_point(memory: float) -> None:
    told = sum(bool(change_points("s", walk(seed, 200, memory))) for seed in range(SEEDS))

    assert told <= 2  # of forty, at a hundredth each


def test_a_lasting_change_is_found_where_it_began() -> None:
    points = [(at, value + (4.0 if at >= 120 else 0.0)) for at, value in walk(7, 200, 0.3)]

    (found,) = change_points("s", points)

    assert abs(found.at - 120) <= 2
    assert found.after - found.before == pytest.approx(4.0, abs=1.0)


def test_a_spike_is_no_change_of_level() -> None:
    points = [(at, value + (50.0 if 100 <= at < 105 else 0.0)) for at, value in walk(8, 200, 0.0)]

    assert not change_points("s", points)


def history(seed: int, *, harmful: str | None) -> tuple[list[Event], list[Tried]]:
    draw, end = random.Random(seed), 300 * 20 * MINUTE
    events = [Event(at=draw.randrange(end), key=f"event-{draw.randrange(12)}") for _ in range(600)]
    tried = []
    for _ in range(600):
        at = draw.randrange(end)
        warned = any(event.key == harmful and at - WITHIN <= event.at < at for event in events)
        tried.append(Tried(at=at, name=f"job-{draw.randrange(3)}", failed=draw.random() < (0.6 if warned else 0.1)))
    return events, tried


def test_events_that_mean_nothing_are_hardly_ever_precursors() -> None:
    told = sum(bool(precursors(*history(seed, harmful=None), WITHIN)) for seed in range(SEEDS))

    assert told <= 4  # of forty histories, at a twentieth each


def test_an_event_that_precedes_failure_is_found_with_its_lift() -> None:
    found = precursors(*history(3, harmful="event-5"), WITHIN)

    assert {each.events for each in found} == {("event-5",)}
    assert all(each.lift > 2.0 for each in found)


def test_two_in_a_row_are_told_where_they_say_more_than_the_second_alone() -> None:
    events, tried = [], []
    for block in range(200):
        at = block * 60 * MINUTE
        first, second = block % 2 == 0, block % 4 < 2
        if first:
            events.append(Event(at=at, key="drain"))
        if second:
            events.append(Event(at=at + MINUTE, key="resize"))
        tried.append(Tried(at=at + 2 * MINUTE, name="deploy", failed=(first and second) or block % 29 == 0))

    found = precursors(events, tried, WITHIN)

    assert ("drain", "resize") in {each.events for each in found}


def test_an_operation_is_no_precursor_of_itself() -> None:
    events = [Event(at=at * 60 * MINUTE, key="failed:deploy", operation="deploy") for at in range(100)]
    tried = [Tried(at=at * 60 * MINUTE + MINUTE, name="deploy", failed=True) for at in range(0, 100, 2)]

    assert not precursors(events, tried, WITHIN)


def by_the_hour(
    seed: int, days: int, *, hour: int | None = None, weekday: int | None = None
) -> list[tuple[int, float]]:
    draw = random.Random(seed)
    return [
        (
            at * HOUR_MICROS,
            draw.gauss(0.0, 1.0) + 3.0 * (at % 24 == hour) + 2.0 * ((at // 24 + 3) % 7 == weekday),
        )
        for at in range(days * 24)
    ]


def test_noise_has_hardly_ever_a_rhythm() -> None:
    assert sum(bool(seasons("s", by_the_hour(seed, 35))) for seed in range(SEEDS)) <= 3  # two tests of a hundredth


def test_a_bad_hour_is_named() -> None:
    (found,) = seasons("s", by_the_hour(1, 21, hour=3))

    assert (found.rhythm, found.high) == (Rhythm.HOUR, (3,))
    assert found.names(found.high) == "03:00"


def test_a_bad_day_of_the_week_is_named() -> None:
    found = {season.rhythm: season for season in seasons("s", by_the_hour(2, 70, weekday=5))}

    assert found[Rhythm.WEEKDAY].names(found[Rhythm.WEEKDAY].high) == "Saturday"


def test_the_tests_agree_with_published_values() -> None:
    assert chi_square(3.841, 1) == pytest.approx(0.05, abs=1e-4)
    assert chi_square(35.172, 23) == pytest.approx(0.05, abs=1e-4)
    assert poisson(10, 4.0) == pytest.approx(0.008132, abs=1e-5)
    assert fisher(3, 4, 4, 8) == pytest.approx(17 / 70)  # the lady who tasted tea
    assert kruskal_wallis([[1, 2, 3], [1, 2, 3]]) == pytest.approx(1.0)


def test_of_many_tests_only_the_surest_hold() -> None:
    assert discoveries([0.001, 0.04, 0.9, 0.02]) == [True, False, False, True]
    assert discoveries([]) == []
