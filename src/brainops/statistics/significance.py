"""Could that be chance? The tests that patterns must pass, and what many tests at once ask of each. (pure)"""

from __future__ import annotations

import math
from collections.abc import Sequence

FALSE_DISCOVERIES = 0.05
"""The share of told patterns that may be chance, held by `discoveries` over all that were tried in one go."""

_ITERATIONS = 500  # of the series and the continued fraction below; both converge in tens
_TINY = 1e-300


def discoveries(chances: Sequence[float], share: float = FALSE_DISCOVERIES) -> list[bool]:
    """Say which of many tests hold so that among those told at most this share is expected to be chance.

    `chances` are p values; the step-up procedure of Benjamini and Hochberg (1995).
    """
    ranked = sorted(range(len(chances)), key=lambda at: chances[at])
    last = max((rank for rank, at in enumerate(ranked, 1) if chances[at] <= share * rank / len(chances)), default=0)
    holds = [False] * len(chances)
    for at in ranked[:last]:
        holds[at] = True
    return holds


def fisher(both: int, exposed: int, failed: int, whole: int) -> float:
    """Return the chance of at least `both` failures among the exposed if exposure meant nothing.

    Fisher's exact test, one-sided: `exposed` of `whole` cases were exposed, `failed` of them all failed.
    """
    total = 0.0
    for count in range(both, min(exposed, failed) + 1):
        total += math.exp(
            _log_choose(failed, count) + _log_choose(whole - failed, exposed - count) - _log_choose(whole, exposed)
        )
    return min(1.0, total)


def _log_choose(whole: int, part: int) -> float:
    if not 0 <= part <= whole:
        return -math.inf
    return math.lgamma(whole + 1) - math.lgamma(part + 1) - math.lgamma(whole - part + 1)


def ranks(values: Sequence[float]) -> list[float]:
    """Return the rank of each value, 1 for the least; equal values share the mean of theirs."""
    order = sorted(range(len(values)), key=values.__getitem__)
    found = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and values[order[end + 1]] == values[order[start]]:
            end += 1
        for at in range(start, end + 1):
            found[order[at]] = (start + end) / 2 + 1
        start = end + 1
    return found


def kruskal_wallis(groups: Sequence[Sequence[float]]) -> float:
    """Return the chance that groups as different as these come from one distribution (Kruskal and Wallis, 1952)."""
    filled = [group for group in groups if group]
    values = [value for group in filled for value in group]
    count = len(values)
    if len(filled) < 2 or count < 3:
        return 1.0
    ranked = ranks(values)
    statistic, start = 0.0, 0
    for group in filled:
        mean = sum(ranked[start : start + len(group)]) / len(group)
        statistic += len(group) * (mean - (count + 1) / 2) ** 2
        start += len(group)
    spread = sum((rank - (count + 1) / 2) ** 2 for rank in ranked) / (count - 1)
    return chi_square(statistic / spread, len(filled) - 1) if spread else 1.0


def poisson(count: int, expected: float) -> float:
    """Return the chance of at least `count` where so many are expected."""
    return 1.0 - _upper_gamma(count, expected) if count > 0 else 1.0


def chi_square(statistic: float, degrees: int) -> float:
    """Return the chance of a chi-squared value of at least this much."""
    return _upper_gamma(degrees / 2, statistic / 2)


def _upper_gamma(shape: float, x: float) -> float:
    """Return the regularised upper incomplete gamma function Q (Abramowitz and Stegun, 6.5.29 and 6.5.31)."""
    if x <= 0:
        return 1.0
    scale = math.exp(shape * math.log(x) - x - math.lgamma(shape))
    if x < shape + 1:
        term = total = 1.0 / shape
        for step in range(1, _ITERATIONS):
            term *= x / (shape + step)
            total += term
            if term < total * 1e-14:
                break
        return max(0.0, 1.0 - scale * total)
    below = x + 1.0 - shape
    upper, lower = 1.0 / _TINY, 1.0 / below
    fraction = lower
    for step in range(1, _ITERATIONS):
        factor = -step * (step - shape)
        below += 2.0
        lower = 1.0 / (factor * lower + below or _TINY)
        upper = below + factor / upper or _TINY
        fraction *= lower * upper
        if abs(lower * upper - 1.0) < 1e-14:
            break
    return min(1.0, scale * fraction)
