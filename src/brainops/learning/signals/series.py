"""Which values does a stored series have: a gauge's own, a counter's rate?"""

from __future__ import annotations

from itertools import pairwise

from brainops.store import Transaction
from brainops.store.database import Row
from brainops.types import Micros, Series, SeriesPoint

SERIES_LOOKED_AT = 300
"""Series, the last seen first, that anomalies, change points and suspects are looked for in: under two seconds."""


POINTS_READ = 20_000  # of one series: a fortnight of minutes
MOST_POINTS = 400  # more than a screen has columns


def values_of(tx: Transaction, series: Row, *, since: Micros, until: Micros, limit: int) -> list[tuple[Micros, float]]:
    """Return (bucket, value) in order of time: the mean of a bucket, or a counter's growth a second since the last.

    A counter that fell began anew, and says nothing for that bucket.
    """
    rows = list(reversed(tx.signals.points(series["id"], since=since, until=until, limit=limit)))
    if not series["counter"]:
        return [(row["bucket"], row["total"] / row["count"]) for row in rows]
    return [
        (row["bucket"], (row["last"] - earlier["last"]) / ((row["bucket"] - earlier["bucket"]) / 1e6))
        for earlier, row in pairwise(rows)
        if row["last"] >= earlier["last"]
    ]


def course(tx: Transaction, series: Row, *, since: Micros, until: Micros) -> Series:
    """Return how a series went, by the means of at most `MOST_POINTS` steps."""
    values = thinned(values_of(tx, series, since=since, until=until, limit=POINTS_READ), MOST_POINTS)
    return Series(
        figure=title(series),
        unit="a second" if series["counter"] else "",
        step_seconds=max(60.0, (until - since) / 1e6 / MOST_POINTS),
        formula="growth of the counter a second" if series["counter"] else "mean of the values of a step",
        points=tuple(SeriesPoint(at=at, value=value, counted=1) for at, value in values),
    )


def thinned(values: list[tuple[Micros, float]], most: int) -> list[tuple[Micros, float]]:
    """Return at most so many points: the means of as many in a row."""
    step = -(-len(values) // most) if values else 1
    parts = [values[at : at + step] for at in range(0, len(values), step)]
    return [(part[0][0], sum(value for _, value in part) / len(part)) for part in parts]


def title(series: Row) -> str:
    """Return a series as people name it: metric of component."""
    return f"{series['name']} of {series['component']}"
