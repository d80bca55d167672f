"""Which errors are new, which rise, and which came back after they had been quiet?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from brainops.learning.significance import discoveries
from brainops.types import Micros

QUIET_MICROS = 7 * 86_400_000_000  # a week without an error: whatever ended it was thought to have worked
WEEK_HOURS = 168
FEWEST = 5  # in an hour, before it can be told as rising


@dataclass(frozen=True, slots=True, kw_only=True)
class Error:
    """One kind of error among what is looked at.

    `now` counts it there and `first_at` is its first; `before_at` is when it was seen before that (None: never); `week`
    and `lately` count the last week and the last hour.
    """

    title: str
    before_at: Micros | None
    first_at: Micros
    now: int
    week: int
    lately: int


def errors_told(errors: Sequence[Error]) -> dict[str, list[str]]:
    """Return the lines about errors that are `new`, `returned` or `rising`, the most frequent first; the rest is known.

    One rises where its last hour has more than its share of the week, by a binomial test, with false discoveries held
    over all kinds of errors that are looked at.
    """
    ranked = sorted(errors, key=lambda error: (-error.now, error.title))
    holds = discoveries([_chance(error.lately, error.week) for error in ranked])
    told: dict[str, list[str]] = {"new": [], "returned": [], "rising": []}
    for error, rises in zip(ranked, holds, strict=True):
        if error.before_at is None:
            told["new"].append(f"new: {error.title} ({_times(error.now)})")
        elif error.first_at - error.before_at >= QUIET_MICROS:
            days = (error.first_at - error.before_at) // 86_400_000_000
            told["returned"].append(f"came back after {days} days: {error.title} ({_times(error.now)})")
        elif rises and error.lately >= FEWEST:
            rest = (error.week - error.lately) / (WEEK_HOURS - 1)
            told["rising"].append(f"rising: {error.title} ({error.lately} in the last hour, usually {rest:.1f})")
    return told


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _chance(lately: int, week: int) -> float:
    """Return the chance that the last hour of a week has so many of its errors, if all hours are alike."""
    if lately <= 0:
        return 1.0
    share = 1 / WEEK_HOURS
    below = sum(math.exp(_log_binomial(count, week, share)) for count in range(min(lately, week + 1)))
    return max(0.0, min(1.0, 1.0 - below))


def _log_binomial(count: int, whole: int, share: float) -> float:
    ways = math.lgamma(whole + 1) - math.lgamma(count + 1) - math.lgamma(whole - count + 1)
    return ways + count * math.log(share) + (whole - count) * math.log1p(-share)
