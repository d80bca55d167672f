"""Is the moment here that a run waits for, or its lease passed, even where somebody set the clock meanwhile?

What is written down is a time of the database's clock. A loop that lives on measures by its own from when it first saw
it: a wait is as long as it was, and no lease stands longer than leases last, whichever way the other clock jumps.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from msgspec import Struct

from brainops.types import Micros
from brainops.types.times import SECOND_MICROS

TOLERATED_SECONDS = 5.0  # that the two clocks may differ: one is slewed, and a look takes time
_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # it goes on while a machine sleeps


def steady_seconds() -> float:
    """Return the seconds of a clock that nobody sets."""
    return time.clock_gettime(_STEADY)


class Lease(Struct, frozen=True, kw_only=True):
    """How long something is its owner's without a sign of life; afterwards it is anybody's."""

    seconds: float

    @property
    def micros(self) -> Micros:
        """The same as times are counted."""
        return int(self.seconds * SECOND_MICROS)

    def until(self, now: Micros) -> Micros:
        """Return when a lease that begins or is renewed now has passed."""
        return now + self.micros

    def holds(self, until: Micros | None, now: Micros) -> bool:
        """Say whether it holds; what lies further ahead than leases do was written before the clock was set back."""
        return until is not None and now < until <= now + 2 * self.micros


LEASE = Lease(seconds=30.0)
"""Of a run and of an agent's execution: longer than a stalled disk or a busy machine, shorter than patience."""


class Timer(Struct, frozen=True, kw_only=True):
    """When a run is due next: the end of its wait, or of its owner's lease."""

    id: str
    due_at: Micros
    owned: bool


class Ripe(Struct, frozen=True, kw_only=True):
    """Which timers are over before the database's clock says so, which are not though it does, and when the next is."""

    over: dict[str, Micros]
    held: frozenset[str]
    next_seconds: float | None


class Patience(Struct, kw_only=True):
    """What one loop has seen of timers; `lease_seconds` is the longest that a lease lasts."""

    lease_seconds: float
    clock: Callable[[], float] = steady_seconds
    _seen: dict[str, tuple[Micros, float]] = {}

    def look(self, timers: Iterable[Timer], now: Micros) -> Ripe:
        """Return where the timers stand at a time of the database's clock."""
        at, seen = self.clock(), self._seen
        self._seen, over, held, waits = {}, {}, set[str](), []
        for timer in timers:
            left = max(0.0, (timer.due_at - now) / SECOND_MICROS)
            if timer.owned:
                left = min(left, self.lease_seconds)
            known = seen.get(timer.id)
            end = known[1] if known is not None and known[0] == timer.due_at else at + left
            self._seen[timer.id] = (timer.due_at, end)
            if at >= end:
                if timer.due_at > now:
                    over[timer.id] = timer.due_at
                waits.append(0.0)
            elif timer.due_at <= now and end - at > TOLERATED_SECONDS:
                held.add(timer.id)
                waits.append(end - at)
            else:
                waits.append(min(left, end - at))
        return Ripe(over=over, held=frozenset(held), next_seconds=min(waits, default=None))
