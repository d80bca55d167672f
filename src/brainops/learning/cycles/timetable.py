"""When is a cycle due, what does it cover, and how often was it missed? (pure)"""

from __future__ import annotations

from msgspec import Struct

from brainops.types import Cycle, Micros
from brainops.types.times import DAY_MICROS, HOUR_MICROS

SET_BACK_MICROS = 300_000_000
"""A mark further ahead than this was made before the clock was set back; two processes differ by less."""

PERIOD_MICROS = {Cycle.FIVE_MINUTES: 300_000_000, Cycle.HOURLY: HOUR_MICROS, Cycle.DAILY: DAY_MICROS}


class Round(Struct, frozen=True, kw_only=True):
    """What one run of a cycle covers, the times that it was missed included."""

    from_at: Micros
    to_at: Micros
    missed: int


def set_back(through_at: Micros, now: Micros) -> bool:
    """Say whether a mark is of a time that this clock has not come to."""
    return through_at > now + SET_BACK_MICROS


def boundary(cycle: Cycle, now: Micros) -> Micros:
    """Return the last full five minutes, hour or day (UTC) at a time: what a run then covers ends there."""
    return now - now % PERIOD_MICROS[cycle]


def due(cycle: Cycle, through_at: Micros | None, now: Micros) -> Round | None:
    """Return the one run that covers everything since the mark; None where nothing is due."""
    to_at, period = boundary(cycle, now), PERIOD_MICROS[cycle]
    if through_at is None or set_back(through_at, now):
        return Round(from_at=to_at - period, to_at=to_at, missed=0)
    if through_at >= to_at:
        return None
    return Round(from_at=through_at, to_at=to_at, missed=max(0, -(-(to_at - through_at) // period) - 1))


def next_at(cycle: Cycle, through_at: Micros | None, now: Micros) -> Micros:
    """Return when a cycle is due next; now where it is due already."""
    if through_at is None or set_back(through_at, now):
        return now
    return max(now, boundary(cycle, through_at) + PERIOD_MICROS[cycle])
