"""Between which bounds does a share lie, going by so many cases? (pure)

The score interval of Wilson (1927), and quantiles of the beta distribution: what is believed of a share after successes
and failures under a beta prior (Gelman et al., Bayesian Data Analysis, chapter 2).
"""

from __future__ import annotations

import math
from functools import lru_cache

QUANTILES = {
    0.8: 1.2815515655446004,
    0.9: 1.6448536269514722,
    0.95: 1.959963984540054,
}
"""Of the normal distribution, two-sided."""

STEPS = 60  # of which each at least halves the interval: below the precision of a float
PRECISE = 1e-13  # a step shorter than this changes nothing that is shown
TERMS = 300  # of the continued fraction; it converges in a few dozen where the counts are those of fixes
TINY = 1e-300


def wilson_interval(right: float, wrong: float, level: float = 0.9) -> tuple[float, float]:
    """Return the Wilson score interval of a share, which is honest for few cases too."""
    cases = right + wrong
    if cases <= 0:
        return 0.0, 1.0
    z = QUANTILES[level]
    share, width = right / cases, z * z / cases
    middle = (share + width / 2) / (1 + width)
    reach = z * math.sqrt(share * (1 - share) / cases + width / (4 * cases)) / (1 + width)
    return max(0.0, middle - reach), min(1.0, middle + reach)


def jeffreys_interval(right: float, wrong: float, level: float = 0.9) -> tuple[float, float]:
    """Return the equal-tailed credible interval of a share under Jeffreys' prior, Beta(1/2, 1/2)."""
    tail = (1 - level) / 2
    return beta_quantile(tail, right + 0.5, wrong + 0.5), beta_quantile(1 - tail, right + 0.5, wrong + 0.5)


@lru_cache(maxsize=1_024)  # counts are small, and the same ones are asked for over and over
def beta_quantile(probability: float, successes: float, failures: float) -> float:
    """Return x with P(X <= x) = probability for X of a beta distribution with these two counts.

    By Newton's method, or by halving the interval that holds it where a step would leave that.
    """
    low, high = 0.0, 1.0
    x = successes / (successes + failures)
    scale = math.lgamma(successes + failures) - math.lgamma(successes) - math.lgamma(failures)
    for _ in range(STEPS):
        beyond = beta_cumulative(x, successes, failures) - probability
        low, high = (x, high) if beyond < 0 else (low, x)
        density = math.exp(scale + (successes - 1) * math.log(x) + (failures - 1) * math.log1p(-x))
        following = x - beyond / density if density > TINY else low
        if not low < following < high:
            following = (low + high) / 2
        if abs(following - x) < PRECISE or following in (0.0, 1.0):
            return following
        x = following
    return x


def beta_cumulative(x: float, successes: float, failures: float) -> float:
    """Return P(X <= x) of a beta distribution: the regularised incomplete beta function."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    front = math.exp(
        math.lgamma(successes + failures)
        - math.lgamma(successes)
        - math.lgamma(failures)
        + successes * math.log(x)
        + failures * math.log1p(-x)
    )
    if x < (successes + 1) / (successes + failures + 2):
        return front * _fraction(x, successes, failures) / successes
    return 1 - front * _fraction(1 - x, failures, successes) / failures


def _fraction(x: float, a: float, b: float) -> float:
    """Return the continued fraction of the incomplete beta function, by the modified method of Lentz."""
    ratio, above = 1.0, 1.0
    below = 1 / _nonzero(1 - (a + b) * x / (a + 1))
    ratio = below
    for m in range(1, TERMS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            below = 1 / _nonzero(1 + term * below)
            above = _nonzero(1 + term / above)
            ratio *= below * above
        if abs(below * above - 1) < 1e-14:
            break
    return ratio


def _nonzero(value: float) -> float:
    return value if abs(value) > TINY else TINY
