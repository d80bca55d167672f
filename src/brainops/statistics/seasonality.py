"""Does a series go with the hour of the day or the day of the week? (pure)"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from enum import StrEnum
from statistics import fmean, median

from msgspec import Struct

from brainops.statistics.significance import kruskal_wallis, ranks
from brainops.types import Micros
from brainops.types.times import HOUR_MICROS

CHANCE = 0.01
"""How often a rhythm may be told of a series that has none."""

LEAST_DAYS = 7  # of the same hour, before hours are compared
LEAST_WEEKS = 4  # of the same day, before days are compared: seven groups of three cannot tell much
STANDS_OUT = 3.0
"""Standard errors by which the mean rank of an hour or day must lie away to be named."""

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
FIRST_WEEKDAY = 3  # the first of January 1970 was a Thursday


class Rhythm(StrEnum):
    """What a series goes with."""

    HOUR = "hour"
    WEEKDAY = "weekday"


class Season(Struct, frozen=True, kw_only=True):
    """A rhythm of a series: `levels` are the medians of the hours (0 to 23, UTC) or days (0 is Monday).

    `high` and `low` are those that stand out, `chance` that there is no rhythm (p value).
    """

    series: str
    rhythm: Rhythm
    levels: tuple[float, ...]
    high: tuple[int, ...]
    low: tuple[int, ...]
    chance: float

    def names(self, slots: Iterable[int]) -> str:
        """Return hours or days as people say them."""
        return ", ".join(f"{slot:02d}:00" if self.rhythm is Rhythm.HOUR else WEEKDAYS[slot] for slot in slots)


def seasons(series: str, points: Iterable[tuple[Micros, float]]) -> list[Season]:
    """Return the rhythms of a series; its points may come in any order and at any distance.

    Each day gives one value an hour (the mean), each week one value a day; the Kruskal-Wallis test compares them by
    rank, so that one wild day makes no rhythm, and values that hang together within a day make it the stricter.
    """
    hours: dict[int, list[float]] = defaultdict(list)
    for at, value in points:
        hours[at // HOUR_MICROS].append(value)
    by_hour = {hour: fmean(values) for hour, values in hours.items()}
    of_day: dict[int, list[float]] = defaultdict(list)
    days: dict[int, list[float]] = defaultdict(list)
    for hour, value in sorted(by_hour.items()):
        of_day[hour % 24].append(value)
        days[hour // 24].append(value)
    of_week: dict[int, list[float]] = defaultdict(list)
    for day, values in sorted(days.items()):
        of_week[(day + FIRST_WEEKDAY) % 7].append(fmean(values))
    found = (
        _season(series, Rhythm.HOUR, [of_day[slot] for slot in range(24)], LEAST_DAYS),
        _season(series, Rhythm.WEEKDAY, [of_week[slot] for slot in range(7)], LEAST_WEEKS),
    )
    return [season for season in found if season is not None]


def _season(series: str, rhythm: Rhythm, slots: Sequence[Sequence[float]], least: int) -> Season | None:
    enough = [slot for slot in slots if len(slot) >= least]
    if len(enough) < 2:
        return None
    chance = kruskal_wallis(enough)
    if chance > CHANCE:
        return None
    levels = tuple(median(slot) if slot else math.nan for slot in slots)
    away = _away(slots)
    high = tuple(at for at, z in enumerate(away) if z >= STANDS_OUT)
    low = tuple(at for at, z in enumerate(away) if z <= -STANDS_OUT)
    return Season(series=series, rhythm=rhythm, levels=levels, high=high, low=low, chance=chance)


def _away(slots: Sequence[Sequence[float]]) -> list[float]:
    """Return how many standard errors the mean rank of each slot lies from the middle."""
    ranked = ranks([value for slot in slots for value in slot])
    middle = (len(ranked) + 1) / 2
    spread = math.sqrt(sum((rank - middle) ** 2 for rank in ranked) / len(ranked)) or 1.0
    away, start = [], 0
    for slot in slots:
        mean = fmean(ranked[start : start + len(slot)]) if slot else middle
        away.append((mean - middle) / (spread / math.sqrt(max(1, len(slot)))))
        start += len(slot)
    return away
