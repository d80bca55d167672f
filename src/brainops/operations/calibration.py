"""How sure may guidance be that following what it recommends is right? By what became of following it. (pure)

The raw figure is the probability that it applies times the posterior mean of how following it turned out. Platt scaling
on the logit: logit(confidence) = intercept + slope * logit(raw). The shipped start is the identity; `fit` moves it by
the store's own followed outcomes, as the maximum a posteriori estimate under a normal prior around the start (Gelman et
al., "A weakly informative default prior", 2008, in spirit), so that a few cases move it a little and hundreds fully.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

from brainops.types import Trust

PRIOR_INTERCEPT_SD = 0.7  # about a factor two in the odds: what a new store may plausibly differ from the start
PRIOR_SLOPE_SD = 0.35
NEWTON_STEPS = 50
CONVERGED = 1e-9
EDGE = 1e-4  # no probability from data this small is nearer to 0 or 1 than this

HELPS = {Trust.VERIFIED: 0.5, Trust.AGENT: 0.4, Trust.EXTERNAL: 0.3}
"""How probably following what applies turns out right before anybody has followed it: never more likely than not,
whoever says so. Stated beliefs, worth PRIOR_CASES cases; what became of following it replaces them."""

PRIOR_CASES = 2.0
CLAIMED = 0.5  # what an outcome counts that nobody but the one who acted saw
UNFOLLOWED = 0.49  # the most that is said of what nobody ever followed, however well other advice did


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """The two figures of the curve, and how many followed cases they rest on (0: the shipped start)."""

    intercept: float = 0.0
    slope: float = 1.0
    cases: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One recommendation that was followed: what it was given before calibration, and whether it was right."""

    raw: float
    right: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """What became of following one memory or procedure: right and wrong outcomes, `claimed` of them by a word alone.

    `helpful` and `unhelpful` are people and agents who said so, each counted once.
    """

    right: int = 0
    wrong: int = 0
    claimed_right: int = 0
    claimed_wrong: int = 0
    helpful: int = 0
    unhelpful: int = 0

    @property
    def cases(self) -> int:
        """Return how many cases there are of either end."""
        return self.right + self.wrong + self.helpful + self.unhelpful

    def plus(self, other: Followed) -> Followed:
        """Return both together: what operations followed, and what ran."""
        return Followed(**{each.name: getattr(self, each.name) + getattr(other, each.name) for each in fields(self)})


NEVER = Followed()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """One bar of a reliability diagram."""

    mean_confidence: float
    share_right: float
    cases: int


START = Calibration()


def raw_confidence(applies: float, trust: Trust, followed: Followed = NEVER) -> float:
    """Return the probability, before calibration, that following it is right: it applies, and then it helps."""
    good = followed.right - followed.claimed_right * CLAIMED + followed.helpful
    bad = followed.wrong - followed.claimed_wrong * CLAIMED + followed.unhelpful
    return max(applies, EDGE) * (HELPS[trust] * PRIOR_CASES + good) / (PRIOR_CASES + good + bad)


def confidence(raw: float, applies: float, followed: Followed, calibration: Calibration) -> float:
    """Return what is said of a recommendation: at most that it applies, and UNFOLLOWED where nobody followed it."""
    bound = applies if followed.cases else min(applies, UNFOLLOWED)
    return min(calibrated(raw, calibration), bound)


def calibrated(raw: float, calibration: Calibration = START) -> float:
    """Return the calibrated probability of a raw one."""
    found = sigmoid(calibration.intercept + calibration.slope * logit(raw))
    return min(max(found, EDGE), 1.0 - EDGE)


def fit(cases: Iterable[Case], start: Calibration = START) -> Calibration:
    """Return the calibration that the cases and the start together make most probable.

    Newton's method on the log posterior of (intercept, slope); with no cases it returns the start. A slope below zero,
    which would turn every ranking upside down, is never returned.
    """
    seen = [(logit(case.raw), 1.0 if case.right else 0.0) for case in cases]
    intercept, slope = start.intercept, start.slope
    for _ in range(NEWTON_STEPS if seen else 0):
        step_a, step_b = _newton_step(seen, intercept, slope, start)
        intercept, slope = intercept - step_a, slope - step_b
        if abs(step_a) + abs(step_b) < CONVERGED:
            break
    return Calibration(intercept=intercept, slope=max(slope, 0.0), cases=len(seen))


def _newton_step(
    seen: Sequence[tuple[float, float]], intercept: float, slope: float, start: Calibration
) -> tuple[float, float]:
    weight_a, weight_b = PRIOR_INTERCEPT_SD**-2, PRIOR_SLOPE_SD**-2
    gradient_a, gradient_b = weight_a * (intercept - start.intercept), weight_b * (slope - start.slope)
    aa, ab, bb = weight_a, 0.0, weight_b
    for x, right in seen:
        p = sigmoid(intercept + slope * x)
        gradient_a += p - right
        gradient_b += (p - right) * x
        curvature = p * (1.0 - p)
        aa, ab, bb = aa + curvature, ab + curvature * x, bb + curvature * x * x
    determinant = aa * bb - ab * ab
    return (bb * gradient_a - ab * gradient_b) / determinant, (aa * gradient_b - ab * gradient_a) / determinant


def failure_probability(finished: int, failed: int, finished_here: int, failed_here: int) -> float | None:
    """Return the probability that an operation fails: this target's record, shrunk towards the name's, then to a half.

    A beta-binomial mean twice over: the name's rate under Beta(1, 1), the target's under a prior worth
    TARGET_PRIOR_CASES cases at the name's rate. None where nothing of that name ever finished.
    """
    if finished == 0:
        return None
    by_name = (failed + 1.0) / (finished + 2.0)
    return (failed_here + TARGET_PRIOR_CASES * by_name) / (finished_here + TARGET_PRIOR_CASES)


TARGET_PRIOR_CASES = 4.0  # a target's own record outweighs the name's from the fifth case on


def reliability(pairs: Iterable[tuple[float, bool]], bins: int = 10) -> tuple[list[Bin], float]:
    """Return the bars of a reliability diagram over equal widths, and the expected calibration error."""
    groups: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for confidence, right in pairs:
        groups[min(int(confidence * bins), bins - 1)].append((confidence, right))
    total = sum(map(len, groups))
    found = [
        Bin(
            mean_confidence=sum(c for c, _ in group) / len(group),
            share_right=sum(right for _, right in group) / len(group),
            cases=len(group),
        )
        for group in groups
        if group
    ]
    error = sum(abs(bar.mean_confidence - bar.share_right) * bar.cases for bar in found) / total if total else 0.0
    return found, error


def logit(p: float) -> float:
    """Return the log-odds of a probability."""
    p = min(max(p, EDGE), 1.0 - EDGE)
    return math.log(p / (1.0 - p))


def sigmoid(x: float) -> float:
    """Return the probability of log-odds."""
    return 1.0 / (1.0 + math.exp(-x)) if x >= 0 else math.exp(x) / (1.0 + math.exp(x))
