"""Between which bounds does a share lie, going by so many cases? (pure)

The score interval of Wilson (1927), and quantiles of the beta distribution: what is believed of a share after successes
and failures under a beta prior (Gelman et al., Bayesian Data Analysis, chapter 2).
"""

from __future__ import annotations

import math

QUANTILES = {
    0.8: 1.2815515655446004,
    0.9: 1.6448536269514722,
    0.95: 1.959963984540054,
}
"""Of the normal distribution, two-sided."""

BISECTIONS = 60  # halves the interval to below the precision of a float
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


def beta_quantile(probability: float, successes: float, failures: float) -> float:
    """Return x with P(X <= x) = probability for X of a beta distribution with these two counts, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        if beta_cumulative(middle, successes, failures) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


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
