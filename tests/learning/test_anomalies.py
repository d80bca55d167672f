"""Is a point that is unlike the rest told, once, and is a quiet series left alone?"""

from __future__ import annotations

import random

import pytest

from brainops.statistics.anomalies import QUIET, THRESHOLD, Detector, anomalies

MINUTE = 60_000_000


def noisy(seed: int, count: int, level: float = 50.0) -> list[tuple[int, float]]:
    draw = random.Random(seed)
    return [(at * MINUTE, draw.gauss(level, 2.0)) for at in range(count)]


def test_a_spike_is_told_where_it_is() -> None:
    points = noisy(1, 500)
    points[400] = (400 * MINUTE, 120.0)

    found = list(anomalies("cpu", points))

    assert [anomaly.at for anomaly in found] == [400 * MINUTE]
    assert found[0].expected == pytest.approx(50.0, abs=5.0)


def test_a_level_that_stays_is_told_once() -> None:
    points = [(at, value + (60.0 if index >= 400 else 0.0)) for index, (at, value) in enumerate(noisy(2, 400 + QUIET))]

    assert len(list(anomalies("cpu", points))) == 1


def test_noise_is_rarely_told() -> None:
    told = sum(len(list(anomalies("cpu", noisy(seed, 1_000)))) for seed in range(20))

    assert told <= 4  # of 20,000 points


def test_nothing_is_said_before_anything_is_usual() -> None:
    detector = Detector("cpu")

    assert all(detector.feed(at, value).score < THRESHOLD for at, value in [(0, 1.0), (1, 900.0), (2, -5.0)])


def test_a_value_that_is_no_number_neither_alarms_nor_spoils_the_rest() -> None:
    points = noisy(3, 500)
    points[200] = (200 * MINUTE, float("nan"))
    points[201] = (201 * MINUTE, float("inf"))
    points[400] = (400 * MINUTE, 120.0)

    assert [anomaly.at for anomaly in anomalies("cpu", points)] == [400 * MINUTE]


def test_a_series_that_never_moves_is_quiet() -> None:
    assert not list(anomalies("flat", [(at, 7.0) for at in range(2_000)]))
