"""Since when is a series at another level, and how sure is that? (pure)"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from statistics import fmean, median

from msgspec import Struct

from brainops.statistics.significance import ranks
from brainops.types import Micros

CHANCE = 0.01
"""How often a change may be told of a series that has none, over all its points."""

SEGMENT = 12
"""The fewest points on either side of a change: fewer are an anomaly, not a level."""

EFFECT = 1.0
"""How far the levels must lie apart, in robust deviations: a lasting change that nobody would see is not told."""

CHANGES = 8  # the most that are told of one series, the surest first found


class ChangePoint(Struct, frozen=True, kw_only=True):
    """A lasting change of level: `at` is the first point of the new one, `chance` that there was none (p value)."""

    series: str
    at: Micros
    before: float
    after: float
    chance: float


def change_points(series: str, points: Sequence[tuple[Micros, float]], chance: float = CHANCE) -> list[ChangePoint]:
    """Return the lasting changes of level of a series whose points are in order of time, oldest first.

    Pettitt's rank test (1979), again on both sides of what it finds (binary segmentation, the chance split among the
    parts). What a value has from the one before is taken into account by the number of points that they are worth,
    n (1 - r) / (1 + r), r being the autocorrelation around the two levels.
    """
    found = _search(series, points, chance)
    return sorted(sorted(found, key=lambda change: change.chance)[:CHANGES], key=lambda change: change.at)


def _search(series: str, points: Sequence[tuple[Micros, float]], chance: float) -> list[ChangePoint]:
    if len(points) < 2 * SEGMENT:
        return []
    values = [value for _, value in points]
    split, statistic = _pettitt(values)
    if not SEGMENT <= split <= len(values) - SEGMENT:
        return []
    before, after = values[:split], values[split:]
    probability = _chance(statistic, before, after)
    deviation = _deviation(before, after)
    if probability > chance or abs(median(after) - median(before)) < EFFECT * deviation:
        return []
    here = ChangePoint(
        series=series, at=points[split][0], before=median(before), after=median(after), chance=probability
    )
    return [*_search(series, points[:split], chance / 2), here, *_search(series, points[split:], chance / 2)]


def _pettitt(values: Sequence[float]) -> tuple[int, float]:
    """Return where the ranks before and after differ most, and by how much."""
    count, total, best, split = len(values), 0.0, 0.0, 0
    for at, rank in enumerate(ranks(values), 1):
        total += rank
        distance = abs(2 * total - at * (count + 1))
        if distance > best and SEGMENT <= at <= count - SEGMENT:
            best, split = distance, at
    return split, best


def _chance(statistic: float, before: Sequence[float], after: Sequence[float]) -> float:
    count = len(before) + len(after)
    worth = max(4.0, count * (1 - (r := _autocorrelation(before, after))) / (1 + r))
    exponent = -6.0 * statistic**2 / (count**3 + count**2) * (worth / count)
    return min(1.0, 2.0 * math.exp(exponent))


def _autocorrelation(before: Sequence[float], after: Sequence[float]) -> float:
    rest = [value - fmean(part) for part in (before, after) for value in part]
    whole = sum(value * value for value in rest)
    if not whole:
        return 0.0
    found = sum(one * next_one for one, next_one in itertools.pairwise(rest)) / whole
    # Around levels that were fitted the estimate is too low, by about (1 + 4 r) / n for each level.
    return min(0.99, max(0.0, found + 2 * (1 + 4 * max(found, 0.0)) / len(rest)))


def _deviation(before: Sequence[float], after: Sequence[float]) -> float:
    rest = [abs(value - median(part)) for part in (list(before), list(after)) for value in part]
    return 1.4826 * median(rest)
