"""Did a rate of failure change, when, and how sure is that, though many rates are looked at? (pure)

A series of counts either has one rate, or one up to a moment and another from then on. Each rate has Jeffreys'
prior Beta(1/2, 1/2), so the evidence of counts is a ratio of beta functions; the Bayes factor for a change is its mean
over all moments at which it could have happened. As an e-value it goes through the e-Benjamini-Hochberg procedure (Wang
and Ramdas, 2022), which holds the share of false changes under its line whatever the series have to do with each other.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from msgspec import Struct

from brainops.statistics.calibration import sigmoid

FALSE_SHARE = 0.05  # of the changes that are told, at most so many are none
PRIOR_CHANGE = 0.01  # how probable a change is before looking: one in a hundred kinds of operations
FEWEST = 5  # operations on each side of a change; fewer say nothing that a person would act on
LEAST_DIFFERENCE = 0.05  # between the rates; less may be real and matters to nobody
MOST_CHANGES = 8  # in one series; the latest is told, those before only keep it from being blurred


class FailureCounts(Struct, frozen=True, kw_only=True):
    """What ended in one stretch of time, and how much of it failed."""

    at: int
    ended: int
    failed: int


class RateChange(Struct, frozen=True, kw_only=True):
    """A rate's latest change: when, the counts before and after it, and the Bayes factor for it."""

    at: int
    ended_before: int
    failed_before: int
    ended_after: int
    failed_after: int
    log_factor: float

    @property
    def before(self) -> float:
        """The rate before the change."""
        return self.failed_before / self.ended_before

    @property
    def after(self) -> float:
        """The rate since."""
        return self.failed_after / self.ended_after

    @property
    def probability(self) -> float:
        """How probable the change is, given that `PRIOR_CHANGE` of the series change."""
        odds = self.log_factor + math.log(PRIOR_CHANGE / (1 - PRIOR_CHANGE))
        return sigmoid(odds)


def latest_change(series: Sequence[FailureCounts]) -> RateChange | None:
    """Return the latest moment at which a rate changed, with the evidence for it; None where it could not have.

    The most likely moment splits the series; where the part after it changed again, that change is the latest.
    """
    counts = [each for each in series if each.ended]
    found: RateChange | None = None
    for _ in range(MOST_CHANGES):
        split = _split(counts)
        if split is None or (found is not None and split[1].log_factor < math.log(1 / FALSE_SHARE)):
            break
        position, found = split
        counts = counts[position:]
    return found


def told(changes: Iterable[tuple[str, RateChange]], series: int) -> list[tuple[str, RateChange]]:
    """Return those changes that may be told, the surest first, of so many series looked at.

    e-Benjamini-Hochberg: the k surest, for the largest k whose k-th e-value is at least series / (k * FALSE_SHARE).
    """
    ranked = sorted(changes, key=lambda each: (-each[1].log_factor, each[0]))
    keep = 0
    for number, (_, change) in enumerate(ranked, start=1):
        if change.log_factor >= math.log(max(series, 1) / (number * FALSE_SHARE)):
            keep = number
    return [each for each in ranked[:keep] if abs(each[1].after - each[1].before) >= LEAST_DIFFERENCE]


def label(name: str, target: str | None) -> str:
    """Return an operation as a sentence names it."""
    return f"{name} on {target}" if target else name


def _split(counts: Sequence[FailureCounts]) -> tuple[int, RateChange] | None:
    """Return the most likely place of a change with its evidence, by the mean over all places."""
    ended, failed = sum(each.ended for each in counts), sum(each.failed for each in counts)
    if failed in (0, ended) or ended < 2 * FEWEST:
        return None
    whole, factors = _evidence(ended, failed), []
    ended_before = failed_before = 0
    best: tuple[float, int, int, int] | None = None
    for position, each in enumerate(counts[:-1], start=1):
        ended_before, failed_before = ended_before + each.ended, failed_before + each.failed
        if ended_before < FEWEST or ended - ended_before < FEWEST:
            continue
        factor = _evidence(ended_before, failed_before)
        factor += _evidence(ended - ended_before, failed - failed_before) - whole
        factors.append(factor)
        if best is None or factor > best[0]:
            best = factor, position, ended_before, failed_before
    if best is None:
        return None
    _, position, ended_before, failed_before = best
    return position, RateChange(
        at=counts[position].at,
        ended_before=ended_before,
        failed_before=failed_before,
        ended_after=ended - ended_before,
        failed_after=failed - failed_before,
        log_factor=_log_mean(factors),
    )


def _evidence(ended: int, failed: int) -> float:
    """Return the logarithm of how probable these outcomes are under a rate that nobody knows."""
    return math.lgamma(failed + 0.5) + math.lgamma(ended - failed + 0.5) - math.lgamma(ended + 1) - math.log(math.pi)


def _log_mean(values: Sequence[float]) -> float:
    most = max(values)
    return most + math.log(sum(math.exp(value - most) for value in values) / len(values))
